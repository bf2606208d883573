"""A search that everything happens to: workers, coordinator and server die, freeze and run out of disk.

Claim: 200 short trials on four workers end as 200 trials in final states, none of them lost, none trained to
its end twice, none running, whatever dies, and whenever; and every network has the accuracy that it has in
every other run, to the bit. At last the study is deleted under a search: that ends with a line and status 1.

Command: `make chaos` (about 20 minutes on two free cores; writes benchmarks/results/chaos-DATE.md), or
`python benchmarks/chaos.py --short --storage sqlite` (one seed, 60 trials, on standard output only); with
`--own` a function of the user's trains, with checkpoints of its own
Needs: PostgreSQL's server programs; root, or whoever may mount, for the full disk and read-only folders.

The command line is used as on a cluster: `archscape search` with two workers, and `archscape worker` that
joins with two more. Faults come in an order drawn from the seed, each at a random moment after some more
trials have ended; whatever died is started again, as a cluster's scheduler does. Then all is left in peace.
Results are counted from the logs of the workers, and looked for in the tables of the study.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random

import optuna
import psycopg
from crew import COORDINATOR, JOINED, LONGER, Crew
from faults import FAULTS, STUDY_DELETED, World, mount_small_disk, unmount
from helpers.aftermath import SIGNS, Aftermath, read_aftermath
from helpers.postgres import Cluster
from results import write_results
from siege import delete_study, disturb, leave_in_peace

from archscape.search.study.database import CLASS

SEEDS = range(5)
TRIALS, SHORT_TRIALS = 200, 60
ROUNDS, SHORT_ROUNDS = 2, 1
EPOCHS = 3
LEASE = 3
OWN_MOUNTS = "ARCHSCAPE_OWN_MOUNTS"

SPACE = """\
space: tiny
input: 1x8x8
let: {w: {4, 6, 8, 10, 12}}
layers:
  - conv: {width: $w, kernel: {1, 3, 5}}
  - basic: {name: stage1, width: $w, depth: 1..3, stride: 2, kernel: {1, 3, 5}}
  - basic: {name: stage2, width: 2 * $w, depth: 1..3, stride: 2, kernel: {1, 3, 5}}
  - avgpool
  - linear: {width: 10}
"""

JOB = f"""\
search: chaos
space: tiny.yaml
data: digits
recipe: {{preset: quick, epochs: {EPOCHS}}}
sampler: random
workers: 2
lease: {LEASE}
"""


OWN_JOB = JOB.replace("recipe: {preset: quick, epochs:", "train: {call: own_fit.py:fit, epochs:")

OWN_FIT = """\
import torch
from torch.nn.functional import cross_entropy


