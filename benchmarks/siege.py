"""A search under faults, one after another, and then left in peace until every process has left by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from crew import COORDINATOR, JOINED, LONGER
from faults import STUDY_DELETED, World, kinds
from helpers.aftermath import count_ends

PATIENCE = 300.0
"""Seconds without a trial that ends after which a search counts as stuck."""

POLL = 0.05


def disturb(world: World, *, trials: int, rounds: int) -> None:
    """Begin the search; do every fault so many times, spread over nine tenths of the trials."""
    world.crew.start(COORDINATOR)
    wait_for_ends(world, 1, names=[COORDINATOR])
    faults = kinds(world) * rounds
    world.rng.shuffle(faults)
    for i, fault in enumerate(faults):
        wait_for_ends(world, 1 + int(0.9 * trials * i / len(faults)))
        time.sleep(world.rng.uniform(0, 0.5))  # any moment of a trial, or of what is between two
        world.do(fault)


def wait_for_ends(world: World, number: int, *, names: Collection[str] = (COORDINATOR, JOINED)) -> None:
    """Wait until so many trials have ended; start again what is dead of these names.

    Raises:
        TimeoutError: If none ended for too long.
    """
    latest, since = -1, time.monotonic()
    while (ended := count_ends(world.out)) < number:
        if ended > latest:
            latest, since = ended, time.monotonic()
        if time.monotonic() - since > PATIENCE:
            raise TimeoutError(f"no trial ended for {PATIENCE:g} s, after {ended}")
        world.undo()
        world.crew.replace_dead(names)
        time.sleep(POLL)


def delete_study(world: World, delete: Callable[[], object], *, trials: int) -> list[str]:
    """Delete the study under a search that goes on to more trials; return what is not as it must be then.

    Its processes end by themselves, with a line that says so and status 1.
    """
    world.crew.start(LONGER)
    wait_for_ends(world, trials + 2, names=())
    delete()
    world.done[STUDY_DELETED] += 1
    since = time.monotonic()
    # A process that is ending has no environment any more, by which it is found, before it has a status.
    while (world.crew.everyone() or world.crew.find(LONGER)) and time.monotonic() - since < PATIENCE:
        world.crew.bury()
        time.sleep(POLL)
    left, said = world.crew.everyone(), world.crew.said(LONGER)
    status = dict(world.crew.ends).get(LONGER)
    promises = {
        f"left when the study was deleted: {left}": bool(left),
        f"status {status} when the study was deleted": status != 1,
        f"when the study was deleted: {said}": "deleted" not in said or "Traceback" in said,
    }
    return [sentence for sentence, is_broken in promises.items() if is_broken]


def leave_in_peace(world: World) -> None:
    """Undo what can be undone; start again what died; wait until every process has left by itself.

    Raises:
        TimeoutError: If one does not leave.
    """
    world.undo(all_of_it=True)
    world.crew.bury()
    before, latest, since = len(world.crew.ends), -1, time.monotonic()
    left: set[str] = set()
    while left != {COORDINATOR, JOINED} or world.crew.everyone():
        if (ended := count_ends(world.out)) > latest:
            latest, since = ended, time.monotonic()
        if time.monotonic() - since > PATIENCE:
            raise TimeoutError(f"nothing happened for {PATIENCE:g} s, after {ended} trials")
        world.crew.bury()
        left = {name for name, status in world.crew.ends[before:] if status == 0}
        world.crew.replace_dead({COORDINATOR, JOINED} - left)
        time.sleep(POLL)
