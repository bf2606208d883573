"""What a search costs beside training: 30 two-second trials on one worker, and the same 30 on two.

Claim: on one worker the whole machinery, everything but training and evaluation, is at most 5% of the
search, from typing the command to the written report; two workers finish the same 30 trials at least
1.85 times faster.

Command: `python benchmarks/overhead.py` (about 6 minutes; writes benchmarks/results/overhead-DATE.md)
Hardware: two free cores, no GPU.

The command line runs the job below in a new process each time, one worker and two in turn. The sampler is
random, so both try the same networks, and a trial computes the same bits wherever it runs. `steps` are the
passes forward and backward and the optimizer. `evaluation` is the validation after each epoch and the test at
the end. `between` is what passes in a trial or between two that is neither: proposing, building, the study,
weights and logs on disk; with two workers also the wait for the other's last trial. `start and end` are the
imports, data, folder, tables and report.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import pandas as pd
from results import write_results

ROUNDS = 3
TRIALS = 30

SPACE = """\
space: even
input: 1x16x16
let:
  first: {14, 15, 16, 17}
  second: {28, 30, 32}
layers:
  - conv: {width: $first, kernel: {3, 5, 7}}
  - basic: {name: stage1, width: $first, depth: 2, stride: 2}
  - basic: {name: stage2, width: $second, depth: 2, stride: 2}
  - avgpool
  - linear: {width: 10}
"""

JOB = f"""\
search: even
space: even.yaml
data: cluttered-digits
recipe: quick
sampler: random
trials: {TRIALS}
"""


def search(folder: Path, workers: int) -> dict[str, float]:
    """Run the job; return where its seconds went."""
    (folder / "even.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    run = folder / "run"
    command = [sys.executable, "-m", "archscape", "search", str(folder / "job.yaml")]
    started = time.perf_counter()
    subprocess.run(
        [*command, "--workers", str(workers), "--out", str(run)], check=True, stdout=subprocess.DEVNULL
    )
    wall = time.perf_counter() - started
    trials = pd.read_csv(run / "trials.csv", parse_dates=["started", "finished"])
    assert list(trials["status"]) == ["complete"] * TRIALS
    trained = (trials["finished"].max() - trials["started"].min()).total_seconds()
    steps = trials["step_seconds"].sum()
    evaluation = trials["eval_seconds"].sum()
    return {
        "wall": wall,
        "steps": steps,
        "evaluation": evaluation,
        "between": workers * trained - steps - evaluation,
        "start and end": wall - trained,
    }


def main() -> None:
    rounds: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for workers, searches in rounds.items():
            with tempfile.TemporaryDirectory() as folder:
                searches.append(search(Path(folder), workers))
    ratio = median(first["wall"] / second["wall"] for first, second in zip(rounds[1], rounds[2], strict=True))
    own = median((first["between"] + first["start and end"]) / first["wall"] for first in rounds[1])
    share = median(1 - first["steps"] / first["wall"] for first in rounds[1])
    seconds = median(first["steps"] for first in rounds[1]) / TRIALS
    names = list(rounds[1][0])
    lines = [
        f"The machinery, between trials and at the start and end: **{own:.1%}** of the search on one worker.",
        f"With evaluation, all beside training steps: {share:.1%} ({seconds:.2f} s of steps a trial).",
        f"Two workers against one: **{ratio:.2f}x** faster.",
        "",
        f"Medians of {ROUNDS} interleaved rounds, seconds; load average at the end {os.getloadavg()[0]:.1f}:",
        "",
        f"| workers | {' | '.join(names)} |",
        f"|--:|{'--:|' * len(names)}",
    ]
    for workers, searches in rounds.items():
        middle = [f"{median(run[name] for run in searches):.1f}" for name in names]
        lines.append(f"| {workers} | {' | '.join(middle)} |")
    write_results("overhead", __doc__ or "", lines)


if __name__ == "__main__":
    main()
