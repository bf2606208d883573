"""A truncated network: up to one of its layers, run operator by operator, for gradients of that layer.

`build` makes what trains, from source. Here the same operators' texts are evaluated one by one, so that any
value can be the result, and each can be replaced by a linear stand-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import torch
from torch import Tensor, nn

from archscape.spaces import Network
from archscape.spaces.errors import InputError, suggest
from archscape.spaces.graph import Flat, Node, Op
from archscape.spaces.operators import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool, Unpool

from ..operator_function import Function, operator_function
from . import is_pointwise


class TruncatedNetwork(nn.Module):
    """The operators that a layer's value needs, as one module.

    Args:
        network: Any network.
        layer: Name of an operator, as `archscape profile` lists it.
        linear: Whether to replace what is not linear, and to make all weights positive: no path is cut, and
            no two cancel.

    Raises:
        InputError: If there is no such layer.
    """

    def __init__(self, network: Network, layer: str, *, linear: bool = False) -> None:
        super().__init__()
        flat = network.graph.flatten()
        names = [node.name for node in flat.nodes]
        if layer not in names:
            law = f"{network.name} has no layer '{layer}'{suggest(layer, names)}"
            raise InputError(f"{law}; `archscape profile {network.name}` lists them")
        self.last = names.index(layer) + 1
        self.shape = flat.shape_of(self.last)
        self.modules_by_layer: dict[str, nn.Module] = {}
        self.steps: list[tuple[int, tuple[int, ...], Function]] = []
        for index in ancestors(flat, self.last):
            node = flat.nodes[index]
            step = _step(flat, node, linear)
            if isinstance(step, nn.Module):
                self.add_module(str(index), step)
                self.modules_by_layer[node.name] = step
            self.steps.append((index + 1, node.inputs, step))
        if linear:
            _make_positive(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's value for a batch of inputs."""
        values = {0: x}
        for value, inputs, step in self.steps:
            values[value] = step(*[values[source] for source in inputs])
        return values[self.last]

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of the whole network, as its module's `state_dict` names them.

        Raises:
            InputError: If weights of a layer are missing or of another shape.
        """
        for name, module in self.modules_by_layer.items():
            start = f"{name}."
            weights = {
                key.removeprefix(start): value for key, value in state.items() if key.startswith(start)
            }
            try:
                module.load_state_dict(weights)
            except RuntimeError as error:
                raise InputError(f"the weights do not fit layer {name}: {error}") from None


def ancestors(flat: Flat, value: int) -> list[int]:
    """Return the places of the operators that a value is made by, in order."""
    needed = {value}
    for index in range(value - 1, -1, -1):
        if index + 1 in needed:
            needed |= set(flat.nodes[index].inputs)
    return sorted(index - 1 for index in needed if index)


def _step(flat: Flat, node: Node, linear: bool) -> Function:
    """Return what applies an operator: its module, or its call."""
    op = node.op
    assert isinstance(op, Op)
    if linear:
        arithmetic = op.stateful or any(op.costs(flat.shapes(node), node.shape))
        if is_pointwise(type(op)) and arithmetic and not op.weighted:
            return _sum  # what changes a value where it stands, and products of which each factor is a path
        if isinstance(op, Unpool):
            return _spread(op)
        op = AvgPool(*op) if isinstance(op, MaxPool) else op
        op = GlobalAvgPool() if isinstance(op, GlobalMaxPool) else op
    return operator_function(op, len(node.inputs), len(flat.shape_of(node.inputs[0])) - 1)


def _sum(x: Tensor, *others: Tensor) -> Tensor:
    for other in others:
        x = x + other
    return x


def _spread(op: Unpool) -> Function:
    """Return what puts each value at every place of its window: any of them may be that of the maximum."""

    def spread(x: Tensor, like: Tensor) -> Tensor:
        for axis, (stride, padding) in enumerate(zip(op.stride, op.padding, strict=True), 2):
            windows = (torch.arange(like.shape[axis]) + padding) // stride
            x = x.index_select(axis, windows.clamp(max=x.shape[axis] - 1))
        return x

    return spread


def _make_positive(module: nn.Module) -> None:
    """Give every window the mean of what it reads: values neither vanish nor grow with depth."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(1 / prod(parameter.shape[1:]))
