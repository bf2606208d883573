"""Data that would train to something else than was meant, or end in a traceback: each is one line instead."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from archscape.search.datasets.dataset import load_dataset
from archscape.search.datasets.settings import DataSettings
from archscape.spaces.errors import JobError

X = np.random.default_rng(0).random((24, 1, 8, 8)).astype(np.float32)
Y = np.arange(24) % 3
MASKS = np.broadcast_to(Y[:, None, None], (24, 8, 8))

ARRAYS: dict[str, tuple[np.ndarray, np.ndarray, str, str]] = {
    "one class": (X, Y * 0, "", "all labels are 0; two classes are needed at least"),
    "masks of 0 and 255": (X, MASKS // 2 * 255, "", "masks of 0 and 255 have to be 0 and 1"),
    "labels, for segmentation": (X, Y, "segmentation", "targets of segmentation are masks (N, *spatial)"),
    "masks, for classification": (X, MASKS, "classification", "targets of classification are whole numbers"),
    "labels, for denoising": (X, Y, "denoising", "targets of denoising are images (N, C, *spatial)"),
    "text, for regression": (X, np.array(["1.5", "a", "b"] * 8), "regression", "is the text '1.5'; convert"),
    "samples beyond float32": (X.astype(float) * 1e300, Y, "", "x_train has numbers beyond those of float32"),
    "targets beyond float32": (X, Y * 1e300, "regression", "y_train has numbers beyond those of float32"),
}


def refusal(path: Path | str, **settings: object) -> str:
    with pytest.raises(JobError) as caught:
        load_dataset(DataSettings(path=str(path), **settings))  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("case", ARRAYS)
def test_targets_that_are_not_those_of_the_task(case: str, tmp_path: Path) -> None:
    x, y, task, message = ARRAYS[case]
    np.savez(tmp_path / "set.npz", x_train=x, y_train=y)
    assert message in refusal(tmp_path / "set.npz", task=task or None)


def test_parts_of_several_types_are_brought_to_the_one_that_holds_them_all(tmp_path: Path) -> None:
    """Fractions must not become bytes because the training part has bytes."""
    np.savez(tmp_path / "set.npz", x_train=(X * 255).astype(np.uint8), y_train=Y, x_val=X[:6], y_val=Y[:6])
    data = load_dataset(str(tmp_path / "set.npz"))
    mean, std = data.statistics.samples.mean[0], data.statistics.samples.std[0]
    x, _ = data.val.batch(slice(0, 6), "cpu")
    assert np.allclose(x.numpy() * std + mean, X[:6], atol=1e-4)


TENSORS: dict[str, tuple[Callable[[], object], str]] = {
    "sparse": (lambda: torch.tensor(X).to_sparse(), "neither sparse, nested nor quantised"),
    "without numbers": (lambda: torch.tensor(X).to("meta"), "must hold a number for each place"),
    "one number a billion times": (
        lambda: torch.zeros(1, 1, 1, 1).expand(2**30, 1, 800, 800),
        "the file holds fewer numbers",
    ),
}


@pytest.mark.parametrize("case", TENSORS)
def test_tensors_that_are_not_wholly_in_the_file(case: str, tmp_path: Path) -> None:
    make, message = TENSORS[case]
    torch.save({"x_train": make(), "y_train": torch.tensor(Y)}, tmp_path / "set.pt")
    assert message in refusal(tmp_path / "set.pt")


def test_a_pt_with_names_that_are_numbers_or_with_modules(tmp_path: Path) -> None:
    torch.save({1: torch.tensor(X)}, tmp_path / "set.pt")
    assert "it must hold a mapping of tensors" in refusal(tmp_path / "set.pt")
    torch.save(torch.nn.Linear(1, 1), tmp_path / "set.pt")
    message = refusal(tmp_path / "set.pt")
    assert message.endswith("it holds more than tensors, and that would run code")


def test_an_encrypted_archive(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", b"none")
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "is encrypted" in refusal(path)


def test_what_is_neither_a_file_nor_a_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "set.npz")
    assert refusal(tmp_path / "set.npz").endswith("neither a file nor a folder")


def write_images(folder: Path, *, count: int = 4) -> Path:
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.new("L", (8, 8), 9 * i).save(folder / name / f"{i}.png")
    return folder


def test_parts_are_known_by_capital_letters_too(tmp_path: Path) -> None:
    """Else they would be the classes."""
    write_images(tmp_path / "photos" / "Train")
    write_images(tmp_path / "photos" / "Test")
    assert load_dataset(str(tmp_path / "photos")).class_names == ("cat", "dog")


def test_parts_without_one_to_train_on(tmp_path: Path) -> None:
    write_images(tmp_path / "photos" / "val")
    write_images(tmp_path / "photos" / "test")
    assert "it holds test, val, but no `train`" in refusal(tmp_path / "photos")


def test_names_of_classes_that_are_no_text(tmp_path: Path) -> None:
    write_images(tmp_path / "photos")
    (tmp_path / "photos" / "cat").rename(tmp_path / "photos" / "a\nb")
    assert "a name of a class must be printable text" in refusal(tmp_path / "photos")


def test_a_size_that_would_fill_the_memory(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"`size:` 1,048,576x1,048,576 is more than the .* pixels"):
        load_dataset(DataSettings(path=str(write_images(tmp_path / "photos")), size=(2**20,)))


def test_lists_as_windows_writes_them(tmp_path: Path) -> None:
    names = [f"{name}/{i}.png" for name in ("cat", "dog") for i in range(8)]
    (tmp_path / "train.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(names).encode())
    write_images(tmp_path / "photos", count=8)
    settings = DataSettings(path=str(tmp_path / "photos"), split={"train": str(tmp_path / "train.txt")})
    assert len(load_dataset(settings).train) == 12


@pytest.mark.parametrize("suffix", [".NPZ", ".PT", ".CSV"])
def test_suffixes_in_capital_letters(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"SET{suffix}"
    if suffix == ".NPZ":
        with path.open("wb") as file:
            np.savez(file, x_train=X, y_train=Y)
    elif suffix == ".PT":
        torch.save({"x_train": torch.tensor(X), "y_train": torch.tensor(Y)}, path)
    else:
        write_images(tmp_path / "photos", count=8)
        rows = [f"photos/{name}/{i}.png,{name}" for name in ("cat", "dog") for i in range(8)]
        path.write_text("\n".join(["path,label", *rows]))
    assert load_dataset(str(path)).classes in (2, 3)
