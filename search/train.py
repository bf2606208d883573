"""Training one network: every end it can come to has a name, and the same seed gives the same bits.

>>> from archscape.search.data import load_data
>>> from archscape.search.recipe import Recipe
>>> def build():
...     return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 6 * 6, 10))
>>> outcome = train(build, load_data("digits"), Recipe(epochs=2), seed=0)
>>> outcome.status, outcome.metrics["accuracy"] > 0.8
('complete', True)
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import torch
from torch import nn

from .accuracy import evaluate_accuracy, pick_device
from .data import Data
from .loop import Diverged, Loop, TimedOut, is_out_of_memory
from .recipe import Recipe

__all__ = ["Outcome", "evaluate_accuracy", "train"]

Status: TypeAlias = Literal["complete", "diverged", "out_of_memory", "timed_out", "error"]
Report: TypeAlias = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """How a training ended.

    Attributes:
        status: `complete`, or what ended it early.
        cause: One line that says more; empty if complete.
        trace: The traceback of an error, for the log.
        metrics: Always `seconds` (all), `step_seconds` (training steps alone), `eval_seconds`, `epochs`
            (finished), `steps`, `micro_batch` (samples in one pass through the network) and `threads`; after
            an epoch `loss` (training) and `accuracy` (validation, 0 to 1); if complete `test_accuracy` and
            `test_correct`.
        history: One row for each epoch: `epoch` from 1, `loss`, `accuracy`, `seconds` since the start.
        state: The weights on the CPU if complete.
    """

    status: Status
    cause: str = ""
    trace: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    state: dict[str, torch.Tensor] | None = None


def train(
    build: Callable[[], nn.Module],
    data: Data,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "auto",
    report: Report | None = None,
) -> Outcome:
    """Train a module and return how that ended; no failure of the module or the training raises.

    The number of CPU threads is the caller's: a worker sets it before torch is imported.

    Args:
        build: Makes the module, from (N, C, *spatial) to (N, classes); its weights follow from the seed.
        data: What to train on. The test part is looked at once, at the end, and decides nothing.
        recipe: How.
        seed: Of the weights, the order of the samples, augmentation and dropout. The global generators of
            torch are left as they were.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        report: Called after each epoch with its number, from 1, and its row of the history; what it raises
            passes through.

    Raises:
        JobError: If there is no such device.
    """
    place = pick_device(device)
    with _seeded(seed, place):
        loop = Loop(data=data, recipe=recipe, place=place, seed=seed)
        epochs = loop.run(build)
        while True:
            try:
                row = next(epochs, None)
            except Exception as error:
                return _failed(loop, error)
            if row is None:
                return Outcome(
                    status="complete", metrics=loop.metrics(), history=loop.history, state=loop.state()
                )
            if report is not None:
                report(int(row["epoch"]), row)


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
def _seeded(seed: int, place: torch.device) -> Iterator[None]:
    """Seed the generators of torch, and on CUDA take deterministic kernels; put all back afterwards."""
    cuda = place.type == "cuda"
    index = place.index if place.index is not None else torch.cuda.current_device() if cuda else 0
    deterministic = torch.backends.cudnn.deterministic
    with torch.random.fork_rng(devices=[index] if cuda else []):
        torch.manual_seed(seed)
        try:
            torch.backends.cudnn.deterministic = cuda or deterministic
            yield
        finally:
            torch.backends.cudnn.deterministic = deterministic
