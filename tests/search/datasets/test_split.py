"""Parts that stay on disk give the bits of those in memory."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from archscape.search.datasets import Source
from archscape.search.datasets.arrays import Statistics, Units
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.datasets.split import make_split
from archscape.search.datasets.statistics import take_statistics
from archscape.spaces.errors import JobError

RNG = np.random.default_rng(0)
X = {
    split: RNG.integers(0, 256, (count, 3, 8, 6), dtype=np.uint8)
    for split, count in (("train", 40), ("val", 10), ("test", 11))
}
TARGETS: dict[str, Callable[[int], np.ndarray]] = {
    "classification": lambda count: np.arange(count) % 4,
    "segmentation": lambda count: RNG.integers(0, 4, (count, 8, 6)).astype(np.uint8),
    "regression": lambda count: RNG.normal(5, 3, (count, 2)),
    "denoising": lambda count: RNG.integers(0, 256, (count, 3, 8, 6), dtype=np.uint8),
}


@pytest.fixture(params=TARGETS)
def task(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def arrays(task: str) -> dict[str, np.ndarray]:
    targets = {f"y_{split}": TARGETS[task](len(x)) for split, x in X.items()}
    return {f"x_{split}": x for split, x in X.items()} | targets


def mapped(arrays: dict[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
    """Return the arrays as memory maps of files."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in arrays}


def test_the_task_follows_from_the_targets(task: str, arrays: dict[str, np.ndarray]) -> None:
    data = make_dataset("set", Source(arrays=arrays))
    assert data.task == task
    assert data.classes == (4 if task in ("classification", "segmentation") else 0)
    assert data.target == arrays["y_train"].shape[1:]


