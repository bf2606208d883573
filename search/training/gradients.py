"""One batch through a network and back: its loss and the gradients, whole or in pieces.

Where memory runs out there are twice as many pieces from then on, down to two samples in each.
"""

from __future__ import annotations

import torch
from torch import nn

from .precision import autocast
from .tasks.base import Outputs, Task
from .teacher import Distillation

LEAST = 2
"""Samples of a piece: batch norm takes no deviation of one."""


class GradientStep:
    """The forward and backward passes of a training.

    Attributes:
        micro_batches: In how many pieces a batch goes through the network; doubled when memory runs out.
        distillation: The teacher that the network learns from, if there is one.
    """

    def __init__(self, *, task: Task, device: torch.device, precision: str, accumulate: int = 1) -> None:
        self.task = task
        self.device = device
        self.precision = precision
        self.micro_batches = accumulate
        self.distillation: Distillation | None = None

    def gradients(
        self, model: nn.Module, x: torch.Tensor, y: torch.Tensor, *, whole: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Leave the gradients of a batch in the parameters; return its mean loss, still on the device.

        Args:
            model: The network, without gradients.
            x: Samples (n, C, *spatial).
            y: Their targets (n, ...).
            whole: Targets (N, ...) of the batch that these samples are a part of; gradients and loss are then
                what they add to those of the whole.
        """
        whole = y if whole is None else whole
        while True:
            try:
                return self._accumulate(model, x, y, whole)
            except Exception as error:
                if len(y) < 2 * LEAST * self.micro_batches or not is_out_of_memory(error):
                    raise
            # Out here the error is gone, and with it the frames that held the tensors of the failed pass.
            self.micro_batches *= 2
            model.zero_grad()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def _accumulate(
        self, model: nn.Module, x: torch.Tensor, y: torch.Tensor, whole: torch.Tensor
    ) -> torch.Tensor:
        """Pass a batch through the network, in as many pieces as memory asks for; return its mean loss."""
        total = torch.zeros((), device=self.device)
        pieces = min(self.micro_batches, len(y))
        for samples, targets in zip(x.tensor_split(pieces), y.tensor_split(pieces), strict=True):
            with autocast(self.precision, self.device):
                outputs = _exact(model(samples))
                taught = None if self.distillation is None else self.distillation.teacher_outputs(samples)
            loss = self.task.loss(outputs, targets) * self.task.share(targets, whole)
            if self.distillation is not None and taught is not None:
                part = len(targets) / len(whole)
                loss = self.distillation.loss(loss, outputs, taught, task=self.task.name, part=part)
            torch.autograd.backward(loss)
            total += loss.detach()
        return total


def _exact(outputs: Outputs) -> Outputs:
    """Return outputs in float32, in which losses are taken."""
    if isinstance(outputs, torch.Tensor):
        return outputs.float() if outputs.dtype == torch.bfloat16 else outputs
    return tuple(each.float() if each.dtype == torch.bfloat16 else each for each in outputs)


def is_out_of_memory(error: Exception) -> bool:
    """Say whether memory ran out; the CPU's allocator and cuDNN say it only in the text of a RuntimeError."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    signs = (
        "DefaultCPUAllocator: can't allocate",
        "DefaultCPUAllocator: not enough",
        "could not create a primitive",  # oneDNN, where there is no memory for the code of a kernel
        "STATUS_ALLOC_FAILED",
    )
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs)