def fit(network, context):
    model, train, val = network.build(), context.data.train, context.data.val
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    latest, state = context.checkpoints / "latest.pt", {"epoch": 0}
    if latest.exists():
        state = torch.load(latest, weights_only=True)
        context.log(f"goes on from epoch {state['epoch']}")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["generator"])
    for epoch in range(state["epoch"] + 1, context.epochs + 1):
        for rows in torch.randperm(len(train)).split(64):
            x, y = train.batch(rows, "cpu")
            loss = cross_entropy(model.train()(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.inference_mode():
            x, y = val.batch(slice(0, len(val)), "cpu")
            accuracy = (model.eval()(x).argmax(1) == y).double().mean().item()
        metrics = {"accuracy": accuracy, "loss": loss.item()}
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        state |= {"generator": torch.get_rng_state(), "epoch": epoch, "metrics": metrics}
        go_on = context.report(epoch, metrics)
        torch.save(state, latest.with_suffix(".part"))
        latest.with_suffix(".part").replace(latest)
        if not go_on:
            break
    context.save(model)
    return state["metrics"]
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One search and what came of it."""

    storage: str
    seed: int
    faults: Counter[str]
    ends: Counter[int]
    seconds: float
    after: Aftermath
    broken: list[str]


def run(
    storage: str, seed: int, cluster: Cluster | None, *, trials: int, rounds: int, own: bool = False
) -> Run:
    """Search once under faults, and look at what is left."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="chaos-") as name, small_disk(Path(name) / "run") as small:
        home, out = Path(name), Path(name) / "run"
        (home / "tiny.yaml").write_text(SPACE)
        (home / "own_fit.py").write_text(OWN_FIT)
        (home / "job.yaml").write_text(f"{OWN_JOB if own else JOB}trials: {trials}\n")
        database = cluster.url(f"chaos{seed}") if cluster else f"sqlite:///{out / 'study.db'}"
        crew = Crew(commands=commands(home / "job.yaml", out, database), errors=home)
        world = World(crew=crew, out=out, rng=Random(seed), lease=LEASE, cluster=cluster, small=small)
        try:
            disturb(world, trials=trials, rounds=rounds)
            leave_in_peace(world)
            alive = crew.everyone()
        except TimeoutError as error:
            output = "\n".join(f"{name}: {crew.said(name)}" for name in (COORDINATOR, JOINED))
            raise TimeoutError(f"{storage}, seed {seed}: {error}\n{output}") from None
        finally:
            world.undo(all_of_it=True)
            crew.end()
        after = read_aftermath(out, database.replace("postgresql:", "postgresql+psycopg:"), alive)
        broken = after.broken(trials=trials, epochs=EPOCHS, weights=out / "checkpoints")
        try:
            broken += delete_study(world, lambda: delete(database, out), trials=trials)
        finally:
            crew.end()
    seconds = time.perf_counter() - started
    ends = Counter(status for _, status in crew.ends)
    return Run(
        storage=storage, seed=seed, faults=world.done, ends=ends, seconds=seconds, after=after, broken=broken
    )


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Make a folder, on a small disk of its own where that is allowed; yield whether it is."""
    folder.mkdir()
    small = OWN_MOUNTS in os.environ and mount_small_disk(folder)
    try:
        yield small
    finally:
        if small:
            unmount(folder)


def commands(job: Path, out: Path, storage: str) -> dict[str, list[str]]:
    """Return what a user types, by the name of the process."""
    shared = ["--storage", storage, "--out", str(out)]
    return {
        COORDINATOR: ["search", str(job), *shared],
        JOINED: ["worker", "--study", "chaos", *shared, "--workers", "2"],
        LONGER: ["search", str(job), *shared, "--trials", str(10 * TRIALS)],
    }


def delete(storage: str, out: Path) -> None:
    """Delete a study, as somebody does who does not know that it is used."""
    if storage.startswith("sqlite"):
        (out / "study.db").unlink()
        return
    url = storage.replace("postgresql:", "postgresql+psycopg:")
    # Optuna gives up without a word when a worker writes a row meanwhile. With many of them it would never
    # come between: so it stands in the line of those who write to the study.
    with psycopg.connect(storage) as connection:
        (line,) = connection.execute("SELECT study_id FROM studies WHERE study_name = 'chaos'").fetchone()
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (CLASS, line))
        while "chaos" in optuna.get_all_study_names(url):
            optuna.delete_study(study_name="chaos", storage=url)


def differing(runs: list[Run]) -> int:
    """Return how many networks do not have the same accuracy in every run that completed them."""
    seen_accuracies: dict[str, set[float]] = {}
    for each in runs:
        for digest, accuracy in each.after.accuracies.items():
            seen_accuracies.setdefault(digest, set()).add(accuracy)
    return sum(len(accuracies) > 1 for accuracies in seen_accuracies.values())


def table(runs: list[Run]) -> list[str]:
    """Return a row for each run: what was done to it, what came out."""
    columns = (
        *("storage", "seed", *FAULTS, STUDY_DELETED, *SIGNS, "tried again", "final", "complete", "failed"),
        *("lost", "trained twice", "open", "spooled", "processes left", "seconds"),
    )
    lines = [f"| {' | '.join(columns)} |", f"|{'--|' * len(columns)}"]
    for each in runs:
        after, states = each.after, each.after.states
        final = states["complete"] + states["pruned"] + states["failed"]
        failed = ", ".join(f"{count} {cause}" for cause, count in after.causes.items()) or "0"
        cells = [
            *(each.storage, each.seed, *(each.faults[fault] or "-" for fault in (*FAULTS, STUDY_DELETED))),
            *(*after.signs.values(), sum(trial.attempts > 1 for trial in after.trials)),
            *(final, states["complete"], failed),
            *(len(after.lost), len(after.twice), len(after.trials) - final),
            *(len(after.spooled), len(after.alive), f"{each.seconds:.0f}"),
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def summary(runs: list[Run]) -> list[str]:
    """Return the table and what it comes to."""
    faults = sum(sum(each.faults.values()) for each in runs)
    kept = sum(not each.broken for each in runs)
    lines = [
        f"**{kept} of {len(runs)}** searches kept every promise under {faults} faults;",
        f"{differing(runs)} networks have another accuracy in another run.",
        "",
        *table(runs),
    ]
    lines += [f"\n{each.storage}, seed {each.seed}: {'; '.join(each.broken)}" for each in runs if each.broken]
    return lines


def with_own_mounts() -> None:
    """Become a process whose mounts nobody else sees, where that is allowed; else return."""
    own = ["unshare", "--mount", "--"]
    if OWN_MOUNTS in os.environ or os.geteuid() or not shutil.which(own[0]):
        return
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode == 0:
        os.environ[OWN_MOUNTS] = "1"
        os.execvp(own[0], [*own, sys.executable, *sys.argv])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--short", action="store_true", help="one seed, 60 trials; writes no result")
    parser.add_argument("--own", action="store_true", help="trained by a function of the user's")
    parser.add_argument("--storage", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--seed", type=int, action="append")
    options = parser.parse_args()
    with_own_mounts()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so that nothing is left behind
    trials, rounds = (SHORT_TRIALS, SHORT_ROUNDS) if options.short else (TRIALS, ROUNDS)
    storages: list[str] = options.storage or ["sqlite", "postgresql"]
    seeds = options.seed or (SEEDS[:1] if options.short else SEEDS)
    runs: list[Run] = []
    try:
        with Cluster.temporary() if "postgresql" in storages else nullcontext() as cluster:
            for seed, storage in product(seeds, storages):
                server = cluster if storage == "postgresql" else None
                runs.append(run(storage, seed, server, trials=trials, rounds=rounds, own=options.own))
                print(table(runs)[-1], *runs[-1].broken, sep="\n", file=sys.stderr, flush=True)
    finally:  # stopped early, it tells of the searches that it has done
        if options.short:
            print("\n".join(summary(runs)))
        elif runs:
            write_results("chaos-own" if options.own else "chaos", __doc__ or "", summary(runs))
    return int(bool(differing(runs)) or any(each.broken for each in runs))


if __name__ == "__main__":
    sys.exit(main())
