"""Normalisation layers: by batch, layer, instance or group, as the network's style says."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Tensor, Totals, Workload, make, place
from ..memory_use import FRESH, Footprint, Size
from ..values import Term, Value
from .initializers import Initialised

__all__ = ["BatchNorm", "ChannelLayerNorm", "GroupNorm", "InstanceNorm", "LayerNorm", "layer_norm", "norm"]


EPS, MOMENTUM = Fraction(1, 100_000), Fraction(1, 10)
"""What PyTorch adds to a variance, and the share of a batch in its running statistics, unless said."""


class _Norm(Initialised):
    """y = gamma (x - mean) / sqrt(var + eps) + beta; without gamma and beta where it is not affine."""

    kind: ClassVar[str] = "norm"
    stateful: ClassVar[bool] = True
    constructor: ClassVar[str]
    affine_texts: ClassVar[tuple[str, str]] = ("affine=False", "")
    """What PyTorch is told for a norm that is not affine, and for one that is."""

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.BatchNormNd(...)` or its like; options at PyTorch's defaults are left out."""
        sizes = [values[key] for key in ("groups", "channels") if key in values]
        options = [f"{key}={values[key]}" for key in ("eps", "momentum") if key in values]
        options += filter(None, [self.affine_texts["affine" not in values]])
        return self.started(f"{self.constructor.format(rank=rank)}({', '.join([*sizes, *options])})")


class BatchNorm(_Norm):
    """y = gamma (x - mean) / sqrt(var + eps) + beta per channel (Ioffe and Szegedy 2015)."""

    channels: int
    eps: Fraction = EPS
    momentum: Fraction = MOMENTUM
    affine: bool = True
    init: str | None = None
    constructor: ClassVar[str] = "nn.BatchNorm{rank}d"
    example: ClassVar[Example] = Example((8,))

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return gamma and beta, and two operations per element: statistics are constant at inference."""
        return make(Totals, (2 * self.channels * self.affine, 0, 2 * prod(output), 0))

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


class _SampleNorm(_Norm):
    """y = gamma (x - mean) / sqrt(var + eps) + beta, the statistics over sets of each sample's elements.

    They are not counted in the receptive field, though a set may be the whole map.
    """

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
        affine = self.affine  # type: ignore[attr-defined]
        other = (7 if affine else 5) * prod(output) + 2 * self.sets(output)
        return make(Totals, (2 * output[0] * affine, 0, other, 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input, and mean and deviation of each set."""
        statistics = Size(2 * self.sets(output))
        return Footprint(saves=(0,), keeps=statistics) if training else Footprint(during=statistics)


class LayerNorm(_SampleNorm):
    """A norm over all features of a flat vector (Ba et al. 2016)."""

    channels: int
    eps: Fraction = EPS
    affine: bool = True
    init: str | None = None
    constructor: ClassVar[str] = "nn.LayerNorm"
    affine_texts: ClassVar[tuple[str, str]] = ("elementwise_affine=False", "")
    example: ClassVar[Example] = Example((8,), ((8,),))

    def sets(self, shape: Shape) -> int:
        """Return the number of positions: 1."""
        return prod(shape[1:])


class ChannelLayerNorm(LayerNorm):
    """A norm over the channels of each position of a map, by itself (Liu et al. 2022, ConvNeXt)."""

    helper: ClassVar[str] = "ChannelLayerNorm"
    constructor: ClassVar[str] = "ChannelLayerNorm"
    example: ClassVar[Example] = Example((8,))


class InstanceNorm(_SampleNorm):
    """A norm over the positions of each channel by itself (Ulyanov et al. 2016)."""

    channels: int
    eps: Fraction = EPS
    affine: bool = True
    init: str | None = None
    workload: ClassVar[Workload] = "channels"
    constructor: ClassVar[str] = "nn.InstanceNorm{rank}d"
    affine_texts: ClassVar[tuple[str, str]] = ("", "affine=True")
    example: ClassVar[Example] = Example((8,))

    def sets(self, shape: Shape) -> int:
        """Return the number of channels."""
        return shape[0]

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input; mean, deviation and gamma of each channel of each sample."""
        copies = self.channels * self.affine  # of gamma, and of beta, one for each sample
        if training:
            return Footprint(saves=(0,), keeps=Size(2 * self.channels + copies), during=Size(copies))
        return Footprint(during=Size(2 * self.channels + 2 * copies))


class GroupNorm(_SampleNorm):
    """A norm over groups of neighbouring channels at all positions (Wu and He 2018)."""

    groups: int
    channels: int
    eps: Fraction = EPS
    affine: bool = True
    init: str | None = None
    workload: ClassVar[Workload] = "channels"
    constructor: ClassVar[str] = "nn.GroupNorm"
    example: ClassVar[Example] = Example((2, 8))

    def sets(self, shape: Shape) -> int:
        """Return the number of groups."""
        return self.groups

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return the norm by instance where each group is a channel."""
        alone = self.groups == self.channels and len(inputs[0]) > 1
        return InstanceNorm(*self[1:]) if alone else self


def norm(x: Tensor, *, last: bool = False, scope: str = "") -> Tensor:
    """Place the normalisation of the network's style, or nothing where there is none.

    `last` marks the last norm of a residual branch, whose gamma may start at zero (Goyal et al. 2017).

    Raises:
        ShapeError: If groups do not divide the channels, there is nothing to take statistics over, or a gamma
            that is not there is to start at zero.
    """
    style = x.trace.style
    if style.norm is None:
        return x
    if style.norm == "batch" and style.affine and not (last and style.last_norm):
        return place(batch_norm(x.shape[0]), x, scope)
    init = style.last_norm if last else None
    if init and not style.affine:
        raise ShapeError(f"last_norm {init} starts a gamma, but with `affine: false` norms have none")
    return place(norm_operator(style.norm, x.channels, x.rank, init, style.affine), x, scope)


def layer_norm(x: Tensor, *, scope: str = "") -> Tensor:
    """Place a norm over the channels of each position, whatever the network's style."""
    return place(norm_operator("layer", x.channels, x.rank), x, scope)


@lru_cache(maxsize=4096)
def batch_norm(channels: int) -> BatchNorm:
    """Return the operator for a number of channels, remembered."""
    return BatchNorm(channels=channels)


@lru_cache(maxsize=4096)
def norm_operator(
    norm: str | Term, channels: int, rank: int, init: str | None = None, affine: bool = True
) -> Op:
    """Return the operator of `batch`, `layer(eps)`, `group(n)` and so on on so many channels, remembered.

    Raises:
        ShapeError: If groups do not divide the channels, or a norm by instance is to read a flat vector.
    """
    word, args = (norm.word, norm.args) if isinstance(norm, Term) else (norm, ())
    options: dict[str, Value] = {"channels": channels, "affine": affine, "init": init}
    if word == "group":
        groups, args = args[0], args[1:]
        if channels % groups:
            raise ShapeError(f"{groups} groups of a norm must divide the {channels} channels")
        options["groups"] = groups
    if word == "instance" and not rank:
        raise ShapeError(f"a norm by instance needs a map, but got {channels} flat features")
    options |= {name: Fraction(number) for name, number in zip(("eps", "momentum"), args, strict=False)}
    return (LayerNorm if word == "layer" and not rank else _CLASSES[word])(**options)


_CLASSES: dict[str, type[Op]] = {
    "batch": BatchNorm,
    "layer": ChannelLayerNorm,
    "instance": InstanceNorm,
    "group": GroupNorm,
}
"""What each word means on a map."""
