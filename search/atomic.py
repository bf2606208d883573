"""Files that are whole or absent: a process killed at any instruction leaves no half-written one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that readers see the old content or the new one, also after a crash of the machine.

    Args:
        path: The file; its folder exists.
        content: Text (written as UTF-8) or bytes.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    data = content.encode("utf-8") if isinstance(content, str) else content
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def sweep(path: Path) -> None:
    """Remove what killed writers of a file left beside it; only for the file's sole writer to call."""
    for leftover in path.parent.glob(f".{path.name}.*.part"):
        leftover.unlink(missing_ok=True)
