"""What the machinery of a search costs for a trial that does nothing.

Claim: a no-op trial costs at most half of plain Optuna's (`study.optimize`, 30 suggests) on the same storage;
the local pool does at least five times as many of them a second as Ray Tune with OptunaSearch; and what one
costs stays the same from 100 to 10,000 trials.

Command: `python benchmarks/engine.py` (about 15 minutes; writes benchmarks/results/engine-DATE.md)
Hardware: two free cores, no GPU.

An archscape trial draws a network of the catalog's `cifar` space (about 29 decisions), checks its limits,
hashes it, submits it, writes its result to the spool and to the study; Optuna's suggests 30 whole numbers and
returns two values. Both sample at random. Each figure of the first table is the median of interleaved rounds,
in processes of their own; starting them is not counted. Tune's throughput counts from the end of the first
trial to that of the last, with actors reused and as many at once as there are cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

from helpers.postgres import Cluster
from results import write_results

ROUNDS = 3
TRIALS = 200
LONG = 10_000
STEP = 1_000
SUGGESTS = 30
WORKERS = (1, 2, 4)
ANSWERS = os.fdopen(os.dup(1), "w")
"""Where a process of the benchmark answers; what libraries print goes elsewhere."""


def ours(storage: str, name: str, folder: str, trials: str) -> list[float]:
    """Work on a study of no-op trials until it is full; return when each trial of this process ended."""
    from archscape.search.samplers import make_sampler
    from archscape.search.shutdown import Shutdown
    from archscape.search.study.spool import Result
    from archscape.search.study.study import Study
    from archscape.search.workers.trial_source import SearchPlan, TrialSource
    from archscape.search.workers.worker import Worker
    from archscape.spaces import Space

    ends: list[float] = []
    run = Path(folder)
    (run / "logs").mkdir(parents=True, exist_ok=True)
    plan = SearchPlan(space=Space.load("cifar"), sampler=make_sampler("random"), trials=int(trials), seed=0)
    facts = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "seed": 0}

    def evaluate(network: object, context: object) -> Result:
        return context.result(status="complete", metrics={"accuracy": 0.5})  # type: ignore[attr-defined]

    with Study.open(run, name=name, storage=storage, facts=facts) as study:
        ready()
        Worker(
            source=TrialSource(
                name="w",
                plan=plan,
                study=study,
                logs=run / "logs",
                notify=lambda event: ends.append(time.time()) if event.kind == "end" else None,
                shutdown=Shutdown(),
            ),
            evaluate=evaluate,
        ).run()
    return ends


def optunas(storage: str, name: str, folder: str, trials: str) -> list[float]:
    """Optimize an Optuna study of no-op trials until it is full; return when each trial ended."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = storage.replace("postgresql://", "postgresql+psycopg://") or f"sqlite:///{folder}/optuna.db"
    study = optuna.create_study(
        storage=url,
        study_name=f"{name}-optuna",
        sampler=optuna.samplers.RandomSampler(seed=os.getpid()),
        directions=["maximize", "minimize"],
        load_if_exists=True,
    )
    ends: list[float] = []

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        for i in range(SUGGESTS):
            trial.suggest_int(f"x{i}", 0, 9)
        return 0.5, 1.0

    ready()
    study.optimize(objective, n_trials=int(trials), callbacks=[lambda study, trial: ends.append(time.time())])
    return ends


def tunes(workers: str, trials: str) -> list[float]:
    """Run no-op trials through Ray Tune with OptunaSearch; return when each ended."""
    import logging

    import ray
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    ray.init(num_cpus=int(workers), include_dashboard=False, logging_level=logging.ERROR)
    space = {f"x{i}": tune.randint(0, 10) for i in range(SUGGESTS)}
    ends: list[float] = []

    class Ends(tune.Callback):
        def on_trial_complete(self, *arguments: object, **more: object) -> None:
            ends.append(time.time())

    ready()
    search = OptunaSearch(metric=["accuracy", "macs"], mode=["max", "min"])
    tune.Tuner(
        lambda config: tune.report({"accuracy": 0.5, "macs": 1.0}),
        param_space=space,
        tune_config=tune.TuneConfig(
            search_alg=search,
            num_samples=int(trials),
            max_concurrent_trials=int(workers),
            reuse_actors=True,
            metric=None,
        ),
        run_config=tune.RunConfig(verbose=0, storage_path=tempfile.mkdtemp(), callbacks=[Ends()]),
    ).fit()
    ray.shutdown()
    return ends


def ready() -> None:
    """Say that everything is loaded, and wait for the word to begin."""
    ANSWERS.write("ready\n")
    ANSWERS.flush()
    sys.stdin.readline()


