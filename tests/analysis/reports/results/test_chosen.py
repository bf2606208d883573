"""How the search chose: who proposed the trials, what would be next, what is recommended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from helpers.proposals import proposed

from archscape.analysis.metrics import Objectives
from archscape.analysis.reports.results import run_sections
from archscape.analysis.reports.results.chosen import NEXT
from archscape.analysis.reports.results.page import write_report
from archscape.analysis.reports.results.phases import phase_strip, phases_of
from archscape.analysis.reports.results.run import RunResults, digest

if TYPE_CHECKING:
    from tests.analysis.conftest import Page

Synthetic = Callable[..., RunResults]
Written = Callable[[RunResults], "Page"]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;"


@pytest.fixture
def written(read_page: Callable[[Path], Page], tmp_path: Path) -> Written:
    return lambda results: read_page(write_report(results, tmp_path / "report.html"))


def with_open(results: RunResults, count: int) -> RunResults:
    """Return a run whose latest trials are running or waiting."""
    trials = results.trials.copy()
    latest = trials["number"] >= len(trials) - count
    trials.loc[latest, ["status", "cause", "accuracy", "finished"]] = ["running", "", np.nan, ""]
    trials.loc[trials["number"] == len(trials) - 1, "status"] = "waiting"
    return replace(results, trials=trials)


def rows_of(page: Page, section: str) -> list[str]:
    """Return the text of each row of the tables in a section."""
    places = page.find("section", id=section)
    assert places
    start, text = places[0], page.text(places[0])
    return [page.text(at) for at in page.find("tr") if at > start and page.text(at) in text]


def test_a_run_that_does_not_say_who_proposed_has_no_such_section(
    synthetic: Synthetic, written: Written
) -> None:
    page = written(synthetic())
    assert page.find("section", id="chosen") == []
    assert not [name for name in page.figures if name.startswith("predicted") or name == "options"]
    assert json.loads(page.one("script", id="records"))["proposals"] == {"predicted": {}}
    assert "sampler" not in page.rows[0]


def test_each_phase_is_counted(synthetic: Synthetic) -> None:
    results = proposed(synthetic(40), startup=10)
    start, model = phases_of(digest(results))
    complete = results.trials[results.trials["status"] == "complete"]
    for phase, rows in (
        (start, complete[complete["number"] < 10]),
        (model, complete[complete["number"] >= 10]),
    ):
        assert phase.complete == len(rows)
        assert (phase.best, phase.median) == (rows["accuracy"].max(), rows["accuracy"].median())
    assert (start.numbers, model.numbers) == (tuple(range(10)), tuple(range(10, 40)))
    assert (start.name, model.name) == ("bayes, without a model", "bayes, by its model")
    assert start.on_front + model.on_front == len(digest(results).front)


def test_the_strip_shows_where_each_phase_began_among_the_trials_that_ended(synthetic: Synthetic) -> None:
    results = proposed(synthetic(40), startup=10)
    known = digest(results)
    start, model = phase_strip(known, phases_of(known)) or []
    is_model = [number >= 10 for number in known.progress["number"]]
    began = next(at for at in range(40) if all(is_model[at : at + 3]))
    assert (start.low, start.high, model.low, model.high) == (0.5, began + 0.5, began + 0.5, 40.5)
    assert [start.name, model.name] == ["start", "model"]


def test_of_samplers_in_turn_each_part_is_shown_and_a_trial_by_hand_is_none(synthetic: Synthetic) -> None:
    results = synthetic(44)
    names = ["enqueued"] * 2 + ["nsga2"] * 14 + ["tpe"] * 14 + ["nsga2"] * 14
    names[20] = "added"
    finished = results.trials["started"]
    known = digest(replace(results, trials=results.trials.assign(sampler=names, finished=finished)))
    strip = phase_strip(known, phases_of(known)) or []
    assert [(part.name, part.low, part.high) for part in strip] == [
        ("nsga2", 2.5, 16.5),
        ("tpe", 16.5, 30.5),
        ("nsga2", 30.5, 44.5),
    ]
    assert run_sections.summary(known).startswith(
        "44 trials of digits on cluttered-digits, recipe quick, sampler nsga2, tpe in "
    )


def test_samplers_that_followed_each_other_are_phases_too(synthetic: Synthetic) -> None:
    results = synthetic(40)
    names = ["nsga2"] * 20 + ["tpe"] * 20
    known = digest(replace(results, trials=results.trials.assign(sampler=names)))
    assert [phase.name for phase in phases_of(known)] == ["nsga2", "tpe"]
    by_random = digest(replace(results, trials=results.trials.assign(sampler="random")))
    assert phase_strip(by_random, phases_of(by_random)) is None


def test_of_an_error_the_best_is_the_least(synthetic: Synthetic) -> None:
    aims: Objectives = {"mae": "minimize"}
    results = synthetic(20, objectives=aims)
    trials = results.trials.assign(mae=1 - results.trials["accuracy"])
    known = digest(proposed(replace(results, trials=trials), names=("mae",)))
    complete = trials[trials["status"] == "complete"]
    assert min(phase.best for phase in phases_of(known)) == complete["mae"].min()


@pytest.mark.parametrize(
    "objectives",
    [
        {"accuracy": "maximize"},
        {"mae": "minimize"},
        {"accuracy": "maximize", "macs": "minimize"},
        {"accuracy": "maximize", "mae": "minimize", "macs": "minimize"},
    ],
)
def test_every_kind_of_objective_has_its_predictions(
    synthetic: Synthetic, written: Written, objectives: Objectives
) -> None:
    results = synthetic(40, objectives=objectives)
    results = replace(results, trials=results.trials.assign(mae=1 - results.trials["accuracy"]))
    names = tuple(name for name in objectives if name != "macs")
    page = written(with_open(proposed(results, names=names), 3))
    drawn = sorted(name for name in page.figures if name.startswith("predicted"))
    assert drawn == [f"predicted-{at}" for at in range(len(names))]
    for name in drawn:
        assert page.find("div", id=f"plot-{name}")
    assert "before they were trained" in page.one("section", id="chosen")


def test_what_is_next_are_the_trials_that_have_not_ended(synthetic: Synthetic, written: Written) -> None:
    results = with_open(proposed(synthetic(40)), 3)
    page = written(results)
    rows = [row for row in rows_of(page, "chosen") if "expected improvement" in row]
    assert len(rows) == 3
    for number, text in zip((37, 38, 39), rows, strict=True):
        row = results.trials.loc[number]
        assert text.startswith(f"{number}{row['status']}bayes: {row['reason']}")
        assert f"{row['predicted_accuracy']:.2%} ± {row['predicted_accuracy_std']:.2%}" in text
        assert text.endswith(f"{row['incumbent_accuracy']:.2%}")
    assert "archscape space space.yaml --suggest 5 --from ." in page.one("section", id="chosen")


def test_of_many_that_have_not_ended_the_first_are_shown(synthetic: Synthetic, written: Written) -> None:
    text = written(with_open(proposed(synthetic(60)), NEXT + 4)).one("section", id="chosen")
    assert "4 others have not ended either." in text


def test_a_recommended_trial_that_is_not_the_best_is_explained(
    synthetic: Synthetic, written: Written
) -> None:
    results = proposed(synthetic(40))
    best = digest(results).best
    assert best is not None
    complete = results.trials[results.trials["status"] == "complete"]
    number = int(complete["accuracy"].nlargest(2).index[1])
    told = {"number": number, "mean": 0.5, "deviation": 0.01}
    text = written(replace(results, recommended=told)).one("section", id="chosen")
    assert f"Trial {number}: validation accuracy {complete['accuracy'][number]:.2%} was measured, " in text
    assert "50.00% ± 1.00% is expected of it." in text
    assert f"The best that was measured is trial {best['number']}, {best['accuracy']:.2%}." in text
    same = written(replace(results, recommended={**told, "number": int(best["number"])}))
    assert "The recommended network" not in same.one("section", id="chosen")


def test_where_there_is_noise_the_best_one_is_explained_too(synthetic: Synthetic, written: Written) -> None:
    results = proposed(synthetic(40))
    noisy = results.trials.assign(accuracy_std=0.01, repeats=3)
    best = digest(results).best
    assert best is not None
    told = {"number": float(best["number"])}  # of a sampler without a model
    text = written(replace(results, trials=noisy, recommended=told)).one("section", id="chosen")
    assert f"Trial {best['number']}: validation accuracy" in text
    assert "the highest is in part luck" in text
    assert "The best that was measured" not in text


def test_options_of_choices_that_matter_have_their_means(synthetic: Synthetic, written: Written) -> None:
    results = proposed(synthetic(80))
    rng = np.random.default_rng(0)
    rows = results.trials
    wide, other = (rows["accuracy"] > rows["accuracy"].median()).astype(int), rng.integers(0, 3, len(rows))
    decisions = [json.dumps({"w": 8 * int(w), "op": f"op{o}"}) for w, o in zip(wide, other, strict=True)]
    page = written(replace(results, trials=rows.assign(decisions=decisions)))
    figure = page.figures["options"]
    assert figure["layout"]["yaxis"]["ticktext"] == ["w: 0", "w: 8"]
    complete = rows[rows["status"] == "complete"]
    expected = complete["accuracy"].groupby(wide).mean()
    assert figure["data"][0]["x"] == pytest.approx(expected.tolist())


def test_all_of_a_proposal_is_known_of_its_trial(synthetic: Synthetic, written: Written) -> None:
    results = proposed(synthetic(20))
    page = written(results)
    known: dict[str, Any] = json.loads(page.one("script", id="records"))["proposals"]
    trials = results.trials
    assert known["sampler"] == trials["sampler"].tolist()
    assert known["reason"] == trials["reason"].tolist()
    columns = ("predicted_accuracy", "predicted_accuracy_std", "incumbent_accuracy")
    for part, column in zip(("mean", "deviation", "incumbent"), columns, strict=True):
        shown = pd.Series(known["predicted"]["accuracy"][part], dtype=float)
        assert shown.equals(trials[column].astype(float).rename(None))
    assert page.rows[3]["sampler"] == "bayes"
    assert page.rows[9]["predicted accuracy"] == pytest.approx(trials["predicted_accuracy"][9])


def test_hostile_words_of_a_sampler_stay_words(synthetic: Synthetic, written: Written) -> None:
    results = with_open(proposed(synthetic(40)), 2)
    results.trials["sampler"] = results.trials["reason"] = HOSTILE
    page = written(results)
    sources = [page.elements[index][1]["src"] for index in page.find("img")]
    assert all(source.startswith("data:image/svg+xml,") for source in sources)
    assert len(page.find("script")) == len(written(synthetic()).find("script"))
    assert HOSTILE in page.one("section", id="chosen")
