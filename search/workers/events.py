"""Events: what workers report while they work, for who watches; no search depends on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from ..study.spool import Result

Kind = Literal["start", "epoch", "end", "exhausted", "note", "error"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        kind: `start`, `epoch` and `end` are about a trial; `exhausted`: the space has no more networks;
            `note`: something that the user may want to mend; `error`: the worker cannot continue.
        worker: Name of the worker.
        number: Number of the trial, if it is about one.
        epoch: Epochs trained.
        status: How the trial ended.
        metrics: Metrics of the epoch or of the trial.
        message: One line for people.
        input_error: Whether the error is in what the user gave.
    """

    kind: Kind
    worker: str
    number: int = -1
    epoch: int = 0
    status: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    input_error: bool = False

    @classmethod
    def end(cls, result: Result, *, worker: str) -> Event:
        """Return the event of a trial's end."""
        message = ": ".join(part for part in (result.cause, result.message) if part)
        return cls(
            kind="end",
            worker=worker,
            number=result.number,
            status=result.status,
            metrics=result.metrics,
            message=message,
        )

    def to_line(self) -> bytes:
        """Return the event as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Event:
        """Return the event of a line."""
        return cls(**json.loads(line))


Notify = Callable[[Event], None]
