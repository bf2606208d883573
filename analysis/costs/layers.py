"""The layer table: what each operator of a network costs, in the units that every report uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from archscape.spaces.graph import Shape
from archscape.spaces.printing import Printed, Printout
from archscape.spaces.values import shape_text


class Layer(NamedTuple):
    """One operator of a network.

    Attributes:
        name: Full name; for a layer with state, that of its module.
        op: The operator's word.
        shape: Output shape: channels, then extents.
        params: Trainable parameters.
        macs: Multiply-accumulates.
        flops: Floating-point operations.
        activations: Elements written, if it is a convolution or a linear layer.
    """

    name: str
    op: str
    shape: Shape
    params: int
    macs: int
    flops: int
    activations: int


class Foreign(NamedTuple):
    """A layer that is a foreign module.

    Attributes:
        path: Its class, such as `torch.nn.PixelShuffle`.
        unsupported: Operators of it that are not counted, with how often each ran.
    """

    path: str
    unsupported: dict[str, int]


class Coverage(NamedTuple):
    """How the layers of a network were counted.

    Attributes:
        formula: Words of the operators that were counted by their own formula.
        fvcore: The layers that were run and counted as fvcore counts, by name.
        uncounted: What no count holds.
    """

    formula: tuple[str, ...]
    fvcore: dict[str, Foreign]
    uncounted: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return it as plain lists and mappings, for JSON."""
        return {
            "by formula": list(self.formula),
            "by fvcore": {name: layer._asdict() for name, layer in self.fvcore.items()},
            "not counted": list(self.uncounted),
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class LayerTable(Printed):
    """Costs layer by layer, and their sums.

    Attributes:
        layers: One entry an operator or a module, in order.
    """

    layers: list[Layer]

    @property
    def title(self) -> str:
        """What it is of, for a reader."""
        return f"{len(self.layers)} layers"

    def printout(self) -> Printout:
        """Return the layers and their sums."""
        rows = [(*layer[:2], shape_text(layer.shape), *layer[3:]) for layer in self.layers]
        total = ("total", "", "", self.params, self.macs, self.flops, self.activations)
        least = ("flops", "activations", "op", "shape")
        return Printout(title=self.title, columns=Layer._fields, rows=[*rows, total], least=least)

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return sum(layer.params for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions, linear layers and matrix products, without bias."""
        return sum(layer.macs for layer in self.layers)

    @property
    def flops(self) -> int:
        """Twice the macs, and every other arithmetic operation."""
        return sum(layer.flops for layer in self.layers)

    @property
    def activations(self) -> int:
        """Elements written by convolutions and linear layers."""
        return sum(layer.activations for layer in self.layers)

    @cached_property
    def flops_by_kind(self) -> dict[str, int]:
        """Floating-point operations by operator: what `flops` is made of."""
        kinds: dict[str, int] = {}
        for layer in self.layers:
            kinds[layer.op] = kinds.get(layer.op, 0) + layer.flops
        return {kind: flops for kind, flops in kinds.items() if flops}
