"""TensorFlow Lite Micro: the arena of a network, and the file that stands in flash memory.

The arena is what `RecordingMicroAllocator` tells: its head is planned and holds maps and what kernels ask for
while they run; its tail is kept, and holds what the interpreter knows of tensors, operators and kernels.
"""

from __future__ import annotations

from collections.abc import Iterator

from archscape.spaces import Network

from .base import Target, TargetMemory
from .greedy import Buffer, aligned, plan
from .kernels import KERNELS
from .persistent import kept_bytes
from .rules import tflite_model
from .tflite import Model
from .tflm_operators import missing

INPUT = "input"
"""The place of a network without operators."""
SMALL = ("weight", "factor")
"""Constants of the network's type; all others have 4 bytes an element."""
FILE, PER_TENSOR, PER_STEP, PER_SCALE, PER_QUANTIZED = 640, 72, 20, 12, 24
"""Bytes of a file beside its constants, and of each tensor, operator, scale, and quantised tensor."""


def tflm_memory(network: Network, dtype: str) -> TargetMemory:
    """Return what a network takes on TensorFlow Lite Micro, for one input."""
    model = tflite_model(network, dtype)
    item = 1 if dtype == "int8" else 4
    buffers = arena_buffers(model, item)
    ends = [offset + aligned(buffer.size) for offset, buffer in zip(plan(buffers), buffers, strict=True)]
    kept = kept_bytes(model, item, len(buffers))
    arena = max(ends)
    return TargetMemory(
        network=network,
        target="tflm",
        dtype=dtype,
        arena=arena,
        persistent=kept.running,
        sram=max(aligned(arena + kept.running), aligned(kept.planning)),
        flash=flash_bytes(model, item),
        place=_busiest(model, buffers),
        unsupported=_unsupported(model),
    )


def _unsupported(model: Model) -> tuple[str, ...]:
    """Return the operators that the runtime lacks, and those that no conversion is known of."""
    lacking = [step.place for step in model.steps if step.code not in KERNELS]
    return tuple(dict.fromkeys(lacking))


def arena_buffers(model: Model, item: int) -> list[Buffer]:
    """Return the buffers that are planned, as TensorFlow Lite Micro names them.

    Inputs are there from before the first operator, a map from the one that writes it to the last that reads
    it, outputs to the end. What a kernel asks for is there while it runs.
    """
    tensors = model.tensors
    first, last = [-1] * len(tensors), [0] * len(tensors)
    first[: model.inputs] = [0] * model.inputs
    scratch: list[Buffer] = []
    for time, step in enumerate(model.steps, 1):
        first[step.output] = last[step.output] = time
        for tensor in step.inputs:
            last[tensor] = time
        kernel = KERNELS.get(step.code)
        if kernel and kernel.scratch:
            width = item if tensors[step.inputs[0]].quantized else 4
            sizes = kernel.scratch(step, width, tensors[step.output].elements)
            scratch += [Buffer(size, time, time) for size in sizes]
    for tensor in model.outputs:
        last[tensor] = len(model.steps)
    buffers = []
    for tensor in _in_order(model):
        if first[tensor] >= 0:
            elements, is_quantized, _ = tensors[tensor]
            buffers.append(Buffer(elements * (item if is_quantized else 4), first[tensor], last[tensor]))
    return buffers + scratch


def _in_order(model: Model) -> Iterator[int]:
    """Return tensors in the order of the file: copies behind all others, by what they are copies of."""
    tensors = model.tensors
    yield from [number for number, tensor in enumerate(tensors) if tensor.source < 0]
    copies = [number for number, tensor in enumerate(tensors) if tensor.source >= 0]
    yield from sorted(copies, key=lambda number: tensors[number].source)


def _busiest(model: Model, buffers: list[Buffer]) -> str:
    """Return the operator during which the buffers in use hold most."""
    live = [0] * (len(model.steps) + 2)
    for size, first, last in buffers:
        live[first] += aligned(size)
        live[last + 1] -= aligned(size)
    most, at, held = -1, 0, 0
    for time in range(len(model.steps) + 1):
        held += live[time]
        if held > most and time:
            most, at = held, time
    return model.steps[at - 1].place if model.steps else INPUT


def flash_bytes(model: Model, item: int) -> int:
    """Return the bytes of the file without names: constants, scales, and what describes the network.

    A scale has 4 bytes and its zero point 8. What the tables of tensors and operators take depends on how
    they are laid out; an upper bound is counted.
    """
    constants, tensors = model.constants, len(model.tensors)
    data = sum([constant.size * (item if constant.role in SMALL else 4) for constant in constants])
    tables = FILE + PER_TENSOR * (tensors + len(constants)) + PER_STEP * len(model.steps)
    if item == 1:
        quantized = [constant.scales for constant in constants if constant.role != "index"]
        tables += PER_SCALE * (tensors + sum(quantized)) + PER_QUANTIZED * (tensors + len(quantized))
    return data + tables


TFLM = Target(
    title="TensorFlow Lite Micro",
    source="kernels of TensorFlow Lite Micro at commit 90b983c",
    memory=tflm_memory,
    missing=missing,
)
