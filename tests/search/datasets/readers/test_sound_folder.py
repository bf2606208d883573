from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import data_files as files

from archscape.search.datasets.settings import DataSettings
from archscape.search.datasets.sources import open_source


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_sounds_of_8_to_32_bits_lie_between_minus_1_and_1(width: int, channels: int, tmp_path: Path) -> None:
    values = np.array([[-128, -64, 0, 64, 127, 1]] * channels)
    values[0, 5] = 2  # the channels differ
    for name in ("no", "yes"):
        (tmp_path / name).mkdir()
        for i in range(6):
            files.write_wav(tmp_path / name / f"{i}.wav", values, width=width)
    x = open_source(tmp_path).arrays["x_train"]
    assert x.dtype == np.float32
    assert np.array_equal(x[0], (values / 128).astype(np.float32))


def test_size_cuts_the_middle_out_or_fills_with_silence(tmp_path: Path) -> None:
    for name, length in {"long": 10, "short": 4}.items():
        (tmp_path / name).mkdir()
        for i in range(6):
            files.write_wav(tmp_path / name / f"{i}.wav", np.arange(1, length + 1)[None])
    arrays = open_source(DataSettings(path=str(tmp_path), size=(6,))).arrays
    both = {
        int(y): (128 * x[0]).astype(int).tolist()
        for x, y in zip(arrays["x_train"], arrays["y_train"], strict=True)
    }
    assert both == {0: [3, 4, 5, 6, 7, 8], 1: [1, 2, 3, 4, 0, 0]}


@pytest.fixture
def words(tmp_path: Path) -> Path:
    return files.write_sounds(tmp_path / "words", files.some_arrays(1, 40))


def other_length(file: Path) -> None:
    files.write_wav(file, np.zeros((1, 41), int))


def other_rate(file: Path) -> None:
    files.write_wav(file, np.zeros((1, 40), int), rate=16000)


def stereo(file: Path) -> None:
    files.write_wav(file, np.zeros((2, 40), int))


def floats(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[20:22] = struct.pack("<H", 3)
    file.write_bytes(content)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "length": (
        other_length,
        ": sounds are of one length, but it has 41 samples, the first one 40; set one, as in `size: 40`",
    ),
    "rate": (
        other_rate,
        ": sounds are of one kind, but it has 1 channels at 16000 Hz, the first one 1 at 8000 Hz",
    ),
    "channels": (stereo, ": sounds are of one kind, but it has 2 channels"),
    "floats": (floats, ": not a readable WAV file of plain PCM: unknown format: 3"),
    "empty": (lambda file: file.write_bytes(b""), ": it is empty (0 bytes)"),
    "text": (lambda file: file.write_text("no sound"), ": not a readable WAV file of plain PCM"),
    "torn": (lambda file: file.write_bytes(file.read_bytes()[:60]), ": it ends after 16 bytes of sound"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_sound_that_is_damaged_or_of_another_kind_is_named(
    case: str, words: Path, refusal: Callable[..., str]
) -> None:
    change, message = BROKEN[case]
    file = words / "train" / "dog" / "1.wav"
    change(file)
    assert f"{file}{message}" in refusal(words)
