"""Session: one call of a training function under way, and what its reports come to."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from ..outcome import Report, Status
from .metrics import ContractError, check_needed, not_finite, numbers_of
from .settings import TrainFunction
from .trial_files import TrialFiles

if TYPE_CHECKING:
    from torch import Tensor

PREFIXES = ("module.", "_orig_mod.")
"""What DistributedDataParallel and torch.compile put before the names of weights."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why a function was told to stop."""

    status: Status
    cause: str = ""


@dataclass(kw_only=True)
class Session:
    """One call of a training function under way.

    Attributes:
        needed: Metrics that each report with metrics has: the objectives that training gives.
        compares_at: Epochs whose reports need metrics, for early stopping compares them.
        forward: Takes a row of the history; False if the trial is to stop. What it raises ends the call.
        rows: The history, with what earlier calls reported before they were cut off.
        stop: Why the function was told to stop, if it was.
        raised: What a report raised: a breach of the contract, or the loss of the trial.
    """

    train: TrainFunction
    files: TrialFiles
    repeat: int
    shapes: Mapping[str, torch.Size]
    needed: tuple[str, ...]
    compares_at: tuple[int, ...]
    forward: Report
    interrupted: Callable[[], bool]
    rows: list[dict[str, float]] = field(init=False)
    stop: Stop | None = None
    raised: BaseException | None = None
    _started: float = field(init=False)
    _last: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.rows = self.files.history(self.repeat)
        self._started = time.perf_counter() - (self.rows[-1].get("seconds", 0.0) if self.rows else 0.0)

    @property
    def seconds(self) -> float:
        """Seconds trained, before an interruption too."""
        return time.perf_counter() - self._started

    def report(self, epoch: object, metrics: object) -> bool:
        """Take a report of the function; return whether it is to go on.

        Raises:
            ContractError: If it is none.
        """
        if self.should_stop():
            return False
        try:
            row = self._row(epoch, metrics)
        except ContractError as error:
            self.raised = error
            raise
        if bad := not_finite(row, self.needed):
            self.stop = Stop(status="diverged", cause=f"{bad} in epoch {self._last}")
            return False
        if len(row) > 2 or self._last in self.compares_at:
            self._keep(row)
        return not self.should_stop()

    def should_stop(self) -> bool:
        """Return whether the function is to return; notes why."""
        if self.stop is None and self.raised is None:
            limit = self.train.seconds
            if self.interrupted():
                self.stop = Stop(status="interrupted")
            elif limit is not None and self.seconds > limit:
                where = f"after epoch {self._last} of {self.train.epochs}" if self._last else "in epoch 1"
                self.stop = Stop(status="timed_out", cause=f"the {limit:g} seconds of `train:` ended {where}")
        return self.stop is not None or self.raised is not None

    def save(self, weights: nn.Module | Mapping[str, Tensor]) -> None:
        """Write the weights that the function hands over.

        Raises:
            ContractError: If they are not those of the network.
        """
        if not isinstance(weights, nn.Module | Mapping):
            law = f"it saved a {type(weights).__name__}; hand over the module, or its state dict"
            self.raised = ContractError(law)
            raise self.raised
        state = dict(weights.state_dict() if isinstance(weights, nn.Module) else weights)
        for prefix in PREFIXES:
            if state and all(name.startswith(prefix) for name in state):
                state = {name.removeprefix(prefix): value for name, value in state.items()}
        try:
            _check_weights(state, self.shapes)
        except ContractError as error:
            self.raised = error
            raise
        self.files.save(self.repeat, state)

    def metrics(self) -> dict[str, float]:
        """Return the latest reported metrics, and what is measured of the training."""
        latest = self.rows[-1] if self.rows else {}
        return {
            **{name: value for name, value in latest.items() if name != "epoch"},
            "seconds": self.seconds,
            "epochs": self._last or (self.rows[-1]["epoch"] if self.rows else 0),
        }

    def _row(self, epoch: object, metrics: object) -> dict[str, float]:
        """Return the row of an epoch.

        Raises:
            ContractError: If the epoch or the metrics are none.
        """
        number = _epoch(epoch, self.train.epochs, self._last)
        known = numbers_of(metrics if metrics is not None else {}, verb="reported")
        if known or number in self.compares_at:
            check_needed(known, self.needed, verb="reported")
        self._last = number
        return {"epoch": number, **known, "seconds": self.seconds}

    def _keep(self, row: dict[str, float]) -> None:
        """Write a row, and pass it on."""
        finite = {name: value for name, value in row.items() if abs(value) < float("inf")}
        self.rows = [before for before in self.rows if before["epoch"] < row["epoch"]] + [finite]
        self.files.keep_history(self.repeat, self.rows)
        try:
            if self.forward(int(row["epoch"]), finite) is False and self.stop is None:
                self.stop = Stop(status="interrupted" if self.interrupted() else "pruned")
        except BaseException as error:  # not for the function to handle
            self.raised = error


def _epoch(epoch: object, epochs: int, last: int) -> int:
    """Return the number of an epoch that is reported.

    Raises:
        ContractError: If it is none, or one that was reported before.
    """
    try:
        number = operator.index(epoch)  # type: ignore[arg-type]  # NumPy's and PyTorch's whole numbers too
    except TypeError:
        number = -1
    if isinstance(epoch, bool) or number < 0:
        raise ContractError(f"it reported epoch {epoch!r}; an epoch is a whole number")
    epoch = number
    if epoch == 0:
        raise ContractError("it reported epoch 0, but epochs count from 1: `context.report(epoch + 1, ...)`")
    if not 1 <= epoch <= epochs:
        law = f"`train:` gives it {epochs} epoch{'s' * (epochs > 1)}"
        remedy = f"let it train `context.epochs`, or raise `train: {{epochs: {max(epoch, 1)}}}`"
        raise ContractError(f"it reported epoch {epoch}, but {law}; {remedy}")
    if epoch <= last:
        raise ContractError(f"it reported epoch {epoch} after epoch {last}; each is reported once, in order")
    return epoch


def _check_weights(state: Mapping[str, object], shapes: Mapping[str, torch.Size]) -> None:
    """Check that a state dict is one of the network's.

    Raises:
        ContractError: If it is not.
    """
    remedy = "hand over the module that `network.build()` made, or its state dict"
    missing = [name for name in shapes if name not in state]
    foreign = [name for name in state if name not in shapes]
    if missing or foreign:
        what = f"without '{missing[0]}'" if missing else f"with '{foreign[0]}'"
        raise ContractError(f"it saved weights {what}, which are not the network's; {remedy}")
    for name, value in state.items():
        if not isinstance(value, torch.Tensor) or value.shape != shapes[name]:
            shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            law = f"the network's is {tuple(shapes[name])}"
            raise ContractError(f"it saved '{name}' as {shape}, but {law}; {remedy}")
