"""Unused choices and wrong options of a space: what only the networks drawn from it show."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ..errors import ShapeError
from ..graph import Totals
from ..language.calls import MAX_SIZE, RowError
from ..language.document import Place
from ..language.slots import uniform
from ..values import Option
from .drawing import follow, other
from .open_table import BaseSample, OpenTable

OPERATORS = 20_000
"""Operators and blocks of all networks in which options are tried, so that it takes a second."""
ROUNDS = 100
"""Networks in which every choice takes the next option that none has taken; a longer choice is let pass."""
NETWORKS = 300
"""Random networks that are looked at while a choice has changed none."""
CONTEXTS = 12
"""Of these, how many must have drawn the choice; a rarer one is let pass."""
WORK = 200_000
"""Rows of all networks that are looked at together, so that a long table is declared in seconds."""


def check_options(space: OpenTable[BaseSample]) -> None:
    """Raise if an option makes a row of a composed block wrong. A map too small is no error of the space.

    Raises:
        SpaceError: With the place of the row.
    """
    if not space.composed:
        return
    rng = Random(0)
    # The ends of a range are the likeliest to be wrong, so they come first.
    waiting = {
        path: [*options[1:-1][:ROUNDS], options[0], options[-1]] for path, options in space.paths.items()
    }
    taken: list[tuple[str, Option]] = []

    def choose(path: str, options: Sequence[Option]) -> Option:
        if not waiting[path]:
            return rng.choice(options)
        taken.append((path, waiting[path].pop()))
        return taken[-1][1]

    work = OPERATORS
    for _ in range(min(ROUNDS, WORK // len(space.program.rows))):
        taken.clear()
        size = _size(space.decide(choose))
        work -= size or MAX_SIZE // 10
        if size is None:  # so the rows below the one that does not fit were not seen
            for path, option in taken:
                waiting[path].insert(0, option)
        if work < 0 or not any(waiting.values()):
            break


def check_unused_choices(space: OpenTable[BaseSample]) -> None:
    """Raise if a choice changes nothing in any of many random networks. Limits are not looked at.

    Raises:
        SpaceError: With the place of the choice.
    """
    check_options(space)
    waiting = {path: 0 for path in space.paths if not _later_block(space, path)}
    rng = Random(0)
    work = WORK // len(space.program.rows)
    for _ in range(NETWORKS):
        sample = space.decide(uniform(rng))
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
    idle = [path for path, contexts in waiting.items() if contexts >= CONTEXTS]
    # A word of `blocks` is said once for all rows that use it: it is idle where it is so in each of them.
    places = {_place(space, path) for path in space.paths if path not in waiting} if idle else set()
    for path in idle:
        if _place(space, path)[:1] != ("blocks",) or _place(space, path) not in places:
            law = f"the choice '{path}' is idle: no option changes the network; take it out"
            raise space.document.error(_place(space, path), law)


def _later_block(space: OpenTable[BaseSample], path: str) -> bool:
    """Tell whether a path belongs to the second or a later block of a row: the first speaks for them."""
    head, _, tail = path.partition(".")
    number = tail.partition(".")[0]
    return (
        number.isdigit()
        and int(number) > 1
        and any(r.single for r in space.program.rows if r.line.name == head)
    )


def _changes(space: OpenTable[BaseSample], sample: BaseSample, path: str, rng: Random) -> bool | None:
    """Tell whether another option at a path gives another network; None where neither can be built."""
    option = other(space.paths[path], sample.decisions[path], rng)
    changed = space.decide(follow({**sample.decisions, path: option}, uniform(rng)))
    costs, others = _totals(sample), _totals(changed)
    if costs is None and others is None:
        return None
    if costs != others or sample.hash() != changed.hash():
        return True
    return False if _reaches(space, sample, path) else None


def _reaches(space: OpenTable[BaseSample], sample: BaseSample, path: str) -> bool:
    """Tell whether what a decision is for is part of the network: a row that none reads is left out of it."""
    rows = space.program.rows
    drawn = {rows[call.row].line.name for call in sample.drawn.calls}
    return not space.program.prunes or len(drawn) == len(rows) or path.partition(".")[0] in drawn


def _size(sample: BaseSample) -> int | None:
    """Return how many operators and blocks a network comes down to; None where it cannot be built."""
    try:
        return sample.lower().extent[0]
    except ShapeError:
        return None


def _totals(sample: BaseSample) -> Totals | None:
    try:
        return sample.totals
    except RowError:
        return sample.lower().totals  # raises the error with its place
    except ShapeError:
        return None


def _place(space: OpenTable[BaseSample], path: str) -> Place:
    parts = path.split(".")
    lets = space.program.lets
    if path in lets or (parts[0] in lets and path in dict(lets[parts[0]].paths(""))):
        return ("defaults", parts[1]) if parts[0] == "defaults" else ("let", parts[0])
    for row in space.program.rows:
        if row.line.name == parts[0]:
            if row.word and row.word in parts:
                return ("blocks", *parts[parts.index(row.word) :])
            return (*row.line.inner, parts[-1])
    return ()
