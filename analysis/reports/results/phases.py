"""Who proposed the trials of a search, one after the other: each sampler, without a model and with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from archscape.analysis.results import PROPOSED, predicted_metrics, prediction_columns

from ..figures.description import Segment
from ..format import escaped
from .run import Digest

LETTER = 0.02
"""Width of a letter of a name under a figure on a phone, as a share of the axis."""
COLORS = ("rest", "front", "running", "pruned", "failed")
"""Of the first phases; later ones have the last."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """The trials that one sampler proposed from a model, or those without one.

    Attributes:
        sampler: Its name.
        has_model: Whether it said what it expected of them.
        is_alone: Whether all of this sampler's trials are of this phase.
        trials: How many there are.
        complete: How many of them are complete and within the limits.
        best: Their best score; NaN if none is complete.
        median: Their median score.
        on_front: How many of them are on the frontier.
        begins: After how many finished trials the first one of them finished, 1 being the first; 0 for none.
    """

    sampler: str
    has_model: bool
    is_alone: bool
    trials: int
    complete: int
    best: float
    median: float
    on_front: int
    begins: int

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
    places = {number: place for place, number in enumerate(digest.progress["number"], start=1)}
    grouped = known.groupby([sampler, "has_model"], sort=False)
    groups = [(str(name), bool(has_model), rows) for (name, has_model), rows in grouped]
    names = [name for name, _, _ in groups]
    return [
        _phase(digest, rows, name, has_model=has_model, is_alone=names.count(name) == 1, places=places)
        for name, has_model, rows in groups
    ]


def _phase(
    digest: Digest,
    rows: pd.DataFrame,
    sampler: str,
    *,
    has_model: bool,
    is_alone: bool,
    places: dict[int, int],
) -> Phase:
    usable = rows[(rows["status"] == "complete") & (rows["violation"] == 0)]
    scores = usable[digest.table.score].dropna()
    best = scores.max() if digest.table.way == "maximize" else scores.min()
    return Phase(
        sampler=sampler,
        has_model=has_model,
        is_alone=is_alone,
        trials=len(rows),
        complete=len(usable),
        best=float(best),
        median=float(scores.median()),
        on_front=int(rows["on_front"].sum()),
        begins=min((places[number] for number in rows["number"] if number in places), default=0),
    )


def phase_strip(phases: Sequence[Phase], finished: int) -> list[Segment] | None:
    """Return the phases as the strip under the figure of what was reached; None where there is one alone."""
    begun = sorted((phase for phase in phases if phase.begins), key=lambda phase: phase.begins)
    if len(begun) < 2:
        return None
    ends = [*(phase.begins for phase in begun[1:]), finished + 1]
    return [
        Segment(
            low=phase.begins - 0.5,
            high=end - 0.5,
            name=phase.short,
            color=COLORS[min(at, len(COLORS) - 1)],
            is_named=(end - phase.begins) / finished > LETTER * len(phase.short),
            hover=f"<b>{escaped(phase.name)}</b><br>{phase.trials:,} trials",
        )
        for at, (phase, end) in enumerate(zip(begun, ends, strict=True))
    ]
