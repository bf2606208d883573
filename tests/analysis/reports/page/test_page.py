"""What holds for every page: it works offline, runs its own scripts only, and its links lead somewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from archscape.analysis.reports.assets import Assets
from archscape.analysis.reports.comparison.compared_network import compared_networks
from archscape.analysis.reports.comparison.page import write_comparison
from archscape.analysis.reports.population.page import write_population_page
from archscape.analysis.reports.results.page import write_report, write_table_report
from archscape.analysis.reports.results.roles import ColumnOptions, infer_roles
from archscape.analysis.reports.results.run import RunResults
from archscape.analysis.statistics.population import population
from archscape.spaces import Space, load_network
from archscape.spaces.errors import InputError

if TYPE_CHECKING:
    from tests.analysis.conftest import Page

Write = Callable[[Path], Path]


@pytest.fixture(params=["report", "table", "comparison", "population"])
def write(request: pytest.FixtureRequest, synthetic: Callable[..., RunResults]) -> Write:
    """Writes one kind of page."""
    if request.param == "report":
        return lambda path: write_report(synthetic(), path)
    if request.param == "table":
        rows = {
            "model": ["a1", "a2", "b1"],
            "top1": [70.0, 80.0, 75.0],
            "gmacs": [1, 2, 3],
            "kind": ["a", "a", "b"],
        }
        results = infer_roles(pd.DataFrame(rows), ColumnOptions(), title="nets", where="nets.csv")
        return lambda path: write_table_report(results, path)
    if request.param == "population":
        table = population(Space.load("digits"), 100)
        return lambda path: write_population_page(table, path, title="digits")
    networks = [load_network(name) for name in ("lenet5", "resnet18")]
    return lambda path: write_comparison(compared_networks(networks), path, references=networks)


@pytest.fixture
def page(write: Write, read_page: Callable[[Path], Page], tmp_path: Path) -> Page:
    path = tmp_path / "page.html"
    assert write(path) == path
    return read_page(path)


@pytest.mark.slow
def test_it_asks_nothing_of_any_network(page: Page) -> None:
    for tag, attrs in page.elements:
        if tag == "img":
            assert attrs.pop("src").startswith("data:image/svg+xml,")
        assert tag not in ("link", "iframe", "base", "object", "embed", "form")
        assert not {"src", "srcset", "action", "data", "poster"} & set(attrs)
        assert attrs.get("href", "#").startswith("#")
    # plotly.js 4 shows a button that uploads the data of a figure, unless told not to.
    assert "showSendToCloud: false" in page.text(page.find("script")[-1])
    assert "url(" not in page.one("style")
    assert "@import" not in page.one("style")


@pytest.mark.slow
def test_its_policy_allows_its_two_scripts_and_no_request(page: Page) -> None:
    (meta,) = [attrs for _, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in meta["content"].split(";"))
    scripts = [page.text(index) for index in page.find("script") if "type" not in page.elements[index][1]]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert "plotly.js v" in scripts[0][:200]
    assert len(scripts) == 2


def test_pages_of_a_folder_share_one_plotly(tmp_path: Path, read_page: Callable[[Path], Page]) -> None:
    table = population(Space.load("digits"), 50)
    for name in ("a.html", "b.html"):
        path = write_population_page(table, tmp_path / name, title="digits", assets=Assets.shared)
        page = read_page(path)
        (address,) = [attrs["src"] for tag, attrs in page.elements if tag == "script" and "src" in attrs]
        assert path.stat().st_size < 100_000
    (shared,) = (tmp_path / "assets").iterdir()
    assert tmp_path / address == shared
    assert shared.read_text()[:200].count("plotly.js v") == 1
    assert f"need {address} beside it" in page.one("p", class_="empty without-plotly")


@pytest.mark.slow
def test_its_links_lead_to_its_own_places(page: Page) -> None:
    places = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    links = [attrs["href"] for _, attrs in page.elements if "href" in attrs]
    assert len(places) == len(set(places))
    assert {link.removeprefix("#") for link in links} <= set(places)


@pytest.mark.slow
def test_every_figure_has_a_place_that_keys_reach_and_words_describe(page: Page) -> None:
    places = [attrs for _, attrs in page.elements if attrs.get("role") == "figure"]
    always = [attrs["id"] for attrs in places if attrs["id"] != "plot-curve"]  # of the trial that is opened
    assert always == [f"plot-{name}" for name in page.figures]
    assert all(attrs["tabindex"] == "0" and attrs["aria-label"] for attrs in places)


@pytest.mark.slow
def test_its_colours_are_variables_of_its_style(page: Page) -> None:
    style = page.one("style")

    def colours(part: object) -> set[str]:
        if isinstance(part, list):
            return set().union(*map(colours, part))
        if isinstance(part, dict):
            return set().union(*map(colours, part.values()))
        return {part} if isinstance(part, str) and part.startswith("--") else set()

    assert all(f"{name}:" in style for name in colours(list(page.figures.values())))


def test_a_missing_folder_is_named(write: Write, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such folder"):
        write(tmp_path / "nowhere" / "page.html")