def test_a_part_on_disk_gives_the_bits_of_one_in_memory(
    arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    whole = make_dataset("set", Source(arrays=arrays))
    on_disk = make_dataset("set", Source(arrays=mapped(arrays, tmp_path)))
    assert on_disk.statistics == whole.statistics
    assert (on_disk.train.is_on_disk, whole.train.is_on_disk) == (True, False)
    for rows in (torch.tensor([7, 3, 39]), slice(5, 9)):
        for ours, theirs in zip(
            on_disk.train.batch(rows, "cpu"), whole.train.batch(rows, "cpu"), strict=True
        ):
            assert torch.equal(ours, theirs)
            assert (ours.dtype, ours.stride()) == (theirs.dtype, theirs.stride())


def test_a_batch_that_is_changed_in_place_changes_no_data(
    arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    for each in (arrays, mapped(arrays, tmp_path)):
        part = make_dataset("set", Source(arrays=each)).train
        kept = part.x.clone(), part.y.clone()
        for batch in part.batch(slice(3, 9), "cpu"):
            batch.zero_()
        assert torch.equal(part.x, kept[0])
        assert torch.equal(part.y, kept[1])


def test_a_part_on_disk_is_pickled_without_what_is_on_disk(
    arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    part = make_dataset("set", Source(arrays=mapped(arrays, tmp_path))).train
    content = pickle.dumps(part)
    assert len(content) < 2500 < arrays["x_train"].nbytes
    again = pickle.loads(content)
    for ours, theirs in zip(again.batch(slice(5, 9), "cpu"), part.batch(slice(5, 9), "cpu"), strict=True):
        assert torch.equal(ours, theirs)
    assert len(pickle.dumps(again)) == len(content)

    np.save(tmp_path / "new.npy", arrays["x_train"] * 0)
    (tmp_path / "new.npy").replace(tmp_path / "x_train.npy")  # the part has the old one mapped
    assert torch.equal(pickle.loads(pickle.dumps(part)).x, part.x)
    with pytest.raises(JobError, match=r"x_train\.npy: it was changed or removed while it was in use"):
        pickle.loads(content)


def test_a_range_of_a_mapped_file_is_pickled_as_that_range(tmp_path: Path) -> None:
    x = RNG.integers(0, 256, (90, 3, 8, 6), dtype=np.uint8)
    np.save(tmp_path / "x.npy", x)
    whole = np.load(tmp_path / "x.npy", mmap_mode="r")
    units = Units(mean=(0.0,) * 3, std=(1.0,) * 3)
    labels = np.arange(20)
    for rows in (slice(7, 27), slice(0, 40, 2)):  # the second lies in pieces, and is sent
        part = pickle.loads(pickle.dumps(make_split(whole[rows], labels, units, None)))
        assert np.array_equal(part.x.numpy(), x[rows])
        assert part.y.tolist() == labels.tolist()


def test_a_part_in_memory_is_pickled_as_it_is(data: Dataset) -> None:
    again = pickle.loads(pickle.dumps(data.train))
    assert torch.equal(again.x, data.train.x)
    assert again.x.stride() == data.train.x.stride()


def test_measured_targets_are_standardised_and_labels_are_whole_numbers(data: Dataset) -> None:
    _, y = data.train.batch(slice(None), "cpu")
    if data.statistics.targets is None:
        assert y.dtype == torch.int64
        return
    axes = [0, *range(2, y.ndim)]
    assert y.mean(axes).abs().max() < 1e-5
    assert (y.std(axes, correction=0) - 1).abs().max() < 1e-5


@pytest.fixture
def data(arrays: dict[str, np.ndarray]) -> Dataset:
    return make_dataset("set", Source(arrays=arrays))


def test_statistics_of_blocks_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).normal(1000, 2, (500, 3, 4, 4))
    arrays = {f"{letter}_{split}": x for letter in "xy" for split in ("train", "val", "test")}
    whole = take_statistics(arrays, labelled=False)
    monkeypatch.setattr("archscape.search.datasets.statistics.BLOCK_BYTES", 5000)
    monkeypatch.setattr("archscape.search.datasets.statistics.SMALL_BYTES", 5000)
    assert take_statistics(arrays, labelled=False) == whole
    assert whole.samples.mean == tuple(x.mean((0, 2, 3)).astype(np.float32).tolist())


def test_an_ignored_pixel_is_no_class() -> None:
    y = np.array([[[0, 1], [2, 255]]], np.uint8)
    x = np.zeros((1, 1, 2, 2), np.uint8)
    arrays = {
        f"{letter}_{split}": x if letter == "x" else y
        for letter in "xy"
        for split in ("train", "val", "test")
    }
    assert make_dataset("set", Source(arrays=arrays)).classes == 3


def test_known_statistics_are_taken_as_they_are(arrays: dict[str, np.ndarray]) -> None:
    statistics = make_dataset("set", Source(arrays=arrays)).statistics
    kept = Statistics.from_dict(statistics.to_dict())
    assert kept == statistics
    assert make_dataset("set", Source(arrays=arrays, statistics=kept)).statistics is kept


def test_class_names_count_the_classes(arrays: dict[str, np.ndarray]) -> None:
    names = ("cat", "dog", "eel", "fox", "gnu")
    data = make_dataset("set", Source(arrays=arrays, class_names=names))
    assert (data.classes, data.class_names) == (5, names)


def test_what_a_study_keeps_of_data_names_task_and_classes() -> None:
    y = np.arange(40)
    arrays = {f"{letter}_{part}": y if letter == "y" else X["train"] for letter in "xy" for part in X}
    data = make_dataset("set", Source(arrays=arrays, class_names=tuple(f"c{i}" for i in range(40))))
    assert data.facts()["classes"].startswith("c0, c1, ")
    assert data.facts()["classes"].endswith("c19, and 20 more")
    assert "task" not in data.facts()
    plain = make_dataset("set", Source(arrays=arrays | {f"y_{part}": X["train"] for part in X}))
    assert plain.facts() == {"data_fingerprint": plain.fingerprint, "task": "denoising"}
    assert len(data.card()["class_names"].split(",")) == 40


def test_one_number_for_each_sample_is_a_target_of_one_number(tmp_path: Path) -> None:
    arrays = {f"x_{part}": x for part, x in X.items()}
    arrays |= {f"y_{part}": np.arange(len(x)) * 2.0 for part, x in X.items()}
    std = float(np.float32(arrays["y_train"].std()))
    assert take_statistics(arrays, labelled=False).targets == Units(mean=(39.0,), std=(std,))
    for each in (arrays, mapped(arrays, tmp_path)):
        data = make_dataset("set", Source(arrays=each))
        assert (data.task, data.target) == ("regression", (1,))
        assert data.train.batch(slice(3), "cpu")[1].shape == (3, 1)
