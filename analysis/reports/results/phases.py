"""Who proposed the trials of a search, one after the other: each sampler, without a model and with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from archscape.analysis.results import BY_HAND, PROPOSED, predicted_metrics, prediction_columns

from ..figures.description import Segment
from ..format import escaped
from .run import Digest

LETTER = 0.02
"""Width of a letter of a name under a figure on a phone, as a share of the axis."""
SHORTEST = 3
"""Trials in a row from which on a phase is shown."""
COLORS = ("rest", "front", "running", "pruned", "failed")
"""Of the first phases; later ones have the last."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """The trials that one sampler proposed from a model, or those without one.

    Attributes:
        sampler: Its name.
        has_model: Whether it said what it expected of them.
        is_alone: Whether all of this sampler's trials are of this phase.
        numbers: Their numbers.
        complete: How many of them are complete and within the limits.
        best: Their best score; NaN if none is complete.
        median: Their median score.
        on_front: How many of them are on the frontier.
    """

    sampler: str
    has_model: bool
    is_alone: bool
    numbers: tuple[int, ...]
    complete: int
    best: float
    median: float
    on_front: int

    @property
    def name(self) -> str:
        """What the phase is called."""
        if self.is_alone:
            return self.sampler
        return f"{self.sampler}, {'by its model' if self.has_model else 'without a model'}"

    @property
    def short(self) -> str:
        """What it is called where there is little room."""
        return self.sampler if self.is_alone else "model" if self.has_model else "start"


def phases_of(digest: Digest) -> list[Phase]:
    """Return the phases in the order in which they began; none where nobody noted who proposed a trial."""
    trials = digest.trials
    sampler, _ = PROPOSED
    if sampler not in trials:
        return []
    means = [prediction_columns(name).mean for name in predicted_metrics(trials)]
    known = trials.assign(has_model=trials[means].notna().any(axis=1))
    known = known[known[sampler] != ""].sort_values("number")
    grouped = known.groupby([sampler, "has_model"], sort=False)
    groups = [(str(name), bool(has_model), rows) for (name, has_model), rows in grouped]
    names = [name for name, _, _ in groups]
    return [
        _phase(digest, rows, name, has_model=has_model, is_alone=names.count(name) == 1)
        for name, has_model, rows in groups
    ]


def _phase(
    digest: Digest,
    rows: pd.DataFrame,
    sampler: str,
    *,
    has_model: bool,
    is_alone: bool,
) -> Phase:
    usable = rows[(rows["status"] == "complete") & (rows["violation"] == 0)]
    scores = usable[digest.table.score].dropna()
    best = scores.max() if digest.table.way == "maximize" else scores.min()
    return Phase(
        sampler=sampler,
        has_model=has_model,
        is_alone=is_alone,
        numbers=tuple(rows["number"]),
        complete=len(usable),
        best=float(best),
        median=float(scores.median()),
        on_front=int(rows["on_front"].sum()),
    )


def phase_strip(digest: Digest, phases: Sequence[Phase]) -> list[Segment] | None:
    """Return the phases as the strip under the figure of what was reached; None where there is one alone.

    Trials end in another order than they were proposed, and a sampler may do without its model now and then:
    what is shorter than `SHORTEST` belongs to what is before it.
    """
    runs = _runs(digest, phases)
    finished = len(digest.progress)
    if len(runs) < 2:
        return None
    ends = [*(begins for _, begins in runs[1:]), finished + 1]
    return [
        Segment(
            low=begins - 0.5,
            high=end - 0.5,
            name=phases[at].short,
            color=COLORS[min(at, len(COLORS) - 1)],
            is_named=(end - begins) / finished > LETTER * len(phases[at].short),
            hover=f"<b>{escaped(phases[at].name)}</b><br>ended trials {begins:,} to {end - 1:,}",
        )
        for (at, begins), end in zip(runs, ends, strict=True)
    ]


def _runs(digest: Digest, phases: Sequence[Phase]) -> list[tuple[int, int]]:
    """Return which phase held from which finished trial on, counted from 1."""
    phase_of = {
        number: at
        for at, phase in enumerate(phases)
        if phase.sampler not in BY_HAND
        for number in phase.numbers
    }
    runs: list[tuple[int, int]] = []
    finished = 1
    for at, members in groupby(map(phase_of.get, digest.progress["number"])):
        length = len([*members])
        is_new = not runs or (at != runs[-1][0] and length >= SHORTEST)
        if at is not None and is_new:
            runs.append((at, finished))
        finished += length
    return runs
