"""The stream of server-sent events that keeps a page up to date.

`hello` says what there is to show; `decisions` names the decisions that trials have; `trials` brings the
trials that changed, with the place of the last one as its id, so that a page that lost the connection resumes
from there; `summary`, `running` and `progress` bring the rest whenever it changed; `trouble` says that the
database cannot be reached. A comment now and then keeps the connection open.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archscape._version import __version__
from archscape.analysis.metrics import METRICS, SECONDS, SHARES
from archscape.analysis.reports.format import label, short_label
from archscape.analysis.reports.page.specs import layout_of
from archscape.analysis.results import STOPPED_EARLY

from ..study.changes import ChangedTrial
from ..study.live_state import StudyState
from ..study.poller import Poller
from .tiles import tiles

HEARTBEAT_SECONDS = 15.0

CHUNK = 1000
"""So many trials come in one event at most."""

EXTRA = (
    *(name for name, metric in METRICS.items() if metric.is_quality and not metric.is_optional),
    "epochs",
)
"""Values that a page has of each trial of any study beside the objectives and the costs."""


@dataclass(kw_only=True)
class Stream:
    """The events for one page.

    Attributes:
        token: Identifies this run of the server.
        latest_change: Place of the latest change that the page has.
    """

    poller: Poller
    token: str
    latest_change: int = -1
    _sent: dict[str, str] = field(default_factory=dict)

    @classmethod
    def resumed(cls, poller: Poller, token: str, last: str) -> Stream:
        """Return the stream for a page that has everything up to an event; "" if it has nothing."""
        sent_by, _, change = last.rpartition(".")
        is_known = sent_by == token and change.isdecimal()
        return cls(poller=poller, token=token, latest_change=int(change) if is_known else -1)

    def __iter__(self) -> Iterator[bytes]:
        """Yield events until the server closes."""
        with self.poller.watching():
            yield event("hello", hello(self.poller, self.token))
            polls, beat = 0, time.monotonic()
            while not self.poller.closed.is_set():
                seen, polls = polls, self.poller.wait(polls, seconds=HEARTBEAT_SECONDS)
                events = b"".join(self._events()) if polls != seen else b""
                if events or time.monotonic() - beat > HEARTBEAT_SECONDS:
                    beat = time.monotonic()
                    yield events or b": still here\n\n"

    def _events(self) -> Iterator[bytes]:
        poller, state = self.poller, self.poller.state
        with poller.condition:
            rows, trouble = state.since(self.latest_change), poller.trouble
            paths = list(state.paths)
            parts = {} if trouble else _parts(state, behind=poller.behind)
        yield from self._changed("decisions", paths)
        for start in range(0, len(rows), CHUNK):
            yield self._trials(rows[start : start + CHUNK], paths)
        for kind, data in {**parts, "trouble": trouble}.items():
            yield from self._changed(kind, data)

    def _changed(self, kind: str, data: object) -> Iterator[bytes]:
        """Yield an event whose data is not what the page has."""
        text = _json(data)
        if self._sent.get(kind, '""') != text:
            self._sent[kind] = text
            yield event(kind, data)

    def _trials(self, rows: Sequence[ChangedTrial], paths: Sequence[str]) -> bytes:
        """Return the event of trials, as lists without names: there may be a hundred thousand of them."""
        names = columns_of(self.poller.state)
        self.latest_change = rows[-1].changed
        lists = [
            [
                *(row.number, row.state, row.cause, row.worker, row.rung),
                *(_short(row.values.get(name, math.nan)) for name in names),
                *map(json.loads(row.decisions).get, paths),
            ]
            for row in rows
        ]
        return event("trials", lists, event_id=f"{self.token}.{self.latest_change}")


def hello(poller: Poller, token: str) -> dict[str, object]:
    """Return what a page has to know first: objectives, columns, labels, layouts of figures."""
    state, names = poller.state, columns_of(poller.state)
    first, is_single = next(iter(state.objectives)), len(state.objectives) == 1
    return {
        "token": token,
        "version": __version__,
        "study": poller.study.name,
        "objectives": dict(state.objectives),
        "score": state.score,
        "costs": list(state.costs),
        "limits": {name: [limit.low, limit.high] for name, limit in state.limits.items()},
        "columns": names,
        "labels": {name: label(name) for name in names},
        "short": {name: short_label(name) for name in names},
        "shares": list(SHARES),
        "seconds": list(SECONDS),
        "stoppedEarly": list(STOPPED_EARLY),
        "layouts": {
            "frontier": layout_of(state.score, label(state.score)),
            "progress": layout_of(
                first if is_single else "", f"best {label(first)}" if is_single else "hypervolume"
            ),
            "curve": layout_of(),
        },
    }


def columns_of(state: StudyState) -> list[str]:
    """Return the values that a page has of each trial."""
    named = [*state.objectives, *state.limits]
    tests = [twin for name in named if (twin := f"test_{name}") in METRICS]
    return list(dict.fromkeys([*named, *tests, *EXTRA, *state.costs]))


def _short(number: float) -> float | None:
    """Return a number to six digits; None for one that is unknown or not finite."""
    if isinstance(number, int):
        return number
    return float(f"{number:.6g}") if math.isfinite(number) else None


def event(kind: str, data: object, *, event_id: str = "") -> bytes:
    r"""Return an event as it is sent.

    >>> event("running", [1], event_id="a.7")
    b'id: a.7\nevent: running\ndata: [1]\n\n'
    """
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {kind}\ndata: {_json(data)}\n\n".encode()


def _parts(state: StudyState, *, behind: bool) -> dict[str, object]:
    known = [(state.rows[trial.number], trial) for trial in state.running if trial.number in state.rows]
    running = [
        [
            *(row.number, row.worker, row.started, trial.epoch),
            {name: _short(number) for name, number in trial.metrics.items()},
            {name: [_short(known.mean), _short(known.deviation)] for name, known in trial.expected.items()},
        ]
        for row, trial in known
    ]
    summary = {
        "tiles": tiles(state, time.time()),
        "front": list(state.frontier.front),
        "ended": state.ended,
        "planned": state.planned,
        "behind": behind,
    }
    return {"summary": summary, "running": running, "progress": state.frontier.curve()}


def _json(data: object) -> str:
    return json.dumps(data, allow_nan=False, separators=(",", ":"))
