"""Optuna reads a study as one of its own: values, parameters, feasibility, learning curves, its dashboard."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import optuna
import pytest
from helpers.postgres import free_port
from helpers.processes import popen

from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

if TYPE_CHECKING:
    from helpers.postgres import Cluster

FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "seed": 0}
ALONE: dict[str, Any] = {"objectives": {"accuracy": "maximize"}, "seed": 0}
LIMITS = {"params": "1k..50k", "macs": "..40M"}


@pytest.fixture
def limited(plan: SearchPlan) -> SearchPlan:
    return replace(plan, space=plan.space.tighten(LIMITS))


def fill(study: Study, plan: SearchPlan, finished: Callable[..., Any], *, trials: int) -> None:
    """Work on a study; its last trial stays running, after two epochs."""
    for _ in range(trials - 1):
        lease = study.ask_unique(plan.propose, Owner.current(), trials=trials)
        assert lease is not None
        study.tell(finished(lease, accuracy=0.5 + lease.number / 100))
    lease = study.ask_unique(plan.propose, Owner.current(), trials=trials)
    assert lease is not None
    study.report(lease, {1: {"loss": 2.0, "accuracy": 0.25}, 2: {"loss": float("inf"), "accuracy": 0.375}})


@pytest.mark.slow
def test_limits_are_constraints_that_every_trial_meets(
    study: Study, limited: SearchPlan, finished: Any
) -> None:
    fill(study, limited, finished, trials=4)
    seen = optuna.load_study(study_name="tiny", storage=f"sqlite:///{study.address.target}")
    for trial, ours in zip(seen.trials, study.trials(), strict=True):
        costs = ours.costs
        bounds = [costs["params"] - 50_000, 1_000 - costs["params"], costs["macs"] - 40_000_000]
        assert list(trial.constraints.values()) == bounds
        assert max(bounds) <= 0
    assert len(seen.best_trials) >= 1
    assert seen.metric_names == ["accuracy", "macs"]


@pytest.mark.slow
def test_one_objective_has_a_value_for_each_epoch(tmp_path: Path, plan: SearchPlan, finished: Any) -> None:
    with Study.open(tmp_path, name="alone", facts=ALONE) as study:
        fill(study, plan, finished, trials=2)
        seen = optuna.load_study(study_name="alone", storage=f"sqlite:///{study.address.target}")
    assert [trial.intermediate_values for trial in seen.trials] == [{1: 0.5}, {1: 0.25, 2: 0.375}]


def test_several_objectives_have_none(study: Study, plan: SearchPlan, finished: Any) -> None:
    fill(study, plan, finished, trials=2)
    seen = optuna.load_study(study_name="tiny", storage=f"sqlite:///{study.address.target}")
    assert [trial.intermediate_values for trial in seen.trials] == [{}, {}]


@contextmanager
def dashboard_of_optuna(storage: str) -> Iterator[str]:
    """Run `optuna-dashboard` and yield its address."""
    port = free_port()
    command = [Path(sys.executable).with_name("optuna-dashboard"), storage, "--port", str(port), "--quiet"]
    process = popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()


def fetch(url: str, *, patience: float = 60) -> Any:
    """Return what a server answers that may still be starting."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with urlopen(url, timeout=patience) as answer:
                return json.load(answer)
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def check_dashboard(storage: str, study: Study) -> None:
    """Check that Optuna's dashboard shows each trial as archscape has it."""
    with dashboard_of_optuna(storage) as url:
        (summary,) = fetch(f"{url}/api/studies")["study_summaries"]
        detail = fetch(f"{url}/api/studies/{summary['study_id']}?after=0")
    assert summary["study_name"] == study.name
    assert summary["directions"] == ["maximize", "minimize"]
    assert detail["objective_names"] == ["accuracy", "macs"]
    ours = study.trials()
    assert [trial["number"] for trial in detail["trials"]] == [trial.number for trial in ours]
    for shown, trial in zip(detail["trials"], ours, strict=True):
        assert shown["state"] == {"complete": "Complete", "running": "Running"}[trial.state]
        values = [trial.metrics["accuracy"], trial.metrics["macs"]] if trial.state == "complete" else None
        assert shown.get("values") == values
        params = {param["name"]: param["param_external_value"] for param in shown["params"]}
        assert params == {path: str(option) for path, option in trial.decisions.items()}
        assert len(shown["constraints"]) == 3
        assert max(shown["constraints"]) <= 0


@pytest.mark.slow
def test_its_dashboard_shows_a_study_in_a_file(study: Study, limited: SearchPlan, finished: Any) -> None:
    fill(study, limited, finished, trials=4)
    check_dashboard(f"sqlite:///{study.address.target}", study)


@pytest.mark.slow
def test_its_dashboard_shows_a_study_on_a_server(
    tmp_path: Path, limited: SearchPlan, finished: Any, postgres: Cluster
) -> None:
    url = postgres.url("seen_by_optuna")
    with Study.open(tmp_path, name="tiny", storage=url, facts=FACTS) as study:
        fill(study, limited, finished, trials=4)
        check_dashboard(url.replace("postgresql://", "postgresql+psycopg://"), study)
