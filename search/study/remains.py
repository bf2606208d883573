"""What a search has left in the folder of its run, counted where the study itself cannot be asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archscape.spaces.errors import InputError


def remains(folder: Path) -> str:
    """Return in words which results lie in a folder; "" if there are none."""
    counts = {
        "trial{} in trials.csv": count_rows(folder / "trials.csv"),
        "file{} of weights in checkpoints/": _count(folder / "checkpoints", "*.safetensors"),
        "begun training{} in checkpoints/": _count(folder / "checkpoints", "*.partial"),
        "result{} in spool/": _count(folder / "spool", "trial-*.json"),
    }
    return ", ".join(f"{count} {what.format('s' * (count != 1))}" for what, count in counts.items() if count)


@contextmanager
def removed_if_refused(folder: Path) -> Iterator[None]:
    """Remove a folder that the block created, if what the user gave is refused and no study claims it.

    Those above it that the block created go too, where they are empty.
    """
    created = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        yield
    except InputError:
        if created and not (folder / "study.json").exists() and not remains(folder):
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                for each in created[1:]:
                    each.rmdir()
        raise


def count_rows(table: Path) -> int:
    """Return how many trials a table holds; 0 if there is none that can be read."""
    rows = quotes = 0
    try:
        with table.open(encoding="utf-8", errors="replace", newline="") as file:
            for line in file:
                quotes += line.count('"')
                rows += quotes % 2 == 0  # a network may be written on several lines, between quotes
    except OSError:
        return 0
    return max(rows + quotes % 2 - 1, 0)


def _count(folder: Path, pattern: str) -> int:
    return sum(1 for _ in folder.glob(pattern))
