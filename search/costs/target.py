"""What a search tells of the small device that its networks are for, before it begins."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archscape.analysis.costs.memory.targets import TITLES, missing_operators

if TYPE_CHECKING:
    from random import Random

    from archscape.analysis.costs.memory.targets.settings import TargetSettings
    from archscape.spaces import Space

DRAWN = 100
"""Networks that are drawn to see which operators a space has."""


def missing_notes(target: TargetSettings, space: Space, rng: Random) -> list[str]:
    """Return a line for each operator that networks of a space may have and the runtime lacks.

    Those that converters compose of others are left out: `archscape lint` tells them.
    """
    remedies: dict[str, str] = {}
    networks: Counter[str] = Counter()
    for _ in range(DRAWN):
        network = space.sample(rng).network
        at = [*missing_operators(network, target=target.runtime, dtype=target.dtype)]
        lacks = {each.missing.operator: each.missing.remedy for each in at if not each.missing.is_composed}
        networks.update(lacks.keys())
        remedies |= lacks
    return [
        f"{space.name}: {count} of {DRAWN} networks that are drawn need {operator}, which "
        f"{TITLES[target.runtime]} lacks; take {remedies[operator]}"
        for operator, count in networks.most_common()
    ]
