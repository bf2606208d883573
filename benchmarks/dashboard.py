"""What the dashboard costs beside a study of 100,000 trials.

Claim: a page shows its first trials within 2 s of asking, and the server has brought all 100,000 after 6 s of
processor time; once it has, a poll of the study costs about a millisecond, as it does with 1,000.

Command: `python benchmarks/dashboard.py` (about a minute; writes benchmarks/results/dashboard-DATE.md)

Each study is an SQLite file whose ended trials are written straight into the table: four in five complete,
the others stopped early or failed. `archscape dashboard` serves it, and a client reads its events as browsers
do. `first` is from the request to the first event that brings trials, `all` to the last one, `again` the
same for a second page. `a poll` is the median of 200 polls that find nothing new while two trials run, in
processor time.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from results import write_results
from sqlalchemy import Connection

from archscape.search.study.schema import trials
from archscape.search.study.study import Study
from archscape.spaces import load_space

SIZES = (1_000, 10_000, 100_000)
LOOKS = 200
AIMS = {"accuracy": "maximize", "macs": "minimize"}


def fill(study: Study, count: int) -> None:
    """Write trials that have ended, and two that run."""
    rng = random.Random(0)
    sample = load_space("digits").sample(rng)
    fixed = {"decisions": json.dumps(sample.decisions), "network": sample.network.to_json(), "message": ""}
    rows = [{**fixed, **_row(study.key, number, rng, ended=number < count)} for number in range(count + 2)]
    for start in range(0, len(rows), 5000):
        part = rows[start : start + 5000]
        study.database.write(partial(_insert, part))


def _insert(rows: Sequence[Mapping[str, object]], connection: Connection) -> None:
    connection.execute(trials.insert(), rows)


def _row(study: int, number: int, rng: random.Random, *, ended: bool) -> dict[str, object]:
    macs = int(10 ** rng.uniform(4, 7))
    accuracy = min(0.99, max(0.1, 0.15 * math.log10(macs) + rng.gauss(0, 0.05)))
    costs = {"params": macs // 9, "macs": macs, "flops": 2 * macs, "activations": macs // 50}
    gave = {"accuracy": accuracy, "test_accuracy": accuracy - 0.01, "loss": 1 - accuracy, "seconds": 2.5}
    state = rng.choices(["complete", "pruned", "failed"], [80, 15, 5])[0] if ended else "running"
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=6 * number)
    return {
        "study_id": study,
        "number": number,
        "hash": f"{number:016x}",
        "trial_id": number + 1,
        "state": state,
        "changed": 2 * number,
        "rung": 3 if state == "pruned" else None,
        "attempts": 1,
        "machine": "node/1",
        "pid": 1,
        "born": 1,
        "seed": number,
        "costs": json.dumps(costs),
        "metrics": json.dumps({**costs, **gave} if state in ("complete", "pruned") else {}),
        "cause": {"pruned": "halving", "failed": "diverged"}.get(state, ""),
        "worker": f"w{number % 4}" if ended else "",
        "started": began.isoformat(),
        "finished": (began + timedelta(seconds=20)).isoformat() if ended else "",
    }


def read_page(url: str) -> tuple[float, float, float]:
    """Read the events of a page; return seconds to the first trials and to all of them, and megabytes."""
    began, first, size = time.perf_counter(), math.nan, 0
    with urlopen(f"{url}events") as events:
        for line in events:
            size += len(line)
            if line == b"event: trials\n" and math.isnan(first):
                first = time.perf_counter() - began
            if b'"behind":false' in line and not math.isnan(first):
                break
    return first, time.perf_counter() - began, size / 1e6


def spent(pid: int) -> tuple[float, float]:
    """Return the processor seconds and the megabytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def poll_milliseconds(study: Study) -> float:
    """Return what a poll costs that finds nothing new."""
    latest = max(trial.changed for trial in study.trials())
    taken = []
    for _ in range(LOOKS):
        began = time.process_time()
        study.changes(since=latest)
        taken.append(1000 * (time.process_time() - began))
    return median(taken)


def measure(folder: Path, count: int) -> str:
    """Return the line of the table for a study of a size."""
    (folder / "job.yaml").write_text("search: large\n")
    facts, settings = {"objectives": AIMS, "seed": 0}, {"trials": count + 100}
    with Study.open(folder, name="large", facts=facts, settings=settings) as study:
        fill(study, count)
        milliseconds = poll_milliseconds(study)
    command = [sys.executable, "-m", "archscape", "dashboard", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        before, _ = spent(server.pid)
        first, everything, size = read_page(url)
        after, memory = spent(server.pid)
        again = read_page(url)[1]
        server.terminate()
    cells = (first, everything, after - before, again, size)
    return f"| {count:,} | {' | '.join(f'{c:.2f}' for c in cells)} | {milliseconds:.2f} | {memory:.0f} |"


def main() -> None:
    lines = []
    for count in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            lines.append(measure(Path(folder), count))
    head = "| trials | first, s | all, s | processor, s | again, s | sent, MB | a poll, ms | memory, MB |"
    load = f"Load average at the end {os.getloadavg()[0]:.1f} (it lengthens all but processor time):"
    write_results("dashboard", __doc__ or "", [load, "", head, "|--:" * 8 + "|", *lines])


if __name__ == "__main__":
    main()
