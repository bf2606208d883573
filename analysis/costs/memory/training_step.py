"""Memory of one step of training, operator by operator: forward, loss, backward, optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeAlias

from archscape.spaces.graph import Body, Flat, Output, make
from archscape.spaces.memory_use import NOTHING, Footprint

from .liveness import lifetimes

FORWARD, BACKWARD, STEP = "forward", "backward", "step"
LOSS, OPTIMIZER = "loss", "optimizer"


class Peak(NamedTuple):
    """The moment of most: bytes beside weights and state, weight gradients among them, and where it is."""

    bytes: int
    gradients: int
    place: str
    phase: str


class Part(NamedTuple):
    """What one operator adds to a step wherever it stands, in bytes.

    Attributes:
        size: Its output.
        gradients: Gradients of its weights.
        during: What it holds beside while it runs.
        keeps: Tensors of its own that autograd keeps.
        backward: What it holds beside while it runs backwards.
        footprint: What else there is to say.
    """

    size: int
    gradients: int
    during: int
    keeps: int
    backward: int
    footprint: Footprint


TapeEntry: TypeAlias = "tuple[int, list[int], Sequence[int]]"
"""What autograd writes down of an operator.

Its place in the flat graph; values whose memory it keeps; values that it gives a gradient to.
"""


class TrainingStep:
    """Follows one step of training.

    Attributes:
        saved: What stands beside weights and state when the forward pass has ended: what autograd keeps.
    """

    def __init__(self, body: Body, flat: Flat, batch: int, item: int) -> None:
        self.flat = flat
        self.parts = _parts(body, batch, item, {})
        self.start = flat.start
        inputs = [batch * item * prod(shape) for shape in flat.inputs]
        self.sizes = [*inputs, *[part.size for part in self.parts]]
        self.owners, last = lifetimes(flat, [part.footprint.view for part in self.parts])
        self.dying: list[list[int]] = [[] for _ in self.sizes]
        for value, end in enumerate(last):
            if self.owners[value] == value:
                self.dying[end].append(value)
        self.held = [0] * len(self.sizes)
        self.held[: self.start] = [1] * self.start  # the caller holds the inputs
        self.targets = sum([8 * batch * prod(flat.shape_of(value)[1:]) for value in flat.outputs])
        self.top = Peak(0, 0, "input", FORWARD)
        self.saved = 0

    def run(self) -> Peak:
        """Take the step and return the moment at which most stood."""
        live, tape = self.forward(sum(self.sizes[: self.start]) + self.targets)
        live = self.backward(self.loss(live), tape)
        own = [
            part.gradients for part, node in zip(self.parts, self.flat.nodes, strict=True) if not node.like
        ]
        self.update_peak(live, sum(own), OPTIMIZER, STEP)
        return self.top

    def update_peak(self, total: int, gradients: int, place: str, phase: str) -> None:
        """Compare what stands with the most so far."""
        if total > self.top.bytes:
            self.top = Peak(total, gradients, place, phase)

    def forward(self, live: int) -> tuple[int, list[TapeEntry]]:
        """Run every operator; a map stays until its last use, or as long as autograd keeps it.

        An operator that no weight stands before has no gradient, and autograd keeps nothing of it.
        """
        owners, sizes, held, top, at = self.owners, self.sizes, self.held, 0, 0
        start, needs, tape = self.start, [False] * self.start, []
        for index, (_, inputs, *_) in enumerate(self.flat.nodes):
            size, gradients, during, keeps, _, footprint = self.parts[index]
            view, _, saves, saves_output, _, _, reaches, _ = footprint
            if not view:
                live += size
            if len(inputs) > 1:
                reached: Sequence[int] = [value for value in inputs[:reaches] if needs[value]]
            else:
                reached = inputs if needs[inputs[0]] else ()
            if reached or gradients:
                needs.append(True)
                saved = [owners[inputs[position]] for position in saves] if saves else []
                if saves_output:
                    saved.append(owners[start + index])
                for value in saved:
                    held[value] += 1
                live += keeps
                tape.append((index, saved, reached))
            else:
                needs.append(False)
                during += keeps
            if live + during > top:
                top, at = live + during, index
            for value in self.dying[index]:
                if not held[value]:
                    live -= sizes[value]
        self.update_peak(top, 0, self.flat.nodes[at].name, FORWARD)
        return live, tape

    def loss(self, live: int) -> int:
        """Take the cross entropy of every output, forward and backward: it keeps their probabilities."""
        probabilities = sum([self.sizes[value] for value in set(self.flat.outputs)])
        live += probabilities
        self.update_peak(live, 0, LOSS, FORWARD)
        for value in {self.owners[value] for value in self.flat.outputs}:
            if not self.held[value]:
                live -= self.sizes[value]
        self.saved = live
        self.update_peak(live + 2 * probabilities, 0, LOSS, BACKWARD)
        return live

    def backward(self, live: int, tape: list[TapeEntry]) -> int:
        """Run every operator backwards; what autograd keeps for it is freed, as is its output's gradient.

        The gradient of a map lies in a piece of memory, of which it may be a part; its holders are counted.
        """
        sizes, held, parts, gradients, top, place = self.sizes, self.held, self.parts, 0, (0, 0), ""
        piece_of = {value: piece for piece, value in enumerate(dict.fromkeys(self.flat.outputs))}
        pieces, holders = [sizes[value] for value in piece_of], [1] * len(piece_of)
        summed: set[str] = set()
        for index, saved, reached in reversed(tape):
            piece = piece_of.pop(self.start + index, None)
            if piece is None:
                continue
            _, weight_gradients, _, keeps, more, footprint = parts[index]
            node = self.flat.nodes[index]
            if weight_gradients and (whose := node.like or node.name) in summed:
                # They are added in place to those of a later layer that shares the weights.
                more, weight_gradients = more + weight_gradients, 0
            elif weight_gradients:
                summed.add(whose)
            live += weight_gradients
            gradients += weight_gradients
            if footprint.shares:
                holders[piece] += len(reached)
                made: Sequence[int] = (piece,) * len(reached)
            else:
                made = range(len(pieces), len(pieces) + len(reached))
                for value in reached:
                    pieces.append(sizes[value])
                    holders.append(1)
                    live += sizes[value]
            if live + more > top[0]:
                top, place = (live + more, gradients), node.name
            live -= keeps
            for value in saved:
                held[value] -= 1
                if not held[value]:
                    live -= sizes[value]
            holders[piece] -= 1
            if not holders[piece]:
                live -= pieces[piece]
            for value, new in zip(reached, made, strict=True):
                if value not in piece_of:
                    piece_of[value] = new
                    continue
                # Two gradients are added in place, unless the older one is a part or is held elsewhere.
                old = piece_of[value]
                if holders[old] > 1 or pieces[old] != sizes[value]:
                    piece_of[value] = len(pieces)
                    pieces.append(sizes[value])
                    holders.append(1)
                    live += sizes[value]
                    if live > top[0]:
                        top, place = (live, gradients), node.name
                    holders[old] -= 1
                    live -= 0 if holders[old] else pieces[old]
                holders[new] -= 1
                live -= 0 if holders[new] else pieces[new]
        self.update_peak(*top, place, BACKWARD)
        return live


def _parts(body: Body, batch: int, item: int, known: dict[int, list[Part]]) -> list[Part]:
    """Return the part of every operator, in the order of the flat graph; a block is asked once."""
    parts: list[Part] = []
    shapes = [*body.inputs, *[node.shape for node in body.nodes]]
    for (op, inputs, shape, *_), costs in zip(body.nodes, body.costs, strict=True):
        if isinstance(op, Output):
            continue
        if isinstance(op, Body):
            if id(op) not in known:
                known[id(op)] = _parts(op, batch, item, known)
            parts += known[id(op)]
            continue
        footprint = op.memory(tuple([shapes[value] for value in inputs]), shape, True)
        sizes = footprint.during, footprint.keeps, footprint.backward
        held = [0 if size is NOTHING else size.bytes(batch, item) for size in sizes]
        parts.append(make(Part, (batch * item * prod(shape), item * costs.params, *held, footprint)))
    return parts
