"""Decisions are columns of a table of trials."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from archscape.analysis.reports.results.choices import effects_of
from archscape.analysis.reports.results.decisions import decisions_of, merged, with_decisions
from archscape.analysis.reports.results.reading import read_table
from archscape.analysis.reports.results.roles import ColumnOptions, infer_roles
from archscape.analysis.reports.results.run import RunResults, digest
from archscape.analysis.results import DECISION
from archscape.spaces import Space, load_space
from archscape.spaces.errors import InputError


@pytest.fixture(scope="module")
def digits() -> Space:
    return load_space("digits")


@pytest.fixture(scope="module")
def trials(digits: Space) -> pd.DataFrame:
    """Thirty trials, their decisions as JSON alone; the score follows the width."""
    rng = Random(0)
    samples = [digits.sample(rng) for _ in range(30)]
    return pd.DataFrame(
        {
            "number": range(30),
            "accuracy": [int(s.decisions["w"]) / 100 + rng.random() / 1000 for s in samples],
            "macs": [s.totals.macs for s in samples],
            "decisions": [json.dumps(s.decisions) for s in samples],
        }
    )


def test_each_decision_has_its_option_and_what_was_not_asked_is_empty(trials: pd.DataFrame) -> None:
    for _, row in with_decisions(trials).iterrows():
        asked = {n.removeprefix(DECISION): v for n, v in row.items() if str(n).startswith(DECISION)}
        assert {path: option for path, option in asked.items() if option is not None} == json.loads(
            row["decisions"]
        )


def test_columns_stand_in_the_order_of_the_space(trials: pd.DataFrame, digits: Space) -> None:
    rows = [json.loads(text) for text in trials["decisions"]]
    for row in rows:
        places = [merged(rows).index(path) for path in row]
        assert places == sorted(places)
    assert {*merged(rows)} <= {*digits.paths}


def test_a_file_holds_the_options_as_the_table_of_the_space_writes_them(
    trials: pd.DataFrame, tmp_path: Path
) -> None:
    with_decisions(trials).to_csv(tmp_path / "trials.csv", index=False)
    cells = pd.read_csv(tmp_path / "trials.csv", dtype=str, keep_default_na=False)
    for _, row in cells.iterrows():
        for path, option in json.loads(row["decisions"]).items():
            assert row[DECISION + path] == str(option)  # 3 and not 3.0, although others have none


def test_what_has_columns_already_keeps_them(trials: pd.DataFrame) -> None:
    once = with_decisions(trials)
    pd.testing.assert_frame_equal(with_decisions(once), once)
    alone = once.drop(columns="decisions")
    pd.testing.assert_frame_equal(decisions_of(alone), decisions_of(trials))


def test_importance_reads_the_columns(trials: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "trials.csv"
    with_decisions(trials).drop(columns="decisions").to_csv(file, index=False)
    effects = effects_of(infer_roles(read_table(file), ColumnOptions(), title="t", where="t"))
    assert effects[0].choices == ("w",)


def test_no_decision_is_a_score_or_a_cost() -> None:
    table = pd.DataFrame(
        {
            "decision.memory.width": [8, 16],
            "decision.accuracy": [1, 2],
            "decision.params": ["1x", "none"],
            "accuracy": [0.1, 0.2],
            "macs": [5, 6],
        }
    )
    results = infer_roles(table, ColumnOptions(), title="t", where="t")
    assert (results.score, [*results.costs]) == ("accuracy", ["macs"])
    assert not any("decision" in text for text in results.explanations)


def test_a_run_of_an_earlier_version_has_them_in_its_report(synthetic: Callable[..., RunResults]) -> None:
    run = synthetic(4)
    run.trials["decisions"] = ['{"w": 8}', '{"w": 16, "stage1.depth": 2}', "", "{}"]
    assert digest(run).trials["decision.stage1.depth"].tolist() == [None, 2, None, None]


def test_decisions_that_are_no_object_are_refused_in_a_line() -> None:
    for text in ("{", "[3]"):
        with pytest.raises(InputError, match="column 'decisions' holds JSON objects"):
            with_decisions(pd.DataFrame({"decisions": [text]}))
