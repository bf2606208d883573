from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import data_files as files
from PIL import Image

from archscape.search.datasets.settings import DataSettings
from archscape.search.datasets.sources import open_source


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Images and masks without parts: 20 of 8x6."""
    for kind in ("images", "masks"):
        (tmp_path / "scans" / kind).mkdir(parents=True)
    for i, x in enumerate(files.some_arrays(3, 8, 6, train=20, val=0, test=0)["x_train"]):
        files.image(x).save(tmp_path / "scans" / "images" / f"{i}.jpg")
        Image.fromarray(files.mask_of(x)).save(tmp_path / "scans" / "masks" / f"{i}.png")
    return tmp_path / "scans"


def test_masks_are_split_with_their_images_and_classes_have_the_names_of_a_file(scans: Path) -> None:
    (scans / "classes.txt").write_text("dark\nbright\n")
    source = open_source(scans)
    assert (source.task, source.class_names) == ("segmentation", ("dark", "bright"))
    assert [len(source.arrays[f"y_{part}"]) for part in ("train", "val", "test")] == [16, 2, 2]
    for part in ("train", "val", "test"):
        bright = source.arrays[f"x_{part}"].mean((1, 2, 3)) > 150
        assert np.array_equal(source.arrays[f"y_{part}"].mean((1, 2)) > 0.9, bright)


def test_a_mask_is_scaled_as_its_image_without_mixing_labels(scans: Path) -> None:
    for file in (scans / "masks").iterdir():
        mask = np.zeros((8, 6), np.uint8)
        mask[4:] = 7
        Image.fromarray(mask).save(file)
    source = open_source(DataSettings(path=str(scans), size=(4, 12)))
    assert source.arrays["y_train"].shape[1:] == source.arrays["x_train"].shape[2:] == (4, 12)
    assert {*np.unique(source.arrays["y_train"]).tolist()} <= {0, 7}


def test_a_palette_and_a_bitmap_are_labels_too(scans: Path) -> None:
    before = open_source(scans).arrays
    for file in (scans / "masks").iterdir():
        labels = np.asarray(Image.open(file))
        Image.fromarray(labels.astype(bool)).save(file)
    assert all(np.array_equal(before[key], array) for key, array in open_source(scans).arrays.items())


def test_a_mask_has_the_size_of_its_image_as_it_was_held(scans: Path, refusal: Callable[..., str]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    for file in (scans / "images").iterdir():
        Image.new("L", (8, 6)).save(file, exif=exif)
    assert open_source(scans).arrays["x_train"].shape[1:] == (1, 8, 6)
    Image.new("L", (8, 6)).save(scans / "masks" / "3.png")
    assert "masks/3.png: a mask has the size of its image; it has 6x8, but 3.jpg has 8x6" in refusal(scans)


def other_size(scans: Path) -> None:
    Image.new("L", (6, 9)).save(scans / "masks" / "3.png")


def colour(scans: Path) -> None:
    Image.new("RGB", (6, 8)).save(scans / "masks" / "3.png")


def no_mask(scans: Path) -> None:
    (scans / "masks" / "3.png").rename(scans / "masks" / "33.png")


def no_image(scans: Path) -> None:
    (scans / "images" / "3.jpg").unlink()


def two(scans: Path) -> None:
    Image.new("L", (6, 8)).save(scans / "masks" / "3.bmp")


def empty(scans: Path) -> None:
    (scans / "masks" / "3.png").write_bytes(b"")


def link(scans: Path) -> None:
    (scans / "masks").rename(scans.parent / "masks")
    (scans / "masks").symlink_to(scans.parent / "masks")


def names_elsewhere(scans: Path) -> None:
    (scans.parent / "secret").write_text("word\n")
    (scans / "classes.txt").symlink_to(scans.parent / "secret")


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "other size": (
        other_size,
        "masks/3.png: a mask has the size of its image; it has 9x6, but 3.jpg has 8x6",
    ),
    "colour": (
        colour,
        "masks/3.png: a mask has one value a pixel, its label: grey (L) or with a palette (P)",
    ),
    "no mask": (no_mask, "images/3.jpg: there is no "),
    "no image": (no_image, "masks/3.png: there is no "),
    "two": (two, "masks/3.bmp: another file there has the same name before its suffix"),
    "names elsewhere": (names_elsewhere, "classes.txt: a link to "),
    "link": (link, "masks: a link to "),
    "empty": (empty, "masks/3.png: it is empty (0 bytes)"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mask_that_does_not_fit_is_named(case: str, scans: Path, refusal: Callable[..., str]) -> None:
    change, message = BROKEN[case]
    change(scans)
    assert f"{scans}/{message}" in refusal(scans)
