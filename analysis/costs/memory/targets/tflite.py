"""What a network is on TensorFlow Lite: operators, the tensors between them, and constants in the file."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from archscape.spaces.graph import Shape


class Constant(NamedTuple):
    """A tensor that stands in the file.

    Attributes:
        role: `weight`, `bias`, `factor` (of the type of the maps) or `index` (shapes, axes, paddings).
        size: The elements of a weight, a bias or a factor.
        values: Those of an index tensor; equal ones are one tensor in the file.
        scales: With how many scales it is quantised.
    """

    role: str
    size: int
    values: tuple[int, ...] = ()
    scales: int = 1


def index(*values: int) -> Constant:
    """Return a tensor of shapes, axes or paddings."""
    return Constant("index", len(values), values)


def factor(size: int = 1) -> Constant:
    """Return a number for each channel, or for all."""
    return Constant("factor", size)


class Tensor(NamedTuple):
    """A map between operators.

    Attributes:
        elements: Its elements.
        quantized: Whether it is of the network's type; else it is float among int8.
        source: The tensor that it is a copy of, by which quantisation orders its own; -1 of others.
    """

    elements: int
    quantized: bool = True
    source: int = -1


class Step(NamedTuple):
    """One operator of TensorFlow Lite.

    Attributes:
        code: Its name in the schema.
        place: The full name of the operator that it came from.
        inputs: The tensors that it reads, beside constants.
        output: The tensor that it writes.
        constants: What it reads from the file.
        axes: The axes of what it reads.
    """

    code: str
    place: str
    inputs: tuple[int, ...]
    output: int
    constants: tuple[Constant, ...]
    axes: int

    @property
    def channels(self) -> int:
        """Its outputs, each of which has weights, and a scale of its own."""
        return self.constants[-1].scales


class Model(NamedTuple):
    """A network on TensorFlow Lite.

    Attributes:
        tensors: Inputs first, then in the order in which they are written.
        steps: Its operators, in order.
        inputs: How many inputs it has.
        outputs: The tensors that it gives.
    """

    tensors: list[Tensor]
    steps: list[Step]
    inputs: int
    outputs: tuple[int, ...]

    @property
    def constants(self) -> list[Constant]:
        """The tensors in the file that are no maps; index tensors of the same values are one."""
        constants = [constant for step in self.steps for constant in step.constants]
        own = [constant for constant in constants if constant.role != "index"]
        return own + list(dict.fromkeys([constant for constant in constants if constant.role == "index"]))


@lru_cache(maxsize=65536)
def pads_as_same(
    extent: Shape, kernel: Shape, stride: Shape, dilation: Shape, before: Shape, after: Shape
) -> bool:
    """Tell whether TensorFlow's `SAME` puts these zeros before and after a map: ceil(N / S) windows."""
    for n, k, s, d, b, a in zip(extent, kernel, stride, dilation, before, after, strict=True):
        added = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
        if (b, a) != (added // 2, added - added // 2):
            return False
    return True
