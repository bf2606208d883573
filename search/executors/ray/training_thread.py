"""The training of one network in a thread, which can be followed, stopped at a rung, and asked to leave."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from archscape.search.file_faults import FileFault, describe, is_waiting
from archscape.search.shutdown import ShutdownRequested
from archscape.search.study.lease import Lease
from archscape.search.study.spool import Result
from archscape.search.workers.evaluator import Context, Evaluator, evaluate_safely
from archscape.spaces.errors import JobError

from .messages import TrialUpdate

LEAVE_SECONDS = 8.0
"""How long a training that was asked to leave gets to write its checkpoint."""


class TrainingThread:
    """A training in a thread of its own.

    At a rung of early stopping it waits until it is asked for the next update, which lets it continue, or is
    asked to leave.
    """

    def __init__(self, evaluate: Evaluator, lease: Lease, *, rungs: tuple[int, ...], worker: str) -> None:
        """Start the training; after the epochs of `rungs` it waits for a decision."""
        self._evaluate = evaluate
        self._lease = lease
        self._rungs = rungs
        self._worker = worker
        self._changed = threading.Condition()
        self._rows: dict[int, Mapping[str, float]] = {}
        self._lines: list[str] = []
        self._result: Result | None = None
        self._left = False
        self._fault, self._is_lasting = "", False
        self._wrong = self._setting = ""
        self._waiting = False
        self._reported = False
        self._leaving = False
        self._thread = threading.Thread(target=self._run, name=f"trial-{lease.number}", daemon=True)
        self._thread.start()

    def next_update(self, seconds: float) -> TrialUpdate:
        """Let the training continue; return what is new at a rung, at its end, or after some seconds."""
        with self._changed:
            if self._reported:
                self._waiting = False
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._left or self._result, timeout=seconds)
            self._reported = self._waiting
            rows, lines = self._rows, self._lines
            self._rows, self._lines = {}, []
            return TrialUpdate(
                worker=self._worker,
                rows=rows,
                lines=lines,
                result=self._result,
                left=self._left,
                fault=self._fault,
                error=self._wrong,
                input_error=bool(self._wrong),
                setting=self._setting,
                lasting=self._is_lasting,
                waiting=is_waiting(self._thread.ident),
            )

    def log(self, text: str) -> None:
        """Append a line to the log of the trial."""
        with self._changed:
            self._lines.append(text)

    def leave(self) -> None:
        """Ask the training to write its checkpoint and end; at a rung, this is the decision."""
        with self._changed:
            self._leaving = True
            self._changed.notify_all()

    def end(self) -> None:
        """Ask the training to leave, and wait for it."""
        self.leave()
        self._thread.join(LEAVE_SECONDS)

    def _run(self) -> None:
        context = Context(
            lease=self._lease,
            worker=self._worker,
            log=self.log,
            report=self._report,
            should_stop=lambda: self._leaving,
        )
        result = None
        try:
            result = evaluate_safely(self._evaluate, self._lease.network, context)
        except ShutdownRequested:
            self.log(f"{self._worker} leaves it")
        except OSError as error:
            self._fault = describe(error)
            self._is_lasting = isinstance(error, FileFault) and error.is_lasting
            self.log(f"{self._worker} gives it back: {self._fault}")
        except JobError as error:
            self._wrong, self._setting = str(error), error.setting
        pruned = result is not None and result.status == "pruned"
        with self._changed:
            self._left = result is None or pruned
            self._result = None if pruned else result
            self._changed.notify_all()

    def _report(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        with self._changed:
            self._rows[epoch] = {name: value for name, value in metrics.items() if value == value}
            if epoch in self._rungs and not self._leaving:
                self._waiting = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._leaving or not self._waiting)
                self._waiting = self._reported = False
            return not self._leaving
