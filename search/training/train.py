"""Training one network: every end it can come to has a name, and the same seed gives the same bits.

>>> from archscape.search.datasets.dataset import load_dataset
>>> from archscape.search.training.recipe import Recipe
>>> def build():
...     return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 6 * 6, 10))
>>> outcome = train(build, load_dataset("digits"), Recipe(epochs=2), seed=0)
>>> outcome.status, outcome.metrics["accuracy"] > 0.8
('complete', True)
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from torch import nn

from archscape.spaces.errors import JobError

from ..datasets.dataset import Dataset
from ..shutdown import never
from .checkpoint import Checkpoint
from .device import resolve_device
from .evaluation import evaluate_accuracy
from .gradients import is_out_of_memory
from .loop import Diverged, Interrupted, Loop, TimedOut
from .recipe import Recipe

__all__ = ["Outcome", "evaluate_accuracy", "train"]

Status: TypeAlias = Literal[
    "complete", "pruned", "interrupted", "diverged", "out_of_memory", "timed_out", "error"
]
Report: TypeAlias = Callable[[int, Mapping[str, float]], bool | None]
Build: TypeAlias = Callable[[], nn.Module]
Log: TypeAlias = Callable[[str], None]

LOG = logging.getLogger("archscape").warning


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """How a training ended.

    Attributes:
        status: `complete`; `pruned` if the report said so, `interrupted` if it was asked to stop: both can go
            on; or the cause of a failure.
        cause: One line that says more; empty if complete.
        trace: The traceback of an error, for the log.
        metrics: Always `seconds` (all), `step_seconds` (training steps alone), `eval_seconds`, `epochs`
            (finished), `steps`, `micro_batch` (samples in one pass through the network) and `threads`; after
            an epoch `loss` (training) and `accuracy` (validation, 0 to 1); if complete `test_accuracy` and
            `test_correct`.
        history: One row for each epoch: `epoch` from 1, `loss`, `accuracy`, `seconds` since the start.
            What came before an interruption counts, in the seconds also; the pause does not.
        state: The weights on the CPU if complete.
    """

    status: Status
    cause: str = ""
    trace: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    state: dict[str, torch.Tensor] | None = None


def train(
    build: Build,
    data: Dataset,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "auto",
    report: Report | None = None,
    checkpoint: Path | Checkpoint | None = None,
    should_stop: Callable[[], bool] = never,
    rungs: tuple[int, ...] = (),
    log: Log = LOG,
) -> Outcome:
    """Train a module and return how that ended; no failure of the module or the training raises.

    With a checkpoint, a training that was pruned, interrupted or killed goes on where its file ends, and
    comes to the same bits as one that was left in peace (on the same kind of machine, with as many threads).
    The file is the caller's to remove.

    The number of CPU threads is the caller's: a worker sets it before torch is imported.

    Args:
        build: Makes the module, from (N, C, *spatial) to (N, classes); its weights follow from the seed.
        data: What to train on. The test part is looked at once, at the end, and decides nothing.
        recipe: How.
        seed: Of the weights, the order of the samples, augmentation and dropout. The global generators of
            torch are left as they were.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        report: Called after each epoch with its number, from 1, and its row of the history; False prunes the
            training. What it raises passes through. An epoch may be reported again after a crash.
        checkpoint: Where to keep the state: when pruned or interrupted, and after an epoch if the latest is
            older than `CHECKPOINT_SECONDS`. One that is damaged or of another training is ignored. Of a
            training that came to its end the outcome is returned, with the weights only if it holds them.
        should_stop: Asked before every step; True interrupts the training.
        rungs: Epochs at which the training may be compared with others; for the schedule `rungs`.
        log: Takes a line about a checkpoint that could not be read or written.

    Raises:
        JobError: If there is no such device, or the rungs are not ascending epochs before the last.
    """
    target = resolve_device(device)
    _check_rungs(rungs, recipe.epochs)
    kept = checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint, log)
    with _seeded(seed, target):
        loop = Loop(data=data, recipe=recipe, device=target, seed=seed, rungs=rungs, should_stop=should_stop)
        try:
            loop.start(build)
            if done := kept.result(loop.identity()):
                return Outcome(
                    status="complete", metrics=done["metrics"], history=done["history"], state=done["state"]
                )
            if snapshot := kept.resume(loop.identity()):
                loop.restore(snapshot)
        except Exception as error:
            return _failed(loop, error)
        return _follow(loop, kept, report)


def _check_rungs(rungs: tuple[int, ...], epochs: int) -> None:
    if list(rungs) != sorted({rung for rung in rungs if 1 <= rung < epochs}):
        raise JobError(f"rungs: they are ascending epochs before the last, {epochs}, but got {rungs}")


def _follow(loop: Loop, checkpoint: Checkpoint, report: Report | None) -> Outcome:
    """Take a training to its end, or to where it is left."""
    epochs = loop.run()
    while True:
        try:
            row = next(epochs, None)
        except Interrupted:
            return _left(loop, checkpoint, "interrupted")
        except Exception as error:
            return _failed(loop, error)
        if row is None:
            return _outcome(loop, "complete", state=loop.state())
        if report is not None and report(int(row["epoch"]), row) is False:
            return _left(loop, checkpoint, "pruned")
        if checkpoint.is_due():
            checkpoint.write(loop.snapshot())


def _left(loop: Loop, checkpoint: Checkpoint, status: Status) -> Outcome:
    """Keep the state of a training that may go on; return its outcome."""
    checkpoint.write(loop.snapshot())
    return _outcome(loop, status)


def _outcome(loop: Loop, status: Status, *, state: dict[str, torch.Tensor] | None = None) -> Outcome:
    return Outcome(status=status, metrics=loop.metrics(), history=loop.history, state=state)


def _failed(loop: Loop, error: Exception) -> Outcome:
    """Return the outcome of a training that an exception ended."""
    status: Status
    if isinstance(error, Diverged | TimedOut):
        status, cause, trace = error.status, str(error), ""
    else:
        status = "out_of_memory" if is_out_of_memory(error) else "error"
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        trace = "".join(traceback.format_exception(error))
    return Outcome(status=status, cause=cause, trace=trace, metrics=loop.metrics(), history=loop.history)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the generators of torch, and on CUDA take deterministic kernels; put all back afterwards."""
    cuda = device.type == "cuda"
    index = device.index if device.index is not None else torch.cuda.current_device() if cuda else 0
    deterministic = torch.backends.cudnn.deterministic
    with torch.random.fork_rng(devices=[index] if cuda else []):
        torch.manual_seed(seed)
        try:
            torch.backends.cudnn.deterministic = cuda or deterministic
            yield
        finally:
            torch.backends.cudnn.deterministic = deterministic
