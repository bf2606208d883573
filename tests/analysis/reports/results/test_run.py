import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.metrics import Objectives
from archscape.analysis.reports.figures.plotly_spec import NAME
from archscape.analysis.reports.format import shortened
from archscape.analysis.reports.results import page as report_module
from archscape.analysis.reports.results.page import RunResults, write_report
from archscape.analysis.reports.results.run import digest, latest
from archscape.analysis.reports.results.training import FAINT
from archscape.analysis.statistics.frontier import frontier, hypervolume
from archscape.spaces.errors import InputError

if TYPE_CHECKING:
    from tests.analysis.conftest import Page

Synthetic = Callable[..., RunResults]
Written = Callable[[RunResults], "Page"]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;"


@pytest.fixture
def written(read_page: "Callable[[Path], Page]", tmp_path: Path) -> Written:
    return lambda results: read_page(write_report(results, tmp_path / "report.html"))


def test_every_trial_has_one_row_with_its_status_and_numbers(synthetic: Synthetic, written: Written) -> None:
    results = synthetic()
    rows = written(results).rows
    assert sorted(rows) == results.trials["number"].tolist()
    for trial in results.trials.to_dict("records"):
        cells = rows[trial["number"]]
        cause = f": {trial['cause'].replace('_', ' ')}" if trial["cause"] else ""
        assert cells["status"] == trial["status"] + cause
        for head, column in (("trial", "number"), ("MACs", "macs"), ("params", "params"), ("seed", "seed")):
            assert cells[head] == trial[column]
        assert cells["hash"] == trial["hash"]
        assert cells["accuracy"] == (trial["accuracy"] if trial["status"] == "complete" else None)


def test_numbers_and_networks_that_cannot_be_read_hide_no_trial(
    synthetic: Synthetic, written: Written
) -> None:
    results = synthetic()
    trials, curves = results.trials.astype({"macs": float}), results.curves.copy()
    first, second = trials.index[trials["status"] == "complete"][:2]
    trials.loc[first, ["accuracy", "seconds"]] = np.nan, np.inf
    trials.loc[second, ["macs", "loss"]] = -np.inf, np.inf
    trials.loc[second, "network"] = "no JSON {"
    curves.loc[curves.index[0], ["loss", "accuracy"]] = np.inf, np.nan
    page = written(replace(results, trials=trials, curves=curves))
    assert sorted(page.rows) == trials["number"].tolist()
    assert page.rows[trials["number"][second]]["MACs"] is None


def test_the_figure_holds_the_very_numbers_of_the_table(synthetic: Synthetic, written: Written) -> None:
    results = synthetic()
    figure = written(results).figures["frontier"]
    complete = results.trials[results.trials["status"] == "complete"]
    on_front = frontier(complete, results.objectives)
    for cost in ("macs", "params", "activations", "seconds"):
        for trace, expected in ((0, complete[~on_front]), (1, complete[on_front])):
            shown = zip(
                figure["data"][trace]["customdata"],
                figure["views"][cost]["data"][trace]["x"],
                figure["data"][trace]["y"],
                strict=True,
            )
            wanted = zip(expected["number"], expected[cost], expected["accuracy"], strict=True)
            assert sorted(shown) == sorted(wanted)


def test_a_latency_that_is_a_limit_alone_is_shown_in_milliseconds(
    synthetic: Synthetic, written: Written
) -> None:
    results = synthetic(12)
    trials = results.trials.assign(latency=0.25 + results.trials["number"])
    page = written(replace(results, trials=trials))
    assert page.rows[3]["predicted latency (ms)"] == 3.25
    views = page.figures["frontier"]["views"]
    assert {cost: view["tickformat"] for cost, view in views.items()} == {
        "macs": "~s", "params": "~s", "activations": "~s", "latency": "~g", "seconds": "~g",
    }  # fmt: skip


def test_hovering_names_the_trial_its_costs_and_its_architecture(
    synthetic: Synthetic, written: Written
) -> None:
    results = synthetic()
    trace = written(results).figures["frontier"]["data"][1]
    text = str(trace["hovertext"][0])
    (trial,) = results.trials[results.trials["number"] == trace["customdata"][0]].to_dict("records")
    for part in (
        f"trial {trial['number']}",
        trial["hash"],
        f"{trial['params']:,}",
        f"{trial['macs']:,}",
        "avgpool",
    ):
        assert part in text
    assert f"{trial['accuracy']:.2%}" in text


