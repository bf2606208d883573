"""A process that trains, alone or with others: `python -m archscape.search.training.parallel.member FD`.

It gets its job over the socket FD, reports epochs and the outcome over it, and is gone at once when the other
end is: whatever ends the command that started it, nothing is left. What it prints goes to the log.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection

import torch
import torch.distributed as dist

from ..allocator import keep_freed_memory
from ..outcome import Outcome
from ..train import train
from .messages import EpochEnded, Line, Port, TrainingJob, send
from .ranks import Ranks

HOST = "127.0.0.1"


def main(link: Connection) -> None:
    """Do the job that comes over a socket."""
    job: TrainingJob = link.recv()
    torch.set_num_threads(job.threads)
    keep_freed_memory()
    asked = threading.Event()
    threading.Thread(target=_follow, args=(link, asked), daemon=True, name="follow").start()
    with _ranks(job, link) as ranks:
        outcome = _trained(job, ranks, link, asked.is_set)
        send(link, outcome if not job.rank else replace(outcome, state=None))  # the same in all
        if ranks is not None and outcome.status not in ("complete", "interrupted"):
            threading.Event().wait()  # were it to leave, the others would report that instead


def _trained(
    job: TrainingJob, ranks: Ranks | None, link: Connection, should_stop: Callable[[], bool]
) -> Outcome:
    first = job.rank == 0

    def report(epoch: int, row: Mapping[str, float]) -> None:
        if first:
            send(link, EpochEnded(epoch, row))

    def log(line: str) -> None:
        if first:
            send(link, Line(line))

    return train(
        job.source.build,
        job.data,
        job.recipe,
        seed=job.seed,
        device=job.device,
        report=report,
        checkpoint=job.checkpoint if first else None,
        should_stop=should_stop,
        transfer=job.transfer,
        ranks=ranks,
        pieces=job.pieces,
        log=log,
    )


@contextmanager
def _ranks(job: TrainingJob, link: Connection) -> Iterator[Ranks | None]:
    """Join the processes of a training: gloo between hosts' memories, NCCL between GPUs."""
    if job.count == 1:
        yield None
        return
    if sys.platform == "linux":
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"  # all are on this machine, whatever its name resolves to
    store = dist.TCPStore(  # type: ignore[attr-defined]
        HOST, job.port, is_master=not job.rank, wait_for_workers=False
    )
    if not job.rank:
        send(link, Port(store.port))
    is_cuda = torch.device(job.device).type == "cuda"
    if is_cuda:
        torch.cuda.set_device(job.device)
    backend = "cpu:gloo,cuda:nccl" if is_cuda else "gloo"
    dist.init_process_group(backend, store=store, rank=job.rank, world_size=job.count)
    yield Ranks(job.rank, job.count)
    dist.destroy_process_group()


def _follow(link: Connection, asked: threading.Event) -> None:
    """Note that a stop is asked for; leave when nobody is there to ask."""
    try:
        while True:
            link.recv()
            asked.set()
    except (EOFError, OSError):
        os._exit(1)


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
