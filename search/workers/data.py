"""Having a job's data ready before its workers start: checked, and decoded once with its progress shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from archscape.spaces.values import shape_text

from ..datasets import EMBEDDED, SPLITS
from ..datasets.arrays import Source
from ..datasets.dataset import SHOWN_NAMES
from ..datasets.progress import Log, Progress, no_progress
from ..job import Job
from ..shutdown import Shutdown
from ..training.choices import possible_recipes

Waiting: TypeAlias = Callable[[], AbstractContextManager[Progress]]
"""Gives what shows how far a task is, for as long as it is under way."""

FEW_STEPS = 20
"""With fewer steps in all a training is said to be short."""


@contextmanager
def unseen() -> Iterator[Progress]:
    """Show nothing."""
    yield no_progress


def prepare_data(job: Job, *, say: Log, waiting: Waiting, shutdown: Shutdown) -> None:
    """Read the data of a job, unless it is embedded, so that it lies decoded in the cache for all workers.

    Args:
        job: The job.
        say: Takes what was converted, and where decoded data lies.
        waiting: Shows how far it is.
        shutdown: Cuts it off; what was decoded by then is gone.

    Raises:
        InputError: If it cannot be used.
        ShutdownRequested: If the process was asked to stop.
    """
    from ..datasets.sources import open_source

    if not job.data or str(job.data) in EMBEDDED:
        return
    with shutdown.interruptible(), waiting() as show:
        source = open_source(job.data, say=say, show=show)
    if "x_val" in source.arrays:
        say(f"{job.data}: {describe(source)}")
    if (
        job.train is None
        and "x_val" in source.arrays
        and (note := few_steps(job, len(source.arrays["x_train"])))
    ):
        say(note)


def describe(source: Source) -> str:
    """Return what was read: how many samples of which shape in each part, and the classes."""
    counts = ", ".join(f"{len(source.arrays[f'y_{part}']):,} for {part}" for part in SPLITS)
    names, more = ", ".join(source.class_names[:SHOWN_NAMES]), len(source.class_names) - SHOWN_NAMES
    classes = f"; classes {names}" + (f" and {more} more" if more > 0 else "") if names else ""
    return f"samples of {shape_text(source.arrays['x_train'].shape[1:])}, {counts}{classes}"


def few_steps(job: Job, samples: int) -> str:
    """Return a note if a training takes too few steps to learn much; else ""."""
    batch = min(max(recipe.batch for recipe in possible_recipes(job.recipe)), samples)
    steps = job.recipe.epochs * (samples // batch)
    if steps >= FEW_STEPS:
        return ""
    remedy = "if networks learn nothing, raise `epochs:` or lower `batch:` of the recipe"
    return f"{samples} samples to train on in batches of {batch} make {steps} steps a training; {remedy}"
