"""Figures of populations: what is in them, and that the same table gives the same bytes."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.reports.population.figure import top_effects, write_population, write_scores
from archscape.analysis.statistics.population import population
from archscape.spaces import Space


@pytest.fixture
def scored() -> pd.DataFrame:
    """Networks with a made-up accuracy."""
    rng = np.random.default_rng(0)
    macs = rng.lognormal(15, 1, 200)
    share = 1 / (1 + np.exp(14 - np.log(macs))) * rng.uniform(0.8, 1, 200)
    return pd.DataFrame(
        {"macs": macs, "accuracy": share, "family": np.repeat(["a", "b"], 100), "error": 0.01}
    )


def texts(path: Path) -> str:
    """Return the comments that matplotlib writes beside the glyphs of each text."""
    return "\n".join(re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_a_population_shows_its_costs_and_what_drives_them(tmp_path: Path) -> None:
    table = population(Space.load("digits"), 300)
    path = write_population(table, tmp_path / "a.svg", title="300 of digits", explain="params")
    shown = texts(path)
    for text in ("300 of digits", "parameters", "MACs", "activations", "share of the variance of parameters"):
        assert text in shown
    assert " x ".join(top_effects(table, "params")[0].choices) in shown
    again = write_population(table, tmp_path / "b.svg", title="300 of digits", explain="params")
    assert again.read_bytes() == path.read_bytes()


def test_scores_are_named_with_their_number(tmp_path: Path, scored: pd.DataFrame) -> None:
    parts = {name: scored[scored["family"] == name] for name in "ab"}
    shown = texts(write_scores(parts, tmp_path / "a.svg", score="accuracy", cost="macs"))
    assert "a (100)" in shown
    assert "b (100)" in shown
    assert "error, 1 - validation accuracy" in shown
