from __future__ import annotations

import doctest
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from archscape.search.datasets import EMBEDDED
from archscape.search.datasets import dataset as data
from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.datasets.embedded.digits import DIGITS
from archscape.search.datasets.embedded.rendering import NOISE, render
from archscape.spaces.errors import JobError

Arrays = dict[str, np.ndarray]


def images(count: int, *shape: int, seed: int = 0) -> Arrays:
    """Return the training arrays of a small archive."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    return {"x_train": x, "y_train": np.arange(count) % 4}


def save(folder: Path, arrays: Arrays) -> Path:
    path = folder / "set.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


@pytest.fixture(scope="module")
def cluttered_digits() -> Dataset:
    return load_dataset("cluttered-digits")


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(data).failed == 0


def test_digits_are_the_1797_real_images_in_three_parts() -> None:
    from sklearn.datasets import load_digits

    arrays = DIGITS.arrays()
    ours = np.concatenate([arrays[f"x_{part}"] for part in ("train", "val", "test")])[:, 0]
    labels = np.concatenate([arrays[f"y_{part}"] for part in ("train", "val", "test")])
    theirs = load_digits()
    as_rows = {(*image.ravel().tolist(), label) for image, label in zip(ours, labels, strict=True)}
    expected = np.column_stack([theirs.data, theirs.target]).astype(int)
    assert as_rows == {tuple(row) for row in expected.tolist()}
    assert len(ours) == 1797


def test_no_digit_is_in_two_parts() -> None:
    arrays = DIGITS.arrays()
    parts = [{image.tobytes() for image in arrays[f"x_{part}"]} for part in ("train", "val", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 1797


def test_every_part_of_the_digits_holds_every_class() -> None:
    arrays = DIGITS.arrays()
    for part in ("train", "val", "test"):
        counts = np.bincount(arrays[f"y_{part}"], minlength=10)
        assert counts.min() > 0.05 * counts.sum()


def test_cluttered_digits_are_the_same_bytes_on_every_machine() -> None:
    """The fingerprint is part of every record; changing the drawing changes what all records mean."""
    assert (
        load_dataset("cluttered-digits").fingerprint
        == load_dataset("cluttered-digits").fingerprint
        == "b22f3d29c15b7558"
    )
    assert load_dataset("digits").fingerprint == "2a2e008c8caf3776"


def test_cluttered_digits_come_as_standardised_channels_last_tensors(cluttered_digits: Dataset) -> None:
    x = cluttered_digits.train.x
    assert cluttered_digits.input == (1, 16, 16)
    assert cluttered_digits.classes == 10
    assert x.shape == (3 * 1197, 1, 16, 16)
    assert (len(cluttered_digits.val), len(cluttered_digits.test)) == (300, 300)
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert (x.dtype, cluttered_digits.train.y.dtype) == (torch.float32, torch.int64)
    assert abs(float(x.mean())) < 1e-3
    assert abs(float(x.std()) - 1) < 1e-3


def test_a_rendering_holds_ink_of_its_own_part_alone() -> None:
    """Pieces are cut from the images given and from nothing else: without ink, there is only noise."""
    blank = np.zeros((20, 8, 8), np.uint8)
    drawn = render(blank, copies=3, seed=1).images
    assert drawn.shape == (60, 16, 16)
    assert drawn.max() < 30 + 200 * 6 * NOISE


def test_renderings_of_one_original_differ_and_follow_the_seed() -> None:
    original = DIGITS.arrays()["x_train"][:3, 0]
    first = render(original, copies=4, seed=1).images
    assert len({image.tobytes() for image in first}) == 12
    assert np.array_equal(first, render(original, copies=4, seed=1).images)
    assert not np.array_equal(first, render(original, copies=4, seed=2).images)


def test_reading_the_digits_imports_no_scikit_learn() -> None:
    code = (
        "import sys; from archscape.search.datasets.embedded.cluttered_digits import CLUTTERED_DIGITS;"
        "CLUTTERED_DIGITS.arrays();"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'torch', 'optuna', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("shape", [(3, 20), (2, 6, 7), (1, 4, 5, 6)])
def test_an_archive_may_have_one_two_or_three_axes_of_space(tmp_path: Path, shape: tuple[int, ...]) -> None:
    loaded = load_dataset(save(tmp_path, images(40, *shape)))
    assert loaded.input == shape
    assert loaded.classes == 4
    assert len(loaded.mean) == len(loaded.std) == shape[0]


def test_an_archive_with_all_parts_keeps_them(tmp_path: Path) -> None:
    arrays = images(10, 1, 4, 4)
    for i, part in enumerate(("val", "test")):
        more = images(3 + i, 1, 4, 4, seed=i + 1)
        arrays |= {f"x_{part}": more["x_train"], f"y_{part}": more["y_train"]}
    loaded = load_dataset(save(tmp_path, arrays))
    assert [len(loaded.train), len(loaded.val), len(loaded.test)] == [10, 3, 4]
    restored = loaded.val.x * loaded.std[0] + loaded.mean[0]
    assert np.allclose(restored.numpy(), arrays["x_val"], atol=1e-3)


def test_missing_parts_are_split_off_the_same_way_every_time(tmp_path: Path) -> None:
    path = save(tmp_path, images(100, 1, 4, 4))
    first, second = load_dataset(path), load_dataset(path)
    assert [len(first.train), len(first.val), len(first.test)] == [81, 9, 10]
    assert first.fingerprint == second.fingerprint
    assert torch.equal(first.test.x, second.test.x)
    rows = torch.cat([first.train.x, first.val.x, first.test.x]).flatten(1).tolist()
    assert len({tuple(row) for row in rows}) == 100


def test_a_constant_channel_stays_finite(tmp_path: Path) -> None:
    arrays = images(20, 2, 4, 4)
    arrays["x_train"][:, 1] = 7
    assert load_dataset(save(tmp_path, arrays)).train.x.isfinite().all()


def test_the_fingerprint_follows_every_number(tmp_path: Path) -> None:
    arrays = images(20, 1, 4, 4)
    before = load_dataset(save(tmp_path, arrays)).fingerprint
    arrays["x_train"][0, 0, 0, 0] ^= 1
    assert load_dataset(save(tmp_path, arrays)).fingerprint != before


WRONG: dict[str, tuple[Arrays, str]] = {
    "missing": ({"x_train": np.zeros((4, 1, 2, 2))}, "there is no array 'y_train'; it holds x_train"),
    "unknown": (images(4, 1, 2, 2) | {"x_valid": np.zeros(3)}, "'x_valid' is not one of x_train"),
    "alone": (images(4, 1, 2, 2) | {"x_val": np.zeros((2, 1, 2, 2))}, "'x_val' needs 'y_val' beside it"),
    "flat": (images(4, 9), "x_train must be (N, C, *spatial), 1 to 3 axes of space, but is (4, 9)"),
    "float-labels": (
        {"x_train": np.zeros((4, 1, 2, 2)), "y_train": np.array([0, 1, 0.5, 2])},
        "y_train[2] is 0.5, but a label is a whole number from 0; for a regression write",
    ),
    "few-labels": (images(4, 1, 2, 2) | {"y_train": np.zeros(3, int)}, "but is (3,) int64"),
    "negative": (
        images(4, 1, 2, 2) | {"y_train": np.array([0, 1, -1, 0])},
        "y_train[2] has the label -1, but labels run from 0",
    ),
    "empty": (images(0, 1, 2, 2), "but has shape (0, 1, 2, 2)"),
    "other-size": (
        images(4, 1, 2, 2) | {"x_val": np.zeros((2, 1, 3, 3)), "y_val": np.zeros(2, int)},
        "x_val holds (1, 3, 3) samples, but x_train holds (1, 2, 2)",
    ),
    "few": (images(2, 1, 2, 2), "2 training samples are too few to split off 'test'"),
    "nan": (
        {"x_train": np.full((4, 1, 2, 2), np.nan), "y_train": np.zeros(4, int)},
        "must hold finite real numbers; its type is float64 and x[0, 0, 0, 0] is nan",
    ),
    "complex": (images(4, 1, 2, 2) | {"x_train": np.zeros((4, 1, 2, 2), complex)}, "its type is complex128"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_archive_says_what_is_wrong(tmp_path: Path, case: str) -> None:
    arrays, message = WRONG[case]
    path = save(tmp_path, arrays)
    with pytest.raises(JobError) as caught:
        load_dataset(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_an_archive_never_runs_pickled_code(tmp_path: Path) -> None:
    arrays = images(4, 1, 2, 2) | {"y_train": np.array([{}, {}, {}, {}])}
    with pytest.raises(JobError, match=r"not a readable \.npz archive of plain numbers"):
        load_dataset(save(tmp_path, arrays))


def test_a_header_that_claims_what_no_file_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x_train", "y_train"):
            with archive.open(f"{name}.npy", "w") as file:
                header = {"descr": "|u1", "fortran_order": False, "shape": (10**9, 10**9, 10**9)}
                np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(JobError, match=r"x_train\.npy holds less than its header says"):
        load_dataset(path)


def test_a_broken_or_missing_file_is_an_error_of_the_job(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    with pytest.raises(JobError, match="no such file"):
        load_dataset(path)
    for content in (b"", b"PK\x03\x04 torn", b"no archive at all"):
        path.write_bytes(content)
        with pytest.raises(JobError, match="not a readable"):
            load_dataset(path)


def test_an_unknown_name_gets_the_nearest_right_word() -> None:
    with pytest.raises(JobError, match="did you mean 'cluttered-digits'"):
        load_dataset("clutered-digits")
    with pytest.raises(JobError, match=f"it knows {', '.join(sorted(EMBEDDED))}"):
        load_dataset("imagenet")
