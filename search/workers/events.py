"""Messages between processes, as JSON text; events, which workers report to who watches, are some of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, Self

from ..study.spool import Result

Kind = Literal["start", "epoch", "end", "exhausted", "note", "error"]


@dataclass(frozen=True, kw_only=True)
class Message:
    """Something that is sent as text of one line."""

    def to_json(self) -> str:
        """Return the message as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the message of a text."""
        return cls(**json.loads(text))


@dataclass(frozen=True, kw_only=True)
class Event(Message):
    """Something that happened while a worker worked; no search depends on it.

    Attributes:
        kind: `start`, `epoch` and `end` are about a trial; `exhausted`: the space has no more networks;
            `note`: something that the user may want to mend; `error`: the worker cannot continue.
        number: Number of the trial, if it is about one.
        epoch: Epochs trained.
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


Notify = Callable[[Event], None]
