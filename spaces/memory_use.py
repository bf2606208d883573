"""The memory footprint of an operator: what it holds while it runs, and what autograd keeps of it."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """Elements of tensors.

    Attributes:
        each: Elements of the network's type for each input of the batch.
        indices: Elements of 8 bytes for each input of the batch.
        fixed: Elements of the network's type, whatever the batch.
    """

    each: int = 0
    indices: int = 0
    fixed: int = 0

    def bytes(self, batch: int, item: int) -> int:
        """Return the bytes for a batch, an element of the network's type having `item` bytes."""
        return batch * (item * self.each + 8 * self.indices) + item * self.fixed


NOTHING = Size()


class Footprint(NamedTuple):
    """The tensors of one operator beside its inputs, its output and its weights, as PyTorch makes them.

    Attributes:
        view: Whether the output lies in the memory of the first input.
        during: What it holds beside its output and what it keeps when it holds most.
        saves: Inputs that autograd keeps, by position.
        saves_output: Whether autograd keeps its output.
        keeps: Further tensors that autograd keeps.
        shares: Whether the gradients of its inputs lie in the memory of its output's gradient.
        reaches: How many of its inputs have gradients, from the first; None is all of them.
        backward: What the backward pass holds beside gradients when it holds most.
    """

    view: bool = False
    during: Size = NOTHING
    saves: tuple[int, ...] = ()
    saves_output: bool = False
    keeps: Size = NOTHING
    shares: bool = False
    reaches: int | None = None
    backward: Size = NOTHING


FRESH = Footprint()
"""A new output; autograd keeps nothing but shapes."""
VIEW = Footprint(view=True, shares=True)
"""The same memory in another shape."""
SHARES = Footprint(shares=True)
"""A new output, whose gradient is that of its inputs."""
SAVES_INPUT = Footprint(saves=(0,))
"""A new output; autograd keeps the input."""
SAVES_OUTPUT = Footprint(saves_output=True)
"""A new output, which autograd keeps."""
