"""What early stopping by Pareto rank saves, and what it costs: the same search without and with it.

Claim: with `stop: halving` a search of cluttered digits finds the same hypervolume, in the median of five
seeds within 2% of a search that trains every network to the end, with at most 55% of the epochs.

Command: `python benchmarks/halving.py` (about 20 minutes; writes benchmarks/results/halving-DATE.md)
Hardware: two free cores, no GPU.

The command line runs the job below for each seed, without its last line and with it. Hypervolume is that of
complete trials by their final validation accuracy, in accuracy x decades of MACs, measured from accuracy 0
and 10^7 MACs, twice what the space allows. Epochs are all that were trained, also of trials that were
stopped. The spread is that of the hypervolume over the seeds without stopping: what luck alone changes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, stdev

import pandas as pd
from results import write_results

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.frontier import hypervolume

SEEDS = range(5)
OBJECTIVES: Objectives = {"accuracy": "maximize", "macs": "minimize"}
REFERENCE = {"accuracy": 0.0, "macs": 1e7}

JOB = """\
search: halving
space: digits
data: cluttered-digits
recipe: {epochs: 9}
objectives: {accuracy: maximize, macs: minimize}
trials: 40
workers: 2
"""
STOP = "stop: halving\n"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search came to.

    Attributes:
        hypervolume: Of its complete trials.
        accuracy: Of the best one.
        epochs: How many it trained, over all trials.
        complete: How many trials reached the last epoch.
        seconds: From the command to the report.
    """

    hypervolume: float
    accuracy: float
    epochs: int
    complete: int
    seconds: float


def search(folder: Path, job: str, seed: int) -> Found:
    """Run a job with a seed."""
    (folder / "job.yaml").write_text(f"{job}seed: {seed}\n")
    run = folder / "run"
    command = [sys.executable, "-m", "archscape", "search", str(folder / "job.yaml"), "--out", str(run)]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    trials = pd.read_csv(run / "trials.csv")
    assert set(trials["status"]) <= {"complete", "pruned"}
    complete = trials[trials["status"] == "complete"]
    return Found(
        hypervolume=hypervolume(complete, OBJECTIVES, REFERENCE, log=["macs"]),
        accuracy=complete["accuracy"].max(),
        epochs=len(pd.read_csv(run / "curves.csv")),
        complete=len(complete),
        seconds=seconds,
    )


def row(seed: int, whole: Found, stopped: Found) -> str:
    """Return a row of the table: what both searches of a seed came to."""
    cells = [
        f"{whole.hypervolume:.3f} | {stopped.hypervolume:.3f}",
        f"{stopped.hypervolume / whole.hypervolume:.3f}",
        f"{whole.accuracy:.1%} | {stopped.accuracy:.1%}",
        f"{stopped.epochs / whole.epochs:.0%}",
        f"{stopped.seconds / whole.seconds:.0%}",
        f"{stopped.complete} of {whole.complete}",
    ]
    return f"| {seed} | {' | '.join(cells)} |"


def main() -> None:
    pairs: list[tuple[Found, Found]] = []
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as stopped:
            pairs.append((search(Path(whole), JOB, seed), search(Path(stopped), JOB + STOP, seed)))
            print(row(seed, *pairs[-1]), file=sys.stderr, flush=True)
    ratio = median(stopped.hypervolume / whole.hypervolume for whole, stopped in pairs)
    share = median(stopped.epochs / whole.epochs for whole, stopped in pairs)
    volumes = [whole.hypervolume for whole, _ in pairs]
    spread = stdev(volumes) / median(volumes)
    lines = [
        f"Hypervolume with early stopping: **{ratio:.3f}** of that without.",
        f"Epochs: **{share:.0%}**.",
        "",
        f"Medians of {len(pairs)} seeds; without stopping, one standard deviation is {spread:.1%}.",
        f"Load average at the end {os.getloadavg()[0]:.1f}.",
        "",
        "| seed | hypervolume | stopping | ratio | best accuracy | stopping | epochs | seconds | complete |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(row(seed, *pair) for seed, pair in zip(SEEDS, pairs, strict=True)),
    ]
    write_results("halving", __doc__ or "", lines)


if __name__ == "__main__":
    main()
