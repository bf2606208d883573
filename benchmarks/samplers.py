"""Every sampler and its peers on published tables and synthetic beds, seed by seed, every ask counted.

Claim: `bayes` finds the best networks of the published tables in a fraction of the trials that Optuna's TPE,
NSGA-II and GPSampler and random search need. The bars say where it does and where it does not, and which are
missed: that it takes a fifth of GPSampler's time is one of these.

Command: `python benchmarks/samplers.py TABLES` (some hours for all that is not kept yet, most of them
GPSampler's; writes benchmarks/results/samplers-DATE.md, benchmarks/results/samplers.csv and
docs/samplers.png). TABLES is the folder of the published tables. `--quick` is three seeds of some beds in
five minutes; it, and a choice by `--beds` or `--samplers`, writes nothing but what it keeps. `--seeds` and
`--processes` say how many. Hardware: any; times are CPU seconds of one process with one thread.

Samplers of archscape are driven through the seam of a search, the peers by Optuna itself:
`helpers/beds/peers.py` says how each is called and which of its asks count. The samplers of a seed have the
same random numbers and see the same noise. A score is the mean of the seeds ± one standard deviation, a
gain the mean of the paired differences to `bayes` with its 95% interval (Student's), above 0 where `bayes`
is better. The target is the top 0.1% of the distinct networks, or a share of .98 of the hypervolume; its
column is the median number of trainings, in which a search that did not reach it stands for infinitely
many.

Results are kept by bed, sampler, seed and version of both, and reused: a change of a sampler runs it alone
again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy loads: one thread is what is timed

from helpers.beds import BEDS, FOR_TESTS, NEED_NO_TABLES, load_bed
from helpers.beds.bars import Results, verdicts
from helpers.beds.comparison import draw, table
from helpers.beds.driver import Search
from helpers.beds.kept import SHARED, Key, Result, append, forget_superseded, read, version_of, with_equals
from helpers.beds.peers import PEERS
from helpers.beds.speed import first_objective, records, time_sampler
from results import FOLDER, write_results

from archscape.search.samplers import SAMPLERS, make_sampler

KEPT = FOLDER / "samplers.csv"
FIGURE = Path(__file__).parents[1] / "docs" / "samplers.png"
NOT_COMPARED = {"auto", "optuna"}
"""Samplers that are others by another name."""

FIRST = ("bayes", "tpe", "nsga2", "evolution", "local")
"""The samplers of archscape that a table begins with."""

QUICK_BEDS = ("macro", "macro-hypervolume", "macro-noisy", "nb201-cifar100", "nb201-raspi4", "cifar-energy")
QUICK_SEEDS, SEEDS = 3, 20
SLOW = ("optuna-gp",)
"""Peers that `--quick` has only where results are kept."""

DRAWN = ("macro", "macro-limited", "macro-hypervolume", "nb201-cifar100", "nb201-raspi4", "cifar-energy")
RECORDS = (100, 1_000, 10_000)
TIMED = ("bayes", "tpe", "nsga2", "evolution", "local", "random")


class Task(NamedTuple):
    """A search to run."""

    key: Key
    tables: Path | None


def samplers() -> tuple[str, ...]:
    """Return all that is compared, in the order of the tables."""
    ours = [name for name in SAMPLERS if name not in NOT_COMPARED]
    return (
        *sorted(ours, key=lambda name: (name not in FIRST, FIRST.index(name) if name in FIRST else 0)),
        *PEERS,
    )


def run(task: Task) -> Result:
    """Run a search."""
    key, bed = task.key, load_bed(task.key.bed, task.tables)
    if key.sampler in PEERS:
        return Result.of(PEERS[key.sampler].search(bed, key.seed), bed)
    return Result.of(Search(bed=bed, sampler=make_sampler(key.sampler), seed=key.seed).drive(), bed)


def keys(beds: Sequence[str], names: Sequence[str], seeds: int, tables: Path | None) -> Iterator[Key]:
    """Yield the searches of beds by samplers, seed by seed."""
    for bed_name in beds:
        bed = load_bed(bed_name, tables)
        runnable = [name for name in names if name not in PEERS or PEERS[name].runs_on(bed)]
        versions = {name: version_of(name, bed) for name in runnable}
        for seed in range(seeds):
            for name in runnable:
                yield Key(bed=bed_name, sampler=name, seed=seed, version=versions[name])


def run_all(tasks: Sequence[Task], processes: int, kept: Path) -> None:
    """Run searches and keep the result of each as it ends."""
    if processes == 1:
        for task in tasks:
            append(kept, task.key, run(task))
            print(f"{task.key.bed} {task.key.sampler} {task.key.seed}", file=sys.stderr, flush=True)
        return
    with ProcessPoolExecutor(processes) as pool:
        futures = {pool.submit(run, task): task.key for task in tasks}
        for future in as_completed(futures):
            key = futures[future]
            append(kept, key, future.result())
            print(f"{key.bed} {key.sampler} {key.seed}", file=sys.stderr, flush=True)


def collected(wanted: Sequence[Key], kept: Path) -> Results:
    """Return what the searches came to, by bed and sampler and seed."""
    results = defaultdict[tuple[str, str], dict[int, Result]](dict)
    for key, result in with_equals(read(kept), wanted).items():
        results[key.bed, key.sampler][key.seed] = result
    return dict(results)


def speeds() -> list[str]:
    """Return the table of CPU time by the number of records."""
    two = load_bed("cifar-energy", None)
    lines = [
        "| CPU ms a suggestion, the first / later ones | "
        + " | ".join(f"{n:,} records" for n in RECORDS)
        + " |",
        f"|:--|{'--:|' * len(RECORDS)}",
    ]
    for bed, what in ((first_objective(two), "one objective"), (two, "two measured objectives")):
        known = records(bed, max(RECORDS))
        for name in (name for name in TIMED if name in SAMPLERS):
            timed = [time_sampler(name, bed, known[:number]) for number in RECORDS]
            cells = [f"{speed.first:,.1f} / {speed.later:,.1f}" for speed in timed]
            lines.append(f"| {name}, {what} | {' | '.join(cells)} |")
            print(lines[-1], file=sys.stderr, flush=True)
    return lines


def report(beds: Sequence[str], names: Sequence[str], results: Results, tables: Path | None) -> list[str]:
    """Return the tables of the beds, and the bars."""
    lines = []
    for name in beds:
        lines += table(load_bed(name, tables), results, names)
    lines += ["### Bars", "", "| bar | measured [95%] | seeds | |", "|:--|--:|--:|:--|"]
    return [*lines, *[verdict.row() for verdict in verdicts(results)]]


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tables", type=Path, nargs="?", help="folder of the published tables")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SEEDS} seeds of some beds")
    parser.add_argument("--beds", nargs="+", choices=BEDS, metavar="BED", help=", ".join(BEDS))
    parser.add_argument(
        "--samplers", nargs="+", choices=samplers(), metavar="SAMPLER", help=", ".join(samplers())
    )
    parser.add_argument("--seeds", type=int, help=f"how many; {SEEDS} by default")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=KEPT, help="file that results are kept in")
    asked = parser.parse_args()
    everything = [name for name in BEDS if name not in FOR_TESTS]
    asked.beds = asked.beds or (list(QUICK_BEDS) if asked.quick else everything)
    lacking = [name for name in asked.beds if name not in NEED_NO_TABLES]
    if lacking and (asked.tables is None or not asked.tables.is_dir()):
        parser.error(
            f"{lacking[0]} is read from a published table: name the folder of the tables, got {asked.tables}"
        )
    return asked


def main() -> None:
    asked = options()
    names = asked.samplers or samplers()
    seeds = asked.seeds or (QUICK_SEEDS if asked.quick else SEEDS)
    wanted = list(keys(asked.beds, names, seeds, asked.tables))
    runnable = [key for key in wanted if not (asked.quick and key.sampler in SLOW)]
    for some in ([key for key in runnable if key.seed < SHARED], runnable):
        known = with_equals(read(asked.kept), wanted)
        tasks = [Task(key, asked.tables) for key in some if key not in known]
        run_all(tasks, asked.processes, asked.kept)
    results = collected(wanted, asked.kept)
    lines = report(asked.beds, names, results, asked.tables)
    if asked.quick or asked.beds != [name for name in BEDS if name not in FOR_TESTS] or asked.samplers:
        print("\n".join(lines))
        return
    forget_superseded(asked.kept, wanted)
    draw(FIGURE, [load_bed(name, asked.tables) for name in DRAWN], results, names)
    write_results(
        "samplers",
        __doc__ or "",
        [*lines, "", "### Speed", "", *speeds()],
        tools=("optuna", "numpy", "scipy"),
    )


if __name__ == "__main__":
    main()
