"""Every kind of page in a real browser, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from helpers.pages import empty_axes, faults, not_opened
from helpers.proposals import proposed

from archscape.analysis.reports.assets import Assets
from archscape.analysis.reports.comparison.compared_network import compared_networks
from archscape.analysis.reports.comparison.page import write_comparison
from archscape.analysis.reports.population.page import write_population_page
from archscape.analysis.reports.results.page import write_report, write_table_report
from archscape.analysis.reports.results.roles import ColumnOptions, infer_roles
from archscape.analysis.reports.results.run import RunResults
from archscape.analysis.statistics.population import population
from archscape.spaces import Space, load_network

if TYPE_CHECKING:
    from helpers.browser import Browser, Page

pytestmark = pytest.mark.slow
LONG = "a_name_without_a_space_" * 6
HTML = "<b>bold</b> & <script>window.hacked = 1</script>"
DRAWN = "[...document.querySelectorAll('.plot')].every(e => !e.checkVisibility() || e.querySelector('svg'))"


def run_of(synthetic: Callable[..., RunResults], trials: int) -> RunResults:
    """Return a run with trials of every state, decisions, long texts and markup among its texts.

    Its trials were proposed by a model, one for a long reason.
    """
    results = proposed(synthetic(trials))
    rows = results.trials
    decisions = [
        f'{{"w": {number % 3}, "{LONG}": "{number % 2}", "se": "none"}}' for number in rows["number"]
    ]
    rows = rows.assign(decisions=decisions)
    rows.loc[rows["number"] == 3, "message"] = f"{LONG} {HTML} " * 8
    rows.loc[rows["number"] == 2, "status"] = "running"
    rows.loc[rows["number"] == 2, "reason"] = f"{LONG} {HTML}"
    return replace(results, name=f"{HTML} {LONG}", trials=rows, logs="logs/trial-{:05d}.log")


def opened(browser: Browser, path: Path) -> Page:
    page = browser.page()
    page.resize(1400)
    page.go(path.as_uri())
    page.wait(f"document.readyState === 'complete' && {DRAWN}")
    return page


def write_search(path: Path, synthetic: Callable[..., RunResults]) -> Path:
    return write_report(run_of(synthetic, 40), path, assets=Assets.shared)


def write_table(path: Path, _: object) -> Path:
    rows = pd.DataFrame(
        {
            "model": [f"{LONG}{at} {HTML}" for at in range(30)],
            "top1": [70.0 + at for at in range(30)],
            "gmacs": [1.0 + at for at in range(30)],
            "family": ["resnet", LONG] * 15,
            "comment": [LONG * 4] * 30,
        }
    )
    results = infer_roles(rows, ColumnOptions(), title=LONG, where="t.csv")
    return write_table_report(results, path, assets=Assets.shared)


def write_networks(path: Path, _: object) -> Path:
    networks = [load_network(name) for name in ("alexnet-owt", "vgg11")]
    networks += [replace(networks[0], name=LONG[:60])]
    return write_comparison(compared_networks(networks), path, differences=True, assets=Assets.shared)


def write_population(path: Path, _: object) -> Path:
    table = population(Space.load("digits"), 200)
    return write_population_page(table, path, title=LONG, assets=Assets.shared)


@pytest.mark.parametrize("write", [write_search, write_table, write_networks, write_population])
def test_nothing_is_cut_or_faint_or_nameless(
    browser: Browser, tmp_path: Path, synthetic: Callable[..., RunResults], write: Callable[..., Path]
) -> None:
    page = opened(browser, write(tmp_path / "page.html", synthetic))
    assert faults(page) == []
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert faults(page) == []
    assert page.evaluate("typeof hacked") == "undefined"


@pytest.mark.parametrize("trials", [1, 40])
def test_every_trial_is_opened_and_every_axis_has_points(
    browser: Browser, tmp_path: Path, synthetic: Callable[..., RunResults], trials: int
) -> None:
    results = run_of(synthetic, trials)
    page = opened(browser, write_report(results, tmp_path / "run.html", assets=Assets.shared))
    assert empty_axes(page) == []
    assert not_opened(page, results.trials["number"].tolist()) == []
    assert faults(page) == []  # with a trial open
    assert page.evaluate("document.getElementById('trial-log-note').textContent").startswith("logs/trial-000")
    page.press("Escape")
    page.wait("!document.getElementById('trial').open && location.hash === ''")


def test_a_prediction_leads_to_its_trial_which_says_why_it_was_proposed(
    browser: Browser, tmp_path: Path, synthetic: Callable[..., RunResults]
) -> None:
    results = run_of(synthetic, 40)
    page = opened(browser, write_report(results, tmp_path / "run.html", assets=Assets.shared))
    page.evaluate("document.getElementById('plot-predicted-0').focus()")
    page.press("ArrowRight")
    page.wait("document.getElementById('spoken').textContent.includes('predicted')")
    page.press("Enter")
    page.wait("document.getElementById('trial').open")
    number = int(page.evaluate("location.hash").removeprefix("#trial-"))
    row = results.trials.loc[number]
    why = "[...document.getElementById('trial-proposal').children].map((part) => part.textContent)"
    said = page.evaluate(why)
    mean, deviation = row["predicted_accuracy"], row["predicted_accuracy_std"]
    steps = (row["accuracy"] - mean) / deviation
    assert dict(zip(said[::2], said[1::2], strict=True)) == {
        "sampler": "bayes",
        "reason": row["reason"],
        "predicted validation accuracy": f"{mean:.2%} ± {deviation:.2%}",
        "validation accuracy of the incumbent": f"{row['incumbent_accuracy']:.2%}",
        "measured validation accuracy": f"{row['accuracy']:.2%}, {abs(steps):.1f} deviations "
        f"{'above' if steps > 0 else 'below'}",
    }
    page.evaluate("location.hash = 'trial-2'")  # a start without a model that still runs
    page.wait("document.getElementById('trial-title').textContent === 'Trial 2'")
    page.wait(f"{why}.length === 4")
    assert page.evaluate(why) == ["sampler", "bayes", "reason", f"{LONG} {HTML}"]
    assert page.problems == []


def test_a_run_without_a_complete_trial_has_all_its_trials(
    browser: Browser, tmp_path: Path, synthetic: Callable[..., RunResults]
) -> None:
    results = run_of(synthetic, 4)
    failed = results.trials.assign(status="failed", cause="error", accuracy=float("nan"))
    page = opened(browser, write_report(replace(results, trials=failed), tmp_path / "f.html"))
    assert not_opened(page, [0, 1, 2, 3]) == []
    assert "failed: error" in page.evaluate("document.getElementById('trial-summary').textContent")
    assert faults(page) == []


def test_columns_are_chosen(browser: Browser, tmp_path: Path, synthetic: Callable[..., RunResults]) -> None:
    page = opened(browser, write_report(run_of(synthetic, 6), tmp_path / "run.html"))
    heads = "[...document.querySelectorAll('.grid th:not([hidden])')].map((head) => head.innerText)"
    before = page.evaluate(heads)
    cells = "document.querySelector('.grid tbody tr:not(.gap)').cells.length"
    assert "w" in before
    assert "se" not in before  # it does not vary
    assert page.evaluate(cells) == len(before)
    page.evaluate(
        "[...document.querySelectorAll('#columns label')].find((l) => l.textContent === 'w').click()"
    )
    assert page.evaluate(heads) == [head for head in before if head != "w"]
    assert page.evaluate(cells) == len(before) - 1


def test_a_page_without_its_plotly_says_so_and_keeps_its_tables(
    browser: Browser, tmp_path: Path, synthetic: Callable[..., RunResults]
) -> None:
    path = write_report(synthetic(6), tmp_path / "run.html", assets=Assets.shared)
    (asset,) = (tmp_path / "assets").iterdir()
    asset.unlink()
    page = browser.page()
    page.go(path.as_uri())
    page.wait("document.querySelector('.without-plotly')?.checkVisibility()")
    assert page.evaluate("document.querySelectorAll('.grid tbody tr:not(.gap)').length") == 6
    assert not_opened(page, [0, 5]) == []
    assert [problem for problem in page.problems if "ERR_FILE_NOT_FOUND" not in problem] == []
