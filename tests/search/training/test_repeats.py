from __future__ import annotations

import doctest
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean, stdev

import pytest
import torch
from torch import nn

from archscape.search.datasets.dataset import Dataset
from archscape.search.training.checkpoint import Checkpoint
from archscape.search.training.evaluation import evaluate
from archscape.search.training.outcome import Outcome
from archscape.search.training.recipe import Recipe
from archscape.search.training.repeats import repeat_seed
from archscape.search.training.tasks import make_task
from archscape.search.training.train import train
from archscape.spaces.errors import JobError

RECIPE = Recipe(epochs=2, augment=("shift",))
STEPS = 48  # of a repeat


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def singles(digits: Dataset) -> list[Outcome]:
    """The repeats of seed 3, each by itself."""
    return [train(net, digits, RECIPE, seed=repeat_seed(3, repeat)) for repeat in (1, 2, 3)]


def net() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, 10))


def after(steps: int) -> Callable[[], bool]:
    left = iter(range(steps))
    return lambda: next(left, None) is None


def clockless(outcome: Outcome) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Return the metrics and the history without what a clock measured."""
    metrics = {name: value for name, value in outcome.metrics.items() if "seconds" not in name}
    return metrics, [{k: v for k, v in row.items() if k != "seconds"} for row in outcome.history]


def same_weights(first: Outcome, other: Outcome) -> bool:
    assert first.state is not None
    assert other.state is not None
    return all(torch.equal(first.state[name], other.state[name]) for name in first.state)


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(importlib.import_module("archscape.search.training.repeats")).failed == 0


def test_seeds_differ() -> None:
    seeds = {repeat_seed(seed, repeat) for seed in range(100) for repeat in range(1, 11)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_once_is_exactly_one_training(digits: Dataset, singles: list[Outcome]) -> None:
    once = train(net, digits, RECIPE, seed=3)
    assert clockless(once) == clockless(singles[0])
    assert same_weights(once, singles[0])


def test_metrics_are_means_spreads_and_sums(digits: Dataset, singles: list[Outcome]) -> None:
    outcome = train(net, digits, RECIPE, seed=3, repeats=3)
    accuracies = [single.metrics["accuracy"] for single in singles]
    tested = [single.metrics["test_accuracy"] for single in singles]
    metrics = outcome.metrics
    assert outcome.status == "complete"
    assert metrics["accuracy"] == fmean(accuracies)
    assert metrics["accuracy_std"] == stdev(accuracies) > 0
    assert metrics["test_accuracy"] == fmean(tested)
    assert metrics["test_accuracy_std"] == stdev(tested)
    assert metrics["loss"] == fmean(single.metrics["loss"] for single in singles)
    assert (metrics["repeats"], metrics["epochs"], metrics["steps"]) == (3, 6, 3 * STEPS)
    assert metrics["seconds"] > sum(row["seconds"] for row in outcome.history if row["epoch"] == 2)
    rows = [(row["repeat"], row["epoch"]) for row in outcome.history]
    assert rows == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]


def test_the_weights_are_those_of_the_best_repeat(digits: Dataset, singles: list[Outcome]) -> None:
    outcome = train(net, digits, RECIPE, seed=3, repeats=3)
    best = max(singles, key=lambda single: single.metrics["accuracy"])
    assert outcome.metrics["kept_repeat"] == singles.index(best) + 1
    assert same_weights(outcome, best)
    model = net()
    assert outcome.state is not None
    model.load_state_dict(outcome.state)
    assert evaluate(model, digits.test, make_task(digits))["correct"] == outcome.metrics["test_correct"]


@pytest.mark.parametrize("steps", [1, 20, STEPS - 1, STEPS + 1])
def test_interrupted_anywhere_it_makes_the_same(steps: int, digits: Dataset, tmp_path: Path) -> None:
    path, outcomes = tmp_path / "net.partial", list[Outcome]()
    expected = train(net, digits, RECIPE, seed=3, repeats=3)
    while not outcomes or outcomes[-1].status == "interrupted":
        outcomes.append(
            train(
                net,
                digits,
                RECIPE,
                seed=3,
                repeats=3,
                checkpoint=path,
                should_stop=after(steps if len(outcomes) < 4 else 1000),
            )
        )
    assert len(outcomes) > 2
    assert clockless(outcomes[-1]) == clockless(expected)
    assert same_weights(outcomes[-1], expected)


def test_repeats_that_are_done_are_not_trained_again(digits: Dataset, tmp_path: Path) -> None:
    """Not even the last, if the process dies before its result is somewhere else; nor if more are asked."""
    path, seen = tmp_path / "net.partial", list[int]()

    def report(epoch: int, row: Mapping[str, float]) -> None:
        seen.append(epoch)

    def repeats(count: int) -> Outcome:
        return train(net, digits, RECIPE, seed=3, repeats=count, report=report, checkpoint=path)

    first, again = repeats(2), repeats(2)
    assert seen == [1, 2, 3, 4]
    assert again.metrics == first.metrics
    assert again.history == first.history
    assert same_weights(again, first)
    assert clockless(repeats(3)) == clockless(train(net, digits, RECIPE, seed=3, repeats=3))
    assert seen == [1, 2, 3, 4, 5, 6]


def test_repeats_of_another_recipe_or_seed_are_not_taken(digits: Dataset, tmp_path: Path) -> None:
    """And those of this training are, with the weights of the best, whatever was in the file before."""
    path, kept = tmp_path / "net.partial", set[float]()
    train(net, digits, RECIPE, seed=3, repeats=2, checkpoint=path)
    for seed in range(3, 9):
        seen: list[int] = []
        expected = short_repeats(digits, seed, None, [])
        for outcome in (short_repeats(digits, seed, path, seen), short_repeats(digits, seed, path, seen)):
            assert clockless(outcome) == clockless(expected)
            assert same_weights(outcome, expected)
        assert seen == [1, 2]
        finished = Checkpoint(path, print).finished
        assert [repeat["state"] is not None for repeat in finished].count(True) == 1
        assert len(finished) == 2
        kept.add(expected.metrics["kept_repeat"])
    assert kept == {1, 2}


def short_repeats(data: Dataset, seed: int, path: Path | None, seen: list[int]) -> Outcome:
    """Train twice for an epoch, and note the epochs that are reported."""

    def report(epoch: int, row: Mapping[str, float]) -> None:
        seen.append(epoch)

    recipe = Recipe(epochs=1)
    return train(net, data, recipe, seed=seed, repeats=2, report=report, checkpoint=path)


def test_the_report_gets_a_running_number_and_prunes_in_the_first_repeat_only(digits: Dataset) -> None:
    seen: list[tuple[int, float, float]] = []

    def report(epoch: int, row: Mapping[str, float]) -> bool:
        seen.append((epoch, row["repeat"], row["epoch"]))
        return epoch < prune_from

    prune_from = 3
    assert train(net, digits, RECIPE, seed=3, repeats=2, report=report).status == "complete"
    assert seen == [(1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2)]
    prune_from = 1
    pruned = train(net, digits, RECIPE, seed=3, repeats=2, report=report)
    assert (pruned.status, pruned.cause, pruned.metrics["epochs"]) == ("pruned", "", 1)
    assert [row["repeat"] for row in pruned.history] == [1]


def test_a_repeat_that_fails_ends_them_all_and_is_named(digits: Dataset) -> None:
    built: list[nn.Module] = []

    def build() -> nn.Module:
        built.append(net())
        if len(built) == 2:
            raise ValueError("bad luck")
        return built[-1]

    outcome = train(build, digits, RECIPE, seed=3, repeats=3)
    assert (outcome.status, outcome.cause) == ("error", "repeat 2 of 3: ValueError: bad luck")
    assert "bad luck" in outcome.trace
    assert outcome.state is None
    assert (outcome.metrics["epochs"], outcome.metrics["steps"]) == (2, STEPS)
    assert [(row["repeat"], row["epoch"]) for row in outcome.history] == [(1, 1), (1, 2)]


def test_rungs_reach_every_repeat_and_must_be_epochs_before_the_last(digits: Dataset) -> None:
    recipe = Recipe(epochs=3, schedule="rungs")
    outcome = train(net, digits, recipe, seed=3, repeats=2, rungs=(1, 2))
    alone = train(net, digits, recipe, seed=repeat_seed(3, 2), rungs=(1, 2))
    assert outcome.history[-1]["loss"] == alone.history[-1]["loss"]
    for wrong in ((2, 1), (1, 1), (3,), (0, 1)):
        with pytest.raises(JobError, match="rungs: they are ascending epochs before the last, 3, but got"):
            train(net, digits, recipe, seed=3, repeats=2, rungs=wrong)
