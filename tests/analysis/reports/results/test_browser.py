"""The reports in a real browser: quiet, alone, led by pointer and keys, at every size, in print."""

from __future__ import annotations

import base64
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.reports.results.page import RunResults, write_report, write_table_report
from archscape.analysis.reports.results.roles import ColumnOptions, infer_roles

if TYPE_CHECKING:
    from helpers.browser import Browser, Page

KINDS = ("search", "table")
pytestmark = pytest.mark.slow


def published_networks(count: int) -> pd.DataFrame:
    """Return networks of three families with made-up costs and scores."""
    rng = np.random.default_rng(0)
    macs = 10 ** rng.uniform(-1, 2, count)
    family = rng.choice(["resnet", "convnext", "vit"], count)
    lift = pd.Series(family).map({"resnet": 0.0, "convnext": 2.0, "vit": 1.0}).to_numpy()
    return pd.DataFrame(
        {
            "model": [f"{name}{at}_x<b>" for at, name in enumerate(family)],
            "top1": np.round(70 + 5 * np.log10(macs) + lift + rng.normal(0, 1, count), 3),
            "gmacs": np.round(macs, 3),
            "params_M": np.round(macs * 8, 2),
            "samples_per_second": np.round(4000 / macs, 1),
        }
    )


def table_page(path: Path, count: int = 1500) -> Path:
    return write_table_report(
        infer_roles(published_networks(count), ColumnOptions(), title="nets", where="t"), path
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[..., RunResults]], Path]:
    folder = tmp_path_factory.mktemp("pages")

    def write(kind: str, synthetic: Callable[..., RunResults]) -> Path:
        path = folder / f"{kind}.html"
        if not path.exists():
            write_report(synthetic(150), path) if kind == "search" else table_page(path)
        return path

    return write


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def written(kind: str, pages: Callable[..., Path], synthetic: Callable[..., RunResults]) -> Path:
    return pages(kind, synthetic)


def opened(browser: Browser, path: Path, width: int = 1400, *, dark: bool = False) -> Page:
    page = browser.page()
    page.resize(width, dark=dark)
    page.go(path.as_uri())
    page.wait(
        "document.readyState === 'complete' && document.querySelector('#plot-edf .scatterlayer .trace')"
    )
    return page


def text(page: Page, selector: str) -> str:
    return str(page.evaluate(f"document.querySelector({selector!r}).textContent"))


