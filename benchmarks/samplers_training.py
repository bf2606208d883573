"""Real training: how many networks `bayes` trains to reach what the product's TPE reaches with sixty.

Claim: on the space `digits` and cluttered digits, in the median of five seeds, `bayes` reaches the
hypervolume that `tpe` has after 60 trials with at most 45, and its best accuracy with at most 30.

Command: `python benchmarks/samplers_training.py` (about 25 CPU-minutes where nothing is remembered; writes
benchmarks/results/samplers-training-DATE.md and benchmarks/results/samplers-training.csv)
Hardware: one core, no GPU.

Both samplers are driven through the seam of a search with the objectives accuracy and MACs. Each network
that either asks for is trained once, by the recipe `quick` with three epochs, one thread and seed 0, and
its accuracy on the validation part, 300 images, is remembered by its hash: both see the same numbers. Three
epochs, about 2.5 CPU-seconds, let all the trainings take less than half an hour. Hypervolume is in accuracy
x decades of MACs, from accuracy 0 and 10^7 MACs. `bayes` has 45 trials; a search that does not get there in
these stands as more than 45.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from helpers.beds import digits_trained
from helpers.beds.bed import Bed
from helpers.beds.driver import Search
from results import FOLDER, write_results

from archscape.search.samplers import SAMPLERS, make_sampler

REMEMBERED = FOLDER / "samplers-training.csv"
SEEDS = 5
BARS = {"hypervolume": 45, "accuracy": 30}
TRIALS = max(BARS.values())
"""Trials of `bayes` at most: with more it would have missed the bars anyhow."""


class Progress(NamedTuple):
    """What a search had come to after each training."""

    hypervolume: list[float]
    accuracy: list[float]

    def reaches(self, what: str, level: float) -> float:
        """Return after how many trainings it had reached a level; infinite if it did not."""
        curve = getattr(self, what)
        return next((n for n, value in enumerate(curve, 1) if value >= level - 1e-12), math.inf)


def search(bed: Bed, sampler: str, seed: int) -> Progress:
    """Search with a sampler."""
    run = Search(bed=bed, sampler=make_sampler(sampler), seed=seed).drive()
    best = np.maximum.accumulate([truth[0] if truth else 0.0 for truth in run.truths])
    print(f"{sampler}, seed {seed}: {best[-1]:.1%}", file=sys.stderr, flush=True)
    return Progress(hypervolume=bed.score.curve(run.truths), accuracy=best.tolist())


def after(curve: list[float], trials: int) -> float:
    """Return what a search had come to after some trials, or after all that it had."""
    return curve[min(trials, len(curve)) - 1]


def row(seed: int, ours: Progress, theirs: Progress) -> str:
    """Return a row of the table."""
    cells = []
    for what in BARS:
        mine, other = getattr(ours, what), getattr(theirs, what)
        cells += [f"{other[-1]:.3f}", f"{after(mine, BARS[what]):.3f}"]
        cells.append(count(ours.reaches(what, other[-1]), len(mine)))
    return f"| {seed} | {' | '.join(cells)} |"


def count(trainings: float, trials: int) -> str:
    """Return a number of trainings of a search that had so many."""
    return f"> {trials}" if math.isinf(trainings) else f"{trainings:g}"


def compare(remembered: Path, seeds: int, trials: int) -> list[str]:
    """Search with both samplers and return the table."""
    bed = digits_trained.bed(remembered)
    theirs = [search(bed, "tpe", seed) for seed in range(seeds)]
    short = replace(bed, trials=trials)
    pairs = [(search(short, "bayes", seed), other) for seed, other in enumerate(theirs)]
    lines = [verdict(what, pairs) for what in BARS]
    heads = [f"{what}: {end}" for what in BARS for end in ("tpe @60", f"bayes @{BARS[what]}", "needs")]
    lines += ["", f"| seed | {' | '.join(heads)} |", f"|--:|{'--:|' * len(heads)}"]
    return [*lines, *[row(seed, *pair) for seed, pair in enumerate(pairs)]]


def verdict(what: str, pairs: list[tuple[Progress, Progress]]) -> str:
    """Return a line that says whether `bayes` is as fast as it is to be."""
    needed = sorted(ours.reaches(what, getattr(theirs, what)[-1]) for ours, theirs in pairs)
    bar, middle, trials = BARS[what], median(needed), len(pairs[0][0].accuracy)
    gain = fmean(after(getattr(ours, what), bar) - getattr(theirs, what)[-1] for ours, theirs in pairs)
    said = "met" if middle <= bar else "**missed**"
    return (
        f"- {what}: to what `tpe` has after 60 trials `bayes` needs {count(middle, trials)}, the median "
        f"({', '.join(count(each, trials) for each in needed)}); at most {bar}: {said}. "
        f"Its {what} after {min(bar, trials)} less that of `tpe` after 60: {gain:+.4f}, the mean."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--trials", type=int, default=TRIALS, help=f"of bayes; {TRIALS} by default")
    parser.add_argument("--only", choices=sorted(SAMPLERS), help="search with it alone, to remember")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.only:
        bed = digits_trained.bed(REMEMBERED)
        for seed in range(asked.seeds):
            search(bed, asked.only, seed)
    else:
        write_results("samplers-training", __doc__ or "", compare(REMEMBERED, asked.seeds, asked.trials))


if __name__ == "__main__":
    main()
