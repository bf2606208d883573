"""A trial looked at again: its samples, its training without skips, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.in_process import InProcess

from archscape.search.datasets.dataset import load_dataset
from archscape.search.job import read_job
from archscape.search.search import run
from archscape.search.study.study import Study
from archscape.search.trained.inspection.landscape import LandscapeSettings, TrainedTrial
from archscape.spaces.errors import JobError, StudyError

SPACE = """\
space: small
input: 1x8x8
let: {w: {4, 6}}
layers: [conv: {width: $w}, basic: {width: 8, stride: 2}, avgpool, linear: {width: 10}]
"""
JOB = """\
search: small
space: space.yaml
data: data.npz
recipe: {preset: quick, epochs: 1}
trials: 1
"""


def write_data(folder: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    np.savez(folder / "data.npz", x_train=rng.normal(size=(200, 1, 8, 8)), y_train=np.arange(200) % 10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    write_data(folder, 0)
    (folder / "space.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    run(read_job(folder / "job.yaml"), out=folder / "run", executor=InProcess())
    return folder


@pytest.fixture
def calls() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture
def explorer(folder: Path, calls: list[tuple[str, int, int]]) -> Iterator[TrainedTrial]:
    with Study.open(folder / "run") as study:
        yield TrainedTrial.of(study, "best", lambda *what: calls.append(what), note=print)


def test_the_samples_are_drawn_by_the_seed() -> None:
    data = load_dataset("digits")
    first, second, other = (LandscapeSettings(samples=50, seed=seed).part(data) for seed in (1, 1, 2))
    assert torch.equal(first.x, second.x)
    assert torch.equal(first.y, second.y)
    assert not torch.equal(first.x, other.x)
    assert len(first) == 50
    assert LandscapeSettings(samples=50).part_text(data) == "50 of 1,197 training samples"
    assert len(LandscapeSettings(samples=5000).part(data)) == 1197
    assert torch.equal(LandscapeSettings(samples=5000).part(data).x, data.train.x)


@pytest.mark.slow
def test_it_tells_how_far_it_is(
    explorer: TrainedTrial, calls: list[tuple[str, int, int]], tmp_path: Path
) -> None:
    explorer.landscape(LandscapeSettings(steps=3, samples=20))
    assert [done for _, done, _ in calls] == list(range(10))
    assert {of for _, _, of in calls} == {9}
    explorer.train_plain(tmp_path)
    assert calls[-1] == (f"training {explorer.network.name}-without-skips", 1, 1)


def test_what_was_trained_is_kept_unless_it_is_damaged(explorer: TrainedTrial, tmp_path: Path) -> None:
    assert explorer.kept_plain(tmp_path) is None
    weights = explorer.train_plain(tmp_path)
    kept = explorer.kept_plain(tmp_path)
    assert kept is not None
    assert all(torch.equal(weights[name], kept[name]) for name in weights)
    (file,) = tmp_path.iterdir()
    slower = replace(explorer, job=replace(explorer.job, recipe=replace(explorer.job.recipe, epochs=2)))
    assert slower.kept_plain(tmp_path) is None
    whole = file.read_bytes()
    for damaged in (whole[:-7], whole[:-50] + bytes(50)):
        file.write_bytes(damaged)
        assert explorer.kept_plain(tmp_path) is None
    file.unlink()
    file.symlink_to(file)
    with pytest.raises(OSError, match="symbolic links"):  # which may pass: it is not trained again for that
        explorer.kept_plain(tmp_path)


def test_the_same_seed_trains_the_same_plain_network(explorer: TrainedTrial, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first, second = (explorer.train_plain(tmp_path / name) for name in ("a", "b"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_training_that_fails_is_told_and_leaves_nothing(explorer: TrainedTrial, tmp_path: Path) -> None:
    recipe = replace(explorer.job.recipe, seconds=1e-9)
    hurried = replace(explorer, job=replace(explorer.job, recipe=recipe))
    with pytest.raises(StudyError, match="without-skips: timed_out: the recipe's 1e-09 seconds ended"):
        hurried.train_plain(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_data_that_has_changed_is_refused(folder: Path) -> None:
    write_data(folder, 1)
    try:
        with Study.open(folder / "run") as study, pytest.raises(JobError, match="bring the old data back"):
            TrainedTrial.of(study, "best", lambda *_: None, note=print)
    finally:
        write_data(folder, 0)
