"""No idle choice: every choice that is declared must be able to change the network."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from .document import Document, Place
from .errors import ShapeError
from .graph import Totals
from .sampling import chooser, follow, other

if TYPE_CHECKING:
    from .space import Sample, Space

NETWORKS = 300
"""Random networks that are looked at while a choice has changed none."""
CONTEXTS = 12
"""Of these, how many must have drawn the choice; a rarer one is let pass."""
WORK = 200_000
"""Rows of all networks that are looked at together, so that a long table is declared in seconds."""


def check_idle(space: Space) -> None:
    """Raise if a choice changes nothing in any of many random networks. Limits are not looked at.

    Raises:
        SpaceError: With the place of the idle choice.
    """
    waiting = {path: 0 for path in space.paths if not _later_block(space, path)}
    rng = Random(0)
    work = WORK // len(space.program.rows)
    for _ in range(NETWORKS):
        sample = space.decide(chooser(rng))
        open_now = [path for path in sample.decisions if path in waiting]
        for path in open_now[:work]:
            changed = _changes(space, sample, path, rng)
            if changed:
                del waiting[path]
            elif changed is False:
                waiting[path] += 1
        work -= len(open_now) + 1
        if not waiting or work < 0:
            break
    for path, contexts in waiting.items():
        if contexts >= CONTEXTS:
            document = space.origin or Document(tree=None, name=f"space {space.name}")
            law = f"the choice '{path}' is idle: no option changes the network; take it out"
            raise document.error(_place(space, path), law)


def _later_block(space: Space, path: str) -> bool:
    """Tell whether a path belongs to the second or a later block of a row: the first speaks for them."""
    head, _, tail = path.partition(".")
    number = tail.partition(".")[0]
    return (
        number.isdigit() and int(number) > 1 and any(r.single for r in space.program.rows if r.name == head)
    )


def _changes(space: Space, sample: Sample, path: str, rng: Random) -> bool | None:
    """Tell whether another option at a path gives another network; None where neither can be built."""
    option = other(space.paths[path], sample.decisions[path], rng)
    changed = space.decide(follow({**sample.decisions, path: option}, chooser(rng)))
    costs, others = _totals(sample), _totals(changed)
    if costs is None and others is None:
        return None
    if costs != others:
        return True
    return sample.hash() != changed.hash()


def _totals(sample: Sample) -> Totals | None:
    try:
        return sample.totals
    except ShapeError:
        return None


def _place(space: Space, path: str) -> Place:
    parts = path.split(".")
    lets = space.program.lets
    if path in lets or (parts[0] in lets and path in dict(lets[parts[0]].paths(""))):
        return ("defaults", parts[1]) if parts[0] == "defaults" else ("let", parts[0])
    for row in space.program.rows:
        if row.name == parts[0]:
            if row.word and row.word in parts:
                return ("blocks", *parts[parts.index(row.word) :])
            return (*row.inner, parts[-1])
    return ()
