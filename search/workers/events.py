"""Messages between processes, as JSON text; events, which workers report to who watches, are some of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, Self

from archscape.spaces.errors import ArchscapeError, InputError, StudyError

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


def failure(message: str, *, input_error: bool, setting: str) -> ArchscapeError:
    """Return the error that stopped a worker, for the process that started it."""
    if not input_error:
        return StudyError(message)
    error = InputError(message)
    error.setting = setting
    return error


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
        setting: The setting of the job that it is about, if it is one.
    """

    kind: Kind
    worker: str
    number: int = -1
    epoch: int = 0
    status: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    input_error: bool = False
    setting: str = ""

    def failure(self) -> ArchscapeError:
        """Return the error that an event of the kind `error` tells of."""
        return failure(self.message, input_error=self.input_error, setting=self.setting)

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
