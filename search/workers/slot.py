"""WorkerSlot: what a worker process is started with, its cores, its GPU, and where its data lies."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from .events import Message


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a worker computes.

    Attributes:
        gpu: The GPU that it sees, as CUDA_VISIBLE_DEVICES names it; "" for all there are.
        share: Share of the GPU's memory that it may take, 1 if it is alone on it.
        cores: CPU cores that it is bound to; empty for any.
    """

    gpu: str = ""
    share: float = 1.0
    cores: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WorkerSlot(Message):
    """What a worker's process is started with.

    Attributes:
        data: Where the job's data lies on its machine; "" for the place that the job names.
        device: In place of the job's; "" for that.
        uses: The SHA-256 of each Python file that the user had the search run, by its path.
    """

    placement: Placement = Placement()
    data: str = ""
    device: str = ""
    uses: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that CUDA reads when a process starts."""
        return {"CUDA_VISIBLE_DEVICES": self.placement.gpu} if self.placement.gpu else {}

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the slot of a text."""
        tree = json.loads(text)
        cores = tuple(tree["placement"]["cores"])
        return cls(**{**tree, "placement": Placement(**{**tree["placement"], "cores": cores})})

    def bind(self) -> None:
        """Bind this process to its cores, and to its share of the GPU's memory."""
        if self.placement.cores:
            os.sched_setaffinity(0, self.placement.cores)
        if self.placement.share < 1:
            from ..training.device import limit_memory

            limit_memory(self.placement.share)
