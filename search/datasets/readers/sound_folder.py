"""A folder of sounds by class: `words/yes/1.wav`, or with parts, `words/train/yes/1.wav`."""

from __future__ import annotations

from pathlib import Path

from ..settings import DataSettings
from .base import Reader, Samples
from .common.class_folders import all_files, class_files, has_files
from .common.sounds import SUFFIXES, WavDecoder


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the sounds of a folder.

    Raises:
        JobError: If a file is no WAV, damaged or in no class, or leads out of the folder.
    """
    sounds = class_files(path, SUFFIXES, "sounds")
    return sounds.samples(path, WavDecoder.of(sounds.files, settings).blocks)


SOUND_FOLDER = Reader(
    what="a folder of WAV files, a folder in it for each class",
    example="FOLDER with yes/1.wav",
    recognises=lambda path: path.is_dir() and has_files(path, SUFFIXES),
    files=all_files,
    read=read,
    takes=("size",),
)
