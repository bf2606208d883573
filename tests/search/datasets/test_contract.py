"""The contract of every embedded data set and of every reader of files; a new one is taken up by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import data_files as files

from archscape.search.datasets import EMBEDDED, READERS, SPLITS, Arrays
from archscape.search.datasets.arrays import IGNORED
from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.datasets.sources import open_source
from archscape.search.training.tasks import TASKS
from archscape.spaces.errors import InputError, JobError
from archscape.spaces.language.user_function import UserFunction


@dataclass(frozen=True)
class Written:
    """How a format is written, for a test.

    Attributes:
        name: Of the file or folder.
        write: Writes arrays.
        shape: Of a sample.
        parts: Those that the format gives.
    """

    name: str
    write: Callable[[Path, Arrays], Path | str]
    shape: tuple[int, ...] = (3, 8, 6)
    parts: tuple[str, ...] = SPLITS


WRITERS: Mapping[str, Written] = {
    "npz": Written("set.npz", files.write_npz),
    "tensors": Written("set.pt", files.write_pt),
    "csv": Written("set.csv", files.write_csv),
    "function": Written("set_maker.py", files.write_function),
    "hugging-face": Written("set", files.write_hugging_face),
    "masks": Written("set", files.write_masks),
    "cifar": Written("set.tar.gz", files.write_cifar, (3, 32, 32), ("train", "test")),
    "idx": Written("set", files.write_idx, (1, 8, 6), ("train", "test")),
    "images": Written("set", files.write_images),
    "sounds": Written("set", files.write_sounds, (2, 50)),
}
"""For each reader how what it reads is written."""


def write(form: str, folder: Path) -> tuple[str, Arrays]:
    """Write some arrays in a format, and return the path as a job names it, and the arrays."""
    written = WRITERS[form]
    arrays = files.some_arrays(*written.shape)
    # Python knows a module by its name: each function has a file of another one.
    name = f"maker_{folder.name}.py" if form == "function" else written.name
    path = str(written.write(folder / name, arrays))
    if form == "function":
        UserFunction.parse(path, folder).vouch()
    return path, arrays


@pytest.fixture(scope="module", params=[*EMBEDDED, *READERS])
def name(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a data set, or the path of a file of each kind."""
    form = str(request.param)
    return form if form in EMBEDDED else write(form, tmp_path_factory.mktemp("data"))[0]


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


def test_there_is_a_target_for_each_sample_of_the_shape_that_the_data_say(data: Dataset) -> None:
    for split in (data.train, data.val, data.test):
        x, y = split.batch(slice(None), "cpu")
        assert y.shape == (len(x), *data.target)


def test_the_task_is_known_without_the_arrays(name: str, data: Dataset) -> None:
    assert data.task in TASKS
    if name in EMBEDDED:
        assert data.task == EMBEDDED.load(name).task


def test_labels_are_whole_numbers_from_0_and_all_are_trained_on(data: Dataset) -> None:
    labels = {}
    for part in SPLITS:
        _, y = getattr(data, part).batch(slice(None), "cpu")
        labels[part] = set(y.unique().tolist()) if y.dtype == torch.int64 else set()
    ignored = {IGNORED} if data.task == "segmentation" else set()
    some = range(2) if data.task == "multi-label" else range(data.classes)
    assert labels["train"] - ignored == {*some}
    assert labels["val"] | labels["test"] <= labels["train"]
    assert (data.classes > 0) == (data.statistics.targets is None)


def test_measured_targets_are_standardised(data: Dataset) -> None:
    if data.statistics.targets is None:
        return
    _, y = data.train.batch(slice(None), "cpu")
    axes = [axis for axis in range(y.ndim) if axis != 1]
    assert y.mean(axes).abs().max() < 1e-4
    assert (y.std(axes, correction=0) - 1).abs().max() < 1e-4


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


@pytest.mark.parametrize("form", READERS)
def test_a_reader_returns_what_was_written(form: str, tmp_path: Path) -> None:
    path, arrays = write(form, tmp_path)
    read = open_source(path).arrays
    for part in WRITERS[form].parts:
        if (
            part == "train" and "val" not in WRITERS[form].parts
        ):  # a part of it is split off for the validation
            continue
        x, y = read[f"x_{part}"], read[f"y_{part}"]
        order, expected = _order(x), arrays[f"x_{part}"]
        if form == "sounds":
            expected = (expected.astype(np.float32) - 128) / 128
        assert x.shape == expected.shape
        assert np.array_equal(x[order], expected[_order(expected)])
        targets = (
            np.stack([files.mask_of(each) for each in expected]) if form == "masks" else arrays[f"y_{part}"]
        )
        assert np.array_equal(y[order], targets[_order(expected)])


def _order(x: np.ndarray) -> list[int]:
    """Return the order of samples by their numbers: folders are read class by class."""
    rows = [sample.tobytes() for sample in np.ascontiguousarray(x)]
    return sorted(range(len(rows)), key=rows.__getitem__)


@pytest.mark.parametrize("form", READERS)
def test_a_reader_reads_no_file_of_its_source_twice(form: str, tmp_path: Path) -> None:
    """What is decoded is found in the cache without opening anything; light files alone are read again."""
    path, _ = write(form, tmp_path)
    opened = count_opened(tmp_path)
    open_source(path)
    first = opened()
    assert first
    open_source(path)
    assert {*opened()} <= ({*first} if form in LIGHT else set())


LIGHT = ("npz", "tensors", "function")
"""Small files that cost no more to read than what they would be decoded to, and code, for its SHA-256."""

_opened: list[str] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | Path):
        _opened.append(str(arguments[0]))


sys.addaudithook(_hear)


def count_opened(folder: Path) -> Callable[[], list[str]]:
    """Return what returns the files of a folder that this process opened since it was last asked."""

    def count() -> list[str]:
        found = [name for name in _opened if name.startswith(str(folder))]
        _opened.clear()
        return sorted(set(found))

    _opened.clear()
    return count


@pytest.mark.parametrize("form", [form for form in READERS if Path(WRITERS[form].name).suffix])
@pytest.mark.parametrize("content", [None, b"", b"not data at all"])
def test_a_reader_says_which_file_it_cannot_read(form: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / WRITERS[form].name
    if content is not None:
        path.write_bytes(content)
    named = f"{path}:make" if form == "function" else path
    with pytest.raises(InputError, match=path.name.replace(".", r"\.")) as caught:
        load_dataset(named)
    assert "\n" not in str(caught.value)


def test_what_no_reader_reads_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "set.txt"
    path.write_text("words")
    with pytest.raises(JobError, match=r"set\.txt: neither embedded data nor of a format .* FILE\.npz"):
        load_dataset(path)
