"""What a search tells of the small device that its networks are for, before it begins."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archscape.analysis.costs.memory.targets import load_target

if TYPE_CHECKING:
    from random import Random

    from archscape.analysis.costs.memory.targets.settings import TargetSettings
    from archscape.spaces import Space

DRAWN = 100
"""Networks that are drawn to see which operators a space has."""


def missing_notes(target: TargetSettings, space: Space, rng: Random) -> list[str]:
    """Return a line for each operator that networks of a space may have and the runtime does not.

    Those that converters compose of others are left out: `archscape lint` tells them.
    """
    runtime = load_target(target.runtime, target.dtype)
    networks: Counter[str] = Counter()
    for _ in range(DRAWN):
        network = space.sample(rng).network
        missing = runtime.missing(network, target.dtype)
        networks.update(
            {
                f"{each.sentence(runtime.title)}; take {each.remedy}"
                for each in missing
                if each.kind != "composed"
            }
        )
    return [
        f"{space.name}: in {count} of {DRAWN} networks that are drawn, {sentence}"
        for sentence, count in networks.most_common()
    ]
