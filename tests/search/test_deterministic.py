"""With `deterministic: true` the same job tries the same networks, however long each trial takes."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.in_process import InProcess
from helpers.processes import popen
from rich.console import Console

from archscape.search.job import Job, read_job
from archscape.search.search import run
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces import Space
from archscape.spaces.errors import JobError

PERTURBED = Path(__file__).with_name("perturbed.py")
OBJECTIVES = {"accuracy": "maximize", "macs": "minimize"}
TRIALS = 14


def begin(folder: Path, space: Space, *, workers: int = 0) -> None:
    """Begin a study, a deterministic one where there is a number of workers."""
    facts: dict[str, Any] = {"objectives": OBJECTIVES, "seed": 0}
    if workers:
        facts["deterministic"] = {"workers": workers}
    folder.mkdir()
    Study.open(folder, name="a", facts=facts, settings={"space": space.to_yaml()}).close()


def start(folder: Path, sampler: str, seeds: Sequence[int], *more: str) -> list[subprocess.Popen[bytes]]:
    """Start workers of random speeds."""
    command = [sys.executable, str(PERTURBED), str(folder), sampler, str(TRIALS)]
    return [popen([*command, str(seed), *more]) for seed in seeds]


def statuses(workers: Sequence[subprocess.Popen[bytes]]) -> list[int]:
    return sorted(worker.wait() for worker in workers)


def search(job: Job, folder: Path) -> str:
    """Return what a search in this process shows."""
    console = Console(file=io.StringIO(), width=400)
    run(job, out=folder, console=console, executor=InProcess())
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def tried(folder: Path) -> list[tuple[object, ...]]:
    """Which networks were tried, in order, and how far each came."""
    with Study.open(folder) as study:
        return [(t.number, t.hash, t.state, t.rung, t.metrics.get("accuracy")) for t in study.trials()]


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["nsga2", pytest.param("tpe", marks=pytest.mark.full)])
def test_same_job_tries_the_same_networks_whatever_the_timing(
    sampler: str, tiny: Space, tmp_path: Path
) -> None:
    """With three workers; with two, of which one is killed; and with one, killed, and then another.

    Alone, and where the study is not deterministic, a worker sees more and tries others. What a sampler sees
    is the study's part, so `make test` has one of them.
    """
    for name in "abc":
        begin(tmp_path / name, tiny, workers=3)
    begin(tmp_path / "d", tiny)
    three = start(tmp_path / "a", sampler, [1, 2, 3])
    assert statuses(start(tmp_path / "c", sampler, [6], "--die", "9")) == [-9]
    assert statuses(three) == [0, 0, 0]
    two = start(tmp_path / "b", sampler, [4, 5], "--die", "11")
    assert statuses(start(tmp_path / "c", sampler, [7])) == [0]
    assert statuses(two) == [-9, 0]
    assert statuses(start(tmp_path / "d", sampler, [8])) == [0]
    expected = tried(tmp_path / "a")
    assert len(expected) == TRIALS
    assert {state for _, _, state, _, _ in expected} == {"complete", "pruned"}
    assert tried(tmp_path / "b") == expected
    assert tried(tmp_path / "c") == expected
    assert [row[1] for row in tried(tmp_path / "d")] != [row[1] for row in expected]


def test_proposal_waits_for_the_trials_that_it_sees(
    tiny: Space, tmp_path: Path, plan: SearchPlan, owner: Owner, finished: Any
) -> None:
    begin(tmp_path / "a", tiny, workers=2)
    with Study.open(tmp_path / "a") as study:
        seen = []

        def propose(number: int, history: Any) -> Any:
            seen.append((number, [r.number for r in history.complete], [*history.pending]))
            return plan.propose(number, history)

        first, second = (study.ask_unique(propose, owner, trials=9) for _ in range(2))
        assert study.ask_unique(propose, owner, trials=9) is None
        assert second is not None
        study.tell(finished(second))
        assert study.ask_unique(propose, owner, trials=9) is None
        assert first is not None
        study.tell(finished(first))
        assert study.ask_unique(propose, owner, trials=9) is not None
        assert seen == [(0, [], []), (1, [], [0]), (2, [0], [1])]


def test_job_says_it_and_a_study_keeps_the_workers_that_it_began_with(job_file: Path, tmp_path: Path) -> None:
    job_file.write_text(job_file.read_text() + "deterministic: true\n")
    job = replace(read_job(job_file), trials=1)
    assert job.facts()["deterministic"] == {"workers": 2}
    assert "deterministic: true" in job.to_yaml(space="space.yaml")
    folder = tmp_path / "run"
    for workers in (2, 3):
        search(replace(job, workers=workers), folder)
    with Study.open(folder) as study:
        assert study.lag == 2
    with pytest.raises(
        JobError, match=r"began with deterministic true, with `workers: 2`, but the job has false"
    ):
        search(replace(job, deterministic=False), folder)


def test_seed_that_does_not_make_a_search_repeatable_is_told(job_file: Path, tmp_path: Path) -> None:
    job = replace(read_job(job_file), trials=1, sampler="nsga2", seed=7)
    told = "With 2 workers nsga2 is repeatable only with `deterministic: true` in the job"
    assert told in search(job, tmp_path / "a")
    for change in ({"deterministic": True}, {"workers": 1}, {"sampler": "random"}):
        assert told not in search(replace(job, **change), tmp_path / str(*change))  # type: ignore[arg-type]
