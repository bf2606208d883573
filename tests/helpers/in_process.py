"""An executor that runs its one worker in this process, so that a test needs no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archscape.search.executors.local import RunWorkers
from archscape.search.shutdown import Shutdown
from archscape.search.workers.events import Notify
from archscape.search.workers.setup import run_worker


@dataclass(frozen=True, kw_only=True)
class InProcess:
    """One worker, in this process.

    Attributes:
        storage: Where the study lies; "" in the folder of the run.
    """

    storage: str = ""

    @contextmanager
    def opened(self, folder: Path) -> Iterator[RunWorkers]:
        """Yield the work."""

        def work(notify: Notify, shutdown: Shutdown) -> None:
            with one_thread():
                run_worker(folder, name="w1", notify=notify, shutdown=shutdown, storage=self.storage)

        yield work


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute as the workers of a pool do, so that the same seed gives the same bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
