"""The page of a population."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.reports.population.figure import histogram
from archscape.analysis.reports.population.page import write_population_page
from archscape.analysis.statistics.population import population
from archscape.spaces import Space

if TYPE_CHECKING:
    from tests.analysis.conftest import Page


def test_the_page_shows_quantiles_histograms_and_choices(
    tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    table = population(Space.load("digits"), 300)
    page = read_page(write_population_page(table, tmp_path / "a.html", title="<digits>", explain="params"))
    assert page.one("h1") == "<digits>"
    costs = page.text(page.find("table")[0])
    assert f"{table['macs'].max():,}" in costs
    assert set(page.figures) == {"params", "macs", "activations"}
    assert "share of the variance of parameters" in page.text(page.find("table")[1])
    for path in Space.load("digits").paths:
        assert path in page.text(page.find("table")[1])


def test_every_network_is_in_a_bar() -> None:
    for values in (np.array([3.0]), np.array([1.0, 7.0, 1e9]), np.geomspace(3, 7e7, 1000)):
        bars = histogram(pd.Series(values), "macs").series[0]
        assert sum(bars.y) == pytest.approx(1)
