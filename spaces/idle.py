"""No idle choice: every choice that is declared must be able to change the network."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from .canonical import canonical_hash
from .document import Document, Place
from .errors import ShapeError
from .graph import Graph, Totals
from .network import network_body
from .sampling import chooser, follow

if TYPE_CHECKING:
    from .space import Sample, Space

CONTEXTS = 12
"""Random networks in which a choice must change nothing before it is called idle."""
NETWORKS = 300
"""Random networks that are looked at in all; a choice too rare to show up in them is let pass."""


def check_idle(space: Space) -> None:
    """Raise if a choice changes nothing in any of a number of random networks. Limits are not looked at.

    Raises:
        SpaceError: With the place of the idle choice.
    """
    waiting = {path for path in space.paths if not _later_block(space, path)}
    seen: Counter[str] = Counter()
    rng = Random(0)
    for _ in range(NETWORKS):
        if not waiting:
            return
        sample = space.decide(chooser(rng))
        for path in [path for path in sample.decisions if path in waiting]:
            changed = _changes(space, sample, path, rng)
            if changed:
                waiting.discard(path)
            elif changed is False:
                seen[path] += 1
                if seen[path] >= CONTEXTS:
                    document = space.origin or Document(tree=None, name=f"space {space.name}")
                    raise document.error(
                        _place(space, path),
                        f"the choice '{path}' is idle: no option changes the network; take it out",
                    )


def _later_block(space: Space, path: str) -> bool:
    """Tell whether a path belongs to the second or a later block of a row: the first speaks for them."""
    head, _, tail = path.partition(".")
    number = tail.partition(".")[0]
    return (
        number.isdigit()
        and int(number) > 1
        and any(r.per_block for r in space.program.rows if r.name == head)
    )


def _changes(space: Space, sample: Sample, path: str, rng: Random) -> bool | None:
    """Tell whether another option at a path gives another network; None where neither can be built."""
    options = [option for option in space.paths[path] if option != sample.decisions[path]]
    other = space.decide(follow({**sample.decisions, path: rng.choice(options)}, chooser(rng)))
    costs, others = _totals(sample), _totals(other)
    if costs is None and others is None:
        return None
    if costs != others:
        return True
    return _hash(space, sample) != _hash(space, other)


def _totals(sample: Sample) -> Totals | None:
    try:
        return sample.totals
    except ShapeError:
        return None


def _hash(space: Space, sample: Sample) -> str:
    return canonical_hash(Graph(space.name, network_body(space.name, tuple(sample.drawn.calls), space.input)))


def _place(space: Space, path: str) -> Place:
    parts = path.split(".")
    if parts[0] in space.let:
        return ("let", parts[0])
    if parts[0] == "defaults":
        return ("defaults", parts[1])
    for row in space.program.rows:
        if row.name == parts[0]:
            if row.word and row.word in parts:
                return ("blocks", *parts[parts.index(row.word) :])
            return ("layers", row.index, space.layers[row.index].word, parts[-1])
    return ()
