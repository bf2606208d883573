"""A worker in a process of its own: `python -m archscape.search.executors.child RUN NAME SLOT`.

It loads its libraries, and begins when a line on its standard input says that the folder of the run is ready,
where it reads all it needs. It reports what happens on standard output, a JSON line per event. It leaves when
its parent does, whose end closes its standard input and, on Linux, also sends SIGTERM.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path

from archscape.spaces.errors import ArchscapeError, InputError

from ..shutdown import Shutdown
from ..workers.events import Event, Notify
from ..workers.slot import WorkerSlot

DONE = 64
"""Exit status of a worker that has nothing left to do; not 0, with which a training function may end it."""

GRACE_SECONDS = 10.0
"""How long a worker whose parent is gone may take to give its trial back."""

_PR_SET_PDEATHSIG = 1


def main(folder: Path, name: str, slot: WorkerSlot) -> int:
    """Load, wait for the signal to begin, and work on the study until it is done; return the exit status."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    notify = _claim_output()
    for module in ("workers.setup", "training.train"):
        import_module(f"archscape.search.{module}")
    if not os.read(0, 1):
        return 0  # the parent is gone
    slot.bind()
    shutdown = Shutdown()
    with shutdown.handling_signals(signal.SIGTERM):
        threading.Thread(target=_follow_parent, daemon=True, name="follow-parent").start()
        try:
            from ..workers.setup import run_worker

            run_worker(
                folder,
                name=name,
                notify=notify,
                shutdown=shutdown,
                storage=os.environ.get("ARCHSCAPE_STORAGE", ""),
                slot=slot,
                kill=lambda: os._exit(1),
            )
        except ArchscapeError as error:
            wrong_input = isinstance(error, InputError)
            setting = error.setting if isinstance(error, InputError) else ""
            notify(
                Event(kind="error", worker=name, message=str(error), input_error=wrong_input, setting=setting)
            )
            return 2 if wrong_input else 1
    return (
        1 if shutdown.signalled else DONE
    )  # a pool that did not ask for it replaces who left before the end


def _claim_output() -> Notify:
    """Keep standard output for events; what libraries print goes to standard error."""
    output = os.dup(1)
    os.dup2(2, 1)

    def notify(event: Event) -> None:
        try:
            os.write(output, event.to_json().encode() + b"\n")
        except BrokenPipeError:
            os.kill(os.getpid(), signal.SIGTERM)  # nobody listens: the parent is gone

    return notify


def _follow_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)  # stuck in a call that no signal ends; the trial is taken up by others


def _end_others() -> None:
    """End what a training function may have left behind, which shares the group of this process."""
    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)


if __name__ == "__main__":
    status = main(Path(sys.argv[1]), sys.argv[2], WorkerSlot.from_json(sys.argv[3]))
    _end_others()
    sys.stderr.flush()
    os._exit(status)  # taking torch apart piece by piece takes a fifth of a second