def test_the_summary_counts_the_frontier_and_its_volume(synthetic: Synthetic, written: Written) -> None:
    results = synthetic()
    page, summary = written(results), digest(results)
    complete = results.trials[results.trials["status"] == "complete"]
    volume = hypervolume(complete, results.objectives, summary.reference, log=["macs"])
    numbers = [page.text(index) for index in page.find("dd", class_="figure-number")]
    front = str(frontier(complete, results.objectives).sum())
    assert numbers == ["40 of 40", f"{complete['accuracy'].max():.2%}", front, f"{volume:.4g}"]
    shown = [attrs["id"] for tag, attrs in page.elements if tag == "details" and "id" in attrs]
    assert len(shown) == int(front)
    assert summary.reference == {"accuracy": 0.0, "macs": 10.0 ** len(str(complete["macs"].max()))}


def test_a_network_is_shown_as_its_table_and_its_layers(synthetic: Synthetic, written: Written) -> None:
    page = written(synthetic())
    best = digest(synthetic()).best
    assert best is not None
    (index,) = page.find("details", id=f"network-{best['number']}")
    text = page.text(index)
    assert "open" in page.elements[index][1]
    assert "network: synthetic\ninput: 1x16x16\nlayers:\n" in text
    totals = "".join(f"{best[name]:,.0f}" for name in ("params", "macs", "activations"))
    assert "activationsreceptive field" in text
    assert text.rstrip().endswith(f"total{totals}")


def test_all_that_is_needed_to_repeat_the_run_is_there(synthetic: Synthetic, written: Written) -> None:
    page = written(synthetic())
    text = page.one("section", id="repeat")
    for part in (
        "archscape search synthetic.yaml --workers 2",
        "9f2c4e6a1b3d5f70",
        "3.11.7",
        "sampler: nsga2\n",
    ):
        assert part in text


def test_references_are_lines_or_stars_and_none_is_lost(synthetic: Synthetic, written: Written) -> None:
    figure = written(synthetic()).figures["frontier"]
    view = figure["views"]["macs"]
    assert [shape["x0"] for shape in view["shapes"]] == [400_000]
    assert [label["text"] for label in view["annotations"]] == ["near"]
    assert figure["data"][3]["text"] == ["scored"]
    assert view["data"][3]["x"] == [300_000]
    assert view["note"] == "Reference networks: near 400,000. Beyond this axis: far 1,814,073,344."


def test_of_many_references_a_few_are_drawn_below_the_data_and_named_above_it(
    synthetic: Synthetic, written: Written
) -> None:
    many = pd.DataFrame({"name": [f"net{at}" for at in range(11)], "macs": np.geomspace(1e5, 1e6, 11)})
    view = written(replace(synthetic(), references=many)).figures["frontier"]["views"]["macs"]
    assert [label["text"] for label in view["annotations"]] == ["net0", "net5", "net10"]
    assert all(label["y"] == 1 and label["yanchor"] == "bottom" for label in view["annotations"])
    assert {shape["layer"] for shape in view["shapes"]} == {"below"}
    assert "net7" in view["note"]


def test_one_trial_stands_on_an_axis_around_it(synthetic: Synthetic, written: Written) -> None:
    results = replace(synthetic(1), references=NOTHING)
    page = written(results)
    figure = page.figures["frontier"]
    (accuracy,) = results.trials["accuracy"]
    assert figure["layout"]["yaxis"]["range"] == pytest.approx([0.9 * accuracy, 1.1 * accuracy])
    (line,) = page.figures["progress"]["data"]
    assert line["mode"] == "lines+markers"  # a line of one point is not drawn


def test_no_axis_is_offered_without_a_value(synthetic: Synthetic, written: Written) -> None:
    results = synthetic(12)
    failed = results.trials["status"] == "failed"
    trials = results.trials.assign(seconds=results.trials["seconds"].where(failed))
    assert "seconds" not in written(replace(results, trials=trials)).figures["frontier"]["views"]


def test_a_decision_that_varies_is_a_column_and_what_only_some_were_asked_is_chosen(
    synthetic: Synthetic, written: Written
) -> None:
    results = synthetic(3)
    decisions = ['{"w": 4, "se": "none", "s": 1}', '{"w": 8, "se": "1/4", "s": 1}', '{"w": 8, "s": 1}']
    page = written(replace(results, trials=results.trials.assign(decisions=decisions)))
    assert [page.rows[number]["w"] for number in range(3)] == [4, 8, 8]
    assert [page.rows[number]["se"] for number in range(3)] == ["none", "1/4", ""]
    assert "s" not in page.rows[0]
    boxes = [attrs for tag, attrs in page.elements if tag == "input" and attrs.get("type") == "checkbox"]
    shown = {attrs["value"]: "checked" in attrs for attrs in boxes if "value" in attrs}
    heads = list(page.rows[0])
    assert (shown[str(heads.index("w"))], shown[str(heads.index("se"))]) == (True, False)


