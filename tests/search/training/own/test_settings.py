"""`train:` of a job: the user's function, its budget and its settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search.job import Job, make_job, read_job
from archscape.search.training.own.settings import TrainFunction
from archscape.search.training.recipe import Recipe
from archscape.spaces import Space
from archscape.spaces.errors import CodeNotRun, InputError, JobError
from archscape.spaces.language import uses
from archscape.spaces.language.user_function import UserFunction

FIT = "raise SystemExit('imported')\n\n\ndef fit(network, context):\n    return {'accuracy': 1}\n"
FIT += "\n\ndef plain(network):\n    return {'accuracy': 1}\n"
JOB = "search: own\nspace: {space}\n{rest}\n"


@pytest.fixture
def folder(tmp_path: Path, tiny: Space) -> Path:
    (tmp_path / "my_own_fit.py").write_text(FIT)
    (tmp_path / "tiny.yaml").write_text(tiny.to_yaml())
    return tmp_path


def read(folder: Path, rest: str) -> Job:
    file = folder / "own.yaml"
    file.write_text(JOB.format(space="tiny.yaml", rest=rest))
    return read_job(file)


def test_a_function_alone_is_enough_and_needs_no_data(folder: Path) -> None:
    """Reading a job runs nothing: the file would end this process."""
    job = read(folder, "train: my_own_fit.py:fit")
    assert job.train is not None
    assert (job.train.call.name, job.train.epochs, job.epochs, job.data) == ("my_own_fit.py:fit", 3, 3, "")
    assert job.facts()["recipe"] is None
    assert job.facts()["train"] == {"call": "my_own_fit.py:fit", "epochs": 3}
    assert [*job.facts()["code"]["train"]["files"]] == ["my_own_fit.py"]
    assert [*job.code()] == [str(folder / "my_own_fit.py")]


def test_settings_are_numbers_where_they_look_like_them(folder: Path) -> None:
    job = read(
        folder,
        "train: {call: my_own_fit.py:fit, epochs: 30, seconds: 7200, "
        "settings: {rate: 1e-3, steps: [10, 20], name: sgd, fast: true, none: , big: inf}}",
    )
    assert job.train is not None
    assert job.train.settings == {
        "rate": 0.001,
        "steps": [10, 20],
        "name": "sgd",
        "fast": True,
        "none": None,
        "big": "inf",
    }
    assert (job.epochs, job.seconds) == (30, 7200.0)


def test_a_written_job_reads_back_as_the_same_but_runs_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = read(folder, "train: {call: my_own_fit.py:fit, epochs: 2, settings: {rate: 0.1}}\nrepeats: 2")
    (folder / "run").mkdir()
    file = folder / "run" / "job.yaml"
    file.write_text(job.to_yaml(space="../tiny.yaml"))
    again = read_job(file, runs="nothing")
    assert again.train == job.train
    assert again.facts() == job.facts()
    assert again.train is not None
    (folder / "my_own_fit.py").rename(folder / "gone.py")
    monkeypatch.setattr(uses, "_vouched", set())
    again = read_job(file, runs="nothing")
    assert again.train is not None
    with pytest.raises(CodeNotRun, match=r"--uses my_own_fit\.py"):
        again.train.call.load()


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("train: my_own_fit.py:fit\nrecipe: quick", "3:8: a job has `recipe:` or `train:`, not both"),
        ("train: my_own_fit.py:fit\ncache: here", "`cache:` keeps what recipes trained"),
        ("objectives: {accuracy: maximize}", "a job needs `data:`"),
        ("train: my_own_fit.py:fitt", "3:8: .*my_own_fit.py has no 'fitt'; did you mean 'fit'"),
        (
            "train: my_own_fit.py:plain",
            r"3:8: .*my_own_fit.py:\d+: plain\(network\) .* plain\(network, context\)",
        ),
        ("train: my_other_fit.py:fit", "3:8: there is no file '.*my_other_fit.py'"),
        ("train: fit", "3:8: 'fit' is no function in a file: write FILE.py:name"),
        ("train: {epochs: 3}", "3:8: `train:` needs its function"),
        ("train: {call: my_own_fit.py:fit, epochs: 0}", "epochs is a whole number from 1, but got '0'"),
        ("train: {call: my_own_fit.py:fit, epoch: 2}", "train has no 'epoch'; did you mean 'epochs'"),
        ("train: {call: my_own_fit.py:fit, settings: fast}", "settings are a mapping, as in {rate: 0.1}"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(folder: Path, rest: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(folder, rest)


def fit(network: object, context: object) -> dict[str, float]:
    return {"accuracy": 1.0}


def test_python_gives_the_function_itself(tiny: Space) -> None:
    job = make_job(space=tiny, train=fit)
    assert job.train is not None
    assert job.train.call.name == "test_settings.py:fit"
    budget = {"call": fit, "epochs": 30, "settings": {"rate": 0.1}}
    changed = replace(job.train, epochs=30, settings={"rate": 0.1})
    assert make_job(space=tiny, train=budget).train == changed
    assert make_job(space=tiny, train=changed).train == changed


def test_python_is_told_what_cannot_be(tiny: Space) -> None:
    with pytest.raises(JobError, match=r"train: .*<lambda> cannot be imported by its name"):
        make_job(space=tiny, train=lambda network, context: {})
    with pytest.raises(JobError, match="train: a job has `recipe:` or `train:`, not both"):
        make_job(space=tiny, train=fit, recipe=Recipe(epochs=7))
    with pytest.raises(JobError, match="a job needs `data`"):
        Job(search="own", space=tiny)
    call = UserFunction.of(fit)
    with pytest.raises(JobError, match="which a job file can hold"):
        TrainFunction(call=call, settings={"path": Path()})  # type: ignore[dict-item]
    with pytest.raises(JobError, match="not both"):
        Job(search="own", space=tiny, train=TrainFunction(call=call), recipe=Recipe(epochs=7))
