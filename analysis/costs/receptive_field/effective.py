"""The effective receptive field: how strongly each input moves the middle of a layer's output.

It is the mean squared gradient, over random inputs and weights, or over random inputs of trained weights. It
falls off like a Gaussian and fills only part of the receptive field: with depth n its extent grows with the
root of n, the receptive field with n (Luo et al. 2016, "Understanding the effective receptive field in deep
convolutional neural networks").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from archscape.analysis.reports.figures.paper import write
from archscape.spaces import Network
from archscape.spaces.errors import InputError

from . import Field, fields
from .truncated import Prefix, find_layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Map: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

INPUTS = 2  # at once: batch norm needs more than one
LEVEL = 1 - 0.9545  # of the largest gradient, Luo et al. 2016, section 3: two standard deviations

INSIDE, REACH = "#0072b2", "#d55e00"  # Okabe and Ito 2008


@dataclass(frozen=True, kw_only=True)
class EffectiveField:
    """How strongly each input moves the middle of a map.

    Attributes:
        network: Its name.
        layer: The layer's name.
        field: Its receptive field.
        middle: Where the middle element's receptive field has its middle, along each axis of the input.
        squares: Mean squared gradient for each position of the input, over all channels; 1 at its largest.
    """

    network: str
    layer: str
    field: Field
    middle: tuple[float, ...]
    squares: Map

    @property
    def size(self) -> float:
        """Extent of the effective field: the side of a square, or cube, of as many positions as lie in it.

        A position lies in it if the root of its mean square is above 4.55% of the largest.
        """
        inside = int((np.sqrt(self.squares) > LEVEL).sum())
        return float(inside ** (1 / self.squares.ndim))

    @property
    def share(self) -> float:
        """That extent as a share of the receptive field's."""
        side: float = prod(self.field.size) ** (1 / len(self.field.size))
        return self.size / side


def effective_field(
    network: Network,
    layer: str,
    *,
    weights: Mapping[str, Tensor] | None = None,
    draws: int = 4,
    seed: int = 0,
) -> EffectiveField:
    """Return the effective receptive field of the middle of a layer's output.

    Each draw takes two inputs of standard normal noise, and weights as they start unless trained ones are
    given. Batch norm takes the statistics of these inputs at the start, and its own where it is trained. The
    gradient is that of the channels weighted by standard normal numbers: its mean square is the sum of the
    channels' squares.

    Args:
        network: Any network.
        layer: Name of an operator whose output is a map.
        weights: Trained weights, by the names of the network's module.
        draws: How often to draw.
        seed: Of all that is drawn; the same seed gives the same field.

    Raises:
        InputError: If there is no such layer, its output is no map, or the weights do not fit.
    """
    found = Prefix(network, layer)  # the layer's name is checked here
    squares = torch.zeros(network.input[1:], dtype=torch.double)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(draws):
            module = Prefix(network, layer) if weights is None else found
            squares += _squares(module, network, layer, weights)
    if not squares.max() > 0:
        raise InputError(f"{layer} of {network.name} does not depend on the input: every gradient is zero")
    flat, field = network.graph.flatten(), fields(network.graph)[layer]
    places = [extent // 2 for extent in flat.nodes[find_layer(flat, network.name, layer)].shape[1:]]
    steps = zip(field.centre, places, field.jump, strict=True)
    return EffectiveField(
        network=network.name,
        layer=layer,
        field=field,
        middle=tuple(float(centre + place * jump) for centre, place, jump in steps),
        squares=(squares / squares.max()).numpy(),
    )


def _squares(module: Prefix, network: Network, layer: str, weights: Mapping[str, Tensor] | None) -> Tensor:
    """Return the squared gradients of one draw, the sum over inputs and channels."""
    x = torch.randn((INPUTS, *network.input), requires_grad=True)
    if weights is None:
        _take_statistics(module, x.detach())
    else:
        module.load(weights)
    y = module.eval()(x)
    if y.ndim < 3:
        raise InputError(f"the output of {layer} is no map, so it has no middle: {y.shape[1]} flat features")
    middle = y[(slice(None), slice(None), *(extent // 2 for extent in y.shape[2:]))]
    (slope,) = torch.autograd.grad(middle, x, torch.randn(middle.shape))
    return slope.double().square().sum(dim=(0, 1))


def _take_statistics(module: nn.Module, x: Tensor) -> None:
    """Give every batch norm the statistics of a batch, as the first step of training would see it."""
    module.eval()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.train().momentum = 1.0
    with torch.no_grad():
        module(x)


def draw_field(found: EffectiveField, path: Path) -> Path:
    """Draw an effective receptive field inside the receptive field.

    The colour is the root of the mean square, 1 at its largest; a field of one axis is a curve, and one of
    three is shown by its largest values along the first. The line at 4.55% is drawn through the smoothed
    map. The same field gives the same bytes of an SVG.

    Args:
        found: What to draw.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.

    Returns:
        The path.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        roots = np.sqrt(found.squares)
        while roots.ndim > 2:
            roots = roots.max(axis=0)
        (_curve if roots.ndim == 1 else _image)(axes, roots, found)
        size = "x".join(map(str, found.field.size))
        axes.set_title(
            f"{found.network}, {found.layer}: receptive field {size},\n"
            f"effective {found.size:.0f} across ({found.share:.0%})",
            fontsize=9.5,
        )

    return write(draw, path, size=(4.6, 4.6 if found.squares.ndim > 1 else 2.6))


def _curve(axes: Axes, roots: Map, found: EffectiveField) -> None:
    axes.fill_between(range(len(roots)), roots, color=INSIDE, linewidth=0)
    axes.axhline(LEVEL, color=REACH, linewidth=0.8)
    for end in _ends(found)[0]:
        axes.axvline(end, color=REACH, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xlim(-0.5, len(roots) - 0.5)
    axes.set_xlabel("input position; dashed: the receptive field")
    axes.set_ylabel("root mean squared gradient")


def _image(axes: Axes, roots: Map, found: EffectiveField) -> None:
    from matplotlib.patches import Rectangle
    from scipy.ndimage import gaussian_filter

    axes.imshow(roots, cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
    smooth = gaussian_filter(roots, max(roots.shape) / 100)
    if smooth.max() > LEVEL:
        axes.contour(smooth, levels=[LEVEL], colors="white", linewidths=0.9)
    (top, bottom), (left, right) = _ends(found)[-2:]
    reach = Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=REACH, linestyle="--")
    axes.add_patch(reach)
    axes.set_xlabel("colour: root mean squared gradient; line: 4.55%;\ndashed: the receptive field")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlim(-0.5, roots.shape[1] - 0.5)
    axes.set_ylim(roots.shape[0] - 0.5, -0.5)


def _ends(found: EffectiveField) -> list[tuple[float, float]]:
    """Return where the receptive field begins and ends along each axis."""
    sides = zip(found.middle, found.field.size, strict=True)
    return [(middle - size / 2, middle + size / 2) for middle, size in sides]