def test_all_is_known_of_every_trial_whatever_its_state(synthetic: Synthetic, written: Written) -> None:
    results = replace(synthetic(), logs="logs/trial-{:05d}.log")
    records = json.loads(written(results).one("script", id="records"))
    assert records["numbers"] == results.trials["number"].tolist()
    assert records["facts"]["status"] == results.trials["status"].tolist()
    assert records["facts"]["cause"] == results.trials["cause"].tolist()
    assert all(
        text.startswith("network: synthetic\ninput: 1x16x16\nlayers:\n") for text in records["networks"]
    )
    assert records["values"]["macs"] == results.trials["macs"].tolist()
    assert records["logs"] == results.logs


def test_the_curves_of_every_status_are_drawn(synthetic: Synthetic, written: Written) -> None:
    results = synthetic()
    trials = results.trials.assign(
        status=results.trials["status"].where(results.trials["number"] > 0, "running")
    )
    figure = written(replace(results, trials=trials)).figures["curves"]
    states, named = figure["data"][:5], figure["data"][5:]
    assert [trace["name"] for trace in states] == [
        "complete",
        "pruned",
        "failed",
        "running",
        "others on the frontier",
    ]
    assert all(trace["opacity"] == FAINT for trace in states)
    assert len({trace["line"]["color"] for trace in named}) == len(named) == 8
    drawn = [number for trace in figure["data"] for number in trace["text"] if number]
    assert sorted(drawn) == sorted(str(number) for number in results.curves["trial"])


def test_no_text_from_outside_becomes_markup(synthetic: Synthetic, written: Written) -> None:
    plain = synthetic()
    trials = plain.trials.assign(hash=HOSTILE, message=HOSTILE, worker=HOSTILE, cause=HOSTILE)
    trials["network"] = json.dumps({"network": HOSTILE, "layers": [{HOSTILE: {"width": HOSTILE}}]})
    hostile = replace(
        plain,
        name=HOSTILE,
        trials=trials,
        job=f"space: '{HOSTILE}'",
        environment={HOSTILE: HOSTILE, "command": HOSTILE},
        references=plain.references.assign(name=HOSTILE),
    )
    page = written(hostile)
    assert len(page.find("script")) == 5
    assert not page.find("img")
    assert not [attrs for _, attrs in page.elements if any(name.startswith("on") for name in attrs)]
    assert page.one("h1") == HOSTILE
    assert HOSTILE in page.one("section", id="repeat")
    assert page.rows[0]["hash"] == HOSTILE
    data = page.figures["frontier"]["data"]
    name = shortened(HOSTILE, NAME)
    assert data[3]["text"] == [name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")]
    assert all("<script" not in str(text) and "<img" not in str(text) for text in data[0]["hovertext"])


def test_a_network_that_cannot_be_read_is_shown_with_the_reason(
    synthetic: Synthetic, written: Written
) -> None:
    plain = synthetic()
    trials = plain.trials.assign(
        network='{"network": "a", "input": "1x8x8", "layers": [{"konv": {"width": 4}}]}'
    )
    text = written(replace(plain, trials=trials)).one("section", id="networks")
    assert "did you mean 'conv'?" in text


MANY: Objectives = {"accuracy": "maximize", "macs": "minimize", "params": "minimize", "seconds": "minimize"}
NOTHING = pd.DataFrame()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "objectives"),
    [
        ("no columns", {"accuracy": "maximize", "macs": "minimize"}),
        ("no trials", {"accuracy": "maximize", "macs": "minimize"}),
        ("all failed", {"accuracy": "maximize", "macs": "minimize"}),
        ("all waiting", {"accuracy": "maximize", "macs": "minimize"}),
        ("nan", {"accuracy": "maximize", "macs": "minimize"}),
        ("as is", {"accuracy": "maximize"}),
        ("as is", {"macs": "minimize"}),
        ("as is", {"macs": "minimize", "params": "minimize"}),
        ("as is", MANY),
        ("all failed", {"accuracy": "maximize"}),
        ("bare", {"accuracy": "maximize", "macs": "minimize"}),
    ],
)
def test_every_kind_of_run_has_a_page(
    case: str, objectives: Objectives, synthetic: Synthetic, written: Written
) -> None:
    results = synthetic(12, objectives=objectives)
    trials = results.trials
    if case == "no columns":
        results = replace(results, trials=NOTHING, curves=NOTHING, references=NOTHING)
    elif case == "no trials":
        results = replace(results, trials=trials[:0], curves=results.curves[:0])
    elif case == "all failed":
        results = replace(results, trials=trials.assign(status="failed", cause="error", accuracy=np.nan))
    elif case == "all waiting":
        results = replace(results, trials=trials.assign(status="waiting", accuracy=np.nan, finished=None))
    elif case == "nan":
        results = replace(
            results, trials=trials.assign(accuracy=np.nan), curves=results.curves.assign(accuracy=np.nan)
        )
    elif case == "bare":
        bare = trials[["number", "status", "accuracy", "macs"]]
        results = RunResults(name="bare", trials=bare, objectives=objectives)
    page = written(results)
    assert len(page.rows) == len(results.trials)
    assert page.one("h1") == results.name
    front = 0 if case in ("no columns", "no trials", "all failed", "all waiting", "nan") else None
    if front is not None:
        assert page.text(page.find("dd", class_="figure-number")[2]) == "0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"status": "finished"},
            "the status 'finished'; it knows complete, dropped, failed, paused, pruned, running, waiting",
        ),
        ({"accuracy": "good"}, "column 'accuracy' holds numbers, but"),
        ({"number": 7}, "column 'number' names each trial once"),
        ({"finished": "yesterday"}, "column 'finished' holds ISO 8601 times, but"),
    ],
)
def test_a_wrong_table_is_refused(change: dict[str, str | int], message: str, synthetic: Synthetic) -> None:
    results = synthetic(12)
    with pytest.raises(InputError, match=message):
        digest(replace(results, trials=results.trials.assign(**change)))


