"""Spool: results on disk before they are in the study, so that nothing is trained to its end twice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..atomic import sweep, write_whole


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a trial ended.

    Attributes:
        status: `complete`, `pruned` (stopped early) or `failed`.
        cause: Why it failed: `diverged`, `out_of_memory`, `timed_out`, `error`, `lost_worker`; the rule that
            stopped it; or empty.
        message: One line that says more, or empty.
        metrics: Accuracy (validation), test accuracy, loss, seconds, step seconds.
        history: One record per epoch: epoch, loss, accuracy, seconds.
    """

    number: int
    hash: str
    status: str
    cause: str = ""
    message: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    worker: str = ""


@dataclass(frozen=True, kw_only=True)
class Spool:
    """A folder with one file per result that may not have reached the study yet."""

    folder: Path

    def put(self, result: Result) -> None:
        """Write a result, whole or not at all; only the trial's owner calls this."""
        path = self._path(result.number)
        self.folder.mkdir(parents=True, exist_ok=True)
        sweep(path)
        write_whole(path, json.dumps(asdict(result)))

    def get(self, number: int, digest: str) -> Result | None:
        """Return the result of a trial, if it came to its end with the network of this hash."""
        try:
            record: dict[str, Any] = json.loads(self._path(number).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        result = Result(**record)
        return result if result.hash == digest else None

    def drop(self, number: int) -> None:
        """Forget a result that has reached the study."""
        path = self._path(number)
        path.unlink(missing_ok=True)
        sweep(path)

    def numbers(self) -> list[int]:
        """Return the numbers of the trials whose results are here."""
        return sorted(int(path.stem.removeprefix("trial-")) for path in self.folder.glob("trial-*.json"))

    def _path(self, number: int) -> Path:
        return self.folder / f"trial-{number:05d}.json"
