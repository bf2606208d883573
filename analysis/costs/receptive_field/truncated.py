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
from archscape.spaces.codegen.old_names import names_of_today, old_names
from archscape.spaces.errors import InputError, suggest
from archscape.spaces.graph import Flat, Node, Op
from archscape.spaces.operators import (
    ChannelMax,
    ChannelMean,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupMax,
    GroupMean,
    MaxPool,
    Unpool,
    average,
)

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
        self.last = names.index(layer) + flat.start
        self.shape = flat.shape_of(self.last)
        self.old_names = old_names(network.body)
        self.modules_by_layer: dict[str, nn.Module] = {}
        self.steps: list[tuple[int, tuple[int, ...], Function]] = []
        for index in ancestors(flat, self.last):
            node = flat.nodes[index]
            step = _step(flat, node, linear)
            if isinstance(step, nn.Module):
                self.add_module(str(index), step)
                self.modules_by_layer[node.name] = step
            self.steps.append((index + flat.start, node.inputs, step))
        if linear:
            _make_positive(self)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the layer's value for a batch of inputs."""
        values = dict(enumerate(inputs))
        for value, sources, step in self.steps:
            values[value] = step(*[values[source] for source in sources])
        return values[self.last]

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of the whole network, as its module's `state_dict` names them, or once did.

        Raises:
            InputError: If weights of a layer are missing or of another shape.
        """
        state = names_of_today(state, self.old_names)
        for name, module in self.modules_by_layer.items():
            start = f"{name}."
            weights = {
                key.removeprefix(start): value for key, value in state.items() if key.startswith(start)
            }
            try:
                module.load_state_dict(weights)
            except RuntimeError as error:
                raise InputError(f"the weights do not fit layer {name}: {error}") from None


def input_of(network: Network, layer: str, name: str | None) -> int:
    """Return the place of an input by its name; without one, of the first map that a layer sees.

    Raises:
        InputError: If there is no such input, the layer does not see it, or it is a flat vector.
    """
    names, before = [*network.inputs], _values_before(network, layer)
    if name is not None and name not in names:
        raise InputError(f"{network.name} has no input '{name}'{suggest(name, names)}")
    seen = [at for at, _ in enumerate(names) if at in before and names[at] == (name or names[at])]
    if not seen:
        which = f"the input '{name}'" if name else "an input"
        raise InputError(f"{layer} of {network.name} does not read {which}")
    maps = [at for at in seen if len(network.input_shapes[at]) > 1]
    if not maps:
        law = "a flat vector has no places, and so no receptive field"
        raise InputError(f"{layer} of {network.name} reads {names[seen[0]]}: {law}")
    return maps[0]


def _values_before(network: Network, layer: str) -> set[int]:
    flat = network.graph.flatten()
    value = [node.name for node in flat.nodes].index(layer) + flat.start
    return {source for index in ancestors(flat, value) for source in flat.nodes[index].inputs}


def ancestors(flat: Flat, value: int) -> list[int]:
    """Return the places of the operators that a value is made by, in order."""
    needed = {value}
    for made in range(value, flat.start - 1, -1):
        if made in needed:
            needed |= set(flat.nodes[made - flat.start].inputs)
    return sorted(made - flat.start for made in needed if made >= flat.start)


def _step(flat: Flat, node: Node, linear: bool) -> Function:
    """Return what applies an operator: its module, or its call."""
    op = node.op
    assert isinstance(op, Op)
    if linear:
        arithmetic = op.stateful or any(op.costs(flat.shapes(node), node.shape))
        in_place = node.shape == tuple(map(max, zip(*flat.shapes(node), strict=False)))
        if is_pointwise(type(op)) and arithmetic and in_place and not op.weighted:
            return _sum  # what changes a value where it stands, and products of which each factor is a path
        if isinstance(op, Unpool):
            return _spread(op)
        op = average(op, flat.shape_of(node.inputs[0])[1:]) if isinstance(op, MaxPool) else op
        op = GlobalAvgPool() if isinstance(op, GlobalMaxPool) else op
        op = ChannelMean() if isinstance(op, ChannelMax) else op
        op = GroupMean() if isinstance(op, GroupMax) else op
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
