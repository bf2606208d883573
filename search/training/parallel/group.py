"""Trainings in processes of their own: one over several devices, or several, each on its device.

A training whose process dies ends with the status `lost_worker`, and its other processes with it. No process
outlives the block that started it, nor the command itself, however that ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path

import torch

from ...shutdown import never
from ..outcome import Outcome, Report
from .messages import STOP, EpochEnded, Line, Port, TrainingJob, Update, send

LOOK_SECONDS = 0.5
"""How often it is asked whether to stop while nothing happens."""

GRACE_SECONDS = 60.0
"""How long a training that is asked to stop may take to; then its latest checkpoint counts."""

MEMBER = (sys.executable, "-m", "archscape.search.training.parallel.member")


class Member:
    """A process of a training."""

    def __init__(self, device: str, *, threads: int, errors: Path) -> None:
        self.device = device
        self.link, other = Pipe()
        with errors.open("ab") as log:
            self.process = subprocess.Popen(
                [*MEMBER, str(other.fileno())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"OMP_NUM_THREADS": str(threads)},
                process_group=0,  # Ctrl-C on a terminal is for the command alone
            )
        other.close()

    def send(self, message: object) -> None:
        """Send a message; that a process is dead is seen when it is listened to."""
        with suppress(BrokenPipeError, ConnectionResetError):
            send(self.link, message)

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def end(self) -> None:
        """End the process and what it started, if it still runs."""
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of the dead
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.link.close()


class Group:
    """The processes of one training.

    Attributes:
        members: All of them.
        links: The sockets of those that still have something to say.
        outcome: How the training ended, once it has.
    """

    def __init__(self, job: TrainingJob, devices: Sequence[str], *, report: Report, errors: Path) -> None:
        threads = max(torch.get_num_threads() // len(devices), 1)
        self.job = replace(job, count=len(devices), threads=threads)
        self.report = report
        self.outcome: Outcome | None = None
        self.members: list[Member] = []
        self._deadline: float | None = None
        try:
            for device in devices:
                self.members.append(Member(device, threads=threads, errors=errors))
        except BaseException:
            self.end()
            raise
        self.links = [member.link for member in self.members]
        self.members[0].send(self.job.on(devices[0], rank=0, port=0))

    def read(self, link: Connection, log: Callable[[str], None]) -> None:
        """Take in what a process says next."""
        rank = next(i for i, member in enumerate(self.members) if member.link is link)
        try:
            update: Update = link.recv()
        except (EOFError, OSError):
            self.outcome = self._lost(rank)
            return
        if isinstance(update, Outcome):
            self._ended(update, rank)
            return
        match update:
            case Port(number):
                for i, member in enumerate(self.members[1:], 1):
                    member.send(self.job.on(member.device, rank=i, port=number))
            case EpochEnded(epoch, row):
                self.report(epoch, row)
            case Line(text):
                log(text)

    def _ended(self, outcome: Outcome, rank: int) -> None:
        """Take in an outcome: the first one's counts, and any failure, though it is no other process's."""
        self.links.remove(self.members[rank].link)
        lost = [i for i, member in enumerate(self.members) if member.link in self.links and member.is_dead]
        if outcome.status == "error" and lost:
            self.outcome = self._lost(lost[0])
        elif rank == 0 or outcome.status not in ("complete", "interrupted"):
            self.outcome = self._named(outcome, rank)

    def stop(self) -> None:
        """Ask for an end between two steps."""
        self._deadline = time.monotonic() + GRACE_SECONDS
        self.members[0].send(STOP)

    def give_up(self) -> None:
        """Take a training that was asked to stop long ago for stopped."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            self.outcome = self.outcome or Outcome(status="interrupted")

    def end(self) -> None:
        """End its processes."""
        for member in self.members:
            member.end()

    def _named(self, outcome: Outcome, rank: int) -> Outcome:
        """Return an outcome that says which device failed, where there are several."""
        if len(self.members) == 1 or not outcome.cause:
            return outcome
        return replace(outcome, cause=f"on {self._name(rank)}: {outcome.cause}")

    def _lost(self, rank: int) -> Outcome:
        member = self.members[rank]
        with suppress(subprocess.TimeoutExpired):
            member.process.wait(GRACE_SECONDS)
        status = member.process.returncode
        how = f"by signal {-status}" if status is not None and status < 0 else f"with exit status {status}"
        return Outcome(status="lost_worker", cause=f"the process on {self._name(rank)} ended {how}")

    def _name(self, rank: int) -> str:
        several = len(self.members) > 1
        return f"{self.members[rank].device}" + f" (process {rank + 1} of {len(self.members)})" * several


def train_jobs(
    jobs: Sequence[TrainingJob],
    slots: Sequence[Sequence[str]],
    *,
    ended: Callable[[TrainingJob, Outcome], None],
    report: Callable[[TrainingJob], Report],
    errors: Path,
    should_stop: Callable[[], bool] = never,
    log: Callable[[str], None] = print,
) -> None:
    """Train, as many at a time as there are slots; none of the processes is left afterwards.

    Args:
        jobs: The trainings, begun in this order.
        slots: The devices of a training, for each that goes on at a time.
        ended: Called as each ends; one that was asked to stop is `interrupted`.
        report: Returns what is called after each epoch of a training.
        errors: What processes print is appended to this file.
        should_stop: Asked twice a second; true stops those under way and begins no more.
        log: Takes a line about a checkpoint.
    """
    waiting, running = deque(jobs), dict[int, Group]()
    is_stopping = False
    try:
        while waiting or running:
            for i in range(len(slots)):
                if waiting and i not in running:
                    job = waiting.popleft()
                    running[i] = Group(job, slots[i], report=report(job), errors=errors)
            links = {link: group for group in running.values() for link in group.links}
            for link in wait([*links], LOOK_SECONDS):
                if isinstance(link, Connection) and links[link].outcome is None:
                    links[link].read(link, log)
            if not is_stopping and should_stop():
                is_stopping = True
                waiting.clear()
                for group in running.values():
                    group.stop()
            for i, group in [*running.items()]:
                group.give_up()
                if group.outcome is not None:
                    group.end()
                    ended(running.pop(i).job, group.outcome)
    finally:
        for group in running.values():
            group.end()
