"""Spool: results on disk before they are in the study, so that nothing is trained to its end twice."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from sys import float_info
from typing import Any, TypeGuard

from archscape.analysis.results import FINAL
from archscape.spaces.atomic import read_whole, sweep, write_whole

from .damaged import move_aside

MAX_TRIALS = 1_000_000
"""How many trials a study can hold."""

_NAME = re.compile(r"trial-(\d+)")


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a trial ended.

    Attributes:
        status: `complete`, `pruned` (stopped early) or `failed`.
        cause: Why it failed: `diverged`, `out_of_memory`, `timed_out`, `error`, `lost_worker`; the rule that
            stopped it, or `budget`; of a complete one, `added`; or empty.
        message: One line that says more, or empty.
        metrics: Accuracy (validation), test accuracy, loss, seconds, step seconds.
        history: One record per epoch: epoch, loss, accuracy, seconds.
        weights: SHA-256 of its weights, as `training/weights.py` has it; "" if it left none.
        place: Where they lie, `host` and `folder`; empty if it left none.
        owner: Key of the process that had the trial; "" if an earlier version wrote it.
    """

    number: int
    hash: str
    status: str
    cause: str = ""
    message: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    worker: str = ""
    weights: str = ""
    place: dict[str, str] = field(default_factory=dict)
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class Spool:
    """A folder with one file per result that may not have reached the study yet.

    What is no result of a trial is set aside: a file that is cut off, empty, or somebody else's.

    Attributes:
        metrics: Those that a complete result has.
        log: Takes a line about what was set aside.
    """

    folder: Path
    metrics: Collection[str] = ()
    log: Callable[[str], object] = logging.getLogger("archscape").warning

    def put(self, result: Result) -> None:
        """Write a result, whole or not at all; only the trial's owner calls this."""
        path = self._path(result.number)
        self.folder.mkdir(exist_ok=True)  # a run that was moved away is not begun in its old place
        sweep(path)
        write_whole(path, json.dumps(asdict(result)))

    def get(self, number: int, digest: str) -> Result | None:
        """Return the result of a trial, if it came to its end with the network of this hash.

        Raises:
            OSError: If the file system refuses to say.
        """
        path = self._path(number)
        try:
            result = read_result(json.loads(read_whole(path)), number, self.metrics)
        except FileNotFoundError:
            return None
        except (IsADirectoryError, ValueError, RecursionError) as error:
            self._set_aside(path, str(error))
            return None
        return result if result.hash == digest else None

    def drop(self, number: int) -> None:
        """Forget a result that has reached the study; what cannot be removed now is dropped later."""
        path = self._path(number)
        with suppress(OSError):
            path.unlink(missing_ok=True)
            sweep(path)

    def numbers(self) -> list[int]:
        """Return the numbers of the trials whose results are here."""
        numbers = []
        for path in sorted(self.folder.glob("trial-*.json")):
            match = _NAME.fullmatch(path.stem)
            number = int(match[1]) if match else MAX_TRIALS
            if number < MAX_TRIALS and path == self._path(number) and not path.is_dir():
                numbers.append(number)
            else:
                self._set_aside(path, "it is no file of a trial")
        return numbers

    def _set_aside(self, path: Path, reason: str) -> None:
        move_aside(path, reason, self.log)

    def _path(self, number: int) -> Path:
        return self.folder / f"trial-{number:05d}.json"


def read_result(tree: object, number: int, metrics: Collection[str]) -> Result:
    """Return the result of a trial from the JSON of a file; keys that are not known are left out.

    Args:
        tree: What the file holds; a later version of archscape may have written more.
        number: The trial.
        metrics: Those that a complete result has.

    Raises:
        ValueError: If it holds none.
    """
    if not isinstance(tree, dict):
        raise ValueError("it is no mapping")
    record: dict[str, Any] = {each.name: tree[each.name] for each in fields(Result) if each.name in tree}
    texts = [record.get(each.name, "") for each in fields(Result) if each.type == "str"]
    if record.get("number") != number or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"it holds no result of trial {number}")
    if record.get("status") not in FINAL or not record.get("hash"):
        raise ValueError(f"it does not say how trial {number} ended")
    if not is_place(record.get("place", {})):
        raise ValueError("it does not say where the weights lie")
    rows = [record.get("metrics", {}), *_list(record.get("history", []))]
    if not all(_is_numbers(row) for row in rows):
        raise ValueError("its metrics are no numbers")
    if record["status"] == "complete" and not all(name in rows[0] for name in metrics):
        raise ValueError(f"it lacks {' or '.join(metrics)}")
    return Result(**record)


def is_place(value: object) -> TypeGuard[dict[str, str]]:
    """Return whether a value says where weights lie, or that there are none."""
    return value == {} or (
        isinstance(value, dict)
        and value.keys() >= {"host", "folder"}
        and all(isinstance(text, str) for text in value.values())
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_numbers(row: object) -> bool:
    return isinstance(row, dict) and all(
        isinstance(value, int | float) and abs(value) <= float_info.max for value in row.values()
    )
