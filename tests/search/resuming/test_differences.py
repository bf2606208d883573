"""What a job changes on resuming is told by its own name, with both values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search.job import Job, read_job
from archscape.search.pruners.halving import Halving
from archscape.search.resuming.differences import changes, differences
from archscape.search.samplers.nsga2 import Nsga2Sampler
from archscape.search.training.choices.reading import read_any_recipe
from archscape.search.training.recipe import Recipe
from archscape.spaces import Space
from archscape.spaces.language.limits import Limit


@pytest.fixture
def job(job_file: Path) -> Job:
    return read_job(job_file)


def within(**limits: int) -> dict[str, Limit]:
    return {name: Limit(high=high) for name, high in limits.items()}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 1}, {"seed": ("0", "1")}),
        ({"repeats": 2}, {"repeats": ("1", "2")}),
        ({"data": "/elsewhere/images.npz"}, {"data": ("digits", "images.npz")}),
        ({"recipe": Recipe(epochs=9)}, {"recipe": ("{epochs: 1}", "{epochs: 9}")}),
        (
            {
                "recipe": read_any_recipe(
                    {"epochs": 1, "augment": {"none": None, "mild": ["flip", {"rotate": "5"}]}}
                )
            },
            {"recipe": ("{augment: []}", "{augment: {none, mild: [flip, {rotate: 5}]}}")},
        ),
        ({"stop": Halving()}, {"stop": ("none", "{rule: halving, eta: 3}")}),
        (
            {"objectives": {"accuracy": "maximize"}},
            {"objectives": ("{macs: minimize}", "{macs: none}")},
        ),
        (
            {"within": within(params=90_000, macs=7)},
            {"within": ("{params: no limit, macs: no limit}", "{params: ..90k, macs: ..7}")},
        ),
    ],
)
def test_fact_that_changed_is_told_by_its_name(
    job: Job, change: dict[str, object], told: dict[str, tuple[str, str]]
) -> None:
    changed = replace(job, **change)  # type: ignore[arg-type]
    assert differences(job.facts(), changed.facts()) == told
    assert differences(changed.facts(), changed.facts()) == {}


def test_space_that_changed_shows_its_first_other_line_and_not_its_limits(job: Job) -> None:
    text = job.space.to_yaml()
    space = Space.from_yaml(text.replace("{3, 5}", "{3, 7}", 1))
    both = replace(job, space=space, within=within(params=1000))
    told = differences(job.facts(), both.facts())
    assert [*told] == ["space", "within"]
    assert "3, 5" in told["space"][0]
    assert "3, 7" in told["space"][1]


def test_setting_that_may_change_is_told_too(job: Job) -> None:
    def text(job: Job) -> str:
        return job.to_yaml(space="space.yaml")

    changed = replace(
        job, sampler=Nsga2Sampler(population=9), trials=9, workers=3, lease=7, device="cpu", keep="best 2"
    )
    assert changes(text(job), text(job)) == ""
    assert changes(text(job), text(changed)) == (
        "sampler: {rule: nsga2, startup: 10, population: 9} (was random), trials: 9 (was 8), "
        "workers: 3 (was 2), device: cpu (was auto), lease: 7 (was 60), "
        "keep: best 2 (was all)"
    )
