"""How long the levels of tests take, and which tests take the longest.

Claim: on two cores `make quick` takes less than two minutes and `make test` less than 25.

Command: `make full` (writes benchmarks/results/suite-DATE.md; the tests of `full` write theirs beside it)
Needs: the programs of `make programs`, without which tests are skipped and the times are not comparable.

Each level is started as a user starts it, one after the other: `quick`, `test`, and then, one at a time, the
tests that only `full` has. A level that fails is reported as such, and makes this program fail.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from results import write_results

ROOT = Path(__file__).parents[1]
DURATIONS = "--durations=30 --durations-min=1"
LEVELS: dict[str, list[str]] = {
    "quick": ["make", "quick"],
    "test": ["make", "test"],
    "full only": [sys.executable, "-m", "pytest", "-q", "-m", "full"],
}
"""By name, the command that runs it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A level that was run.

    Attributes:
        seconds: From the start of its command to the end.
        summary: The last line of pytest: how many tests passed, failed and were skipped.
        slowest: The tests that took longest, `SECONDS TEST` each.
        skipped: The tests that were skipped, with their reasons.
        failed: Whether the command failed.
    """

    seconds: float
    summary: str
    slowest: list[str]
    skipped: list[str]
    failed: bool


def run(command: list[str], environment: dict[str, str]) -> Outcome:
    """Run a level, passing on what it prints."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line.rstrip())
    failed = process.wait() != 0
    return Outcome(
        seconds=time.perf_counter() - start,
        summary=next(
            (line for line in reversed(lines) if re.search(r"\d+ (passed|failed)", line)), "no test"
        ),
        slowest=[
            f"{m[1]} {m[2]}" for line in lines if (m := re.match(r"([\d.]+s) (?:call|setup) +(.+)", line))
        ],
        skipped=[line for line in lines if line.startswith("SKIPPED")],
        failed=failed,
    )


def main() -> int:
    environment = os.environ | {
        "PYTEST_ADDOPTS": f"{os.environ.get('PYTEST_ADDOPTS', '')} {DURATIONS}".strip()
    }
    outcomes = {name: run(command, environment) for name, command in LEVELS.items()}
    lines = ["| level | minutes | ends | tests |", "|---|--:|---|---|"]
    for name, outcome in outcomes.items():
        end = "**fails**" if outcome.failed else "well"
        lines.append(f"| {name} | {outcome.seconds / 60:.1f} | {end} | {outcome.summary} |")
    for name, outcome in outcomes.items():
        lines += ["", f"Slowest of `{name}`:", "", *[f"- {line}" for line in outcome.slowest]]
    lines += ["", "Skipped:", "", *[f"- {line}" for outcome in outcomes.values() for line in outcome.skipped]]
    write_results("suite", __doc__ or "", lines)
    return int(any(outcome.failed for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
