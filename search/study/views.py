"""Views: what trials had come to at the rungs of early stopping, kept up to date from what is new there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .rung_rows import Arrival, RungRows

MANY = 500
"""From how many trials on reading all views is no dearer than reading theirs."""


class News(NamedTuple):
    """What was read of the rungs.

    Attributes:
        arrivals: What came to them.
        of: The trials of which these are all arrivals; None for all trials.
    """

    arrivals: list[Arrival]
    of: Collection[int] | None


@dataclass(kw_only=True)
class Views:
    """The objectives of trials at the rungs that they reached.

    A trial that is retried or dropped loses its views, and another one may take its place at a rung. So
    trials that changed are read again, and all are if the latest arrival at a rung is not there any more.
    """

    _views: dict[int, dict[int, tuple[float, ...]]] = field(default_factory=dict)
    _latest: dict[int, Arrival] = field(default_factory=dict)

    def of(self, number: int) -> Mapping[int, tuple[float, ...]]:
        """Return the objectives of a trial by rung, ascending."""
        return dict(sorted(self._views.get(number, {}).items()))

    def read(self, rows: RungRows, changed: Collection[int]) -> News:
        """Return what is new at the rungs, given the trials that changed."""
        known = [number for number in changed if number in self._views]
        if len(known) < MANY:
            since = {rung: arrival.place - 1 for rung, arrival in self._latest.items()}
            arrivals = rows.arrivals(since=since, of=known)
            if {*self._latest.values()} <= {*arrivals}:
                return News(arrivals, known)
        return News(rows.arrivals(), None)

    def take(self, news: News) -> Collection[int]:
        """Take in what was read; return the trials that it is about."""
        if news.of is None:
            self._views.clear()
            self._latest.clear()
        for number in news.of or ():
            del self._views[number]
        for arrival in news.arrivals:
            self._views.setdefault(arrival.number, {})[arrival.rung] = arrival.values
            latest = self._latest.get(arrival.rung)
            if latest is None or arrival.place >= latest.place:
                self._latest[arrival.rung] = arrival
        return {arrival.number for arrival in news.arrivals}
