"""Quasi-random search: the points of a Sobol sequence, scrambled (Matousek 1998), one coordinate a choice.

The first n points of it are spread over every choice, and over every few choices together, more evenly than
n random ones. Where some networks alone have a choice, its coordinate is dealt to all and used by those, so
the even spread holds for all networks together and not for the few that have the choice.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from .walk import Walk, WalkSampler

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space
    from archscape.spaces.values import Option

    from ..study.history import History

BLOCK = 64
"""Points that are made at once; a power of two, as such sequences want it."""


@dataclass(frozen=True, kw_only=True)
class QuasiRandomSampler(WalkSampler):
    """Points of a Sobol sequence, spread over all choices more evenly than random ones.

    The first trial is random; how the sequence is scrambled follows from its decisions.
    """

    name: ClassVar[str] = "quasi-random"

    def seed(self, history: History) -> str | None:
        """Return the decisions of the first trial."""
        trials = chain(history.complete, history.failed, history.stopped.values(), history.pending.values())
        first = min(trials, key=attrgetter("number"), default=None)
        return json.dumps(dict(first.decisions), sort_keys=True) if first else None

    def walk(self, space: Space, seed: str) -> Walk:
        """Return the walk through the points of the sequence, which has no end."""
        engine = qmc.Sobol(min(len(space.paths), qmc.Sobol.MAXDIM), rng=zlib.crc32(seed.encode()))
        column = {path: i % engine.d for i, path in enumerate(space.paths)}
        blocks: list[NDArray[np.float64]] = []

        def point(place: int) -> Sample:
            while place >= BLOCK * len(blocks):
                blocks.append(engine.random(BLOCK))
            coordinates = blocks[place // BLOCK][place % BLOCK]

            def choose(path: str, options: Sequence[Option]) -> Option:
                return options[int(coordinates[column[path]] * len(options))]

            return space.decide(choose)

        return Walk(space=space, point=point)
