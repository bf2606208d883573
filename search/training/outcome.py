"""The outcome of a training: how it ended, its metrics, its history and its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import torch

Status: TypeAlias = Literal[
    "complete", "pruned", "interrupted", "diverged", "out_of_memory", "timed_out", "error", "lost_worker"
]
Report: TypeAlias = Callable[[int, Mapping[str, float]], bool | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """How a training ended.

    Attributes:
        status: `complete`; `pruned` if the report said so, `interrupted` if it was asked to stop: both can go
            on; or the cause of a failure, `lost_worker` if a process of several devices died.
        cause: One line that says more; empty if complete.
        trace: The traceback of an error, for the log.
        metrics: Always `seconds` (all), `step_seconds` (training steps alone), `eval_seconds`, `epochs`
            (finished), `steps`, `micro_batch` (samples in one pass through the network) and `threads`; after
            an epoch `loss` (training) and the metrics of the task on the validation part, `accuracy` (0 to 1)
            for classification; if complete those of the test part, `test_accuracy` and `test_correct`.
        history: One row for each epoch: `epoch` from 1, `loss`, the metrics of the task, `seconds` since the
            start. What came before an interruption counts, in the seconds also; the pause does not.
        state: The weights on the CPU if complete.
        confusion: Of these weights on the validation part: counts by class and by predicted class, as
            `Confusion.counts`; None where a task has none.
    """

    status: Status
    cause: str = ""
    trace: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    state: dict[str, torch.Tensor] | None = None
    confusion: list[list[int]] | None = None
