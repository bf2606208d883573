"""Rows without weights that change the extent of a map."""

from __future__ import annotations

from .. import operators
from ..errors import ShapeError
from ..graph import Tensor, per_axis
from .block import block
from .kinds import Mode, OptionalSize, PadChannels, PadMode, PadSides, PoolPadding, Size


@block(styled=False, repeats=False)
def blurpool(x: Tensor, *, kernel: int = 3, stride: int = 2) -> Tensor:
    """Every s-th value of a map blurred by a binomial filter, 1 2 1 for kernel 3 (Zhang 2019)."""
    return operators.blur_pool(x, kernel=kernel, stride=stride)


@block(styled=False, repeats=False)
def upsample(x: Tensor, *, scale: Size = 2, mode: Mode = "nearest") -> Tensor:
    """The map enlarged by repeating its elements, or bilinearly (linear in 1-D, trilinear in 3-D)."""
    return operators.upsample(x, scale=scale, mode=mode)


@block(styled=False)
def resize(x: Tensor, like: Tensor, *, mode: Mode = "nearest") -> Tensor:
    """The map at the extent of another one; modes as for `upsample`."""
    return operators.resize(x, like, mode=mode)


@block(styled=False, repeats=False)
def pixelshuffle(x: Tensor, *, scale: int = 2) -> Tensor:
    """Every r x r channels of a pixel become r x r pixels (Shi et al. 2016, eq. 4)."""
    return operators.pixel_shuffle(x, scale=scale)


@block(styled=False)
def unpool(
    x: Tensor,
    like: Tensor,
    *,
    kernel: Size = 2,
    stride: OptionalSize = None,
    padding: PoolPadding = "same",
) -> Tensor:
    """The values where `like`, the map that was pooled, has its maxima; zero elsewhere (Noh et al. 2015)."""
    return operators.unpool(x, like, kernel=kernel, stride=stride, padding=padding)


@block(styled=False, repeats=False)
def crop(x: Tensor, *, extent: Size) -> Tensor:
    """The middle of the map; where the cut is odd, the end loses one more."""
    return operators.centre_crop(x, per_axis(extent, x.rank, "extent"))


@block(styled=False, repeats=False)
def shift(x: Tensor, *, by: int = 1) -> Tensor:
    """The map moved towards its start along every axis, zeros moving in."""
    return operators.shifted(x, by)


@block(styled=False, repeats=False)
def pad(
    x: Tensor, *, sides: PadSides = None, mode: PadMode = "zeros", channels: PadChannels = None
) -> Tensor:
    """Zeros on both sides of each axis, or what else `mode` says; channels of zeros after its own.

    `reflect` mirrors the map without its edge, `replicate` repeats the edge, `circular` goes on at the other
    end. A pair is (before, after).
    """
    if sides is None and channels is None:
        raise ShapeError("pad needs `sides`, `channels` or both")
    if sides is None and mode != "zeros":
        raise ShapeError(f"mode {mode} is of `sides`; channels are padded with zeros")
    y = x if sides is None else operators.pad(x, sides=sides, mode=mode)
    before, after = (0, channels or 0) if not isinstance(channels, tuple) else _pair(channels)
    return operators.pad_channels(y, before, after)


def _pair(channels: tuple[int, ...]) -> tuple[int, int]:
    """Return how many channels stand before and after."""
    if len(channels) != 2:
        raise ShapeError(f"channels are one number or a pair (before, after), but got {list(channels)}")
    return channels[0], channels[1]
