"""The worked example of a user's own sampler: it keeps the contract, and finds what it looks for."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.in_process import InProcess

from archscape.search.job import read_job
from archscape.search.samplers import Sampler
from archscape.search.samplers.random import RandomSampler
from archscape.search.samplers.testing import check, rehearsal
from archscape.search.search import run
from archscape.spaces import Space
from archscape.spaces.errors import JobError

FILE = Path(__file__).parents[3] / "examples" / "sampler" / "my_sampler.py"


@pytest.fixture(scope="module")
def greedy() -> Iterator[type[Sampler]]:
    spec = importlib.util.spec_from_file_location("my_sampler", FILE)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["my_sampler"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.Greedy
    del sys.modules["my_sampler"]


@pytest.mark.slow
def test_it_keeps_the_contract(greedy: type[Sampler]) -> None:
    check(greedy())


def test_it_climbs_where_chance_does_not(greedy: type[Sampler]) -> None:
    """The mean score of the last twenty of forty networks."""

    def mean(sampler: Sampler) -> float:
        search = rehearsal(Space.load("digits"), {"accuracy": "maximize"})
        search.run(sampler, 40)
        values = [record.metrics["accuracy"] for record in search.history.complete[20:]]
        return sum(values) / len(values)

    assert mean(greedy()) > mean(RandomSampler()) + 0.1


def test_its_setting_has_a_law(greedy: type[Sampler]) -> None:
    with pytest.raises(JobError, match=r"greedy: epsilon is a share from 0 to 1, but got 1\.5"):
        greedy(epsilon=1.5)  # type: ignore[call-arg]


@pytest.mark.slow
def test_it_proposes_in_a_real_search(tmp_path: Path) -> None:
    job = replace(read_job(FILE.with_name("own-sampler.yaml")), trials=4, workers=1)
    trials = run(job, out=tmp_path, executor=InProcess()).trials
    assert set(trials["status"]) == {"complete"}
    assert trials["sampler"].tolist() == ["my_sampler.py:Greedy"] * 4
