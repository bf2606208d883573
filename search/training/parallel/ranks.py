"""What the processes that train one network on several devices exchange.

Each prepares the whole batch with the same random numbers, as one device would, and passes its part through
the network; the gradients are added up in one message a step. So a training is the same on any number of
devices but for the order in which floats are added, and for what belongs to a part: batch norm takes the
statistics of the samples on its device, as in `DistributedDataParallel`, and averages its running ones over
the devices in every step; dropout draws numbers of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """The place of this process among those that train one network.

    Attributes:
        rank: Its number, from 0; the first reports and keeps the checkpoint.
        count: How many there are.
    """

    rank: int
    count: int

    def part(self, batch: torch.Tensor) -> torch.Tensor:
        """Return what of a batch (N, ...) is for this process."""
        return batch.tensor_split(self.count)[self.rank]

    @torch.no_grad()
    def reduce(self, model: nn.Module, loss: torch.Tensor, share: float) -> torch.Tensor:
        """Sum gradients and the loss over all, and average running statistics; return the loss.

        Args:
            model: With what its part adds to the gradients of the batch.
            loss: What the part adds to that of the batch.
            share: Of the batch, that the part is.
        """
        gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
        statistics = [value for value in model.buffers() if value.is_floating_point()]
        tensors = [*gradients, loss, *statistics]
        summands = [*gradients, loss, *(value * share for value in statistics)]
        message = torch.cat([each.reshape(-1) for each in summands])
        dist.all_reduce(message)
        sums = torch.split(message, [each.numel() for each in tensors])
        for own, total in zip(tensors, sums, strict=True):
            own.copy_(total.view(own.shape))
        return loss

    def broadcast_flags(self, *flags: bool) -> tuple[bool, ...]:
        """Return the flags of the first process; the host of another waits for them, no device does."""
        message = torch.tensor(flags)
        dist.broadcast(message, 0)
        return tuple(map(bool, message))

    def broadcast(self, value: T) -> T:
        """Return what the first process has: plain values and tensors on the CPU."""
        values = [value]
        dist.broadcast_object_list(values, 0, device=torch.device("cpu"))
        return values[0]

    def all_gather(self, value: T) -> list[T]:
        """Return what each has, in their order: plain values and tensors on the CPU."""
        values: list[T | None] = [None] * self.count
        dist.all_gather_object(values, value)
        return [each for each in values if each is not None]

    def gather_outputs(self, outputs: torch.Tensor, rows: int) -> Sequence[torch.Tensor]:
        """Return the outputs (rows, ...) of each, in their order; what is not there of one is zero."""
        padded = outputs.new_zeros(rows, *outputs.shape[1:])
        padded[: len(outputs)] = outputs
        joined = [torch.empty_like(padded) for _ in range(self.count)]
        dist.all_gather(joined, padded)
        return joined