def answer(kind: str, *arguments: str) -> None:
    """Be a process of the benchmark: do as told, and write when each trial ended."""
    ends = {"ours": ours, "optunas": optunas, "tunes": tunes}[kind](*arguments)
    ANSWERS.write(" ".join(map(str, ends)))
    ANSWERS.flush()


def together(*calls: tuple[str, ...]) -> tuple[float, list[float]]:
    """Run calls of this program's functions in processes that begin at once; return when, and all ends."""
    command = [sys.executable, __file__]
    processes = [
        subprocess.Popen(
            [*command, *call],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for call in calls
    ]
    for process in processes:
        assert process.stdout
        while process.stdout.readline() not in ("ready\n", ""):
            pass
    start = time.time()
    texts = [process.communicate("\n")[0] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    return start, sorted(float(word) for text in texts for word in text.split())


def seconds_a_trial(kind: str, storage: Callable[[], str], workers: int) -> float:
    """Return the seconds that a no-op trial takes of a new study, by the clock on the wall."""
    with tempfile.TemporaryDirectory() as folder:
        share = TRIALS if kind == "ours" else TRIALS // workers
        arguments = (kind, storage(), "engine", folder)
        together((*arguments, "0"))  # creates the study
        call = (*arguments, str(share))
        start, ends = together(*[call] * workers)
        assert len(ends) == TRIALS
        return (ends[-1] - start) / TRIALS


def curve(kind: str, trials: int) -> list[float]:
    """Return milliseconds a trial over the steps of one long study on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        start, ends = together((kind, "", "long", folder, str(trials)))
    marks = [start, *ends[STEP - 1 :: STEP]]
    return [1e3 * (after - before) / STEP for before, after in pairwise(marks)]


def main() -> None:
    with Cluster.temporary() as cluster:
        databases = iter(range(10_000))
        storages: dict[str, Callable[[], str]] = {
            "SQLite": lambda: "",
            "PostgreSQL": lambda: cluster.url(f"engine{next(databases)}"),
        }
        keys = [(s, w, k) for s in storages for w in WORKERS for k in ("ours", "optunas")]
        seconds: dict[tuple[str, int, str], list[float]] = {key: [] for key in keys}
        for _ in range(ROUNDS):
            for storage, workers, kind in keys:
                seconds[storage, workers, kind].append(seconds_a_trial(kind, storages[storage], workers))
        tuned = []
        for _ in range(ROUNDS):
            _, ends = together(("tunes", "2", str(TRIALS)))
            tuned.append((ends[-1] - ends[0]) / (len(ends) - 1))
    middle = {key: median(values) for key, values in seconds.items()}
    ratios = {s: middle[s, 1, "ours"] / middle[s, 1, "optunas"] for s in storages}
    pool = middle["SQLite", 2, "ours"]
    own, other = curve("ours", LONG), curve("optunas", 2 * STEP)
    lines = [
        *(f"A no-op trial on {s} costs **{ratio:.0%}** of plain Optuna's." for s, ratio in ratios.items()),
        f"Two workers do **{median(tuned) / pool:.1f}x** as many a second as Tune with OptunaSearch.",
        f"The last {STEP:,} of {LONG:,} trials cost **{own[-1] / own[0]:.2f}x** of the first {STEP:,}.",
        "",
        f"Medians of {ROUNDS} interleaved rounds of {TRIALS} trials, load average {os.getloadavg()[0]:.1f}:",
        "",
        "| storage | workers | archscape, ms a trial | Optuna | archscape, trials/s | Optuna |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for storage in storages:
        for workers in WORKERS:
            a, b = (middle[storage, workers, kind] for kind in ("ours", "optunas"))
            cells = [f"{1e3 * a:.1f}", f"{1e3 * b:.1f}", f"{1 / a:.0f}", f"{1 / b:.0f}"]
            lines.append(f"| {storage} | {workers} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Ray Tune with OptunaSearch, two at once, actors reused: {1e3 * median(tuned):.0f} ms a trial, "
        f"{1 / median(tuned):.1f} trials/s ({TRIALS} trials, median of {ROUNDS}).",
        "",
        f"One study on SQLite, one worker, ms a trial for each {STEP:,}: "
        + ", ".join(f"{value:.1f}" for value in own)
        + "; plain Optuna: "
        + ", ".join(f"{value:.1f}" for value in other)
        + ".",
    ]
    write_results("engine", __doc__ or "", lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.dup2(2, 1)
        answer(sys.argv[1], *sys.argv[2:])
    else:
        main()
