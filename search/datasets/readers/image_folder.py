"""A folder of images by class: `photos/cat/1.jpg`, or with parts, `photos/train/cat/1.jpg`."""

from __future__ import annotations

from pathlib import Path

from ..settings import DataSettings
from .base import Reader, Samples
from .common.class_folders import all_files, class_files, has_files
from .common.images import SUFFIXES, ImageDecoder


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the images of a folder.

    Raises:
        JobError: If a file is no image, damaged or in no class, or leads out of the folder.
    """
    images = class_files(path, SUFFIXES, "images")
    return images.samples(path, ImageDecoder.of(images.files[0], settings).blocks)


IMAGE_FOLDER = Reader(
    what="a folder of images, a folder in it for each class",
    example="FOLDER with cat/1.jpg",
    recognises=lambda path: path.is_dir() and has_files(path, SUFFIXES),
    files=all_files,
    read=read,
    takes=("size", "channels"),
)
