"""What a page is told over time, as server-sent events.

`hello` says what there is to show; `trials` brings the trials that changed, with the place of the last one as
its id, so that a page that lost the connection goes on from there; `summary`, `running` and `progress` bring
the rest whenever it changed; `trouble` says that the database is away. A comment now and then keeps the
connection open.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archscape._version import __version__
from archscape.analysis.metrics import SHARES
from archscape.analysis.reports.format import label, short_label
from archscape.analysis.reports.page.specs import layout_of
from archscape.analysis.results import FINAL, STOPPED_EARLY

from .poller import Poller
from .queries import ChangedTrial
from .state import DashboardState, numbers, wire

HEARTBEAT_SECONDS = 15.0

CHUNK = 1000
"""So many trials come in one event at most."""


@dataclass(kw_only=True)
class Stream:
    """The events for one page.

    Attributes:
        poller: Who reads the study.
        token: Tells this run of the server from every other.
        place: Place of the latest change that the page has.
    """

    poller: Poller
    token: str
    place: int = -1
    _told: dict[str, str] = field(default_factory=dict)

    @classmethod
    def resumed(cls, poller: Poller, token: str, last: str) -> Stream:
        """Return the stream for a page that has everything up to an event; "" if it has nothing."""
        given, _, place = last.rpartition(".")
        known = given == token and place.isdecimal()
        return cls(poller=poller, token=token, place=int(place) if known else -1)

    def __iter__(self) -> Iterator[bytes]:
        """Yield events until the server closes."""
        with self.poller.watching():
            yield event("hello", hello(self.poller, self.token))
            looks, beat = 0, time.monotonic()
            while not self.poller.closed.is_set():
                seen, looks = looks, self.poller.wait(looks, seconds=HEARTBEAT_SECONDS)
                news = b"".join(self._news()) if looks != seen else b""
                if news or time.monotonic() - beat > HEARTBEAT_SECONDS:
                    beat = time.monotonic()
                    yield news or b": still here\n\n"

    def _news(self) -> Iterator[bytes]:
        poller, board = self.poller, self.poller.board
        with poller.turn:
            rows, trouble = board.since(self.place), poller.trouble
            parts = {} if trouble else _parts(board, behind=poller.behind)
        for start in range(0, len(rows), CHUNK):
            yield self._trials(rows[start : start + CHUNK], board.columns)
        for kind, found in {**parts, "trouble": trouble}.items():
            text = _json(found)
            if self._told.get(kind, '""') != text:
                self._told[kind] = text
                yield event(kind, found)

    def _trials(self, rows: Sequence[ChangedTrial], columns: Sequence[str]) -> bytes:
        self.place = rows[-1].changed
        return event("trials", [wire(row, columns) for row in rows], mark=f"{self.token}.{self.place}")


def hello(poller: Poller, token: str) -> dict[str, object]:
    """Return what a page has to know before anything else."""
    board = poller.board
    first, alone = next(iter(board.objectives)), len(board.objectives) == 1
    return {
        "token": token,
        "version": __version__,
        "study": poller.study.name,
        "objectives": dict(board.objectives),
        "score": board.score,
        "costs": list(board.costs),
        "columns": list(board.columns),
        "labels": {name: label(name) for name in board.columns},
        "short": {name: short_label(name) for name in board.columns},
        "shares": list(SHARES),
        "stoppedEarly": list(STOPPED_EARLY),
        "layouts": {
            "frontier": layout_of(board.score, label(board.score)),
            "progress": layout_of(first if alone else "", f"best {label(first)}" if alone else "hypervolume"),
            "curve": layout_of("", ""),
        },
    }


def event(kind: str, found: object, *, mark: str = "") -> bytes:
    r"""Return an event as it is sent.

    >>> event("running", [1], mark="a.7")
    b'id: a.7\nevent: running\ndata: [1]\n\n'
    """
    head = f"id: {mark}\n" if mark else ""
    return f"{head}event: {kind}\ndata: {_json(found)}\n\n".encode()


def _parts(board: DashboardState, *, behind: bool) -> dict[str, object]:
    running = [
        [
            *(one.number, one.worker, one.started, one.epoch),
            dict(zip(one.metrics, numbers(one.metrics, one.metrics), strict=True)),
        ]
        for one in board.running
    ]
    summary = {
        "tiles": board.tiles(time.time()),
        "front": list(board.reach.front),
        "ended": board.count(*FINAL),
        "wanted": board.wanted,
        "behind": behind,
    }
    return {"summary": summary, "running": running, "progress": board.reach.curve()}


def _json(found: object) -> str:
    return json.dumps(found, allow_nan=False, separators=(",", ":"))
