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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from archscape.spaces.errors import JobError

from ..datasets.dataset import Dataset
from ..file_faults import PATIENCE_SECONDS, is_passing
from ..shutdown import never
from .checkpoint import Checkpoint
from .device import resolve_device
from .gradients import is_out_of_memory
from .loop import Diverged, Interrupted, Loop, TimedOut
from .outcome import Outcome, Report, Status
from .parallel.ranks import Ranks
from .random_states import restoring_states
from .recipe import Recipe
from .repeats import train_repeats
from .snapshot import restore, take_snapshot
from .tasks import make_task
from .transfer import Transfer

LOG = logging.getLogger("archscape").warning


def train(
    build: Callable[[], nn.Module],
    data: Dataset,
    recipe: Recipe,
    *,
    seed: int,
    repeats: int = 1,
    device: str = "auto",
    report: Report | None = None,
    checkpoint: Path | None = None,
    should_stop: Callable[[], bool] = never,
    rungs: tuple[int, ...] = (),
    measures: tuple[str, ...] = (),
    transfer: Transfer | None = None,
    ranks: Ranks | None = None,
    pieces: int = 1,
    log: Callable[[str], None] = LOG,
) -> Outcome:
    """Train a module and return how that ended; no failure of the module or the training raises.

    One training is one draw: two networks whose accuracies differ by less than their spread over seeds have
    not been told apart. Of several trainings, each with other weights and another order of the samples, the
    outcome is what they make together; a repeat that fails ends them all, with its cause.

    - Each metric is combined as `METRICS` says: `loss`, `accuracy` and `test_accuracy` (or what else the
      task is measured by) are means; `accuracy_std` and `test_accuracy_std` are standard deviations over the
      repeats (of a sample: divided by repeats - 1).
    - `seconds`, `step_seconds`, `eval_seconds`, `epochs` and `steps` are sums; the recipe's time limit holds
      for each repeat.
    - `repeats` is their number. The weights, `test_correct` and all else are those of `kept_repeat`, the one
      with the best score of the validation part.
    - Each row of the history has its `repeat`, from 1; its `epoch` and `seconds` count within the repeat.

    With a checkpoint, a training that was pruned, interrupted or killed goes on where its file ends, and
    comes to the same bits as one that was left in peace (on the same kind of machine, with as many threads).
    The file is the caller's to remove.

    The number of CPU threads is the caller's: a worker sets it before torch is imported.

    Args:
        build: Makes the module, from (N, C, *spatial) to what the task of the data asks for; its weights
            follow from the seed.
        data: What to train on. The test part is looked at once, at the end, and decides nothing.
        recipe: How.
        seed: Of the weights, the order of the samples, augmentation and dropout. The global generators of
            torch are left as they were. The seeds of further repeats follow from it.
        repeats: How often to train, from 1.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        report: Called after each epoch with its number, from 1, and its row of the history; False prunes the
            training. What it raises passes through. An epoch may be reported again after a crash. The number
            counts on over the repeats, and only the first may be pruned: a network that was good enough there
            is measured to the end.
        checkpoint: Where to keep the state: when pruned or interrupted, and after an epoch if the latest is
            older than `CHECKPOINT_SECONDS`. One that is damaged or of another training is ignored. Of a
            training that came to its end the outcome is returned, with the weights only if it holds them.
        should_stop: Asked before every step; True interrupts the training.
        rungs: Epochs at which the training may be compared with others; for the schedule `rungs`.
        measures: What an epoch reports, the score first, as `measures_of` returns them; () for what the task
            always reports.
        transfer: What it takes over: weights to start from, those that stay, rates by layer, a teacher.
        ranks: The processes that train it together on several devices, each of which calls this; `report`,
            `checkpoint` and `should_stop` are those of the first.
        pieces: In how many pieces a batch goes through the network, if those are more than the recipe's; a
            training that is resumed keeps to the number that it began with.
        log: Takes a line about a checkpoint that could not be read or written.

    Raises:
        OSError: If the file system has a fault that is not the module's.
        JobError: If there is no such device, the recipe does not fit the task, or the rungs are not ascending
            epochs before the last.
    """
    target = resolve_device(device)
    if list(rungs) != sorted({rung for rung in rungs if 1 <= rung < recipe.epochs}):
        raise JobError(f"rungs: they are ascending epochs before the last, {recipe.epochs}, but got {rungs}")
    kept = Checkpoint(checkpoint, log)

    def once(seed: int, report: Report | None) -> Outcome:
        with _seeded(seed, target):
            loop = Loop(
                data=data,
                recipe=recipe,
                device=target,
                seed=seed,
                rungs=rungs,
                measures=measures,
                should_stop=should_stop,
                transfer=transfer,
                ranks=ranks,
                log=log,
                pieces=pieces,
            )
            return _start(loop, build, kept) or _follow(loop, kept, report)

    if repeats == 1:
        return once(seed, report)
    gain = make_task(data, measures=measures).gain
    return train_repeats(
        once, kept, seed=seed, repeats=repeats, report=report, epochs=recipe.epochs, gain=gain
    )


