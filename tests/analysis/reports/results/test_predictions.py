"""What was predicted against what was measured: the figure holds the table's numbers, the words fit them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.proposals import proposed

from archscape.analysis.metrics import Objectives
from archscape.analysis.reports.figures.plotly_spec import spec
from archscape.analysis.reports.results.calibration_text import calibration_text
from archscape.analysis.reports.results.column_options import ColumnOptions
from archscape.analysis.reports.results.paper import write_results_figure
from archscape.analysis.reports.results.predictions import (
    AGES,
    DRAWN,
    predicted_figure,
    predicted_note,
    predictions_of,
)
from archscape.analysis.reports.results.results import Results
from archscape.analysis.reports.results.roles import infer_roles
from archscape.analysis.reports.results.run import RunResults, as_table
from archscape.spaces.errors import InputError

Synthetic = Callable[..., RunResults]


def told(count: int, *, error: float = 0.01, deviation: float = 0.01, shift: float = 0.0) -> Results:
    """Return a table of a search whose model was off by about `error`, and `shift` too high."""
    rng = np.random.default_rng(0)
    accuracy = rng.uniform(0.8, 0.9, count)
    rows = {
        "number": range(count),
        "status": "complete",
        "accuracy": accuracy,
        "macs": range(1, count + 1),
        "sampler": "bayes",
        "predicted_accuracy": accuracy + shift + error * rng.standard_normal(count),
        "predicted_accuracy_std": deviation,
        "incumbent_accuracy": 0.9,
    }
    aims: Objectives = {"accuracy": "maximize", "macs": "minimize"}
    return as_table(RunResults(name="told", trials=pd.DataFrame(rows), objectives=aims))


def test_the_figure_holds_the_very_numbers_of_the_table(synthetic: Synthetic) -> None:
    results = proposed(synthetic(60))
    table = as_table(results)
    (known,) = predictions_of(table)
    diagonal, *points = spec(predicted_figure(table, known))["data"]  # type: ignore[misc]
    assert diagonal["x"] == diagonal["y"]
    trials = results.trials.set_index("number")
    complete = trials[(trials["status"] == "complete") & trials["predicted_accuracy"].notna()]
    assert [number for trace in points for number in trace["customdata"]] == complete.index.tolist()
    for trace in points:
        rows = trials.loc[trace["customdata"]]
        assert trace["x"] == rows["accuracy"].tolist()
        assert trace["y"] == rows["predicted_accuracy"].tolist()
        assert trace["error_y"]["array"] == rows["predicted_accuracy_std"].tolist()
    assert [trace["marker"]["color"] for trace in points] == [f"--{color}" for color in AGES]
    assert [trace["name"] for trace in points] == [
        f"trials {trace['customdata'][0]} to {trace['customdata'][-1]}" for trace in points
    ]


def test_hovering_says_what_was_expected_what_came_and_why(synthetic: Synthetic) -> None:
    results = proposed(synthetic(20))
    results.trials.loc[9, "reason"] = "<img src=x> & more"
    table = as_table(results)
    text = "".join(
        h for series in predicted_figure(table, predictions_of(table)[0]).series for h in series.hover
    )
    row = results.trials.loc[9]
    assert f"<b>trial 9</b><br>predicted {row['predicted_accuracy']:.2%} ± " in text
    assert f"measured {row['accuracy']:.2%}<br>&lt;img src=x&gt; &amp; more" in text


def test_a_dead_network_leaves_the_others_their_room() -> None:
    table = told(40)
    rows = table.rows.copy()
    rows.loc[7, "accuracy"] = 0.1
    (known,) = predictions_of(replace(table, rows=rows))
    low, high = predicted_figure(table, known).x.range or (0, 0)
    assert 0.7 < low < high < 1
    assert predicted_note(known) == "Beyond the axes: 1."
    assert known.calibration.rows == 40


def test_of_many_predictions_the_latest_are_drawn_and_all_are_weighed() -> None:
    table = told(DRAWN + 5)
    (known,) = predictions_of(table)
    drawn = [number for series in predicted_figure(table, known).series for number in series.ids]
    assert drawn == list(range(5, DRAWN + 5))
    assert predicted_note(known) == f"The latest {DRAWN:,} trials."
    assert known.calibration.rows == DRAWN + 5


def test_right_deviations_are_said_to_fit() -> None:
    table = told(60)
    text = calibration_text(table, predictions_of(table)[0])
    assert text.startswith("60 complete trials were predicted before they were trained. The deviations fit: ")
    shares = [int(share) / 100 for share in re.findall(r"(\d+)% (?:of the measured|in those)", text)]
    assert shares == pytest.approx(
        [each.share for each in predictions_of(table)[0].calibration.coverages], abs=0.005
    )
    assert "points. Spearman's rho" in text
    assert "too" not in text


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"error": 0.02, "deviation": 0.002}, "seem too small"),
        ({"error": 0.001, "deviation": 0.02}, "seem too large"),
        ({"shift": 0.03}, "deviations too high"),
        ({"shift": -0.03}, "deviations too low"),
        ({"count": 7}, "These are too few to judge the deviations. On average a prediction is off by"),
        ({"count": 1}, "1 complete trial was predicted before it was trained."),
    ],
)
def test_what_is_wrong_with_predictions_is_said(known: dict[str, float], words: str) -> None:
    table = told(**{"count": 60, **known})  # type: ignore[arg-type]
    assert words in calibration_text(table, predictions_of(table)[0])


def test_several_metrics_have_their_own_predictions_the_score_first(synthetic: Synthetic) -> None:
    aims: Objectives = {"seconds": "minimize", "accuracy": "maximize"}
    table = as_table(proposed(synthetic(40, objectives=aims), names=("seconds", "accuracy")))
    accuracy, seconds = predictions_of(table)
    assert (accuracy.name, seconds.name) == ("accuracy", "seconds")
    assert predicted_figure(table, seconds).y.label == "predicted training time (s)"
    assert predicted_figure(table, seconds).x.ticks == "plain"


def test_a_run_without_predictions_has_none(synthetic: Synthetic, tmp_path: Path) -> None:
    assert predictions_of(as_table(synthetic())) == []
    with pytest.raises(InputError, match="the columns of predictions are predicted_accuracy, predicted_acc"):
        write_results_figure(as_table(synthetic()), tmp_path / "a.svg", "predicted")


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_figure_is_drawn_for_paper(synthetic: Synthetic, tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in ("a", "b")]
    first, second = (
        write_results_figure(as_table(proposed(synthetic())), path, "predicted").read_bytes()
        for path in paths
    )
    assert len(first) > 5000
    assert first == second


def test_in_a_table_a_prediction_is_neither_score_nor_cost() -> None:
    rows = told(20).rows[["number", "accuracy", "predicted_accuracy", "predicted_accuracy_std"]].copy()
    rows["latency"] = rows["predicted_latency"] = rows["predicted_latency_std"] = rows[
        "incumbent_latency"
    ] = 1.5
    rows["incumbent_accuracy"] = 0.9
    table = infer_roles(rows, ColumnOptions(), title="t", where="t")
    assert (table.score, [*table.costs]) == ("accuracy", ["latency"])
    assert [known.name for known in predictions_of(table)] == ["accuracy", "latency"]
    names = [series.name for series in predicted_figure(table, predictions_of(table)[0]).series]
    assert names == ["", "trials 0 to 4", "trials 5 to 9", "trials 10 to 14", "trials 15 to 19"]
    unnumbered = infer_roles(rows.drop(columns="number"), ColumnOptions(), title="t", where="t")
    (known, *_) = predictions_of(unnumbered)
    assert {series.name for series in predicted_figure(unnumbered, known).series} == {""}
    lone = infer_roles(rows[["accuracy", "predicted_latency"]], ColumnOptions(), title="t", where="t")
    assert [*lone.costs] == ["predicted_latency"]
