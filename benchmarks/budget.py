"""Ends in time: a search with `budget: {minutes: 3}` has ended after 3 minutes and 10%, on cores under load.

Claim: ten times of ten, from the start of the command to its end, with loading and the report; every trial is
in a final state then, and what the budget cut has its checkpoint, from which a larger budget goes on.

Command: `python benchmarks/budget.py` (about 20 minutes; writes benchmarks/results/budget-DATE.md)
Hardware: two cores, no GPU.

Several searches run at a time, each with two workers, beside processes that only count, so that every core
has several to run. The last one then goes on with a budget of half as much again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from results import write_results

from archscape.analysis.results import FINAL
from archscape.search.study.study import Study

JOB = """\
search: timed
space: digits
data: cluttered-digits
recipe: {{preset: quick, epochs: 1}}
sampler: random
budget: {{minutes: {minutes}}}
workers: 2
seed: {seed}
"""
CLAIM = (__doc__ or "").split("\n\n")[1]
OVER = 0.1
"""By what share of the budget a search may exceed it."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a search ended.

    Attributes:
        seconds: From the start of its command to the end.
        alive: What the study says.
        ends: How many trials ended in each state, with the cause of those that were pruned.
        good: Whether every trial is in a final state, and what was cut has its checkpoint.
    """

    seconds: float
    alive: float
    ends: Counter[str]
    good: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=CLAIM)
    parser.add_argument("--searches", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--load", type=int, default=2, help="processes that only count")
    options = parser.parse_args()
    most = 60 * options.minutes * (1 + OVER)
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        for _ in range(options.load):
            opened.enter_context(counting())
        folders = [Path(name, str(i)) for i in range(options.searches)]
        with ThreadPoolExecutor(options.at_once) as pool:
            ended = list(pool.map(lambda folder: search(folder, options.minutes), folders))
        more = search(folders[-1], options.minutes * 1.5)
    lines = [
        "| search | command, s | alive, s | trials | all final, checkpoints kept |",
        "|---|---|---|---|---|",
    ]
    lines += [row(str(i), each) for i, each in enumerate(ended, 1)]
    lines += [row(f"{len(ended)} with {1.5 * options.minutes:g} min", more)]
    in_time = sum(each.seconds <= most and each.good for each in ended)
    lines += ["", f"{in_time} of {len(ended)} ended within {most:.0f} s with every trial in a final state."]
    load = f"{options.at_once} searches of two workers at a time, {options.load} processes that count"
    write_results("budget", f"{CLAIM}\n\nLoad: {load}.", lines)
    sys.exit(in_time < len(ended))


def search(folder: Path, minutes: float) -> Ended:
    """Search with a budget, or go on with a larger one; return how that ended."""
    folder.mkdir(exist_ok=True)
    job = folder / "timed.yaml"
    job.write_text(JOB.format(minutes=minutes, seed=folder.name))
    command = [sys.executable, "-m", "archscape", "search", str(job), "--out", str(folder / "run")]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    print(f"search {folder.name}: {seconds:.1f} s; {done.stderr.splitlines()[-3]}", flush=True)
    with Study.open(folder / "run") as study:
        trials, alive = study.trials(), study.spent(is_alive=False).seconds
    kept = folder / "run" / "checkpoints"
    cut = [trial for trial in trials if trial.cause == "budget" and trial.metrics.get("epoch")]
    return Ended(
        seconds=seconds,
        alive=alive,
        ends=Counter(f"{trial.state} {trial.cause}".strip() for trial in trials),
        good=("its budget of" in done.stderr)
        and all(trial.state in FINAL for trial in trials)
        and all((kept / f"{trial.hash}.partial").is_file() for trial in cut),
    )


def row(name: str, ended: Ended) -> str:
    """Return the row of a search."""
    ends = ", ".join(f"{count} {end}" for end, count in sorted(ended.ends.items()))
    return f"| {name} | {ended.seconds:.1f} | {ended.alive:.1f} | {ends} | {'yes' if ended.good else 'no'} |"


@contextmanager
def counting() -> Iterator[None]:
    """Keep a core busy while the block runs."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
