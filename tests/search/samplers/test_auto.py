"""The sampler that a new study takes by itself."""

from __future__ import annotations

import doctest

import pytest

from archscape.search.samplers import SAMPLERS, auto
from archscape.search.samplers.auto import choose_sampler
from archscape.spaces import Space


@pytest.mark.parametrize(
    ("trials", "measured", "known", "sampler"),
    [
        (30, 1, 1, "bayes"),
        (1_000, 1, 0, "bayes"),
        (0, 2, 0, "bayes"),
        (20_000, 1, 0, "evolution"),
        (20_000, 1, 1, "nsga2"),
        (100, 3, 2, "nsga2"),
    ],
)
def test_the_choice_is_by_trials_and_objectives(trials: int, measured: int, known: int, sampler: str) -> None:
    choice = choose_sampler(Space.load("digits"), trials=trials, measured=measured, known=known)
    assert choice.sampler == sampler
    assert choice.sampler in SAMPLERS
    assert choice.reason.startswith(f"{sampler}, as ")


def test_where_all_networks_can_be_tried_they_are() -> None:
    space = Space.load("nas-bench-macro")
    assert choose_sampler(space, trials=6_561, measured=1).sampler == "grid"
    assert choose_sampler(space, trials=6_560, measured=1).sampler == "bayes"


def test_worked_examples_hold() -> None:
    assert doctest.testmod(auto) == (0, 2)
