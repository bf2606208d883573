"""What TensorFlow Lite Micro keeps in the arena as long as the interpreter lives: its tail.

Tensors, operators, their parameters from the file, what kernels know, then inputs and outputs, in the order
of `MicroInterpreter::AllocateTensors`; each piece ends at a multiple of its alignment.
"""

from __future__ import annotations

from typing import NamedTuple

from .greedy import ALIGNMENT, aligned
from .kernels import KERNELS, alignment_of, size_of
from .tflite import Model

POINTER = 8
"""Bytes of a pointer. Microcontrollers have 4, and keep less: what is counted here is an upper bound."""
INTERPRETER = 488
"""What is kept whatever the network: allocators, planner, the list of subgraphs."""
TENSOR, NODE, IO_TENSOR, QUANTIZATION = "ppi", "pppppipp", "pppppppp", "ppi"
"""`TfLiteEvalTensor`, `NodeAndRegistration`, `TfLiteTensor` and `TfLiteAffineQuantization`."""
SCALE = 8
"""A list of one zero point: its length, and the number."""


REQUEST, ALLOCATION, REQUIREMENT = "pii", "ppiiib", "i" * 10
"""`ScratchBufferRequest` and `AllocationInfo`; what the planner writes down of a buffer."""
SPARE_REQUESTS = 12
"""Places for what one operator more may ask for."""


class Kept(NamedTuple):
    """What is kept in the arena, in bytes.

    Attributes:
        planning: With what is written beside it for a moment while the arena is planned.
        running: From then on.
    """

    planning: int
    running: int


def kept_bytes(model: Model, item: int, buffers: int) -> Kept:
    """Return what is kept.

    Args:
        model: The network.
        item: Bytes of an element of its type.
        buffers: How many buffers are planned.
    """
    tail = _Tail()
    tail.take(INTERPRETER)
    tail.take(size_of(TENSOR, POINTER) * (len(model.tensors) + len(model.constants)))
    tail.take(size_of(NODE, POINTER) * len(model.steps))
    kernels = [(step, KERNELS[step.code]) for step in model.steps if step.code in KERNELS]
    for _, kernel in kernels:
        if kernel.parameters:
            tail.take(*_size(kernel.parameters))
    for _, kernel in kernels:
        if kernel.data:
            tail.take(size_of(kernel.data, POINTER), ALIGNMENT)
    for step, kernel in kernels:
        if kernel.multipliers == "always" or (kernel.multipliers and item == 1):
            for _ in range(2):
                tail.take(4 * step.channels, ALIGNMENT)
    asked = sum([len(kernel.scratch(step, item, 0)) for step, kernel in kernels if kernel.scratch])
    tail.take(POINTER * asked)
    planning = aligned(tail.used) + _notes(len(model.tensors) + len(model.constants), asked, buffers)
    for count in (model.inputs, len(model.outputs)):
        tail.take(POINTER * count, ALIGNMENT)
        for _ in range(count):
            tail.take(*_size(IO_TENSOR))
            if item == 1:
                tail.take(*_size(QUANTIZATION))
                tail.take(SCALE, 4)
    return Kept(planning, tail.used)


def _notes(tensors: int, asked: int, buffers: int) -> int:
    """Return what is written at the other end of the arena while it is planned."""
    requests = size_of(REQUEST, POINTER) * (asked + SPARE_REQUESTS)
    lifetimes = POINTER + size_of(ALLOCATION, POINTER) * (tensors + asked)
    return aligned(requests + lifetimes) + size_of(REQUIREMENT, POINTER) * buffers


def _size(fields: str) -> tuple[int, int]:
    """Return the bytes of a structure and its alignment."""
    return size_of(fields, POINTER), alignment_of(fields, POINTER)


class _Tail:
    """The end of the arena, which grows down.

    Attributes:
        used: Bytes that are taken.
    """

    def __init__(self) -> None:
        self.used = 0

    def take(self, size: int, alignment: int = POINTER) -> None:
        """Take a piece; its start is at a multiple of its alignment."""
        self.used = aligned(self.used + size, alignment)
