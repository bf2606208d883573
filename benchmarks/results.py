"""Writes a benchmark's result as dated Markdown with the hardware in it, and prints it."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent / "results"


def write_results(
    name: str, claim: str, lines: Sequence[str], tools: Sequence[str] = ("torch", "optuna", "fvcore")
) -> Path:
    """Write `results/NAME-DATE.md`: the claim, the machine with versions of tools, the lines."""
    FOLDER.mkdir(exist_ok=True)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = "\n".join(
        [f"# {name}, {today}", "", claim.strip(), "", f"Machine: {hardware(tools)}", "", *lines, ""]
    )
    path = FOLDER / f"{name}-{today}.md"
    path.write_text(text, encoding="utf-8")
    print(text)
    return path


def hardware(tools: Sequence[str] = ("torch", "optuna", "fvcore")) -> str:
    """Return processor, cores and versions on one line."""
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in info.read_text().splitlines()
        if line.startswith("model name")
    ]
    cpu = names[0] if names else platform.processor()
    versions = ", ".join(f"{tool} {version(tool)}" for tool in tools)
    return f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"
