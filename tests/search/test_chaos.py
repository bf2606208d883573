"""Whatever dies, freezes or runs out of disk, no result is lost: the short form of `make chaos`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.aftermath import Aftermath, Trial, read_claims
from helpers.processes import popen
from helpers.programs import need_program

LOG = """\
2026-01-01T00:00:00.000+00:00 w1 starts: network abc, seed 7
2026-01-01T00:00:01.000+00:00 epoch 1: loss 2.25, accuracy 0.25, seconds 0.1
2026-01-01T00:00:02.000+00:00 w2 starts: network abc, seed 7
2026-01-01T00:00:03.000+00:00 epoch 1: loss 2.25, accuracy 0.25, seconds 0.1
2026-01-01T00:00:04.000+00:00 epoch 2: loss 1.5, accuracy 0.333333, seconds 0.2
2026-01-01T00:00:05.000+00:00 w2 ends: complete
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("storage", [pytest.param("sqlite", marks=pytest.mark.full), "postgresql"])
def test_nothing_is_lost(storage: str, root: Path) -> None:
    """`make test` has the server, which is disturbed too; kills beside a file are in `test_faults.py`."""
    if storage == "postgresql":
        need_program("PostgreSQL")
    command = [sys.executable, root / "benchmarks" / "chaos.py", "--short", "--storage", storage]
    process = popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output = "\n".join(process.communicate())
    finally:  # what it started ends with it
        process.terminate()
        process.wait()
    assert process.returncode == 0, output
    assert "**1 of 1** searches kept every promise" in output


@pytest.mark.full
@pytest.mark.timeout(900)
def test_nothing_is_lost_that_the_users_function_trains(root: Path) -> None:
    command = [sys.executable, root / "benchmarks" / "chaos.py", "--short", "--own", "--storage", "sqlite"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    assert "**1 of 1** searches kept every promise" in done.stdout


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_nothing_is_lost_in_ten_long_searches(root: Path) -> None:
    need_program("PostgreSQL")
    done = subprocess.run(
        [sys.executable, root / "benchmarks" / "chaos.py"], stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "**10 of 10** searches kept every promise" in done.stdout


# The judge itself can say no.


def aftermath(log: Path, **changes: object) -> Aftermath:
    first, metrics = {"loss": 2.25, "accuracy": 0.25}, {"loss": 1.5, "accuracy": 1 / 3}
    facts = {"hash": "abc", "state": "complete", "cause": "", "attempts": 2, "metrics": metrics}
    trial = Trial(**{"number": 0, **facts, "epochs": {1: first, 2: metrics}, **changes})  # type: ignore[arg-type]
    return Aftermath(
        trials=[trial], claims=read_claims(log), signs={}, optuna={"COMPLETE": 1}, spooled=[], alive=[]
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "trial-00000.log"
    path.write_text(LOG)
    (tmp_path / "abc.safetensors").touch()
    return path


def test_a_kept_promise(log: Path) -> None:
    ending = aftermath(log)
    assert ending.broken(trials=1, epochs=2, weights=log.parent) == []
    assert [(claim.number, claim.hash, claim.status) for claim in ending.claims] == [(0, "abc", "complete")]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"metrics": {"loss": 1.5, "accuracy": 0.25}}, "lost results"),
        ({"state": "failed", "cause": "lost_worker"}, "lost results"),
        ({"state": "failed", "cause": "error"}, "failed for another reason"),
        ({"state": "running"}, "open: [0]"),
        ({"epochs": {2: {"loss": 1.5, "accuracy": 1 / 3}}}, "without every epoch"),
        (
            {"epochs": {1: {"loss": 2.25, "accuracy": 0.5}, 2: {"loss": 1.5, "accuracy": 1 / 3}}},
            "lost results",
        ),
        ({"hash": "other"}, "without weights"),
        ({"number": 1}, "trials [1]"),
    ],
)
def test_a_broken_promise(changes: dict[str, object], word: str, log: Path) -> None:
    broken = aftermath(log, **changes).broken(trials=1, epochs=2, weights=log.parent)
    assert any(word in sentence for sentence in broken)


def test_a_line_that_the_disk_had_no_room_for_is_no_lost_result(log: Path) -> None:
    log.write_text("".join(line for line in LOG.splitlines(keepends=True) if " epoch 2:" not in line))
    assert aftermath(log).lost == []


def test_training_twice_is_noticed(log: Path) -> None:
    log.write_text(LOG + LOG)
    assert aftermath(log).twice == ["abc"]
