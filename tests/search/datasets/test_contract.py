"""The contract of every embedded data set and of every reader of files; a new one is taken up by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from archscape.search.datasets import EMBEDDED, READERS, SPLITS, Arrays
from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.spaces.errors import JobError

WRITERS: Mapping[str, Callable[[Path, Arrays], None]] = {
    ".npz": lambda path, arrays: np.savez(path, **arrays),  # type: ignore[arg-type]
}
"""For each reader what writes a file that it reads."""


def some_arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = {"train": 40, "val": 10, "test": 11}
    samples = {f"x_{s}": rng.integers(0, 256, (n, 3, 8, 6), dtype=np.uint8) for s, n in sizes.items()}
    return samples | {f"y_{split}": np.arange(count) % 4 for split, count in sizes.items()}


@pytest.fixture(scope="module", params=[*EMBEDDED, *READERS])
def name(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a data set, or the path of a file of each kind."""
    if request.param in EMBEDDED:
        return str(request.param)
    path = tmp_path_factory.mktemp("data") / f"set{request.param}"
    WRITERS[request.param](path, some_arrays())
    return str(path)


@pytest.fixture(scope="module")
def data(name: str) -> Dataset:
    return load_dataset(name)


def test_samples_are_standardised_tensors_of_one_shape(data: Dataset) -> None:
    for split in (data.train, data.val, data.test):
        assert split.x.dtype == torch.float32
        assert split.x.shape == (len(split), *data.input)
        assert split.x.isfinite().all()
        assert len(split) > 0
    assert len(data.mean) == len(data.std) == data.input[0]
    axes = [axis for axis in range(data.train.x.ndim) if axis != 1]
    assert data.train.x.mean(axes).abs().max() < 1e-4
    assert (data.train.x.std(axes, correction=0) - 1).abs().max() < 1e-4


def test_labels_are_whole_numbers_from_0_and_all_are_trained_on(data: Dataset) -> None:
    for split in (data.train, data.val, data.test):
        assert split.y.dtype == torch.int64
        assert split.y.shape == (len(split),)
    assert data.train.y.unique().tolist() == list(range(data.classes))
    assert {*data.val.y.tolist(), *data.test.y.tolist()} <= set(range(data.classes))


def test_two_dimensional_samples_have_their_channels_last_in_memory(data: Dataset) -> None:
    for split in (data.train, data.val, data.test):
        if split.x.ndim == 4:
            assert split.x.is_contiguous(memory_format=torch.channels_last)


def test_the_same_bits_come_every_time(name: str, data: Dataset) -> None:
    again = load_dataset(name)
    assert again.fingerprint == data.fingerprint
    assert len(data.fingerprint) == 16
    for split in SPLITS:
        assert torch.equal(getattr(again, split).x, getattr(data, split).x)
        assert torch.equal(getattr(again, split).y, getattr(data, split).y)
    assert (again.name, again.mean, again.std) == (name, data.mean, data.std)


def test_global_random_numbers_play_no_part(name: str, data: Dataset) -> None:
    np.random.seed(7)
    before = np.random.get_state()
    assert load_dataset(name).fingerprint == data.fingerprint
    assert str(np.random.get_state()) == str(before)


@pytest.mark.parametrize("suffix", READERS)
def test_a_reader_returns_the_arrays_of_its_file(suffix: str, tmp_path: Path) -> None:
    path, arrays = tmp_path / f"set{suffix}", some_arrays()
    WRITERS[suffix](path, arrays)
    read = READERS.load(suffix)(path)
    assert read.keys() == arrays.keys()
    assert all((read[key] == arrays[key]).all() for key in arrays)
    assert [read[key].shape for key in arrays] == [arrays[key].shape for key in arrays]


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("content", [None, b"", b"not data at all"])
def test_a_reader_says_which_file_it_cannot_read(suffix: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / f"set{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JobError, match=f"set{suffix}: "):
        load_dataset(path)


def test_what_no_reader_reads_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"'.*set\.csv' is neither embedded data nor a path .* \.npz"):
        load_dataset(tmp_path / "set.csv")
