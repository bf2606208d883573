"""Messages between the driver of a search and its actors, as JSON text."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from archscape.search.study.spool import Result
from archscape.search.workers.events import Message
from archscape.search.workers.user_code import ShippedCode
from archscape.spaces.atomic import write_whole


@dataclass(frozen=True, kw_only=True)
class RunSpec(Message):
    """What all actors of a search need to know.

    Attributes:
        folder: Folder of the run; on storage that all nodes share, or one on each node.
        job: The job file, as text.
        space: Its space file, as text.
        cpus: CPUs of an actor, and so its threads.
        gpus: GPUs of an actor; below 1, its share of one GPU's memory.
        identity: The id of the study.
        mark: What the driver wrote to a file in the folder, for `is_shared`.
        uses: The SHA-256 of each Python file that the space uses, by its path.
        code: The files of the user's functions.
    """

    folder: str
    job: str
    space: str
    cpus: float
    gpus: float
    mark: str
    identity: str = ""
    uses: Mapping[str, str] = field(default_factory=dict)
    code: Sequence[ShippedCode] = ()

    def is_shared(self) -> bool:
        """Return whether the folder of the run is, seen from here, the one that the driver has."""
        return _mark_of(self.folder).is_file() and _mark_of(self.folder).read_text() == self.mark


def leave_mark(folder: Path) -> str:
    """Write a mark to the folder of a run, by which actors know it; return the mark."""
    mark = uuid.uuid4().hex
    path = _mark_of(str(folder))
    path.parent.mkdir(exist_ok=True)
    write_whole(path, mark)
    return mark


@dataclass(frozen=True, kw_only=True)
class TrialSpec(Message):
    """A trial for an actor to train.

    Attributes:
        hash: What tells the trial from others.
        network: The network, as JSON.
        choices: What was drawn of its training, by path.
        removed: Hashes of networks whose weights are not kept any more.
    """

    number: int
    hash: str
    network: str
    choices: Mapping[str, int | str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class TrialUpdate(Message):
    """What an actor reports of its trial: all since its last update.

    Attributes:
        worker: Name of the actor's process.
        rows: Metrics by epoch, in ascending order.
        lines: For the log of the trial.
        left: Whether the actor left the trial, which can be resumed elsewhere.
        fault: What the file system refused, if it left for that.
        lasting: Whether that is one that no more waiting mends.
        waiting: Whether it waits for files now.
        error: Why no trial can be trained here, if so.
        input_error: Whether that is the fault of what the user gave.
        setting: The setting of the job that it is about, if it is one.
        shared: Whether the folder of the run is, on its node, the driver's.
        data: What a study keeps of its data, as it is there; empty if there is none.
    """

    worker: str
    rows: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    lines: Sequence[str] = ()
    result: Result | None = None
    left: bool = False
    fault: str = ""
    lasting: bool = False
    waiting: bool = False
    error: str = ""
    input_error: bool = False
    setting: str = ""
    shared: bool = True
    device: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> bool:
        """Whether no update of the trial follows."""
        return self.result is not None or self.left or bool(self.error)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the update of a text."""
        tree: dict[str, Any] = json.loads(text)
        rows = {int(epoch): row for epoch, row in tree["rows"].items()}
        result = Result(**tree["result"]) if tree["result"] else None
        return cls(**{**tree, "rows": rows, "result": result})


def _mark_of(folder: str) -> Path:
    return Path(folder, "spool", "driver")
