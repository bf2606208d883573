"""Images as arrays: scaled to one size, grey or in colour; what is damaged or far too large is refused."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from archscape.spaces.errors import JobError

from ...settings import DataSettings
from ..base import BLOCK_BYTES, Block

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
"""Those of Pillow that decode by themselves: others start programs."""

ORIENTATION = 0x0112
"""The tag by which a camera says how it was held; above 4 lie those on its side."""

MODES = {"grey": "L", "colour": "RGB"}
_GREY = ("1", "L", "LA", "La")
_DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_THREADS = 4
_ROWS = 256


class Encoded(NamedTuple):
    """An image as the bytes of its file, and a name for messages."""

    name: str
    content: bytes

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class ImageDecoder:
    """How images become arrays.

    Attributes:
        mode: Of Pillow: `L` or `RGB`.
        size: Height and width.
        is_scaled: Whether images of other sizes are scaled and cut to it, or refused.
        is_forced: Whether colour becomes grey where that is the mode, or is refused.
    """

    mode: str
    size: tuple[int, int]
    is_scaled: bool
    is_forced: bool

    @classmethod
    def of(cls, first: Path | Encoded, settings: DataSettings) -> ImageDecoder:
        """Return the decoder of images, by the settings, and where they say nothing by the first image.

        Raises:
            JobError: If it cannot be read, or is to become larger than an image may be.
        """
        from PIL import Image

        with _without_warnings(), _opened(first) as image:
            mode = MODES[settings.channels] if settings.channels else "L" if image.mode in _GREY else "RGB"
            width, height = _turned(image).size if settings.size is None else (0, 0)
        sides = settings.size or (height, width)
        if (most := Image.MAX_IMAGE_PIXELS) and sides[0] * sides[-1] > most:
            shown = f"{sides[0]:,}x{sides[-1]:,}"
            raise JobError(f"`size:` {shown} is more than the {most:,} pixels that an image may have")
        return cls(
            mode=mode,
            size=(sides[0], sides[-1]),
            is_scaled=settings.size is not None,
            is_forced=settings.channels is not None,
        )

    def __call__(self, path: Path | Encoded) -> np.ndarray:
        """Return an image, bytes (C, height, width).

        Raises:
            JobError: If it cannot be decoded, or is of another size; it names the file.
        """
        from PIL import Image

        with _opened(path) as opened:
            if self.mode == "L" and opened.mode not in _GREY and not self.is_forced:
                law = f"it is in colour ({opened.mode}), but the first image is grey"
                raise JobError(f"{path}: {law}; say which with `channels: grey` or `channels: colour`")
            image = _turned(opened).convert(self.mode)
        if image.size != self.size[::-1]:
            if not self.is_scaled:
                shown = f"{image.height}x{image.width}, the first one {self.size[0]}x{self.size[1]}"
                remedy = "set one, as in `data: {path: ..., size: 64}`"
                raise JobError(f"{path}: images are of one size, but it has {shown}; {remedy}")
            image = _fitted(image, self.size, Image.Resampling.BILINEAR)
        array = np.asarray(image)
        return array[None] if self.mode == "L" else array.transpose(2, 0, 1)

    @property
    def rows(self) -> int:
        """How many images make a block."""
        return max(1, min(_ROWS, BLOCK_BYTES // (self.size[0] * self.size[1] * len(self.mode))))

    def blocks(self, files: Sequence[Path | Encoded]) -> Iterator[Block]:
        """Yield images in their order, decoded on several threads."""
        for start in range(0, len(files), self.rows):
            yield decoded(files[start : start + self.rows], self), None


def decoded(files: Sequence[Path | Encoded], decode: ImageDecoder | MaskDecoder) -> np.ndarray:
    """Return what files are decoded to in their order, on several threads."""
    with _without_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        return np.stack([*pool.map(decode, files)])


@dataclass(frozen=True, kw_only=True)
class MaskDecoder:
    """How masks become arrays: the values of their pixels are labels, and stay as they are.

    Attributes:
        size: Height and width.
        is_scaled: Whether they are scaled and cut to it as their images are, each pixel to the nearest.
    """

    size: tuple[int, int]
    is_scaled: bool

    def __call__(self, path: Path | Encoded) -> np.ndarray:
        """Return a mask, bytes (height, width).

        Raises:
            JobError: If it cannot be decoded, or is in colour.
        """
        from PIL import Image

        with _opened(path) as opened:
            if opened.mode not in ("1", "L", "P"):
                law = "a mask has one value a pixel, its label: grey (L) or with a palette (P)"
                raise JobError(f"{path}: {law}, but it is {opened.mode}")
            image = _turned(opened).copy()
        if image.mode == "1":
            image = Image.fromarray(np.asarray(image).astype(np.uint8))
        if image.size != self.size[::-1]:
            image = _fitted(image, self.size, Image.Resampling.NEAREST)
        return np.asarray(image)


def size_of(path: Path) -> tuple[int, int]:
    """Return height and width of an image, turned as a camera says that it was held, by its header.

    Raises:
        JobError: If it has none.
    """
    with _without_warnings(), _opened(path) as image:
        width, height = image.size
        is_on_its_side = "exif" in image.info and image.getexif().get(ORIENTATION, 1) > 4
    return (width, height) if is_on_its_side else (height, width)


def _without_warnings() -> AbstractContextManager[object]:
    """Show no warnings of Pillow, of bombs and of damaged tags; not for a thread, since all share them."""
    return warnings.catch_warnings(action="ignore")


@contextmanager
def _opened(path: Path | Encoded) -> Iterator[Image.Image]:
    """Open an image; what is wrong with it while it is open names its file."""
    from PIL import Image

    try:
        file = BytesIO(path.content) if isinstance(path, Encoded) else path
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > (Image.MAX_IMAGE_PIXELS or 0):
                raise Image.DecompressionBombError
            if image.mode in _DEEP:
                law = "it has more than 8 bits a pixel, which would be cut off; convert it, or use an .npz"
                raise JobError(f"{path}: {law}")
            yield image
    except JobError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        law = f"it has more than {Image.MAX_IMAGE_PIXELS or 0:,} pixels, as files have that fill the memory"
        raise JobError(f"{path}: {law}; scale it down") from None
    except Exception as error:
        raise JobError(f"{path}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Return why an image cannot be decoded: Pillow fails in every way on damaged ones."""
    if isinstance(error, OSError) and error.errno:
        return f"cannot be read: {error.strerror}"
    if type(error).__name__ == "UnidentifiedImageError":
        return "no image that can be read; replace it, or leave it out"
    return f"a damaged image: {error}; replace it, or leave it out"


def _turned(image: Image.Image) -> Image.Image:
    """Return an image as a camera says that it was held."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _fitted(image: Image.Image, size: tuple[int, int], filter_: Image.Resampling) -> Image.Image:
    """Return an image scaled until it covers a size, height and width, and cut to its middle."""
    height, width = size
    scale = max(height / image.height, width / image.width)
    across, down = width / scale, height / scale
    left, top = (image.width - across) / 2, (image.height - down) / 2
    return image.resize((width, height), filter_, box=(left, top, left + across, top + down))
