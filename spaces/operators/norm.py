"""Normalisation layers: by batch, layer, instance or group, as the network's style says."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Tensor, Totals, Workload, make, place
from ..memory_use import FRESH, Footprint, Size
from ..values import Term
from .initializers import Initialised

__all__ = ["BatchNorm", "ChannelLayerNorm", "GroupNorm", "InstanceNorm", "LayerNorm", "layer_norm", "norm"]


class BatchNorm(Initialised):
    """y = gamma (x - mean) / sqrt(var + eps) + beta per channel (Ioffe and Szegedy 2015)."""

    channels: int
    init: str | None = None
    kind: ClassVar[str] = "norm"
    stateful: ClassVar[bool] = True
    text: ClassVar[str] = "nn.BatchNorm{rank}d({channels})"
    example: ClassVar[Example] = Example((8,))

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return gamma and beta, and two operations per element: statistics are constant at inference."""
        return make(Totals, (2 * self.channels, 0, 2 * prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input, and mean and deviation of each channel."""
        return _kept_statistics(self.channels) if training else FRESH

    def buffers(self) -> Size:
        """Return the running mean and variance, and the number of batches that they have seen."""
        return Size(0, 1, 2 * self.channels)

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.BatchNormNd(...)`; a flat vector takes the 1-D form."""
        return super().module(values, max(rank, 1))


@lru_cache(maxsize=4096)
def _kept_statistics(channels: int) -> Footprint:
    return Footprint(saves=(0,), keeps=Size(fixed=2 * channels))


class _SampleNorm(Initialised):
    """y = gamma (x - mean) / sqrt(var + eps) + beta, the statistics over sets of each sample's elements.

    They are not counted in the receptive field, though a set may be the whole map.
    """

    kind: ClassVar[str] = "norm"
    stateful: ClassVar[bool] = True

    def sets(self, shape: Shape) -> int:
        """Return the number of sets with statistics of their own."""
        raise AssertionError(f"{self.kind} has no sets")

    def shape(self, *inputs: Shape) -> Shape:
        """Return the input shape; a set of one element would leave nothing but beta."""
        if self.sets(inputs[0]) == prod(inputs[0]):
            raise ShapeError("each set that is normalised holds one element, which leaves nothing of it")
        return inputs[0]

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return gamma and beta; seven operations per element, and eps and a root for each set.

        They are the sums of mean and variance, a difference, its square, a division, gamma and beta.
        """
        return make(Totals, (2 * output[0], 0, 7 * prod(output) + 2 * self.sets(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input, and mean and deviation of each set."""
        statistics = Size(2 * self.sets(output))
        return Footprint(saves=(0,), keeps=statistics) if training else Footprint(during=statistics)


class LayerNorm(_SampleNorm):
    """A norm over all features of a flat vector (Ba et al. 2016)."""

    channels: int
    init: str | None = None
    text: ClassVar[str] = "nn.LayerNorm({channels})"
    example: ClassVar[Example] = Example((8,), ((8,),))

    def sets(self, shape: Shape) -> int:
        """Return the number of positions: 1."""
        return prod(shape[1:])


class ChannelLayerNorm(LayerNorm):
    """A norm over the channels of each position of a map, by itself (Liu et al. 2022, ConvNeXt)."""

    helper: ClassVar[str] = "ChannelLayerNorm"
    text: ClassVar[str] = "ChannelLayerNorm({channels})"
    example: ClassVar[Example] = Example((8,))


class InstanceNorm(_SampleNorm):
    """A norm over the positions of each channel by itself (Ulyanov et al. 2016)."""

    channels: int
    init: str | None = None
    workload: ClassVar[Workload] = "channels"
    text: ClassVar[str] = "nn.InstanceNorm{rank}d({channels}, affine=True)"
    example: ClassVar[Example] = Example((8,))

    def sets(self, shape: Shape) -> int:
        """Return the number of channels."""
        return shape[0]

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input; mean, deviation and gamma of each channel of each sample."""
        if training:
            return Footprint(saves=(0,), keeps=Size(3 * self.channels), during=Size(self.channels))
        return Footprint(during=Size(4 * self.channels))


class GroupNorm(_SampleNorm):
    """A norm over groups of neighbouring channels at all positions (Wu and He 2018)."""

    groups: int
    channels: int
    init: str | None = None
    workload: ClassVar[Workload] = "channels"
    text: ClassVar[str] = "nn.GroupNorm({groups}, {channels})"
    example: ClassVar[Example] = Example((2, 8))

    def sets(self, shape: Shape) -> int:
        """Return the number of groups."""
        return self.groups


def norm(x: Tensor, *, last: bool = False, scope: str = "") -> Tensor:
    """Place the normalisation of the network's style, or nothing where there is none.

    `last` marks the last norm of a residual branch, whose gamma may start at zero (Goyal et al. 2017).

    Raises:
        ShapeError: If groups do not divide the channels, or there is nothing to take statistics over.
    """
    style = x.trace.style
    if style.norm is None:
        return x
    if last and style.last_norm:
        return place(norm_operator(style.norm, x.channels, x.rank, style.last_norm), x, scope)
    if style.norm == "batch":
        return place(batch_norm(x.shape[0]), x, scope)
    return place(norm_operator(style.norm, x.channels, x.rank), x, scope)


def layer_norm(x: Tensor, *, scope: str = "") -> Tensor:
    """Place a norm over the channels of each position, whatever the network's style."""
    return place(norm_operator("layer", x.channels, x.rank), x, scope)


@lru_cache(maxsize=4096)
def batch_norm(channels: int) -> BatchNorm:
    """Return the operator for a number of channels, remembered."""
    return BatchNorm(channels=channels)


@lru_cache(maxsize=4096)
def norm_operator(word: str | Term, channels: int, rank: int, init: str | None = None) -> Op:
    """Return the operator of `batch`, `layer`, `instance` or `group(n)` on so many channels, remembered.

    Raises:
        ShapeError: If groups do not divide the channels, or a norm by instance is to read a flat vector.
    """
    if isinstance(word, Term):
        (groups,) = word.args
        assert isinstance(groups, int)
        if channels % groups:
            raise ShapeError(f"{groups} groups of a norm must divide the {channels} channels")
        return GroupNorm(groups=groups, channels=channels, init=init)
    if word == "instance" and not rank:
        raise ShapeError(f"a norm by instance needs a map, but got {channels} flat features")
    classes: dict[str, type[BatchNorm | LayerNorm | InstanceNorm]] = {
        "batch": BatchNorm,
        "layer": ChannelLayerNorm if rank else LayerNorm,
        "instance": InstanceNorm,
    }
    return classes[word](channels=channels, init=init)
