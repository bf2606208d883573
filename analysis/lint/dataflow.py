"""The dataflow of a network for design rules: who reads a value, what is alive, who comes next."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import prod

from archscape.spaces import Network
from archscape.spaces import operators as ops
from archscape.spaces.graph import Flat, Op, Shape, Totals

from ..costs.receptive_field import Field, fields

NONLINEAR = (ops.Activation, ops.LeakyReLU, ops.PReLU)
LINEAR = (ops.BatchNorm, ops.Dropout, ops.DropPath, ops.Scale)
"""Operators that leave a linear map linear at inference."""


class Dataflow:
    """A network as a list of operators, with the way back from each value to its readers.

    Value 0 is the input, value i + 1 that of operator i, as in `Flat`.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.flat: Flat = network.graph.flatten()
        self.nodes = self.flat.nodes
        self.readers: list[list[int]] = [[] for _ in range(len(self.nodes) + 1)]
        for index, node in enumerate(self.nodes):
            for value in dict.fromkeys(node.inputs):
                self.readers[value].append(index)

    def op(self, index: int) -> Op:
        """Return an operator."""
        op = self.nodes[index].op
        assert isinstance(op, Op)
        return op

    def costs(self, index: int) -> Totals:
        """Return what an operator costs."""
        node = self.nodes[index]
        return self.op(index).costs(self.flat.shapes(node), node.shape)

    def convolutions(self) -> Iterator[tuple[int, ops.Conv, Shape]]:
        """Yield every plain convolution with its place and the shape that it reads."""
        for index, node in enumerate(self.nodes):
            if type(node.op) is ops.Conv:
                yield index, node.op, self.flat.shape_of(node.inputs[0])

    def weighted(self) -> list[int]:
        """Return the places of convolutions and linear layers."""
        return [index for index in range(len(self.nodes)) if self.op(index).weighted]

    @cached_property
    def fields(self) -> list[Field]:
        """The receptive field of every operator."""
        return list(fields(self.network.graph).values())

    @cached_property
    def last_reader(self) -> list[int]:
        """The last operator that reads each value; one after the end for what the network returns."""
        last = [max(readers, default=-1) for readers in self.readers]
        for value in self.flat.outputs:
            last[value] = len(self.nodes)
        return last

    @cached_property
    def alive(self) -> list[int]:
        """Elements that are alive after each operator: all that later ones can know of the input."""
        sizes = [prod(self.flat.shape_of(value)) for value in range(len(self.nodes) + 1)]
        freed = [0] * (len(self.nodes) + 1)
        for value, size in enumerate(sizes):
            freed[max(self.last_reader[value], value - 1, 0)] += size
        total, alive = sizes[0], []
        for index in range(len(self.nodes)):
            total += sizes[index + 1] - freed[index]
            alive.append(total)
        return alive

    def single(self, index: int) -> bool:
        """Tell whether an operator's value is all that is alive after it."""
        return self.alive[index] == prod(self.nodes[index].shape)

    @cached_property
    def _reached(self) -> list[int]:
        """The operators that each operator's value reaches, itself among them, as bits."""
        reached = [1 << index for index in range(len(self.nodes))]
        for index in range(len(self.nodes) - 1, -1, -1):
            for reader in self.readers[index + 1]:
                reached[index] |= reached[reader]
        return reached

    def reaches(self, index: int, other: int) -> bool:
        """Tell whether an operator's value reaches another operator, or is its own."""
        return bool(self._reached[index] >> other & 1)

    def following(self, index: int) -> list[int]:
        """Return the operators that an operator's value reaches, in order."""
        return [other for other in range(index + 1, len(self.nodes)) if self.reaches(index, other)]

    @property
    def enlarges(self) -> bool:
        """Whether a map is ever made larger, as in decoders."""
        return any(
            step < 1
            for index, node in enumerate(self.nodes)
            for step in self.op(index).field(self.flat.shapes(node))[1]
        )

    def next_weighted(self, index: int) -> int | None:
        """Return the convolution or linear layer that alone reads a value, through nothing nonlinear."""
        while len(self.readers[index + 1]) == 1 and index + 1 not in self.flat.outputs:
            (index,) = self.readers[index + 1]
            if isinstance(self.nodes[index].op, ops.Conv | ops.Linear):
                return index
            if not isinstance(self.nodes[index].op, LINEAR):
                return None
        return None

    def is_nonlinear(self, index: int) -> bool:
        """Tell whether an activation follows a value before anything weighted or joined reads it."""
        todo = list(self.readers[index + 1])
        while todo:
            reader = todo.pop()
            if isinstance(self.nodes[reader].op, NONLINEAR):
                return True
            if len(self.nodes[reader].inputs) == 1 and not self.op(reader).weighted:
                todo += self.readers[reader + 1]
        return False


def row_of(name: str) -> str:
    """Return the row of the table that an operator belongs to.

    >>> row_of("basic2.0.conv1")
    'basic2'
    """
    return name.partition(".")[0]
