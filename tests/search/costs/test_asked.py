"""Costs that a search asks of every network before its training, and their limits."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from archscape.analysis.costs.memory import memory, weights
from archscape.analysis.costs.memory.training import training_memory
from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import BYTES
from archscape.search.costs.asked import AskedCosts, asked_costs
from archscape.search.job import read_job
from archscape.search.samplers.base import propose_unique
from archscape.search.samplers.random import RandomSampler
from archscape.search.study.history import History
from archscape.spaces import Network, Space
from archscape.spaces.errors import Infeasible, InputError
from archscape.spaces.language.user_function import UserFunction

FUNCTIONS = """\
def width(network):
    return max(shape[0] for shape in network.body.shapes)

def nothing(network):
    print("looked at")

def nan(network):
    return float("nan")

def text(network):
    return "3"

def raises(network):
    return network.nothing_of_this_name
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / f"{tmp_path.name}.py"  # modules of one name would be in each other's way
    path.write_text(FUNCTIONS)
    return path


def function(file: Path, name: str) -> UserFunction:
    made = UserFunction(file=str(file), function=name)
    made.vouch()
    return made


def test_costs_are_those_of_the_commands(network: Network) -> None:
    names = ("weights", "memory", "training_memory", "receptive_field")
    costs = AskedCosts(names=names, batch=16, optimizer="adamw").of(network)
    assert costs == {
        "weights": weights(network, 4),
        "memory": memory(network, batch=1, dtype="float32").peak,
        "training_memory": training_memory(network, batch=16, optimizer="adamw").peak,
        "receptive_field": 3,
    }


def test_nothing_is_asked_by_a_job_that_names_nothing_of_it(job_file: Path) -> None:
    job = read_job(job_file)
    assert job.costs is None
    assert {"limits", "metrics", "code"}.isdisjoint(job.facts())


def test_what_an_objective_or_a_limit_names_is_asked_by_the_study_too(job_file: Path, own: Path) -> None:
    job_file.write_text(
        job_file.read_text() + "objectives: {accuracy: maximize, receptive_field: maximize}\n"
        "within: {memory: ..1M, params: ..1M, accuracy: 0.1..}\n"
        f"metrics: {{width: {own}:width}}\n"
    )
    job = read_job(job_file)
    assert job.costs is not None
    assert job.costs.names == ("receptive_field", "memory", "width")
    assert job.costs.limits == {"memory": MetricLimit(high=1e6)}
    network = job.space.sample(random.Random(0)).network
    of_study = asked_costs(job.facts(), job.settings())
    assert of_study.of(network) == job.costs.of(network)
    assert (of_study.batch, of_study.optimizer) == (job.recipe.batch, "adamw")


def test_proposals_are_within_limits_that_no_space_knows(tiny: Space) -> None:
    peaks = sorted(memory(tiny.sample(random.Random(seed)).network).peak for seed in range(40))
    costs = AskedCosts(names=("memory",), limits={"memory": MetricLimit(high=peaks[10])})
    costs.check(tiny, random.Random(0))
    history = History(objectives={"accuracy": "maximize"}, asked=costs)
    for seed in range(20):
        sample = propose_unique(RandomSampler(), tiny, history, random.Random(seed)).sample
        assert memory(sample.network).peak <= peaks[10]
        history.hashes.add(sample.network.hash())


def test_a_limit_that_nothing_meets_is_said_with_the_nearest(tiny: Space) -> None:
    costs = AskedCosts(names=("weights",), limits={"weights": MetricLimit.parse("..1000", BYTES)})
    law = r"space tiny: none of 2,000 .* meets weights ..1kB; the nearest has weights [\d,]+B$"
    with pytest.raises(Infeasible, match=law):
        costs.check(tiny, random.Random(0))


def test_a_function_of_the_network_is_asked_once_for_a_network(own: Path, network: Network) -> None:
    own.write_text("calls = []\n\ndef count(network):\n    calls.append(network)\n    return len(calls)\n")
    costs = AskedCosts(names=("calls",), functions={"calls": function(own, "count")})
    assert [costs.of(network) for _ in range(3)] == [{"calls": 1.0}] * 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", r"[.]py:4: nothing returns None as the metric own; it returns a finite number"),
        ("nan", "[.]py:7: nan returns nan as the metric own; it returns a finite number"),
        ("text", "[.]py:10: text returns '3' as the metric own; it returns a finite number"),
        ("raises", r"[.]py:14: .*raises, the metric own: AttributeError: .*nothing_of_this_name"),
    ],
)
def test_a_function_that_gives_no_number_is_named_with_its_place(
    own: Path, network: Network, tiny: Space, name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = AskedCosts(names=("own",), functions={"own": function(own, name)})
    with pytest.raises(InputError, match=message):
        costs.check(tiny, random.Random(0))
    assert capsys.readouterr().out == ""
