"""The parts of the report of a table: frontier, knee, families, spread, choices, design rules, rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.reports.figures.plotly_spec import spec, views
from archscape.analysis.reports.page.grid import STILL, Column, Grid
from archscape.analysis.reports.results.choices import effects_of
from archscape.analysis.reports.results.frontier import frontier_figure
from archscape.analysis.reports.results.leading import lead, shown_families
from archscape.analysis.reports.results.page import write_table_report
from archscape.analysis.reports.results.paper import write_results_figure
from archscape.analysis.reports.results.reading import read_table
from archscape.analysis.reports.results.results import Results
from archscape.analysis.reports.results.roles import ColumnOptions, infer_roles
from archscape.analysis.reports.results.rules import findings_of, rules_section
from archscape.analysis.reports.results.run import RunResults, as_table
from archscape.analysis.reports.results.spread import edf_figure
from archscape.analysis.reports.templating import environment
from archscape.spaces import load_network

if TYPE_CHECKING:
    from tests.analysis.conftest import Page

ROWS = [
    ("a_1", 50.0, 1.0, 40.0),
    ("a_2", 80.0, 2.0, 20.0),
    ("a_3", 85.0, 16.0, 10.0),
    ("b_1", 40.0, 1.0, 30.0),
    ("b_2", 60.0, 2.0, 15.0),
    ("b_3", 90.0, 32.0, 5.0),
    ("none", np.nan, 1.0, 1.0),
]


def small(**wanted: str) -> Results:
    table = pd.DataFrame(ROWS, columns=["model", "top1", "gmacs", "fps"])
    table["family"] = table["model"].str[0]
    return infer_roles(table, ColumnOptions(**wanted), title="small", where="t")  # type: ignore[arg-type]


def test_the_frontier_of_each_cost_is_its_own() -> None:
    results = small()
    assert [results.names[at] for at in results.on_frontier("gmacs")] == ["a_1", "a_2", "a_3", "b_3"]
    assert [results.names[at] for at in results.on_frontier("fps")] == ["a_1", "a_2", "a_3", "b_3"]
    knee = results.knee("gmacs")
    assert knee is not None
    assert results.names[knee] == "a_2"


def test_a_row_without_a_score_is_not_there() -> None:
    assert "none" not in small().names


def test_the_figure_holds_the_very_numbers_of_the_table() -> None:
    results = small()
    figure = views({cost: frontier_figure(results, cost) for cost in results.costs})
    data, over_cost = figure["data"], figure["views"]
    assert isinstance(data, list)
    assert isinstance(over_cost, dict)
    seen = [
        (name, x, y)
        for trace, over in zip(data[:2], over_cost["fps"]["data"][:2], strict=True)
        for name, x, y in zip(trace["customdata"], over["x"], trace["y"], strict=True)
    ]
    wanted = [(at, row["fps"], row["top1"]) for at, row in enumerate(results.rows.to_dict("records"))]
    assert sorted(seen) == sorted(wanted)
    assert over_cost["gmacs"]["data"][-1] == {"x": [2.0], "y": [80.0]}


def test_who_leads_where_is_told_in_the_units_of_the_cost() -> None:
    for cost, edges in (
        ("gmacs", [("a", 1.0, 32.0), ("b", 32.0, 32.0)]),
        ("fps", [("a", 40.0, 5.0), ("b", 5.0, 5.0)]),
    ):
        leaders = lead(small(), cost)
        assert leaders is not None
        ranges = [(leader.family, round(leader.low, 9), round(leader.high, 9)) for leader in leaders.ranges]
        assert ranges == edges
        assert leaders.draws == 0
        assert not leaders.dominances["a", "b"].whole
        assert leaders.dominances["a", "b"].ahead == pytest.approx(1.0)


def test_a_single_network_is_no_family_beside_larger_ones() -> None:
    cells = [(f"{family}{at}", family, 70 + at, 1.0 + at) for family in "ab" for at in range(3)]
    table = pd.DataFrame([*cells, ("c0", "c", 90, 2.0)], columns=["model", "family", "top1", "gmacs"])
    results = infer_roles(table, ColumnOptions(), title="t", where="t")
    leaders = lead(results, "gmacs")
    assert leaders is not None
    assert leaders.compared == shown_families(results) == ["a", "b"]
    assert "c" in {leader.family for leader in leaders.ranges}


def test_repeated_trainings_give_chances() -> None:
    rows = [
        (f"{family}_{n}", base + 10 * n, base + 10 * n + 4, n)
        for family, base in (("a", 1), ("b", 2))
        for n in (1, 2, 3)
    ]
    table = pd.DataFrame(rows, columns=["model", "acc1", "acc2", "params"])
    table["mean_acc"] = table[["acc1", "acc2"]].mean(axis=1)
    table["family"] = table["model"].str[0]
    results = infer_roles(table, ColumnOptions(), title="t", where="t")
    assert results.repeats == ("acc1", "acc2")
    leaders = lead(results, "params")
    assert leaders is not None
    assert leaders.draws > 0
    assert all(0.3 < leader.chance < 1 for leader in leaders.ranges)
    chance = results.chances("params")
    assert chance is not None
    assert 0.05 < chance.min() < chance.max() < 1  # the best of each size are two networks a point apart
    assert small().chances("gmacs") is None


@pytest.mark.parametrize(("a", "b"), [([1.0, np.nan], [np.nan, 2.0]), ([np.nan, np.nan], [np.nan, np.nan])])
def test_trainings_that_were_not_made_stop_no_report(a: list[float], b: list[float]) -> None:
    table = pd.DataFrame({"family": ["x", "y"], "acc": [1.0, 2.0], "params": [1, 2], "a": a, "b": b})
    results = infer_roles(table, ColumnOptions(repeats=("a", "b")), title="t", where="t")
    assert (lead(results, "params") is None) == np.isnan(a).all()


@pytest.mark.parametrize("shown", ["frontier", "families", "edf"])
def test_no_text_from_outside_is_read_as_mathematics(shown: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"acc": [0.1, 0.2, 0.3] * 4, "family": ["a$\\frac$", "b", "gone"] * 4})
    table["macs in $\\frac$"] = [1.0, 2.0, np.nan] * 4
    table["params"] = 1
    results = infer_roles(table, ColumnOptions(), title="t", where="t")
    assert write_results_figure(results, tmp_path / "t.svg", shown).stat().st_size > 0


def test_the_page_of_a_table_has_all_its_rows_and_parts(
    tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    page = read_page(write_table_report(small(), tmp_path / "small.html"))
    assert list(page.figures) == ["frontier", "families", "edf"]
    assert page.grid["columns"][1]["values"] == [90, 85, 80, 60, 50, 40]
    assert page.grid["marks"]["on the frontier over GMACs"] == [4, 2, 1, 0]
    assert "6 networks of 2 families: top-1 from 40 to 90" in page.one("p", class_="summary")
    choices = page.one("section", id="choices")
    assert "Families: family (--family)." in choices
    assert "any family may lead." in page.one("section", id="families")


@pytest.mark.parametrize(
    "columns",
    [
        {"acc": [0.5], "params": [1]},
        {"acc": [0.5, 0.5], "params": [0, 0]},
        {"error": [0.5, 0.1, 0.2], "params": [1, 2, 3]},
        {"score": [-5.0, 100.0, 250.0], "latency": [1.0, 2.0, None], "params": [None, 1, 2]},
        {"acc": [0.1, 0.2, 0.3], "fps": [1, 2, 3], "family": ["a", "b", None]},
        {"acc": [0.1, 0.2, 0.3], "params": [1, 2, 3], "family": [1, 2, 2]},
        {"acc": [0.1, 0.2, 0.3], "params": [1, 2, 3], "family": [["a"], ["b"], ["b"]]},
        {"acc": [0.1, 0.2], "params": [1, 2], "extra": [float("inf"), 1.5]},
    ],
)
def test_every_kind_of_table_has_a_page(
    columns: dict[str, list[object]], tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    results = infer_roles(pd.DataFrame(columns), ColumnOptions(), title="t", where="t")
    page = read_page(write_table_report(results, tmp_path / "t.html"))
    assert len(page.grid["columns"][0]["values"]) == len(results.rows)


def test_every_point_of_a_long_distribution_is_the_share_of_networks_as_good() -> None:
    scores = np.random.default_rng(0).uniform(0, 1, 3000)
    results = infer_roles(pd.DataFrame({"acc": scores, "macs": 1}), ColumnOptions(), title="t", where="t")
    (line,) = spec(edf_figure(results))["data"]  # type: ignore[misc]
    assert len(line["x"]) < 1000
    assert line["y"] == pytest.approx([(1 - scores <= x).mean() for x in line["x"]], abs=1e-6)


def test_a_long_table_shows_a_stated_part_without_a_script() -> None:
    numbers = Column(head="n", values=[float(n) for n in range(1000)], decimals=1)
    grid = environment().get_template("page/macros.html").module.grid  # type: ignore[attr-defined]
    section = grid(Grid(noun="networks", columns=[numbers], marks={"on the frontier": [7, 8]}))
    assert section.count("<tr>") == 1 + 2
    assert "Here 2 of 1,000 networks: those on the frontier." in section
    section = grid(Grid(noun="networks", columns=[numbers]))
    assert section.count("<tr>") == 1 + STILL
    assert f"Here {STILL} of 1,000 networks: the first of them." in section


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (Column(head="", values=[0.93125], percent=True, decimals=2), "93.12%"),
        (Column(head="", values=[1234567.0]), "1,234,567"),
        (Column(head="", values=[1234567.0], grouped=False), "1234567"),
        (Column(head="", values=[float("nan")]), "–"),
        (Column(head="", values=["a"], kind="text"), "a"),
    ],
)
def test_a_cell_is_written_as_its_column_says(column: Column, text: str) -> None:
    assert column.text(0) == text


def test_a_run_has_the_families_of_its_blocks(synthetic: Callable[..., RunResults]) -> None:
    results = as_table(synthetic(80))
    assert results.family
    assert {"plain", "basic"} <= set(results.rows[results.family])
    assert results.text("accuracy", 0.5) == "50.00%"
    assert len(results.rows) == (synthetic(80).trials["status"] == "complete").sum()
    assert not as_table(synthetic(4)).family


def test_a_choice_that_decides_the_score_is_found() -> None:
    rng = np.random.default_rng(0)
    width = rng.choice([8, 16, 32], 60)
    kernel = rng.choice([3, 5], 60)
    table = pd.DataFrame({"accuracy": width / 40 + 0.001 * rng.random(60), "params": width})
    table["decisions"] = [
        json.dumps({"w": int(w), "k": int(k), "same": 1}) for w, k in zip(width, kernel, strict=True)
    ]
    results = infer_roles(table, ColumnOptions(), title="t", where="t")
    effects = effects_of(results)
    assert effects[0].choices == ("w",)
    assert effects[0].share > 0.95
    assert all("same" not in effect.choices for effect in effects)
    few = infer_roles(table.head(10), ColumnOptions(), title="t", where="t")
    assert effects_of(few) == []


def test_rules_are_told_with_how_many_networks_break_them() -> None:
    findings = findings_of({3: load_network("vgg16").to_json(), 5: load_network("lenet5").to_json(), 7: "{}"})
    assert sorted(findings) == [3, 5]
    section = rules_section(findings)
    assert "heavy-head" in section
    assert 'href="#network-3"' in section
    assert "heavy-head</td><td>2 of 2</td>" in section
    assert re.search(r"<td>−[\d,]+ MACs, −[\d,]+ parameters</td>", section)
    assert "All 1 follow every rule" in rules_section({1: []})
    assert "no network" in rules_section({})


def test_the_published_models_have_a_page(
    published: Callable[[str], Path], tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    path = published("timm_imagenet.csv.gz")
    results = infer_roles(read_table(path), ColumnOptions(), title="timm", where=str(path))
    page = read_page(write_table_report(results, tmp_path / "timm.html"))
    assert len(page.grid["ids"]) == 1186
    assert "eva02_large_patch14_448.mim_m38m_ft_in22k_in1k" in page.one("dl", class_="tiles")
    assert "the 40 largest may lead." in page.one("section", id="families")
