"""Scores of untrained networks, and the benchmark that asks whether they help a search."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from helpers.scores.scored import Scored, scored_networks
from helpers.scores.searches import rank_correlation, search
from helpers.scores.zero_cost import naswot, synflow
from torch import nn

from archscape.spaces import load_network, load_space


def test_synflow_of_a_chain_is_each_layers_share_of_the_flow() -> None:
    chain = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1), nn.Linear(1, 1, bias=False))
    with torch.no_grad():
        chain[0].weight.fill_(-3.0)
        chain[2].weight.fill_(2.0)
    assert synflow(chain, (1,)) == pytest.approx(math.log(2 * 3 * 2))  # the norm is passed over


def test_synflow_of_a_network_that_lets_nothing_through_is_minus_infinity() -> None:
    dead = nn.Linear(4, 2, bias=False)
    nn.init.zeros_(dead.weight)
    assert synflow(dead, (4,)) == -math.inf


def test_naswot_counts_the_units_that_two_samples_turn_on_and_off_alike() -> None:
    layer = nn.Sequential(nn.Identity(), nn.ReLU())
    samples = torch.tensor([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, -1.0, -1.0]])
    alike = torch.tensor([[4.0, 3.0], [3.0, 4.0]])
    assert naswot(layer, samples) == pytest.approx(math.log(torch.linalg.det(alike)))


def test_samples_that_a_network_cannot_tell_apart_score_minus_infinity() -> None:
    assert naswot(nn.ReLU(), torch.ones(2, 3)) == -math.inf


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "tdnn"])
def test_scores_leave_a_network_and_the_generators_as_they_were(name: str) -> None:
    network = load_network(name)
    module = network.build()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    images = torch.randn(4, *network.input, generator=torch.Generator().manual_seed(0))
    state = torch.get_rng_state()
    first = naswot(module, images), synflow(module, network.input)
    assert first == (naswot(module, images), synflow(module, network.input))
    assert torch.equal(state, torch.get_rng_state())
    assert module.training
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())


def networks() -> Scored:
    """Return 60 networks that a score tells apart and nothing else does."""
    space, rng = load_space("nas-bench-201"), Random(0)
    samples = list({sample.hash(): sample for sample in (space.sample(rng) for _ in range(80))}.values())[:60]
    accuracies = np.random.default_rng(0).normal(size=60).tolist()
    return scored_networks("noise", samples, accuracies, {"told": accuracies})


def test_a_score_that_tells_the_accuracy_shows_as_a_gain() -> None:
    bed = networks()
    gain = rank_correlation(bed, ("told",), tried=20, seed=0) - rank_correlation(bed, (), tried=20, seed=0)
    assert gain > 0.5
    informed, other = (
        [search(bed, names, trials=12, seed=s)[-1] for s in range(4)] for names in (("told",), ())
    )
    assert sum(informed) < sum(other)


def test_without_scores_their_values_change_nothing() -> None:
    bed = networks()
    other = replace(bed, scores={"told": -bed.scores["told"]})
    assert search(bed, (), trials=12, seed=0) == search(other, (), trials=12, seed=0)
