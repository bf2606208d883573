"""Training a network by the user's function: every end it can come to has a name, as with a recipe."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch

from archscape.analysis.metrics import Objectives
from archscape.spaces.language.user_errors import place_of

from ...file_faults import check_usable, is_passing
from ...shutdown import ShutdownRequested, never
from ..device import resolve_device
from ..gradients import is_out_of_memory
from ..outcome import Outcome, Report
from ..repeats import ended, repeat_seed, report_repeat
from .context import TrainContext
from .isolation import isolated
from .metrics import ContractError, check_needed, not_finite, numbers_of
from .repeats import together
from .session import Session, Stop
from .settings import TrainFunction
from .trial_files import TrialFiles

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ...datasets.dataset import Dataset


def call_function(
    function: Callable[..., object],
    network: Network,
    train: TrainFunction,
    *,
    objectives: Objectives,
    files: TrialFiles,
    identity: Mapping[str, object],
    seed: int,
    data: Dataset | None = None,
    repeats: int = 1,
    device: str = "auto",
    report: Report = lambda epoch, metrics: True,
    should_stop: Callable[[], bool] = never,
    rungs: tuple[int, ...] = (),
    log: Callable[[str], None] = print,
) -> Outcome:
    """Train a network by a function and return how that ended; what the function raises becomes an outcome.

    A training that was cut off is called again, and finds its own folder as it left it; repeats that came to
    their end are not called again. Of several repeats the outcome is what they make together: of each metric
    the mean, of an objective the spread too, and the weights of the best one by the first objective.

    Args:
        function: Returns a mapping of metrics; called with the network and a `TrainContext`.
        network: Its `build()` makes the module, with weights that follow from the seed.
        train: Its settings and its budget.
        objectives: Those that the training gives: each has to be among its metrics.
        files: The folder of the trial; the caller's to remove.
        identity: What results follow from, in plain values; a folder of another training is emptied.
        seed: Of the training. The global generators are left as they were.
        data: What to train on; None if the job names no data.
        repeats: How often to train, from 1.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        report: Takes the number of epochs trained, over the repeats, and a row; False stops the trial, in its
            first repeat.
        should_stop: True interrupts the training, at its next report.
        rungs: Epochs at which the training may be compared with others.
        log: Takes lines for the log.

    Raises:
        ContractError: If the function does not keep to its contract; with its place.
        OSError: If the file system has a fault that is not the function's.
    """
    target = resolve_device(device)
    files.begin(identity)
    outcomes, shapes = files.finished()[:repeats], _shapes(network)
    for repeat in range(len(outcomes) + 1, repeats + 1):
        outcome = _call(
            function,
            network,
            Session(
                train=train,
                files=files,
                repeat=repeat,
                shapes=shapes,
                needed=tuple(objectives),
                compares_at=rungs if repeat == 1 else (),
                forward=report if repeats == 1 else report_repeat(report, repeat, train.epochs),
                interrupted=should_stop,
            ),
            data=data,
            seed=repeat_seed(seed, repeat),
            device=target,
            log=log,
        )
        outcomes.append(outcome)
        if outcome.status != "complete":
            return outcome if repeats == 1 else ended(outcomes, repeats)
        files.finish(outcomes)
    return together(outcomes, objectives, files.weights)


def _call(
    function: Callable[..., object],
    network: Network,
    session: Session,
    *,
    data: Dataset | None,
    seed: int,
    device: torch.device,
    log: Callable[[str], None],
) -> Outcome:
    """Call the function once."""
    train = session.train
    context = TrainContext(
        settings=dict(train.settings),
        data=data,
        device=str(device),
        seed=seed,
        epochs=train.epochs,
        checkpoints=session.files.own(session.repeat),
        _report=session.report,
        _save=session.save,
        _should_stop=session.should_stop,
        _log=log,
    )
    try:
        with isolated(seed, device):
            returned = function(network, context)
    except ShutdownRequested:
        raise
    except BaseException as error:  # whatever the function raises
        if session.raised is not None:
            raise _placed(session.raised, function) from None
        if is_passing(error):
            raise
        if not session.should_stop():
            check_usable([session.files.folder])  # a full disk is not the function's fault, whatever it says
            return _failed(error, session)
        log(f"told to stop, it raised {type(error).__name__}: {error}")
        returned = None
    if session.raised is not None:
        raise _placed(session.raised, function)
    if session.stop is None and session.interrupted():
        session.stop = Stop(status="interrupted")  # cut off in a way that the function made a return of
    if session.stop is not None:
        stop = session.stop
        return Outcome(status=stop.status, cause=stop.cause, metrics=session.metrics(), history=session.rows)
    return _complete(returned, session, function, log)


def _complete(
    returned: object, session: Session, function: Callable[..., object], log: Callable[[str], None]
) -> Outcome:
    """Return the outcome of a function that came to its end by itself.

    Raises:
        ContractError: If what it returned are no metrics.
    """
    try:
        metrics = numbers_of(returned, verb="returned")
        check_needed(metrics, session.needed, verb="returned")
    except ContractError as error:
        raise _placed(error, function) from None
    measured = session.metrics()
    if bad := not_finite(metrics, session.needed):
        cause = f"{bad} in what {function_name(function)} returned"
        return Outcome(status="diverged", cause=cause, metrics=measured, history=session.rows)
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    if left_out := [name for name in metrics if name not in finite]:
        log(f"not finite, so not kept: {', '.join(left_out)}")
    return Outcome(status="complete", metrics={**measured, **finite}, history=session.rows)


def _failed(error: BaseException, session: Session) -> Outcome:
    """Return the outcome of a function that raised; the message says where in the user's code."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    ran_out = isinstance(error, Exception) and is_out_of_memory(error)
    place = place_of(error)
    return Outcome(
        status="out_of_memory" if ran_out else "error",
        cause=f"{place}: {text}" if place else text,
        trace="".join(traceback.format_exception(error)),
        metrics=session.metrics(),
        history=session.rows,
    )


def _placed(error: BaseException, function: Callable[..., object]) -> BaseException:
    """Return an error; a breach of the contract with its place in the user's code."""
    if not isinstance(error, ContractError):
        return error
    code = getattr(function, "__code__", None)
    defined = f"{code.co_filename}:{code.co_firstlineno}" if code else ""
    place = place_of(error) or defined
    law = f"{place}: {function_name(function)}: {error}" if place else f"{function_name(function)}: {error}"
    placed = ContractError(law)
    placed.setting = "train"
    return placed


def function_name(function: Callable[..., object]) -> str:
    """Return the name of a function, for messages."""
    return getattr(function, "__name__", type(function).__name__)


def _shapes(network: Network) -> dict[str, torch.Size]:
    """Return the shapes of a network's weights; the generators of torch are left as they were."""
    with torch.random.fork_rng(devices=[]):
        return {name: value.shape for name, value in network.build().state_dict().items()}