def test_a_missing_objective_is_named(synthetic: Synthetic) -> None:
    results = synthetic(12)
    with pytest.raises(InputError, match="no column 'macs'; did you mean 'mac'"):
        digest(replace(results, trials=results.trials.rename(columns={"macs": "mac"})))


def test_progress_follows_the_order_of_finishing(synthetic: Synthetic) -> None:
    results = synthetic()
    progress = digest(results).progress
    finished = results.trials.set_index("number")["finished"]
    assert finished[progress["number"]].is_monotonic_increasing
    assert progress["number"].tolist() != results.trials["number"].tolist()
    assert progress["value"].is_monotonic_increasing
    assert progress["elapsed"].iloc[-1] == pytest.approx(
        (pd.Timestamp(finished.max()) - pd.Timestamp(results.trials["started"].min())).total_seconds()
    )


def test_with_one_objective_progress_is_the_best_so_far(synthetic: Synthetic) -> None:
    results = synthetic(objectives={"accuracy": "maximize"})
    assert digest(results).progress["value"].iloc[-1] == results.trials["accuracy"].max()


def test_writing_a_report_loads_no_heavy_library(tmp_path: Path) -> None:
    code = (
        "import sys, pandas as pd; from pathlib import Path\n"
        "from archscape.analysis.reports.results.page import RunResults, write_report\n"
        "trials = pd.DataFrame([{'number': 0, 'status': 'complete', 'accuracy': 0.5}])\n"
        f"write_report(RunResults(name='a', trials=trials, objectives={{'accuracy': 'maximize'}}), "
        f"Path({str(tmp_path / 'report.html')!r}))\n"
        "heavy = {'torch', 'optuna', 'matplotlib', 'plotly.graph_objects'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_page_of_a_large_study_holds_the_frontier_and_the_latest_trials(
    synthetic: Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = synthetic(60)
    whole = digest(results)
    shown = latest(whole, 25)
    assert len(shown.trials) == 25
    assert set(whole.front["number"]) <= set(shown.trials["number"])
    assert shown.trials["number"].max() == whole.trials["number"].max()
    assert shown.progress["value"].iloc[-1] == whole.progress["value"].iloc[-1]
    assert len(shown.progress) <= 25
    assert latest(whole, 60) is whole
    monkeypatch.setattr(report_module, "SHOWN", 25)
    page = write_report(results, tmp_path / "report.html").read_text()
    assert "35 others are in trials.csv" in page
