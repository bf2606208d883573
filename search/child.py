"""A worker in a process of its own: `python -m archscape.search.child RUN NAME`.

It reads all it needs from the folder of the run, and tells what happens on standard output, a JSON line per
event. It leaves when its parent does, whose end closes its standard input and, on Linux, also sends SIGTERM.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from pathlib import Path

from archscape.spaces.errors import ArchscapeError, InputError

from .events import Event, Notify
from .stopping import Stopper

GRACE_SECONDS = 10.0
"""How long a worker whose parent is gone may take to give its trial back."""

_PR_SET_PDEATHSIG = 1


def main(folder: Path, name: str) -> int:
    """Work on the study of a run until it is done; return the exit status."""
    notify = _claim_output()
    stopper = Stopper()
    with stopper.listening(signal.SIGTERM):
        _follow_parent(stopper)
        try:
            from .join import join_run

            join_run(folder, name=name, notify=notify, stopper=stopper)
        except ArchscapeError as error:
            wrong_input = isinstance(error, InputError)
            notify(Event(kind="error", worker=name, message=str(error), input_error=wrong_input))
            return 2 if wrong_input else 1
    return 0


def _claim_output() -> Notify:
    """Keep standard output for events; what libraries print goes to standard error."""
    output = os.dup(1)
    os.dup2(2, 1)

    def notify(event: Event) -> None:
        try:
            os.write(output, event.to_line())
        except BrokenPipeError:
            os.kill(os.getpid(), signal.SIGTERM)  # nobody listens: the parent is gone

    return notify


def _follow_parent(stopper: Stopper) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    threading.Thread(target=_outlive_briefly, daemon=True, name="follow-parent").start()


def _outlive_briefly() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)  # stuck in a call that no signal ends; the trial is taken up by others


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
