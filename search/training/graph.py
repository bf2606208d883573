"""A step captured once as a CUDA graph and replayed: one launch in place of hundreds.

A small network's step is over on a GPU before Python has launched its kernels. The first steps are taken one
kernel after the other, and warm up the allocator and the libraries; the next is captured with augmentation,
loss, backward pass, optimizer and mean of the weights, and all others replay it. Random numbers go on as they
would: the generators are registered with the graph.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from .step import StepInputs, TrainingStep

WARM_UP = 3
"""Steps before the one that is captured; PyTorch asks for three."""


def capture_refusal(step: TrainingStep, device: torch.device) -> str:
    """Return why steps cannot be captured; "" if they can, or the device knows no graphs."""
    rule = step.optimizer.rule
    if device.type != "cuda":
        return ""
    if step.ranks is not None:
        return "several devices exchange their gradients in every one"
    if step.data.is_on_disk:
        return "the data stay on disk, from which the host brings each batch"
    if not rule.takes_tensor_rate:
        return f"the optimizer {rule.name} reads its rate and its count of steps on the host"
    return ""


class GraphStep:
    """Takes steps as `TrainingStep` does, and with the same result, by replaying a graph once it is warm.

    Where the capture fails, for a network that asks the host in the middle, steps go on one kernel after the
    other, and the reason is logged.

    Attributes:
        step: What is captured.
        inputs: What it reads, in the same place for every step.
        log: Takes the line that says why there is no graph.
        graph: The graph, once there is one.
    """

    def __init__(self, step: TrainingStep, log: Callable[[str], None]) -> None:
        self.step = step
        self.log = log
        self.inputs: StepInputs | None = None
        self.graph: torch.cuda.CUDAGraph | None = None
        self._stream = torch.cuda.Stream(step.gradient_step.device)  # type: ignore[no-untyped-call]
        self._loss: torch.Tensor | None = None
        self._warm = 0

    def __call__(self, inputs: StepInputs) -> torch.Tensor:
        """Take a step; return its mean loss, still on the device, until the next step."""
        if self.inputs is None:
            self.inputs = inputs.on(self.step.gradient_step.device)
        self.inputs.fill(inputs)
        if self._warm == WARM_UP:
            self._capture(self.inputs)
        self._warm += 1
        if self.graph is None or self._loss is None:
            return self._launched(self.inputs)
        self.graph.replay()
        return self._loss

    def _launched(self, inputs: StepInputs) -> torch.Tensor:
        """Take a step kernel by kernel, on the stream that is captured: buffers of autograd belong to one."""
        current = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            loss = self.step(inputs)
        current.wait_stream(self._stream)
        loss.record_stream(current)
        return loss

    def _capture(self, inputs: StepInputs) -> None:
        """Capture a step, which takes none; if that fails, leave all as it was."""
        device, step = self._stream.device, self.step
        generators = (step.generator, torch.cuda.default_generators[_index(device)])
        before = [generator.get_state() for generator in generators]
        micro_batches = step.gradient_step.micro_batches
        torch.cuda.synchronize(device)
        torch.cuda.empty_cache()  # a graph has memory of its own
        graph = torch.cuda.CUDAGraph()
        try:
            graph.register_generator_state(step.generator)
            with torch.cuda.graph(graph, stream=self._stream):
                self._loss = step(inputs)
        except RuntimeError as error:
            step.model.zero_grad()
            step.gradient_step.micro_batches = micro_batches
            for generator, state in zip(generators, before, strict=True):
                _renew(generator, state)
            cause = error.__context__ or error  # the end of a capture that has failed fails too
            self.log(f"steps are not captured as a CUDA graph: {str(cause).splitlines()[0]}")
            return
        self.graph = graph


def _index(device: torch.device) -> int:
    return torch.cuda.current_device() if device.index is None else device.index


def _renew(generator: torch.Generator, state: torch.Tensor) -> None:
    """Give a generator a new state with these numbers: that of a failed capture waits for its end."""
    fresh = torch.Generator(generator.device)
    fresh.set_state(state)
    generator.graphsafe_set_state(fresh)
