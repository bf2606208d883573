"""Folders of images by class: sizes, colours, splits, and every way in which a file is not one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import data_files as files
from PIL import Image

from archscape.search.datasets.settings import DataSettings
from archscape.search.datasets.sources import open_source


def write_classes(
    folder: Path, *, count: int = 8, size: tuple[int, int] = (10, 8), mode: str = "RGB"
) -> Path:
    """Write images without parts: `cat/0.png`, as bright as their class."""
    for label, name in enumerate(files.NAMES):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.new(mode, size, (60 * label,) * 3 if mode == "RGB" else 60 * label).save(
                folder / name / f"{i}.png"
            )
    return folder


def read(path: Path, **settings: object) -> dict[str, np.ndarray]:
    return dict(open_source(DataSettings(path=str(path), **settings)).arrays)  # type: ignore[arg-type]


def test_without_parts_they_are_split_off_class_by_class_by_the_seed(tmp_path: Path) -> None:
    write_classes(tmp_path / "photos")
    arrays = read(tmp_path / "photos", val=0.25, test=0.25)
    for part in ("train", "val", "test"):
        assert np.bincount(arrays[f"y_{part}"]).tolist() == [4 if part == "train" else 2] * 4
        assert np.array_equal(arrays[f"x_{part}"][:, 0, 0, 0], 60 * arrays[f"y_{part}"])


def test_size_scales_the_shorter_side_and_cuts_the_middle_out(tmp_path: Path) -> None:
    """A wide image of three equal stripes keeps the middle one."""
    stripes = np.repeat(np.array([[[10], [20], [30]]], np.uint8), 8, 1).repeat(8, 0).repeat(3, 2)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(10):
            Image.fromarray(stripes).save(tmp_path / name / f"{i}.png")
    arrays = read(tmp_path, size=(4,))
    assert arrays["x_train"].shape[1:] == (3, 4, 4)
    assert (arrays["x_train"][..., 1:3] == 20).all()
    assert read(tmp_path, size=(4, 12))["x_train"][0, 0, 0, [0, 5, 11]].tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    ("mode", "channels", "expected"),
    [("L", None, 1), ("RGB", None, 3), ("RGB", "grey", 1), ("L", "colour", 3)],
)
def test_channels_are_those_of_the_first_image_or_as_the_job_says(
    mode: str, channels: str | None, expected: int, tmp_path: Path
) -> None:
    write_classes(tmp_path / "photos", mode=mode)
    assert read(tmp_path / "photos", channels=channels)["x_train"].shape[1] == expected


def test_an_image_is_turned_as_it_was_held(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(6):
            Image.new("L", (6, 4)).save(tmp_path / name / f"{i}.jpg", exif=exif)
    assert read(tmp_path)["x_train"].shape[1:] == (1, 6, 4)


def test_classes_that_are_numbers_are_in_their_order(tmp_path: Path) -> None:
    for label in (10, 9, 2):
        (tmp_path / str(label)).mkdir()
        for i in range(6):
            Image.new("L", (4, 4), label).save(tmp_path / str(label) / f"{i}.png")
    source = open_source(tmp_path)
    assert source.class_names == ("2", "9", "10")
    assert np.array_equal(np.take([2, 9, 10], source.arrays["y_train"]), source.arrays["x_train"][:, 0, 0, 0])


def break_empty(folder: Path) -> None:
    (folder / "dog" / "3.png").write_bytes(b"")


def break_text(folder: Path) -> None:
    (folder / "dog" / "3.png").write_text("no image")


def break_torn(folder: Path) -> None:
    file = folder / "dog" / "3.png"
    Image.effect_noise((90, 90), 50).save(file)
    file.write_bytes(file.read_bytes()[:2000])


def break_size(folder: Path) -> None:
    Image.new("RGB", (10, 9)).save(folder / "dog" / "3.png")


def break_deep(folder: Path) -> None:
    Image.new("I;16", (10, 8)).save(folder / "dog" / "3.png")


def break_kind(folder: Path) -> None:
    (folder / "dog" / "3.pdf").write_text("no image")


def break_program(folder: Path) -> None:
    """EPS is decoded by a program that Pillow would start."""
    (folder / "dog" / "3.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n")


def break_loose(folder: Path) -> None:
    Image.new("RGB", (10, 8)).save(folder / "3.png")


def break_link(folder: Path) -> None:
    outside = folder.parent / "outside.png"
    Image.new("RGB", (10, 8)).save(outside)
    (folder / "dog" / "3.png").unlink()
    (folder / "dog" / "3.png").symlink_to(outside)


def break_folder_link(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    Image.new("RGB", (10, 8)).save(outside / "1.png")
    (folder / "eel2").symlink_to(outside)


def break_loop(folder: Path) -> None:
    (folder / "dog" / "again").symlink_to(folder / "dog")


def break_dangling(folder: Path) -> None:
    (folder / "dog" / "8.png").symlink_to(folder / "gone.png")


def break_class(folder: Path) -> None:
    for file in (folder / "fox").iterdir():
        file.unlink()


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "0 bytes": (break_empty, "dog/3.png: it is empty (0 bytes); replace it, or leave it out"),
    "text": (break_text, "dog/3.png: no image that can be read; replace it"),
    "torn": (break_torn, "dog/3.png: a damaged image: "),
    "another size": (
        break_size,
        "dog/3.png: images are of one size, but it has 9x10, the first one 8x10; set one",
    ),
    "16 bits": (break_deep, "dog/3.png: it has more than 8 bits a pixel"),
    "no image": (break_kind, "dog/3.pdf: among images it is none: they end in .png"),
    "a program": (break_program, "dog/3.png: no image that can be read"),
    "in no class": (break_loose, "3.png: it is in no class; images lie in one folder for each class"),
    "a link": (break_link, "dog/3.png: a link to "),
    "a link to a folder": (break_folder_link, "eel2: a link to "),
    "a link to its own folder": (break_loop, "dog/again: a link to "),
    "a link to nothing": (break_dangling, "dog/8.png: a link to "),
    "a class without images": (break_class, "fox: it holds no images; remove the folder, or fill it"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_is_no_image_of_the_set_is_named(
    case: str, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    change, message = BROKEN[case]
    folder = write_classes(tmp_path / "photos")
    change(folder)
    assert f"{folder}/{message}" in refusal(folder)


def test_an_image_bomb_is_refused_before_it_is_decoded(tmp_path: Path, refusal: Callable[..., str]) -> None:
    folder = write_classes(tmp_path / "photos")
    bomb = folder / "cat" / "3.png"
    Image.new("1", (30_000, 30_000)).save(bomb)
    assert bomb.stat().st_size < 2**20
    assert f"{bomb}: it has more than 89,478,485 pixels" in refusal(folder, size=(8,))


def test_decoding_leaves_the_warnings_of_the_process_as_they_were(tmp_path: Path) -> None:
    before = [*warnings.filters]
    write_classes(tmp_path / "photos", count=100)
    open_source(tmp_path / "photos")
    assert [*warnings.filters] == before


def test_colour_among_grey_is_refused_unless_the_job_says_which(
    tmp_path: Path, refusal: Callable[..., str]
) -> None:
    folder = write_classes(tmp_path / "photos", mode="L")
    Image.new("RGB", (10, 8)).save(folder / "dog" / "3.png")
    assert "dog/3.png: it is in colour (RGB), but the first image is grey; say which with" in refusal(folder)
    assert read(folder, channels="grey")["x_train"].shape[1] == 1


def test_classes_that_differ_between_the_parts_are_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    folder = files.write_images(tmp_path / "photos", files.some_arrays(3, 8, 8))
    (folder / "val" / "dog").rename(folder / "val" / "dogs")
    law = "the part 'val' has the class 'dogs', which the training part has not; did you mean 'dog'?"
    assert f"{folder}/val/dogs: {law}" in refusal(folder)
    (folder / "extra").mkdir()
    assert f"{folder}/extra: beside `train` stand `val` and `test` alone" in refusal(folder)


def test_a_part_that_is_a_link_is_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    folder = files.write_images(tmp_path / "photos", files.some_arrays(3, 8, 8))
    (folder / "val").rename(tmp_path / "outside")
    (folder / "val").symlink_to(tmp_path / "outside")
    assert f"{folder}/val: a link to {tmp_path}/outside, out of {folder}" in refusal(folder)


def test_what_systems_leave_in_folders_is_no_image(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "photos")
    before = open_source(folder).statistics
    for name in (".DS_Store", "Thumbs.db", "cat/Thumbs.db", "dog/._1.png"):
        (folder / name).write_text("clutter")
    assert open_source(folder).statistics == before


def test_a_setting_that_says_nothing_here_is_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    folder = files.write_images(tmp_path / "photos", files.some_arrays(3, 8, 8))
    assert "this is a folder of images, a folder in it for each class, for which `task:` says" in refusal(
        folder, task="regression"
    )
    assert "it has its own val part, so `val: 0.2` changes nothing" in refusal(folder, val=0.2)
