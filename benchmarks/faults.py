"""What goes wrong on a cluster, done to a search on purpose at moments drawn from a seed."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from crew import COORDINATOR, JOINED, Crew, send
from helpers.aftermath import count_ends
from helpers.postgres import Cluster

DISK_BYTES = 128 << 20
BALLAST = "ballast"


@dataclass(kw_only=True)
class World:
    """A search under way, and what can be done to it.

    Attributes:
        crew: Its processes.
        out: Its folder.
        rng: Draws victims and seconds.
        lease: Seconds of silence after which a worker counts as lost.
        cluster: The server that holds the study; None with SQLite.
        small: Whether the folder is a disk of its own that can be filled.
        done: How often each fault was done.
        later: What is to be undone, each with its time on the monotonic clock.
    """

    crew: Crew
    out: Path
    rng: Random
    lease: float
    cluster: Cluster | None
    small: bool
    done: Counter[str] = field(default_factory=Counter)
    later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def do(self, fault: str) -> None:
        """Do a fault of `kinds` once."""
        self.done[fault] += 1
        FAULTS[fault](self)

    def undo(self, *, all_of_it: bool = False) -> None:
        """Undo what is due, or everything."""
        for entry in list(self.later):
            if all_of_it or entry[0] <= time.monotonic():
                self.later.remove(entry)
                entry[1]()

    def in_a_while(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something undone after some seconds."""
        self.later.append((time.monotonic() + seconds, action))

    def victim(self) -> int | None:
        """Return one of those that train, if there is any."""
        workers = self.crew.workers()
        return self.rng.choice(workers) if workers else None


def kinds(world: World) -> list[str]:
    """Return the faults that can be done here."""
    missing = set() if world.cluster else {"server restarted", "server crashed"}
    mounted = set() if world.small else {"disk full", "folder read-only"}
    return [name for name in FAULTS if name not in missing | mounted]


def _kill_worker(world: World) -> None:
    if victim := world.victim():
        send(victim, signal.SIGKILL)


def _ask_to_leave(world: World) -> None:
    """Ask a worker to leave, or all that joined."""
    if victim := world.rng.choice([world.victim(), world.crew.find(JOINED)]):
        send(victim, signal.SIGTERM)


def _kill_coordinator(world: World) -> None:
    """Kill what leads some of the workers: the coordinator, or what joined."""
    if victim := world.crew.find(world.rng.choice([COORDINATOR, COORDINATOR, JOINED])):
        send(victim, signal.SIGKILL)


def _kill_everyone(world: World) -> None:
    for pid in world.crew.everyone():
        send(pid, signal.SIGKILL)


def _freeze(world: World) -> None:
    """Stop a worker for longer than its lease; it goes on as if nothing had happened."""
    if victim := world.victim():
        send(victim, signal.SIGSTOP)
        seconds = world.lease * world.rng.uniform(2, 4)
        world.in_a_while(seconds, lambda: send(victim, signal.SIGCONT))


def _restart(world: World) -> None:
    assert world.cluster
    world.cluster.stop("fast")
    time.sleep(world.rng.uniform(0.5, 2))
    world.cluster.start()


def _crash(world: World) -> None:
    assert world.cluster
    world.cluster.stop("immediate")
    time.sleep(world.rng.uniform(0.5, 2))
    world.cluster.start()


def _fill_disk(world: World) -> None:
    """Leave not one byte on the disk of the folder, for a while."""
    ballast = world.out / BALLAST
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"0" * size):
                    pass
    world.in_a_while(world.rng.uniform(1, 4), lambda: ballast.unlink(missing_ok=True))


def _limit_files(world: World) -> None:
    """Let a worker write no more than a few bytes into any file, for a while."""
    if victim := world.victim():
        with suppress(ProcessLookupError):
            before = resource.prlimit(victim, resource.RLIMIT_FSIZE)
            resource.prlimit(victim, resource.RLIMIT_FSIZE, (world.rng.choice([0, 100, 10_000]), before[1]))
            world.in_a_while(world.rng.uniform(0.5, 3), lambda: _set_limit(victim, before))


def _set_limit(pid: int, limits: tuple[int, int]) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _move_folder(world: World) -> None:
    """Let a folder of the run be away: for a moment, or for so long that it is made again."""
    folder = world.out / world.rng.choice(["checkpoints", "logs", "spool"])
    away = folder.with_name(f"{folder.name}.away")
    with suppress(OSError):
        folder.rename(away)
        world.in_a_while(world.rng.choice([1, 4, 14]), lambda: _move_back(away, folder))


def _move_back(away: Path, folder: Path) -> None:
    """Bring a folder back, and its files into the one that was made in its place meanwhile."""
    folder.mkdir(exist_ok=True)
    for path in away.iterdir():
        later = folder / path.name
        if later.exists() and folder.name == "logs":
            with path.open("ab") as file:
                file.write(later.read_bytes())
        if not later.exists() or folder.name == "logs":
            path.replace(later)
    shutil.rmtree(away)


def _forbid_writing(world: World) -> None:
    """Mount a folder of the run read-only, for a while."""
    folder = world.out / world.rng.choice(["checkpoints", "logs", "spool"])
    if not folder.is_dir() or folder.with_name(f"{folder.name}.away").exists():
        return
    for options in (["--bind", str(folder)], ["-o", "remount,bind,ro"]):
        subprocess.run(["mount", *options, str(folder)], capture_output=True, check=True)
    world.in_a_while(world.rng.uniform(1, 6), lambda: unmount(folder))


def _damage_files(world: World) -> None:
    """Put what is no result among the results on disk, and damage what the folder says of itself."""
    spool, taken = world.out / "spool", set[str]()
    with suppress(FileNotFoundError):
        taken = {path.name for path in spool.iterdir()}
    numbers = world.rng.sample(range(count_ends(world.out) + 9), 5)
    for name in sorted({f"trial-{number:05d}.json" for number in numbers} | {"trial-seven.json"}):
        if name not in taken:
            _put(spool / name, world.rng.choice([b"", b"{", b"\xff\xfe\0", b"[]", b'{"number": 1}', None]))
    for name in ("study.json", "environment.json"):
        _put(world.out / name, world.rng.choice([b"", b"{", b"[1]"]))


def _put(path: Path, content: bytes | None) -> None:
    """Write a file, or make a folder in its place."""
    with suppress(OSError):
        path.mkdir() if content is None else path.write_bytes(content)


STUDY_DELETED = "study deleted"
"""The fault that no search survives, done when the others are over."""

FAULTS: Mapping[str, Callable[[World], None]] = {
    "worker killed": _kill_worker,
    "worker frozen": _freeze,
    "worker asked to leave": _ask_to_leave,
    "coordinator killed": _kill_coordinator,
    "all killed": _kill_everyone,
    "server restarted": _restart,
    "server crashed": _crash,
    "disk full": _fill_disk,
    "file size limited": _limit_files,
    "folder away": _move_folder,
    "folder read-only": _forbid_writing,
    "files damaged": _damage_files,
}


def mount_small_disk(folder: Path) -> bool:
    """Make a folder a small disk of its own, in memory; return whether that is allowed here."""
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "archscape", str(folder)]
    try:
        return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def unmount(folder: Path) -> None:
    """Give a folder back that is a small disk."""
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=True)
