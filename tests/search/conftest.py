from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import in_process

from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.pruners import Decision, Pruner, RungResult
from archscape.search.samplers.random import RandomSampler
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces import Network, Space

if TYPE_CHECKING:
    from helpers.postgres import Cluster

TINY = """\
space: tiny
input: 1x16x16
let: {w: {4, 8, 12}}
layers:
  - conv: {width: $w, kernel: {3, 5}}
  - basic: {name: stage1, width: $w, depth: 1..3, stride: 2, kernel: {3, 5}}
  - basic: {name: stage2, width: 2 * $w, depth: 1..3, stride: 2, kernel: {3, 5}}
  - avgpool
  - linear: {width: 10}
"""

FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "seed": 0}

SMALL = """\
network: small
input: 1x8x8
layers:
  - conv: {width: 8, kernel: 3, stride: 2}
  - avgpool
  - linear: {width: 10}
"""


@dataclass(frozen=True)
class Never:
    """A rule that stops every trial at its first epoch, for good."""

    name: str = "never"
    rungs: tuple[int, ...] = (1,)

    def decide(self, rung: int, result: RungResult, results: Sequence[RungResult]) -> Decision:
        return Decision(promote=False, reason="nobody goes on")

    def promotable(self, rung: int, results: Sequence[RungResult]) -> int | None:
        return None


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Train as a worker does; several threads on a busy machine wait for each other at every step."""
    with in_process.one_thread():
        yield


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def network() -> Network:
    """A network for the digits that trains in no time."""
    return Network.from_yaml(SMALL)


@pytest.fixture(scope="session")
def never() -> Pruner:
    return Never()


@pytest.fixture(scope="session")
def tiny() -> Space:
    return Space.from_yaml(TINY)


@pytest.fixture(scope="session")
def plan(tiny: Space) -> SearchPlan:
    return SearchPlan(space=tiny, sampler=RandomSampler(), trials=24, seed=0)


@pytest.fixture
def owner() -> Owner:
    return Owner.current()


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with Study.open(tmp_path, name="tiny", facts=FACTS) as study:
        yield study


@pytest.fixture(params=["sqlite", "postgresql"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Study]:
    """A study in an SQLite file, and one on a PostgreSQL server."""
    storage = ""
    if request.param == "postgresql":
        server: Cluster = request.getfixturevalue("postgres")
        storage = server.url("stored")
    with Study.open(tmp_path, name="stored", storage=storage, facts=FACTS) as study:
        yield study
        study.delete()


@pytest.fixture
def gone(owner: Owner) -> Callable[[int], Owner]:
    """Processes of this machine that have ended."""
    return lambda n: replace(owner, pid=2**22 + 1 + n, born=1)  # above the highest process number


@pytest.fixture
def elsewhere() -> Owner:
    """A process that cannot be seen from here."""
    return Owner(machine="elsewhere", pid=7, born=7)


@pytest.fixture
def finished() -> Callable[..., Result]:
    def result(lease: Lease, accuracy: float = 0.5, **changes: Any) -> Result:
        metrics = {"accuracy": accuracy, "test_accuracy": 0.4, "loss": 1.0, "seconds": 0.1, **lease.costs}
        history = [{"epoch": 1, "loss": 1.0, "accuracy": accuracy, "seconds": 0.1}]
        facts: dict[str, Any] = {"status": "complete", "metrics": metrics, "history": history, "worker": "w1"}
        return Result(number=lease.number, hash=lease.hash, **(facts | changes))

    return result


@pytest.fixture
def job_file(tmp_path: Path) -> Path:
    """A job whose trials take a fraction of a second."""
    (tmp_path / "tiny.yaml").write_text(TINY.replace("1x16x16", "1x8x8"))
    path = tmp_path / "job.yaml"
    path.write_text(
        "search: tiny-digits\nspace: tiny.yaml\ndata: digits\nrecipe: {preset: quick, epochs: 1}\n"
        "sampler: random\ntrials: 8\nworkers: 2\n"
    )
    return path
