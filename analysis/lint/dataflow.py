"""The dataflow of a network for design rules: who reads a value, what is alive, who comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from heapq import heapify, heappop, heappush
from math import prod

from archscape.spaces import Network
from archscape.spaces import operators as ops
from archscape.spaces.graph import Flat, Op, Shape, Totals

from ..costs.receptive_field import Field, fields

NONLINEAR = (ops.Activation, ops.LeakyReLU, ops.PReLU, ops.PartSoftmax)
LINEAR = (ops.BatchNorm, ops.Dropout, ops.DropPath, ops.Scale, ops.Times)
"""Operators that leave a linear map linear at inference."""


class Dataflow:
    """A network as a list of operators, with the way back from each value to its readers.

    Values are numbered as in `Flat`: the inputs, then what each operator gives.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.flat: Flat = network.graph.flatten()
        self.nodes = self.flat.nodes
        self.readers: list[list[int]] = [[] for _ in range(self.flat.start + len(self.nodes))]
        for index, node in enumerate(self.nodes):
            for value in dict.fromkeys(node.inputs):
                self.readers[value].append(index)

    def op(self, index: int) -> Op:
        """Return an operator."""
        op = self.nodes[index].op
        assert isinstance(op, Op)
        return op

    def value(self, index: int) -> int:
        """Return the value that an operator gives."""
        return self.flat.start + index

    def readers_of(self, index: int) -> list[int]:
        """Return the operators that read what an operator gives."""
        return self.readers[self.flat.start + index]

    def is_output(self, index: int) -> bool:
        """Tell whether what an operator gives is an output."""
        return self.flat.start + index in self.flat.outputs

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
    def fields(self) -> list[list[Field]]:
        """The receptive fields of every operator, on each input."""
        of_inputs = [fields(self.network.graph, at).values() for at in range(self.flat.start)]
        return [list(of_operator) for of_operator in zip(*of_inputs, strict=True)]

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
        start = self.flat.start
        sizes = [prod(self.flat.shape_of(value)) for value in range(start + len(self.nodes))]
        freed = [0] * (len(self.nodes) + 1)
        for value, size in enumerate(sizes):
            freed[max(self.last_reader[value], value - start, 0)] += size
        total, alive = sum(sizes[:start]), []
        for index in range(len(self.nodes)):
            total += sizes[start + index] - freed[index]
            alive.append(total)
        return alive

    def single(self, index: int) -> bool:
        """Tell whether an operator's value is all that is alive after it."""
        return self.alive[index] == prod(self.nodes[index].shape)

    def behind(self, holds: Callable[[int], bool]) -> list[bool]:
        """Return for each operator whether its value reaches one, itself left out, for which this holds."""
        is_behind = [False] * len(self.nodes)
        for index in range(len(self.nodes) - 1, -1, -1):
            is_behind[index] = any(is_behind[reader] or holds(reader) for reader in self.readers_of(index))
        return is_behind

    def following(self, index: int) -> list[int]:
        """Return the operators that an operator's value reaches, in order."""
        reached, todo = {index}, [index]
        while todo:
            fresh = set(self.readers_of(todo.pop())) - reached
            reached |= fresh
            todo += fresh
        return sorted(reached - {index})

    def before(self, index: int) -> Iterator[int]:
        """Yield the operators that an operator's value comes from, the last one first."""
        start, seen = self.flat.start, set[int]()
        heap = [-value for value in self.nodes[index].inputs]
        heapify(heap)
        while heap and -heap[0] >= start:
            value = -heappop(heap)
            if value not in seen:
                seen.add(value)
                yield value - start
                for source in self.nodes[value - start].inputs:
                    heappush(heap, -source)

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
        while len(self.readers_of(index)) == 1 and not self.is_output(index):
            (index,) = self.readers_of(index)
            if isinstance(self.nodes[index].op, ops.Conv | ops.Linear):
                return index
            if not isinstance(self.nodes[index].op, LINEAR):
                return None
        return None

    def is_nonlinear(self, index: int) -> bool:
        """Tell whether an activation follows a value before anything weighted or joined reads it."""
        todo = list(self.readers_of(index))
        while todo:
            reader = todo.pop()
            if isinstance(self.nodes[reader].op, NONLINEAR):
                return True
            if len(self.nodes[reader].inputs) == 1 and not self.op(reader).weighted:
                todo += self.readers_of(reader)
        return False


def row_of(name: str) -> str:
    """Return the row of the table that an operator belongs to.

    >>> row_of("basic2.0.conv1")
    'basic2'
    """
    return name.partition(".")[0]
