"""Which weights stay: as trials end in any order, never fewer than are needed in the end."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from archscape.analysis.limits import MetricLimit
from archscape.analysis.statistics.frontier import frontier
from archscape.search.study.kept_weights import ALL, KEEP, KeptWeights, remove_weights, weights_bytes

AIMS: Any = {"accuracy": "maximize", "macs": "minimize"}


def change(number: int, accuracy: float, macs: int, state: str = "complete", cause: str = "") -> Any:
    metrics = json.dumps({"accuracy": accuracy})
    return SimpleNamespace(
        number=number,
        changed=number,
        hash=f"h{number}",
        state=state,
        cause=cause,
        metrics=metrics,
        costs=json.dumps({"macs": macs}),
    )


@pytest.fixture
def ended() -> list[Any]:
    rng = random.Random(3)
    return [change(n, rng.randint(1, 30) / 30, rng.randint(1, 40)) for n in range(80)]


def test_of_the_frontier_stay_its_trials_and_the_best(ended: list[Any]) -> None:
    kept = KeptWeights(keep="frontier", objectives=AIMS)
    removed = [digest for each in ended for digest in kept.take([each]).values()]
    accuracy = [json.loads(each.metrics)["accuracy"] for each in ended]
    macs = [json.loads(each.costs)["macs"] for each in ended]
    front = frontier({"accuracy": accuracy, "macs": macs}, AIMS).nonzero()[0].tolist()
    best = max(range(80), key=accuracy.__getitem__)  # the earliest of equals, as `export` takes it
    assert kept.held.keys() == {*front, best}
    assert sorted(removed) == sorted(f"h{n}" for n in range(80) if n not in kept.held)


@pytest.mark.parametrize("keep", ["best 1", "best 7", "frontier", "best 100"])
def test_what_stays_does_not_depend_on_how_it_is_told(ended: list[Any], keep: str) -> None:
    at_once, singly = (KeptWeights(keep=keep, objectives=AIMS) for _ in range(2))
    at_once.take(ended)
    for each in ended:
        singly.take([each])
    backwards = KeptWeights(keep=keep, objectives=AIMS)
    backwards.take(ended[::-1])
    assert at_once.held == singly.held
    assert at_once.held == backwards.held


def test_of_the_best_stay_as_many_as_the_job_says(ended: list[Any]) -> None:
    kept = KeptWeights(keep="best 5", objectives={"macs": "minimize", **AIMS})
    kept.take(ended)
    macs = [json.loads(each.costs)["macs"] for each in ended]
    assert kept.held.keys() == {*sorted(range(80), key=lambda n: (macs[n], n))[:5]}


def test_trials_that_are_not_complete_have_no_say() -> None:
    kept = KeptWeights(keep="best 1", objectives=AIMS)
    assert kept.take([change(0, 0.5, 9), change(1, 0.9, 1, "paused"), change(2, 0.9, 1, "running")]) == {}
    assert kept.take([change(1, 0.9, 1)]) == {0: "h0"}


@pytest.mark.parametrize("keep", ["best 1", "frontier"])
def test_a_result_from_elsewhere_takes_the_place_of_no_weights(keep: str) -> None:
    kept = KeptWeights(keep=keep, objectives=AIMS)
    assert kept.take([change(0, 0.9, 5), change(1, 0.95, 1, cause="added")]) == {}
    assert kept.held == {0: "h0"}


@pytest.mark.parametrize("keep", ["best 2", "frontier"])
def test_a_trial_that_is_dropped_makes_room(keep: str) -> None:
    kept = KeptWeights(keep=keep, objectives=AIMS)
    kept.take([change(0, 0.9, 1), change(1, 0.95, 9)])
    assert kept.take([change(1, 0.95, 9, "dropped")]) == {1: "h1"}
    assert kept.take([change(2, 0.92, 9), change(3, 0.85, 9)]) == {3: "h3"}
    assert kept.held == {0: "h0", 2: "h2"}


def test_all_is_never_removed(ended: list[Any]) -> None:
    kept = KeptWeights(keep=ALL, objectives=AIMS)
    assert kept.take(ended) == {}
    assert len(kept.held) == 80


@pytest.mark.parametrize("text", ["best", "best 0", "best five", "worst 5", "Frontier", "best 5.0"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    assert not KEEP.accepts(text)


def test_weights_alone_are_removed(tmp_path: Path) -> None:
    for name in ("h1.safetensors", "h1.partial", "h2.safetensors"):
        (tmp_path / name).write_bytes(b"1234")
    lines: list[str] = []
    remove_weights(tmp_path, ["h1", "h3"], lines.append)
    assert {path.name for path in tmp_path.iterdir()} == {"h1.partial", "h2.safetensors"}
    assert weights_bytes(tmp_path) == 4
    assert lines == []
    (tmp_path / "h4.safetensors").mkdir()
    remove_weights(tmp_path, ["h4"], lines.append)
    assert lines[0].startswith("weights that need not be kept are left behind")


def test_trials_beyond_the_limits_go_before_all_within_the_furthest_first() -> None:
    limits = {"accuracy": MetricLimit(high=0.5)}
    kept = KeptWeights(keep="best 2", objectives=AIMS, limits=limits)
    assert kept.take([change(0, 0.9, 1), change(1, 0.7, 1)]) == {}
    assert kept.take([change(2, 0.6, 1)]) == {0: "h0"}
    assert kept.take([change(3, 0.4, 1), change(4, 0.3, 1)]) == {1: "h1", 2: "h2"}
    assert [*kept.held] == [3, 4]
