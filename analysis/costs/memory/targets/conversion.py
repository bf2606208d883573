"""A network as operators of TensorFlow Lite: what LiteRT's converter makes of the exported module.

The conversion is that of `docs/memory.md`: channels last, at inputs and at outputs that are maps too. Each of
our operators has a rule in `rules`; one without is counted by its output and its weights alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, TypeAlias

from archscape.spaces.graph import Flat, Node, Op, Shape, make
from archscape.spaces.operators import Activation, AvgPool, Conv, Dropout, Flatten, GlobalAvgPool, MaxPool

from .tflite import Constant, Model, Step, Tensor, index

UNKNOWN = ""
"""The code of an operator without a known conversion."""
WINDOWS = (Conv, MaxPool, AvgPool)
"""Operators that the converter writes as 2-D ones, of 1-D maps too."""
ENDS = (Flatten, GlobalAvgPool)
"""Operators that take 1-D maps in either form."""
UNWRITTEN = -1
CLOSED, OPEN, WEIGHTED = range(3)
"""What may still go into the operator that wrote a map: nothing; an activation; what weights can take too."""


class Converter:
    """Walks the operators of a network and writes those of TensorFlow Lite.

    Attributes:
        tensors: What has been written so far, inputs first.
        steps: The operators so far; None where one went into a later one.
        writers: Of each tensor the number of the step that wrote it.
        node: The operator that is being converted.
        users: The operators that read each value, by number; one past the last is the network's end.
        pads: Zeros around a value that the convolution which reads it takes over.
        is_signal: Whether maps are 1-D. Windows slide over planes of height 1, channels last; all other
            operators read lines, channels first.
        planes: Of each tensor that is a plane the same one as a line, `UNWRITTEN` until one is needed.
        lines: Of each tensor that is a line the same one as a plane.
    """

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.tensors = [make(Tensor, (prod(shape), True, -1)) for shape in flat.inputs]
        self.steps: list[Step | None] = []
        self.writers: dict[int, int] = {}
        self.node: Node = flat.nodes[0]
        self.owners = list(range(flat.start))
        count = flat.start + len(flat.nodes)
        self.users: list[list[int]] = [[] for _ in range(count)]
        for number, node in enumerate(flat.nodes):
            for value in node.inputs:
                self.users[value].append(number)
        for value in flat.outputs:
            self.users[value].append(len(flat.nodes))
        self.rooms = [CLOSED] * count
        self.pads: dict[int, tuple[Shape, Shape]] = {}
        self.value = flat.start
        self.is_signal = len(flat.inputs[0]) == 2
        self.planes: dict[int, int] = {}
        self.lines: dict[int, int] = {}

    def convert(self, rules: Mapping[type[Op], Rule]) -> Model:
        """Return the network on TensorFlow Lite."""
        start = self.flat.start
        for number, node in enumerate(self.flat.nodes):
            self.node, self.value = node, start + number
            rule = rules.get(type(node.op))  # type: ignore[arg-type]
            reads = tuple([self.owners[value] for value in node.inputs])
            if self.is_signal:
                reads = self.arranged(reads)
            written = rule(self, node.op, reads) if rule else None
            if written is None:
                written = self.write(UNKNOWN, reads, node.shape, *self.own_weights())
            self.owners.append(written)
            if isinstance(node.op, Activation) and reads[0] in self.planes:
                self.planes.setdefault(written, UNWRITTEN)
            if self.planes.get(written) == UNWRITTEN:
                self.arrange_for_readers(written)
        outputs = tuple([self.owners[value] for value in self.flat.outputs])
        return Model(self.tensors, [step for step in self.steps if step], start, outputs)

    def own_weights(self) -> tuple[Constant, ...]:
        """Return the weights of a node without a rule as one constant; none where another node has them."""
        node, op = self.node, self.node.op
        if node.like or not isinstance(op, Op):
            return ()
        params = op.costs(self.shapes, node.shape).params
        return (Constant("weight", params),) if params else ()

    def arranged(self, reads: tuple[int, ...]) -> tuple[int, ...]:
        """Return what a node of a 1-D network reads as it wants it, plane or line."""
        op, shapes = self.node.op, self.shapes
        if isinstance(op, WINDOWS):
            return tuple([self.as_plane(tensor, shape) for tensor, shape in zip(reads, shapes, strict=True)])
        if isinstance(op, ENDS) or (isinstance(op, Activation) and (self.room or prod(shapes[0][1:]) == 1)):
            return reads
        return tuple([self.as_line(tensor, shape) for tensor, shape in zip(reads, shapes, strict=True)])

    def arrange_for_readers(self, tensor: int) -> None:
        """Write a plane as a line if another operator than a window reads it; activations come first."""
        kinds = [reader.op if reader else None for reader in self.readers()]
        if len(kinds) == 1 and isinstance(kinds[0], (Activation, *ENDS)):
            return
        if not all(isinstance(kind, WINDOWS) for kind in kinds):
            self.as_line(tensor, self.node.shape)

    def as_plane(self, tensor: int, shape: Shape) -> int:
        """Return a line as a plane."""
        if tensor in self.planes or len(shape) != 2:
            return tensor
        if tensor not in self.lines:
            plane = self.write("RESHAPE", (tensor,), shape, index(1, shape[0], 1, shape[1]), axes=3)
            if min(shape) > 1:
                plane = self.write("TRANSPOSE", (plane,), shape, index(0, 2, 3, 1))
            self.lines[tensor], self.planes[plane] = plane, tensor
        return self.lines[tensor]

    def as_line(self, tensor: int, shape: Shape) -> int:
        """Return a plane as a line."""
        if tensor not in self.planes:
            return tensor
        if self.planes[tensor] == UNWRITTEN:
            line = tensor
            if min(shape) > 1:
                line = self.write("TRANSPOSE", (tensor,), shape, index(0, 3, 1, 2))
            self.planes[tensor] = self.write("RESHAPE", (line,), shape, index(1, *shape))
        return self.planes[tensor]

    def write_window(self, code: str, reads: tuple[int, ...], *constants: Constant) -> int:
        """Write the windows of this node; in a 1-D network they make a plane."""
        tensor = self.write(code, reads, self.node.shape, *constants)
        if self.is_signal:
            self.planes[tensor] = UNWRITTEN
        return tensor

    def write(
        self, code: str, reads: tuple[int, ...], shape: Shape, *constants: Constant, axes: int = 4
    ) -> int:
        """Write an operator; return the tensor that it makes."""
        tensor = len(self.tensors)
        self.tensors.append(make(Tensor, (prod(shape), True, -1)))
        self.writers[tensor] = len(self.steps)
        self.steps.append(make(Step, (code, self.node.name, reads, tensor, constants, axes)))
        return tensor

    def leave(self, room: int) -> None:
        """Say what may still go into the operator that wrote this node's value."""
        self.rooms[self.value] = room

    @property
    def room(self) -> int:
        """What may still go into the operator that wrote what this node reads, if it alone reads that."""
        value = self.node.inputs[0]
        return self.rooms[value] if len(self.users[value]) == 1 else CLOSED

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes that this node reads."""
        return self.flat.shapes(self.node)

    def has_next(self, kind: type[Op]) -> bool:
        """Tell whether an operator of a kind alone reads this node's value, dropout or none between."""
        value, nodes = self.value, self.flat.nodes
        while len(self.users[value]) == 1 and self.users[value][0] < len(nodes):
            number = self.users[value][0]
            if not isinstance(nodes[number].op, Dropout):
                return type(nodes[number].op) is kind
            value = self.flat.start + number
        return False

    def readers(self) -> list[Node | None]:
        """Return the operators that read this node's value; None is the network's end."""
        nodes = self.flat.nodes
        return [nodes[user] if user < len(nodes) else None for user in self.users[self.value]]

    def writer(self, tensor: int) -> Step | None:
        """Return the step that wrote a tensor; None of an input."""
        return self.steps[self.writers[tensor]] if tensor in self.writers else None

    def take_back(self, tensor: int) -> None:
        """Leave out the step that wrote a tensor: it went into a later one."""
        self.steps[self.writers.pop(tensor)] = None


Rule: TypeAlias = "Callable[[Converter, Any, tuple[int, ...]], int | None]"
"""From an operator and the tensors that it reads to the one that it makes; None if it cannot be converted."""
