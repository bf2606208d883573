"""One step of training, operator by operator as PyTorch takes it: forward, loss, backward, optimizer."""

from __future__ import annotations

from typing import NamedTuple

from archscape.spaces.footprint import Footprint
from archscape.spaces.graph import Flat, Node, Op, Shape

from .memory_peak import Tally, elements, lifetimes


class Moment(NamedTuple):
    """A moment: bytes beside weights and state, the gradients of weights among them, and where it is."""

    bytes: int
    gradients: int
    place: str
    phase: str


class Step:
    """Follows one step of training.

    Attributes:
        live: Bytes that stand beside weights and state.
        top: The moment at which most stood.
        saved: What stood when the forward pass had ended: what autograd keeps, inputs and targets.
    """

    def __init__(self, flat: Flat, batch: int, item: int) -> None:
        self.flat, self.batch, self.item = flat, batch, item
        self.unit = batch * item
        self.sizes = [self.unit * elements(flat.input), *[0] * len(flat.nodes)]
        self.held = [0] * len(self.sizes)
        self.held[0] = 1  # the caller holds the input
        self.live = self.sizes[0] + sum([8 * batch * elements(shape[1:]) for shape in self.outputs()])
        self.gradients = self.saved = 0
        self.top = Moment(self.live, 0, "input", "forward")
        self.learn()

    def outputs(self) -> list[Shape]:
        """Return the shape of every output."""
        return [self.flat.shape_of(value) for value in self.flat.outputs]

    def learn(self) -> None:
        """Ask every operator for its weights and its footprint, and find where gradients flow."""
        self.params: list[int] = []
        self.footprints: list[Footprint] = []
        self.needs = [False]
        for node in self.flat.nodes:
            op, shapes = node.op, self.flat.shapes(node)
            assert isinstance(op, Op)
            params = op.costs(shapes, node.shape).params if op.stateful else 0
            self.params.append(params)
            self.footprints.append(op.memory(shapes, node.shape, True))
            self.needs.append(bool(params) or any(self.needs[value] for value in node.inputs))
        self.owners, self.last = lifetimes(self.flat, [footprint.view for footprint in self.footprints])

    def look(self, more: int, place: str, phase: str) -> None:
        """Compare what stands, with more for a moment, with the most so far."""
        if self.live + more > self.top.bytes:
            self.top = Moment(self.live + more, self.gradients, place, phase)

    def run(self) -> Moment:
        """Take the step and return the moment at which most stood."""
        self.forward()
        self.backward(self.loss())
        self.look(0, "optimizer", "step")
        return self.top

    def forward(self) -> None:
        """Run every operator; a map stays until its last use, or as long as autograd keeps it."""
        dying: list[list[int]] = [[] for _ in range(len(self.flat.nodes) + 1)]
        for value, end in enumerate(self.last):
            dying[end].append(value)
        for index, (node, footprint) in enumerate(zip(self.flat.nodes, self.footprints, strict=True)):
            if not footprint.view:
                self.sizes[index + 1] = own = self.unit * elements(node.shape)
                self.live += own
            more = footprint.during.bytes(self.batch, self.item)
            if self.needs[index + 1]:
                self.live += footprint.keeps.bytes(self.batch, self.item)
                for value in self.saved_by(index, node, footprint):
                    self.held[value] += 1
            else:
                more += footprint.keeps.bytes(self.batch, self.item)
            self.look(more, node.name, "forward")
            for value in dying[index]:
                if not self.held[value]:
                    self.live -= self.sizes[value]

    def saved_by(self, index: int, node: Node, footprint: Footprint) -> list[int]:
        """Return the values whose memory autograd keeps for an operator."""
        saved = [self.owners[node.inputs[position]] for position in footprint.saves]
        return [*saved, self.owners[index + 1]] if footprint.saves_output else saved

    def loss(self) -> dict[int, int]:
        """Take the cross entropy of every output; return the bytes of the gradient of each."""
        outputs = {value: self.map_size(value) for value in self.flat.outputs}
        probabilities = sum(outputs.values())
        self.live += probabilities
        self.look(0, "loss", "forward")
        for value in {self.owners[value] for value in outputs}:
            if not self.held[value]:
                self.live -= self.sizes[value]
        self.saved = self.live
        self.look(2 * probabilities, "loss", "backward")
        self.live -= probabilities
        return outputs

    def backward(self, outputs: dict[int, int]) -> None:
        """Run every operator backwards; what autograd keeps for it is freed, as is its output's gradient."""
        pieces = Tally()
        found: dict[int, int] = {value: pieces.new(size) for value, size in outputs.items()}
        still = self.live
        for index in range(len(self.flat.nodes) - 1, -1, -1):
            gradient = found.pop(index + 1, None)
            if gradient is None or not self.needs[index + 1]:
                continue
            node, footprint = self.flat.nodes[index], self.footprints[index]
            given = [value for value in node.inputs[: footprint.reaches] if self.needs[value]]
            made = [
                pieces.hold(gradient) if footprint.shares else pieces.new(self.map_size(value))
                for value in given
            ]
            own = self.item * self.params[index]
            still += own
            self.gradients += own
            self.live = still + pieces.live
            self.look(footprint.backward.bytes(self.batch, self.item), node.name, "backward")
            still -= self.forget(index, node, footprint)
            pieces.release(gradient)
            for value, piece in zip(given, made, strict=True):
                old = found.get(value)
                if old is not None:
                    piece = self.add(pieces, still, old, piece, value, node.name)
                found[value] = piece
        self.live = still

    def forget(self, index: int, node: Node, footprint: Footprint) -> int:
        """Return the bytes that are free when autograd no longer keeps anything for an operator."""
        free = footprint.keeps.bytes(self.batch, self.item)
        for value in self.saved_by(index, node, footprint):
            self.held[value] -= 1
            if not self.held[value]:
                free += self.sizes[value]
        return free

    def map_size(self, value: int) -> int:
        """Return the bytes of a map, or of its gradient."""
        return self.unit * elements(self.flat.shape_of(value))

    def add(self, pieces: Tally, still: int, old: int, new: int, value: int, place: str) -> int:
        """Return the sum of two gradients of a map.

        It is made in place, unless the older one is a part of another tensor or is held elsewhere too.
        """
        size = self.map_size(value)
        if pieces.counts[old] == 1 and pieces.sizes[old] == size:
            pieces.release(new)
            return old
        result = pieces.new(size)
        self.live = still + pieces.live
        self.look(0, place, "backward")
        pieces.release(old)
        pieces.release(new)
        return result