def shown_rows(page: Page) -> list[list[str]]:
    """Return the texts of the rows that the document holds."""
    rows: list[list[str]] = page.evaluate(
        "[...document.querySelectorAll('.grid tbody tr:not(.gap)')]"
        ".map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (420, True), (420, False), (1400, True)])
def test_it_is_quiet_asks_nothing_and_fits(browser: Browser, written: Path, width: int, dark: bool) -> None:
    page = opened(browser, written, width, dark=dark)
    assert page.problems == []
    assert [request for request in page.requests if not request.startswith("data:")] == [written.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_a_long_name_fits_a_phone(browser: Browser, tmp_path: Path) -> None:
    table = pd.DataFrame({"acc": [0.1, 0.2], "macs": [1, 2], "family": ["Family_Without_A_Space_" * 2, "b"]})
    results = infer_roles(table, ColumnOptions(), title="t", where="t")
    page = opened(browser, write_table_report(results, tmp_path / "t.html"), 420)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_names_in_the_strip_do_not_touch_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    rows = [
        (family, 70 + step + at / 10, 10 ** (step / 4) * (1 + at / 10))
        for step, family in enumerate(("inverted", "plain", "bottleneck", "dense", "inverted", "plain"))
        for at in range(3)
    ]
    table = pd.DataFrame(rows, columns=["family", "acc", "macs"])
    results = infer_roles(table, ColumnOptions(), title="t", where="t")
    path = write_table_report(results, tmp_path / "t.html")
    named = []
    for width in (400, 1400):
        page = opened(browser, path, width)
        page.wait("document.querySelector('#plot-families .scatterlayer .trace')")
        boxes = page.evaluate(
            "[...document.querySelectorAll('#plot-families .annotation-text')]"
            ".map(each => each.getBoundingClientRect()).map(({left, right}) => [left, right])"
        )
        assert all(right <= left for (_, right), (left, _) in pairwise(sorted(boxes)))
        named.append(len(boxes))
    assert 0 < named[0] < named[1]


def test_hovering_names_the_network(browser: Browser, written: Path, kind: str) -> None:
    page = opened(browser, written)
    page.evaluate("document.getElementById('frontier').scrollIntoView({behavior: 'instant'})")
    trace = "1" if kind == "search" else "0"
    x, y, name = page.evaluate(
        f"""(() => {{
          const place = document.getElementById('plot-frontier'), box = place.getBoundingClientRect();
          const trace = place.data[{trace}], {{xaxis, yaxis}} = place._fullLayout;
          const at = trace.y.indexOf(Math.min(...trace.y));
          return [box.left + xaxis._offset + xaxis.d2p(trace.x[at]),
                  box.top + yaxis._offset + yaxis.d2p(trace.y[at]),
                  /<b>(.*?)<\\/b>/.exec(trace.hovertext[at])[1]
                  .replaceAll('&lt;', '<').replaceAll('&gt;', '>')];
        }})()"""
    )
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x - 40, y=y - 40)
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    page.wait(f"document.querySelector('.hoverlayer')?.textContent.includes({name!r})")
    assert page.problems == []


def test_keys_lead_from_point_to_point_and_to_the_row(browser: Browser, written: Path, kind: str) -> None:
    page = opened(browser, written)
    page.evaluate("document.getElementById('plot-frontier').focus()")
    page.press("ArrowRight")
    page.press("ArrowRight")
    page.wait("document.getElementById('spoken').textContent")
    page.press("Enter")
    if kind == "table":
        page.wait("document.querySelector('.grid tr.target')")
        assert text(page, ".grid tr.target td") in text(page, "#spoken")
    else:
        page.wait("document.querySelector('.grid tr.target') || location.hash.startsWith('#network-')")
    page.press("Escape")
    assert page.problems == []


def test_a_cost_is_chosen_for_all_that_depends_on_it(browser: Browser, written: Path, kind: str) -> None:
    page = opened(browser, written)
    cost = "params" if kind == "search" else "samples_per_second"
    before = text(page, "#plot-frontier .xtitle")
    page.evaluate(f"document.querySelector('input[name=cost][value={cost}]').click()")
    page.wait(f"document.querySelector('#plot-frontier .xtitle').textContent !== {before!r}")
    hidden = page.evaluate(
        "[...document.querySelectorAll('[data-cost]')].map(e => [e.dataset.cost, e.hidden])"
    )
    assert all(off == (name != cost) for name, off in hidden)
    if kind == "table":
        assert "more is better" in text(page, "#plot-families .xtitle")
    assert page.problems == []


def test_all_rows_are_sorted_and_filtered_though_few_are_there(browser: Browser, pages: Any) -> None:
    page = opened(browser, pages("table", None))
    table = published_networks(1500)
    assert text(page, "#shown") == "1,500 networks"
    assert page.evaluate("document.querySelectorAll('.grid tbody tr').length") < 120
    assert page.evaluate("document.querySelector('.grid table').getAttribute('aria-rowcount')") == "1501"
    assert shown_rows(page)[0][1] == f"{table['top1'].max():.3f}"

    page.evaluate("document.querySelectorAll('.grid th button')[2].click()")
    assert page.evaluate("document.querySelectorAll('.grid th')[2].getAttribute('aria-sort')") == "descending"
    assert shown_rows(page)[0][2] == f"{table['gmacs'].max():.3f}"
    page.evaluate("document.querySelectorAll('.grid th button')[2].click()")
    assert shown_rows(page)[0][2] == f"{table['gmacs'].min():.3f}"

    page.evaluate(
        "(f => { f.value = 'VIT7'; f.dispatchEvent(new Event('input')) })(document.getElementById('filter'))"
    )
    fits = table[table["model"].str.contains("vit7")].sort_values("gmacs", kind="stable")
    assert text(page, "#shown") == f"{len(fits)} of 1,500 networks"
    first = shown_rows(page)
    assert [row[0] for row in first] == fits["model"].tolist()[: len(first)]
    assert page.problems == []


def test_the_frontier_is_filtered_by_its_mark(browser: Browser, pages: Any) -> None:
    page = opened(browser, pages("table", None))
    page.evaluate(
        "(s => { s.selectedIndex = 1; s.dispatchEvent(new Event('input')) })(document.getElementById('mark'))"
    )
    rows = shown_rows(page)
    costs = [float(row[2]) for row in rows]
    assert 3 < len(rows) < 60
    assert costs == sorted(costs, reverse=True)  # the best first, and each cheaper one is worse


def test_the_last_of_ten_thousand_rows_is_reached(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, table_page(tmp_path / "many.html", 10_000))
    assert text(page, "#shown") == "10,000 networks"
    page.evaluate("(box => { box.scrollTop = box.scrollHeight })(document.querySelector('.grid'))")
    page.wait("document.querySelector('.grid tr[aria-rowindex=\"10001\"]')")
    worst = published_networks(10_000)["top1"].min()
    assert shown_rows(page)[-1][1] == f"{worst:.3f}"
    assert page.evaluate("document.querySelectorAll('.grid tbody tr').length") < 120
    visible = page.evaluate(
        "(b => [...b.querySelectorAll('tr:not(.gap)')].at(-1).getBoundingClientRect().bottom"
        " <= b.getBoundingClientRect().bottom + 1)(document.querySelector('.grid'))"
    )
    assert visible
    assert page.problems == []


def test_print_holds_the_figures_and_a_stated_part_of_the_rows(browser: Browser, written: Path) -> None:
    page = opened(browser, written)
    printed = base64.b64decode(page.send("Page.printToPDF", printBackground=True)["data"])
    assert printed.startswith(b"%PDF")
    assert page.problems == []
    page.wait("document.getElementById('part').hidden")
    part = text(page, "#part")
    assert part.startswith("Here ")
    assert page.evaluate("document.querySelectorAll('.grid .gap').length") == 2


def test_nothing_that_a_table_says_is_run(browser: Browser, tmp_path: Path) -> None:
    evil = "<img src=x onerror=window.hacked=1>"
    table = published_networks(60).rename(columns={"params_M": f"params {evil}"})
    table["model"] = [f"{evil}{at}" for at in range(60)]
    table["family"] = np.where(np.arange(60) % 2, evil, "b</script><script>window.hacked=2</script>")
    results = infer_roles(table, ColumnOptions(), title=evil, where="t")
    page = opened(browser, write_table_report(results, tmp_path / "evil.html"))
    page.evaluate("document.getElementById('plot-frontier').focus()")
    page.press("ArrowRight")
    page.wait("document.getElementById('spoken').textContent.includes('onerror')")
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert text(page, "h1") == evil
    assert page.problems == []
