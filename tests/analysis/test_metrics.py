from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from torch import nn

from archscape.analysis import metrics as module
from archscape.analysis import results as results_module
from archscape.analysis.metrics import (
    COST_AXES,
    METRICS,
    OBJECTIVES,
    OF_TARGET,
    SPREADS,
    WAYS,
    Metric,
    count_costs,
)
from archscape.analysis.reports.format import NONE, label, short_label, value
from archscape.analysis.reports.results.page import RunResults, write_report
from archscape.analysis.results import FINAL, NUMBERS, OPEN, STATES, TrialState, columns
from archscape.search.dashboard.stream import columns_of
from archscape.search.datasets.dataset import load_dataset
from archscape.search.job import read_job
from archscape.search.pruners.halving import Halving
from archscape.search.study.live_state import StudyState
from archscape.search.training.recipe import Recipe
from archscape.search.training.train import train
from archscape.spaces import load_network
from archscape.spaces.errors import InputError
from archscape.spaces.language.limits import COSTS

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == doctest.testmod(results_module).failed == 0


def test_metrics_and_states_import_nothing_heavy() -> None:
    heavy = "{'numpy', 'pandas', 'torch', 'optuna', 'matplotlib', 'plotly', 'ray', 'sqlalchemy'}"
    program = f"import sys, archscape.analysis.results; print({heavy} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_the_states_are_those_of_old_databases() -> None:
    assert STATES == ("complete", "pruned", "failed", "dropped", "running", "waiting", "paused")
    assert FINAL == ("complete", "pruned", "failed", "dropped")
    assert OPEN == ("running", "waiting", "paused")
    assert [state for state in TrialState if state.is_stopped_early] == ["pruned", "paused"]


def test_the_objectives_and_the_columns_are_those_of_old_jobs_and_tables() -> None:
    assert {"accuracy", "activations", "latency", "macs", "params", "seconds"} <= set(OBJECTIVES)
    assert COST_AXES[0] == "macs"
    old = (
        *("number", "status", "cause", "message", "hash", "accuracy", "test_accuracy", "loss", "params"),
        *("macs", "flops", "activations", "seconds", "step_seconds", "eval_seconds", "accuracy_std"),
        *("test_accuracy_std", "repeats", "epochs", "seed", "worker", "started", "finished", "network"),
        "decisions",
    )
    assert [name for name in columns() if name in old] == list(old)
    assert list(columns()) == list(old)
    assert columns(["latency"]).index("latency") == columns().index("seconds")


def test_every_cost_of_a_graph_is_a_metric() -> None:
    assert set(COSTS) <= set(METRICS)


@pytest.mark.parametrize("metric", [*METRICS.values(), *SPREADS.values()], ids=lambda metric: metric.name)
def test_a_metric_is_named_written_and_has_a_column(metric: Metric) -> None:
    assert metric.name.isidentifier()
    assert metric.direction in WAYS
    assert label(metric.name) == metric.heading
    assert short_label(metric.name) == (metric.short or metric.heading)
    assert value(metric.name, 0.5) == {"share": "50.00%", "seconds": "0.50"}.get(metric.formatting, "0.5")
    assert value(metric.name, float("nan")) == NONE
    assert metric.name in NUMBERS
    assert metric.name in columns([metric.name])
    assert (metric.name in columns()) == (not metric.is_optional)


@every_metric
def test_the_documents_say_what_a_metric_is(metric: Metric) -> None:
    text = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    repeats = {"keep": "the same in all"}.get(metric.repeats, metric.repeats)
    better = "more" if metric.direction == "maximize" else "less"
    known = "before training" if metric.is_known_before_training else "by training"
    assert f"| `{metric.name}` | {metric.heading} | {better} | {repeats} | {known} | {metric.use} |" in text


@every_metric
def test_a_job_may_name_the_objectives_and_no_others(metric: Metric, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    aims = {"accuracy": "maximize"} | {metric.name: metric.direction}
    words = ", ".join(f"{name}: {way}" for name, way in aims.items())
    target = "target: tflm\n" if metric.name in OF_TARGET else ""
    path.write_text(
        f"search: a\nspace: digits\ndata: digits\n{target}objectives: {{{words}}}\n", encoding="utf-8"
    )
    if metric.use != "objective":
        with pytest.raises(InputError, match=f"has no '{metric.name}'"):
            read_job(path)
    elif metric.name != "latency":  # which needs a calibration
        assert read_job(path).objectives == aims


@every_metric
def test_early_stopping_needs_an_objective_that_shows_in_training(metric: Metric) -> None:
    aims = {metric.name: metric.direction}
    if metric.is_known_before_training:
        with pytest.raises(InputError, match="can be told before"):
            Halving().pruner(aims, 9)
    elif metric.use == "objective":
        assert Halving().pruner(aims, 9).rungs


@every_metric
def test_what_follows_from_the_graph_is_counted_for_every_trial(metric: Metric) -> None:
    costs = count_costs(load_network("lenet5").totals)
    assert (metric.name in costs) == (metric.count is not None)
    assert metric.count is None or (costs[metric.name] > 0 and metric.is_known_before_training)


def test_repeated_trainings_combine_as_each_metric_says() -> None:
    metrics = train(
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10)),
        load_dataset("digits"),
        Recipe(epochs=1),
        seed=0,
        repeats=2,
    ).metrics
    for name, metric in METRICS.items():
        if name in metrics:
            assert (metric.repeats == "keep") == (metric.is_known_before_training), name
            assert (metric.spread.name in metrics) == metric.has_spread, name


@every_metric
def test_the_dashboard_offers_the_costs_and_what_training_gave(metric: Metric) -> None:
    state = StudyState(objectives={"accuracy": "maximize"})
    is_cost = metric.use == "objective" and metric.direction == "minimize" and not metric.is_optional
    assert (metric.name in state.costs) == is_cost
    assert not metric.is_quality or (metric.name in columns_of(state)) == (not metric.is_optional)


@every_metric
def test_the_dashboard_offers_the_scores_of_a_task_where_they_are_aimed_at(metric: Metric) -> None:
    columns = columns_of(StudyState(objectives={metric.name: metric.direction}))
    assert metric.name in columns
    assert f"test_{metric.name}" in columns or f"test_{metric.name}" not in METRICS


@pytest.mark.slow
@every_metric
def test_a_report_shows_every_objective_and_what_else_is_shown(
    metric: Metric, synthetic: Callable[..., RunResults], tmp_path: Path
) -> None:
    results = synthetic()
    values = pd.Series([0.25 + 0.001 * at for at in range(len(results.trials))])
    results.trials[metric.name] = values.where(results.trials["status"] == "complete").to_numpy()
    objectives = {**results.objectives, metric.name: metric.direction}
    shown = RunResults(name="a", trials=results.trials, objectives=objectives)
    heads = write_report(shown, tmp_path / "report.html").read_text(encoding="utf-8")
    assert short_label(metric.name) in heads
    assert metric.heading in heads