def _start(loop: Loop, build: Callable[[], nn.Module], checkpoint: Checkpoint) -> Outcome | None:
    """Bring a training to where its checkpoint ends; return its outcome if that is the end."""
    try:
        loop.start(build)
        if loop.ranks is not None and loop.ranks.rank:
            torch.manual_seed(loop.seed + loop.ranks.rank)  # dropout draws other numbers on each device
        if done := checkpoint.result(loop.identity()):
            return Outcome(
                status="complete",
                metrics=done["metrics"],
                history=done["history"],
                state=done["state"],
                confusion=done.get("confusion"),
            )
        snapshot = checkpoint.resume(loop.identity())
        if loop.ranks is not None:
            snapshot = loop.ranks.broadcast(snapshot)
        if snapshot:
            restore(loop, snapshot)
    except Exception as error:
        if is_passing(error):
            raise
        return _failed(loop, error)
    return None


def _follow(loop: Loop, checkpoint: Checkpoint, report: Report | None) -> Outcome:
    """Take a training to its end, or to where it is left; there, keep its state."""
    epochs = loop.run()
    status: Status = "pruned"
    while True:
        try:
            row = next(epochs, None)
        except Interrupted:
            status = "interrupted"
            break
        except Exception as error:
            if is_passing(error):
                raise
            return _failed(loop, error)
        if row is None:
            return Outcome(
                status="complete",
                metrics=loop.metrics(),
                history=loop.history,
                state=loop.state(),
                confusion=loop.confusion,
            )
        if report is not None and report(int(row["epoch"]), row) is False:
            break
        is_due = checkpoint.is_due()
        if loop.ranks is not None:
            (is_due,) = loop.ranks.broadcast_flags(is_due)
        if is_due:
            checkpoint.write(take_snapshot(loop))
    patience = PATIENCE_SECONDS if status == "pruned" else 0.0
    checkpoint.write(take_snapshot(loop), patience=patience, should_stop=loop.should_stop)
    return Outcome(status=status, metrics=loop.metrics(), history=loop.history)


def _failed(loop: Loop, error: Exception) -> Outcome:
    """Return the outcome of a training that an exception ended."""
    status: Status
    if isinstance(error, Diverged | TimedOut):
        status, cause, trace = error.status, str(error), ""
    else:
        status = "out_of_memory" if is_out_of_memory(error) else "error"
        cause = _lonely(loop, error) or f"{type(error).__name__}: {error}".splitlines()[0]
        trace = "".join(traceback.format_exception(error))
    return Outcome(status=status, cause=cause, trace=trace, metrics=loop.metrics(), history=loop.history)


def _lonely(loop: Loop, error: Exception) -> str:
    """Return that a norm was left with one value of a channel, which has no deviation; else ""."""
    if not (isinstance(error, ValueError) and str(error).startswith("Expected more than 1 ")):
        return ""
    count = int(loop.metrics()["micro_batch"])
    samples = "one sample" if count == 1 else f"{count} samples"
    remedy = "train on more of them" if count == 1 else "take a norm of other values on a map of one pixel"
    return f"a norm has one value of a channel, in pieces of {samples}; {remedy} ({error})"


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the generators of torch, and on CUDA take deterministic kernels; put all back afterwards."""
    cuda = device.type == "cuda"
    deterministic = torch.backends.cudnn.deterministic
    with restoring_states(device):
        torch.manual_seed(seed)
        try:
            torch.backends.cudnn.deterministic = cuda or deterministic
            yield
        finally:
            torch.backends.cudnn.deterministic = deterministic
