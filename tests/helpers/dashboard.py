"""What tests of the dashboard share: its server as a process, its answers, its stream of events."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from archscape.analysis.metrics import Direction
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

from .processes import popen

AIMS: dict[str, Direction] = {"accuracy": "maximize", "macs": "minimize"}


def submit(study: Study, plan: SearchPlan) -> Lease:
    lease = study.ask_unique(plan.propose, Owner.current(), trials=1000)
    assert lease is not None
    return lease


def submit_proposed(study: Study, plan: SearchPlan, **changes: Any) -> Lease:
    """Submit what the plan proposes with other words on who proposed it, why, and what was expected."""
    lease = study.ask_unique(
        lambda number, history: replace(plan.propose(number, history), **changes),
        Owner.current(),
        trials=1000,
    )
    assert lease is not None
    return lease


class Event(NamedTuple):
    id: str
    kind: str
    data: Any


def parsed(text: bytes) -> list[Event]:
    """Return the events of a piece of a stream."""
    events = []
    for block in text.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append(Event(fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return events


def until(events: Iterator[bytes], kind: str, fits: Callable[[Any], bool] = bool) -> Event:
    """Return the first event of a kind whose data fits."""
    for text in events:
        for event in parsed(text):
            if event.kind == kind and fits(event.data):
                return event
    raise AssertionError(f"the stream ended without {kind}")


@contextmanager
def serving(*arguments: str | Path, cwd: Path | None = None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `archscape dashboard` and yield the address that it prints."""
    command = [sys.executable, "-m", "archscape", "dashboard", *map(str, arguments)]
    process = popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def get(url: str, path: str, *, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()


def blocks(answer: HTTPResponse) -> Iterator[bytes]:
    """Yield the events of a response as they come."""
    block = b""
    for line in answer:
        block += line
        if line == b"\n":
            yield block
            block = b""
