"""Execution of a graph on a device, each operator timed where it stands; maps die after their last use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from archscape.spaces.graph import Flat, Op, Shape

from ..operator_function import Function, operator_function
from .device_setup import DeviceSetup

_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


class _Step(NamedTuple):
    """An operator: its function, the values it reads, and those that die with it."""

    function: Function
    inputs: tuple[int, ...]
    last: tuple[int, ...]


class Clock:
    """Marks moments on a CPU: what was asked for is done when the call returns."""

    def __init__(self) -> None:
        self._marks: list[float] = []
        self._now = time.perf_counter

    def mark(self) -> None:
        """Mark the moment at which what was asked for so far is done."""
        self._marks.append(self._now())

    def seconds(self) -> list[float]:
        """Return the seconds between the marks, and forget them."""
        marks, self._marks = self._marks, []
        return [after - before for before, after in pairwise(marks)]


class CudaClock(Clock):
    """A GPU's clock: events in its stream, so that neither launches nor waiting for them are left out.

    Events are made once and recorded again: to make one takes as long as a small launch.
    """

    def __init__(self) -> None:
        self._events: list[torch.cuda.Event] = []
        self._used = 0

    def mark(self) -> None:
        """Mark the moment at which the stream has come here."""
        if self._used == len(self._events):
            self._events.append(torch.cuda.Event(enable_timing=True))  # type: ignore[no-untyped-call]
        self._events[self._used].record()
        self._used += 1

    def seconds(self) -> list[float]:
        """Wait for the last mark; return the seconds between the marks, and forget them."""
        marks, self._used = self._events[: self._used], 0
        marks[-1].synchronize()
        return [before.elapsed_time(after) / 1000 for before, after in pairwise(marks)]


def clock_of(setup: DeviceSetup) -> Clock:
    """Return the clock of a device."""
    return CudaClock() if setup.device == "cuda" else Clock()


class OperatorTimer:
    """A graph ready to run, operator by operator; weights and inputs are random."""

    def __init__(self, flat: Flat, setup: DeviceSetup) -> None:
        self.clock = clock_of(setup)
        self.inputs = [image(shape, setup) for shape in flat.inputs]
        last = {value: index for index, node in enumerate(flat.nodes) for value in node.inputs}
        self.steps = []
        functions: dict[str, Function] = {}
        for index, node in enumerate(flat.nodes):
            ends = {value for value in node.inputs if last[value] == index and value not in flat.outputs}
            rank = len(flat.shape_of(node.inputs[0])) - 1
            assert isinstance(node.op, Op)
            function = functions.get(node.like) or operator_function(node.op, len(node.inputs), rank)
            if isinstance(function, nn.Module) and not node.like:
                function = to_device(function, rank, setup)
            functions[node.name] = function
            self.steps.append(_Step(function, node.inputs, tuple(ends)))

    def run(self) -> list[float]:
        """Run it once; return the seconds of each operator."""
        mark = self.clock.mark
        values: list[Tensor | None] = [*self.inputs]
        mark()
        for function, inputs, last in self.steps:
            values.append(function(*[values[value] for value in inputs]))
            for value in last:
                values[value] = None
            mark()
        return self.clock.seconds()


def image(shape: Shape, setup: DeviceSetup) -> Tensor:
    """Return a random input for a setup."""
    x = torch.randn(setup.batch, *shape).to(setup.device, getattr(torch, setup.dtype))
    return x.to(memory_format=_FORMATS[x.ndim]) if x.ndim in _FORMATS else x


def to_device(module: nn.Module, rank: int, setup: DeviceSetup) -> nn.Module:
    """Return a module ready for inference in a setup, its weights laid out for maps of so many axes."""
    module = module.eval().requires_grad_(False).to(setup.device, getattr(torch, setup.dtype))
    if rank + 2 in _FORMATS:
        module = module.to(memory_format=_FORMATS[rank + 2])  # type: ignore[call-overload]
    return module


@contextmanager
def inference_threads(setup: DeviceSetup) -> Iterator[None]:
    """Hold PyTorch to the threads of a setup, without gradients; afterwards it is as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(setup.threads)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
