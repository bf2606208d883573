"""Jobs from Python: every setting as an object or in the words of the file; a search in one call."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers.in_process import InProcess
from rich.console import Console

from archscape.search import Job, load, make_job, read_job, run
from archscape.search.executors.ray.engine import RayEngine
from archscape.search.job import Keywords
from archscape.search.pruners.halving import Halving
from archscape.search.samplers.nsga2 import Nsga2Sampler
from archscape.search.search import _check_engine, _executor
from archscape.search.training.recipe import Recipe
from archscape.spaces import Space
from archscape.spaces.errors import InputError, JobError, StudyError
from archscape.spaces.language.limits import Limit

LEAST: Keywords = {"space": "digits", "data": "digits"}


def test_every_setting_of_a_job_is_a_keyword() -> None:
    assert {*Keywords.__annotations__} == {field.name for field in fields(Job)} - {"origin"}


def test_a_job_of_keywords_is_that_of_the_file(job_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(job_file.parent)
    of_file = read_job(job_file)
    of_words = make_job(
        search="tiny-digits",
        space="tiny.yaml",
        data="digits",
        recipe={"preset": "quick", "epochs": 1},
        sampler="random",
        trials=8,
        workers=2,
    )
    assert of_words.to_yaml(space="space.yaml") == of_file.to_yaml(space="space.yaml")
    assert of_words.facts() == of_file.facts()


def test_objects_mean_what_the_words_of_a_file_mean(tiny: Space) -> None:
    objects = make_job(
        space=tiny,
        data="cluttered-digits",
        recipe=Recipe(epochs=9, augment=("flip",)),
        within={"params": Limit(high=200_000)},
        stop=Halving(eta=2),
        sampler=Nsga2Sampler(population=30),
        deterministic=True,
        cache=Path("kept"),
    )
    words = make_job(
        space=tiny,
        data="cluttered-digits",
        recipe={"epochs": 9, "augment": ["flip"]},
        within={"params": "..200k"},
        stop={"rule": "halving", "eta": 2},
        sampler={"rule": "nsga2", "population": 30},
        deterministic=True,
        cache="kept",
    )
    assert objects == words
    assert objects.search == "tiny"
    assert objects.cache == str(Path("kept").resolve())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trails": 3}, "run: trails: a job has no 'trails'; did you mean 'trials'"),
        ({"trials": 0}, "run: trials: .* whole number from 1"),
        ({"objectives": {"acc": "maximize"}}, "run: objectives.acc: .* did you mean 'accuracy'"),
        ({"within": {"params": "..20x"}}, "run: within.params: a limit"),
        ({"stop": {"rule": "halving", "eta": 1}}, "run: stop.eta: eta is a whole number from 2"),
        ({"sampler": "nsga3"}, "run: sampler: no sampler 'nsga3'; did you mean 'nsga2'"),
        ({"recipe": 1j}, "run: recipe: no setting of a job is complex"),
        ({"data": b"x" * 9_999}, "run: data: no setting of a job is bytes, but got b'x{58}$"),
        ({"cache": lambda: ""}, "run: cache: <lambda> cannot be imported by its name"),
        ({"data": None}, "run: a job needs `data:`"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_names_its_keyword(settings: Any, message: str) -> None:
    with pytest.raises(JobError, match=message):
        make_job(**{**LEAST, **settings})


def test_a_job_and_settings_are_not_given_together(job_file: Path) -> None:
    with pytest.raises(JobError, match="give a job or its settings, but got a job and trials"):
        run(read_job(job_file), trials=3)


def test_ray_is_asked_for_by_a_keyword() -> None:
    job = make_job(**LEAST)
    assert _executor(job, "", ray=True, cpus=2, gpus=0) == RayEngine(cpus=2)
    assert _executor(job, "s.db", ray="auto", cpus=1, gpus=0.5) == RayEngine(
        address="auto", storage="s.db", gpus=0.5
    )
    with pytest.raises(InputError, match="gpus is of a trial with Ray; give ray=True"):
        _check_engine(ray=False, cpus=1, gpus=1)
    with pytest.raises(InputError, match="give an executor, or ray with cpus and gpus, not both"):
        run(job, executor=InProcess(), ray=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny: Space) -> Path:
    folder = tmp_path_factory.mktemp("keywords") / "run"
    results = run(
        space=Space.from_yaml(tiny.to_yaml().replace("1x16x16", "1x8x8")),
        data="digits",
        recipe={"epochs": 1},
        sampler="random",
        trials=4,
        out=str(folder),
        executor=InProcess(),
        console=Console(file=io.StringIO()),
    )
    assert results.closing
    return folder


def test_a_search_is_loaded_as_a_frame_with_a_column_a_decision(folder: Path) -> None:
    frame = load(folder).frame()
    assert list(frame["number"]) == [0, 1, 2, 3]
    assert set(frame["decision.stage1.kernel"]) <= {3, 5}
    assert frame["accuracy"].between(0, 1).all()
    assert frame["params"].dtype.kind in "if"
    assert not {"network", "decisions"} & {*frame}
    assert not {"mae", "psnr_std", "latency", "memory"} & {*frame}, "no trial has them"


def test_the_frontier_and_the_best_are_rows_of_the_frame(folder: Path) -> None:
    results = load(str(folder))
    frontier = results.frontier()
    assert list(frontier["macs"]) == sorted(frontier["macs"])
    assert {*frontier["number"]} == {*results.frame().query("on_front")["number"]}
    assert isinstance(results.best, pd.Series)
    assert results.best["accuracy"] == results.frame()["accuracy"].max()


@pytest.mark.parametrize(
    ("how", "error"), [(lambda: load(), InputError), (lambda: load("nowhere"), StudyError)]
)
def test_what_is_no_search_is_not_loaded(how: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        how()
