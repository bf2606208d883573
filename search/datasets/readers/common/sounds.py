"""Sounds as arrays: WAV files of 8, 16, 24 or 32 bits, as samples (channels, length) between -1 and 1."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archscape.spaces.errors import JobError

from ...settings import DataSettings
from ..base import BLOCK_BYTES, Block

SUFFIXES = (".wav",)


@dataclass(frozen=True, kw_only=True)
class WavDecoder:
    """How sounds become arrays.

    Attributes:
        channels: One or two, or more.
        rate: Samples a second.
        length: How many samples each is cut or filled with silence to.
        is_fitted: Whether others are, or refused.
    """

    channels: int
    rate: int
    length: int
    is_fitted: bool

    @classmethod
    def of(cls, files: Sequence[Path], settings: DataSettings) -> WavDecoder:
        """Return the decoder of sounds, by the settings, and where they say nothing by the first one."""
        channels, rate, first = _read(files[0])
        if settings.size is not None and len(settings.size) > 1:
            raise JobError(f"{settings.path}: `size:` of sounds is one number of samples")
        return cls(
            channels=channels,
            rate=rate,
            length=settings.size[0] if settings.size else first.shape[1],
            is_fitted=settings.size is not None,
        )

    def __call__(self, path: Path) -> NDArray[np.float32]:
        """Return a sound (channels, length).

        Raises:
            JobError: If it cannot be decoded, or is of another kind than the first one; it names the file.
        """
        channels, rate, sound = _read(path)
        if (channels, rate) != (self.channels, self.rate):
            kinds = f"{channels} channels at {rate} Hz, the first one {self.channels} at {self.rate} Hz"
            raise JobError(f"{path}: sounds are of one kind, but it has {kinds}; convert it")
        length = sound.shape[1]
        if length != self.length and not self.is_fitted:
            law = f"sounds are of one length, but it has {length:,} samples, the first one {self.length:,}"
            raise JobError(f"{path}: {law}; set one, as in `size: {self.length}`")
        if length > self.length:
            start = (length - self.length) // 2
            return sound[:, start : start + self.length]
        return np.pad(sound, ((0, 0), (0, self.length - length)))

    def blocks(self, files: Sequence[Path]) -> Iterator[Block]:
        """Yield sounds in their order."""
        rows = max(1, BLOCK_BYTES // (4 * self.channels * self.length))
        for start in range(0, len(files), rows):
            yield np.stack([self(file) for file in files[start : start + rows]]), None


def _read(path: Path) -> tuple[int, int, NDArray[np.float32]]:
    """Return channels, rate and samples of a file.

    Raises:
        JobError: If it is damaged, or not in plain PCM.
    """
    try:
        with wave.open(str(path)) as file:
            channels, width, rate, count = file.getparams()[:4]
            content = file.readframes(count)
    except (OSError, EOFError, ValueError, wave.Error) as error:
        reason = str(error) or "it ends early"
        raise JobError(
            f"{path}: not a readable WAV file of plain PCM: {reason}; replace it, or convert it"
        ) from None
    if not count or len(content) < count * channels * width:
        raise JobError(f"{path}: it ends after {len(content):,} bytes of sound; replace it, or leave it out")
    sound: NDArray[np.float32] = _scaled(content, width).reshape(-1, channels).T
    return channels, rate, sound


def _scaled(content: bytes, width: int) -> NDArray[np.float32]:
    """Return numbers of so many bytes, the least significant first, as -1 .. 1."""
    if width == 1:  # the only ones without a sign
        return (np.frombuffer(content, np.uint8) / 128.0 - 1).astype(np.float32)
    if width == 3:
        padded = np.zeros((len(content) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        content, width = padded.tobytes(), 4
    values: NDArray[np.float64] = np.frombuffer(content, f"<i{width}") / 2.0 ** (8 * width - 1)
    return values.astype(np.float32)
