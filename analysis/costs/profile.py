"""Costs: what a network takes, layer by layer, known before anything is built.

`macs` are the multiply-accumulates of convolutions, linear layers and matrix products, without bias
(torchvision's published `_ops`, half of PyTorch's FlopCounterMode). `flops` are twice the macs and every
other arithmetic operation: bias, norm, activation, pooling, joins. `activations` are the elements that
convolutions and linear layers write (pycls, fvcore). All are for one input (batch 1).

A foreign module is run instead, and counted as fvcore counts: its macs and activations, no other operation.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast, overload

from archscape.spaces import Network
from archscape.spaces.errors import InputError
from archscape.spaces.graph import Body, Output, Shape, make
from archscape.spaces.operators.opaque import Opaque

from .layers import Coverage, Foreign, Layer, LayerTable

if TYPE_CHECKING:
    from torch import nn

    from .modules import Input, ModuleProfile

CONVENTION = (
    "macs: convolutions, linear layers and matrix products, no bias, batch 1; "
    "flops: 2 x macs + all other arithmetic"
)
UNCOUNTED = ("data movement: concat, flatten, padding", "dropout, which does nothing at inference")
FOREIGN = "foreign modules: all but their macs and activations"


@dataclass(frozen=True, kw_only=True, repr=False)
class Profile(LayerTable):
    """The costs of a network.

    Attributes:
        network: The network.
    """

    network: Network

    @property
    def title(self) -> str:
        """What it is of, for a reader."""
        return f"{self.network.name}, input {self.network.input_text}"

    @cached_property
    def shared(self) -> dict[str, str]:
        """For each layer that has no parameters of its own, the one whose parameters it shares."""
        return {node.name: node.like for node in self.network.graph.flatten().nodes if node.like}

    @cached_property
    def coverage(self) -> Coverage:
        """How its layers were counted: by formula, or by a run and with what left out."""
        flat = self.network.graph.flatten()
        foreign = {
            node.name: Foreign(node.op.path, node.op.unsupported(flat.shapes(node)))
            for node in flat.nodes
            if type(node.op) is Opaque
        }
        formula = {layer.op for layer in self.layers if layer.name not in foreign}
        return Coverage(tuple(sorted(formula)), foreign, (*UNCOUNTED, FOREIGN) if foreign else UNCOUNTED)


@overload
def profile(network: Network, *, input: Shape | Mapping[str, Shape] | None = None) -> Profile: ...
@overload
def profile(network: nn.Module, *, input: Input) -> ModuleProfile: ...
def profile(network: Network | nn.Module, *, input: Input | None = None) -> Profile | ModuleProfile:  # noqa: A002 - the language's word
    """Return the costs of a network, layer by layer. Nothing is built; no torch is needed.

    A `torch.nn.Module` of any making is run instead, as `costs.modules` says. It needs an input: the shape
    of one sample, or the tensors that it is called with.

    Raises:
        InputError: If it is neither, or a module comes without an input or cannot be run.
        ShapeError: If a network's rows do not fit another input.

    >>> from archscape.spaces import load_network
    >>> profile(load_network("lenet5")).macs
    416520
    """
    if not isinstance(network, Network):
        return _of_module(network, input)
    if input is not None:
        network = network.at(input=cast("Shape | Mapping[str, Shape]", input))
    layers: list[Layer] = []
    _collect(network.body, "", layers, shared=False)
    return Profile(network=network, layers=layers)


def _of_module(module: nn.Module, inputs: Input | None) -> ModuleProfile:
    if "torch" not in sys.modules or not isinstance(module, sys.modules["torch"].nn.Module):
        law = "a profile is that of a Network or of a torch.nn.Module"
        raise InputError(f"{law}, but got {type(module).__name__}; `archscape.load` reads a name or a file")
    if inputs is None:
        raise InputError("a module does not say what it reads: give input=(3, 224, 224), or its tensors")
    from .modules import profile_module

    return profile_module(module, input=inputs)


def _collect(body: Body, prefix: str, layers: list[Layer], *, shared: bool) -> None:
    """Append the layers of a body; where it shares the weights of another, they are counted there."""
    for (op, _, shape, name, like), costs in zip(body.nodes, body.costs, strict=True):
        if isinstance(op, Output):
            continue
        if isinstance(op, Body):
            _collect(op, f"{prefix}{name}.", layers, shared=shared or bool(like))
        else:
            params, macs, other, activations = costs
            params = 0 if shared else params
            row = (prefix + name, op.kind, shape, params, macs, 2 * macs + other, activations)
            layers.append(make(Layer, row))
