"""Memory: the tensor bytes that a network takes at inference, known before anything is built.

Counted are tensors as PyTorch makes them: weights, maps, and what operators hold beside them. Not counted is
what no tensor shows: the working space of kernels, the allocator's rounding and reserve, the program itself.
Training is in `memory.training`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import NamedTuple

from archscape.spaces import InputError, Network
from archscape.spaces.errors import suggest
from archscape.spaces.graph import Body, Flat, Op
from archscape.spaces.operators.opaque import Opaque
from archscape.spaces.printing import Printed, Printout

from .eager import eager_curve
from .liveness import graph_curve

ITEM = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of an element of each type that a network may have."""
MODES = ("graph", "eager")
INPUT = "input"
"""The place before the first operator: the inputs alone are held."""
UNCOUNTED = "tensor bytes; not counted: the working space of kernels, the allocator's rounding and reserve"


@dataclass(frozen=True, kw_only=True, repr=False)
class TensorMemory(Printed):
    """What a network takes, in tensor bytes.

    Attributes:
        network: The network.
        batch: Inputs at once.
        dtype: Type of weights and maps.
        weights: Parameters and buffers.
        activations: Maps, the input with them, and what operators hold beside them, when all is most.
        place: The operator that runs then.
        unknown: Layers that are foreign modules: only their input, output and state are counted.
    """

    network: Network
    batch: int
    dtype: str
    weights: int
    activations: int
    place: str
    unknown: tuple[str, ...]

    def printout(self) -> Printout:
        """Return what it takes, part by part."""
        parts = ("weights", "state", "gradients", "activations", "saved", "peak")
        rows = [(part, getattr(self, part)) for part in parts if hasattr(self, part)]
        setting = getattr(self, "mode", "") or f"training with {getattr(self, 'optimizer', '')}"
        title = f"{self.network.name}, {setting}, batch {self.batch}, {self.dtype}; peak at {self.place}"
        return Printout(title=title, columns=("part", "bytes"), rows=rows)


@dataclass(frozen=True, kw_only=True, repr=False)
class Memory(TensorMemory):
    """What a network takes at inference, in tensor bytes.

    Attributes:
        mode: `graph`, each map dies after its last use; `eager`, as long as the module's variables hold it.
    """

    mode: str

    @property
    def peak(self) -> int:
        """All of it: weights and activations."""
        return self.weights + self.activations


def memory(network: Network, *, batch: int = 1, dtype: str = "float32", mode: str = "graph") -> Memory:
    """Return what a network takes at inference. Nothing is built; no torch is needed.

    In mode `graph` a map dies after its last use, the input too: what a runtime that frees early needs. In
    mode `eager` the module is followed that `Network.build` gives: the input of every module scope that is
    open stays alive, and every variable of its source until it is given another value or the scope ends.

    Args:
        network: The network.
        batch: Inputs at once.
        dtype: A name of `ITEM`, the type of weights and maps.
        mode: A name of `MODES`.

    Raises:
        InputError: For an unknown type or mode, or a batch below 1.

    >>> from archscape.spaces import load_network
    >>> vgg16 = memory(load_network("vgg16"))
    >>> vgg16.weights, vgg16.activations, vgg16.place
    (553430176, 25690112, 'conv1.0.act1')
    """
    curve, flat = _curve(network, batch, dtype, mode), network.graph.flatten()
    peak = max(curve)
    at = curve.index(peak)
    return Memory(
        network=network,
        batch=batch,
        dtype=dtype,
        mode=mode,
        weights=weights(network, ITEM[dtype]),
        activations=peak,
        place=flat.nodes[at - 1].name if at else INPUT,
        unknown=foreign(flat),
    )


class Moment(NamedTuple):
    """What is held while an operator runs.

    Attributes:
        place: The operator's full name, or `INPUT`.
        bytes: Maps, and what the operator holds beside them; weights are not among it.
    """

    place: str
    bytes: int


def memory_curve(
    network: Network, *, batch: int = 1, dtype: str = "float32", mode: str = "graph"
) -> list[Moment]:
    """Return the bytes held at inference while each operator runs, in order; its most is `memory`'s peak.

    Arguments and errors are those of `memory`.

    >>> from archscape.spaces import load_network
    >>> max(memory_curve(load_network("vgg16")), key=lambda moment: moment.bytes)
    Moment(place='conv1.0.act1', bytes=25690112)
    """
    places = [INPUT, *[node.name for node in network.graph.flatten().nodes]]
    return list(map(Moment, places, _curve(network, batch, dtype, mode)))


def _curve(network: Network, batch: int, dtype: str, mode: str) -> list[int]:
    """Return the bytes held before the first operator, then while each of them runs."""
    item = check(batch, dtype)
    if mode not in MODES:
        raise InputError(f"there is no mode '{mode}'{suggest(mode, MODES)}")
    return (
        eager_curve(network, batch, item)
        if mode == "eager"
        else graph_curve(network.graph.flatten(), batch, item)
    )


def largest_batch(network: Network, bytes: int, *, dtype: str = "float32", mode: str = "graph") -> int:  # noqa: A002 - the unit
    """Return the largest batch whose inference fits so many bytes; 0 if none does.

    >>> from archscape.spaces import load_network
    >>> largest_batch(load_network("vgg16"), 2 * 2**30)
    62
    """
    return most(network, bytes, lambda batch: memory(network, batch=batch, dtype=dtype, mode=mode).peak)


def map_bytes(network: Network, *, batch: int = 1, dtype: str = "float32") -> dict[str, int]:
    """Return the bytes of the map that each operator makes, by name; a view makes none.

    >>> from archscape.spaces import load_network
    >>> map_bytes(load_network("lenet5"))["conv1"] == 4 * 6 * 28 * 28
    True
    """
    unit, flat = batch * check(batch, dtype), network.graph.flatten()
    return {
        node.name: 0 if node.op.memory(flat.shapes(node), node.shape, False).view else unit * prod(node.shape)
        for node in flat.nodes
        if isinstance(node.op, Op)
    }


def most(network: Network, limit: int, peak: Callable[[int], int]) -> int:
    """Return the largest batch whose peak is at most a limit; a batch is at least its inputs large."""
    bound = limit // sum(map(prod, network.input_shapes))
    return bisect_right(range(1, bound + 1), limit, key=peak)


def check(batch: int, dtype: str) -> int:
    """Return the bytes of an element.

    Raises:
        InputError: For an unknown type, or a batch below 1.
    """
    if dtype not in ITEM:
        raise InputError(f"there is no type '{dtype}'{suggest(dtype, ITEM)}")
    if batch < 1:
        raise InputError(f"a batch holds at least 1 input, but got {batch}")
    return ITEM[dtype]


def weights(network: Network, item: int) -> int:
    """Return the bytes of parameters and buffers."""
    return item * network.body.totals.params + buffers(network.body, item)


@lru_cache(maxsize=64)
def buffers(body: Body, item: int) -> int:
    """Return the bytes of buffers; a block is asked once."""
    count = 0
    for node in body.nodes:
        op = node.op
        if node.like:
            continue
        if isinstance(op, Body):
            count += buffers(op, item)
        elif op.stateful and not op.weighted:  # a convolution or a linear layer has none
            count += op.buffers().bytes(1, item)
    return count


def foreign(flat: Flat) -> tuple[str, ...]:
    """Return the layers that are foreign modules, by name."""
    return tuple([node.name for node in flat.nodes if type(node.op) is Opaque])
