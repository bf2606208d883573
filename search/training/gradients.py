"""One batch through a network and back: its loss and the gradients, in halves once memory has run out."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import nn

from archscape.spaces.errors import ShapeError

AUXILIARY = 0.3  # weight of auxiliary classifiers (Szegedy et al. 2014, section 5)


class GradientStep:
    """The forward and backward passes of a training.

    Attributes:
        micro_batches: In how many pieces a batch goes through the network; 2 once memory has run out.
    """

    def __init__(self, *, classes: int, label_smoothing: float, device: torch.device) -> None:
        self.classes = classes
        self.label_smoothing = label_smoothing
        self.device = device
        self.micro_batches = 1

    def gradients(self, model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Leave the gradients of a batch in the parameters; return its mean loss, still on the device."""
        try:
            return self._accumulate(model, x, y)
        except Exception as error:
            if self.micro_batches > 1 or not is_out_of_memory(error):
                raise
        # Out here the error is gone, and with it the frames that held the tensors of the failed pass.
        self.micro_batches = 2
        model.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return self._accumulate(model, x, y)

    def _accumulate(self, model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Pass a batch through the network, in as many pieces as memory asks for; return its mean loss."""
        total = torch.zeros((), device=self.device)
        for samples, labels in zip(x.chunk(self.micro_batches), y.chunk(self.micro_batches), strict=True):
            with torch.autocast("cuda", torch.bfloat16) if self.device.type == "cuda" else nullcontext():
                loss = self._losses(model(samples), labels) * (len(labels) / len(y))
            torch.autograd.backward(loss)
            total += loss.detach()
        return total

    def _losses(self, outputs: torch.Tensor | tuple[torch.Tensor, ...], labels: torch.Tensor) -> torch.Tensor:
        """Return the loss of the first output, and a share of that of every auxiliary one."""
        if isinstance(outputs, torch.Tensor):
            return self._loss(outputs, labels)
        first, *others = (self._loss(logits, labels) for logits in outputs)
        return first + AUXILIARY * torch.stack(others).sum()

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        if logits.shape != (len(labels), self.classes):
            expected = f"one number for each of the {self.classes} classes"
            raise ShapeError(f"the network gives {tuple(logits.shape[1:])} for a sample, not {expected}")
        return nn.functional.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)


def is_out_of_memory(error: Exception) -> bool:
    """Say whether memory ran out; the CPU's allocator and cuDNN say it only in the text of a RuntimeError."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    signs = ("DefaultCPUAllocator: can't allocate", "DefaultCPUAllocator: not enough", "STATUS_ALLOC_FAILED")
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs)
