from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
from helpers import data_files as files

from archscape.search.datasets.sources import open_source


def test_a_folder_or_one_of_its_files_names_the_set(tmp_path: Path) -> None:
    files.write_idx(tmp_path, files.some_arrays(1, 8, 6))
    folder, file = open_source(tmp_path), open_source(tmp_path / "train-images-idx3-ubyte.gz")
    assert folder.statistics == file.statistics
    assert folder.arrays["x_train"].shape == (35, 1, 8, 6)


def test_labels_from_1_become_those_from_0_and_that_is_said(
    tmp_path: Path, notes: Callable[..., tuple[object, list[str]]]
) -> None:
    """EMNIST letters are written so."""
    arrays = files.some_arrays(1, 8, 6)
    shifted = {name: array + (name[0] == "y") for name, array in arrays.items()}
    source, lines = notes(files.write_idx(tmp_path, shifted))
    assert lines == [f"{tmp_path}: the labels run from 1 to 4; they become 0 to 3"]
    assert source.class_names == ("1", "2", "3", "4")  # type: ignore[attr-defined]
    assert np.array_equal(source.arrays["y_test"], arrays["y_test"])  # type: ignore[attr-defined]


def test_wrong_files_are_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    arrays = files.some_arrays(1, 8, 6)
    files.write_idx(tmp_path, arrays)
    labels = tmp_path / "train-labels-idx1-ubyte"
    whole = labels.read_bytes()
    labels.write_bytes(whole[:-3])
    assert f"{labels}: it ends after 37 of 40 items" in refusal(tmp_path)
    labels.write_bytes(b"\x00\x01" + whole[2:])
    assert f"{labels}: not an IDX file: it must begin with two zeros" in refusal(tmp_path)
    labels.write_bytes(b"")
    assert f"{labels}: not an IDX file" in refusal(tmp_path)
    labels.write_bytes(files.idx(arrays["y_train"][:-1].astype(np.uint8)))
    assert "y_train must be (40,) whole numbers, one for each of x_train, but is (39,)" in refusal(tmp_path)
    labels.unlink()
    assert "there is no array 'y_train'" in refusal(tmp_path)
    labels.write_bytes(whole)
    images = tmp_path / "train-images-idx3-ubyte.gz"
    images.write_bytes(images.read_bytes()[:-200])
    assert f"{images}: " in refusal(tmp_path)
    images.write_bytes(b"no gzip")
    assert f"{images}: cannot be read: Not a gzipped file" in refusal(tmp_path)
    images.write_bytes(gzip.compress(b"\x00\x00\x08\x03\x00\x00"))
    assert f"{images}: it ends in its header" in refusal(tmp_path)


def test_a_header_that_claims_what_no_file_holds_is_refused(
    tmp_path: Path, refusal: Callable[..., str]
) -> None:
    files.write_idx(tmp_path, files.some_arrays(1, 8, 6))
    claim = b"\x00\x00\x08\x03" + 3 * b"\xff\xff\xff\xff"
    images = tmp_path / "train-images-idx3-ubyte.gz"
    images.write_bytes(gzip.compress(claim))
    assert f"{images}: it ends before the 4,294,967,295 items that its header names" in refusal(tmp_path)


def test_two_sets_in_a_folder_are_told_apart_by_a_file(tmp_path: Path, refusal: Callable[..., str]) -> None:
    files.write_idx(tmp_path, files.some_arrays(1, 8, 6))
    for file in [*tmp_path.iterdir()]:
        file.with_name(f"emnist-{file.name}").write_bytes(file.read_bytes())
    assert "it holds several sets" in refusal(tmp_path)
    assert open_source(tmp_path / "emnist-train-labels-idx1-ubyte").arrays["x_test"].shape == (11, 1, 8, 6)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    folder = tmp_path / "set"
    files.write_idx(folder, files.some_arrays(1, 8, 6))
    labels = folder / "train-labels-idx1-ubyte"
    labels.rename(tmp_path / "outside")
    labels.symlink_to(tmp_path / "outside")
    assert f"{labels}: a link to {tmp_path}/outside, out of {folder}" in refusal(folder)
