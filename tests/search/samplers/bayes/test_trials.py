"""The acquisition of a study with costs: from which corner the hypervolume is measured."""

from __future__ import annotations

import random
from itertools import islice

import numpy as np

from archscape.search.samplers.bayes.sampler import BayesSampler
from archscape.search.samplers.bayes.trials import beyond_worst, scaled
from archscape.search.samplers.testing import rehearsal
from archscape.spaces import Space

TWO_SIZES = """\
space: two-sizes
input: 1x8x8
layers:
  - avgpool: {kernel: {1, 3, 5}, stride: 1, name: first}
  - avgpool: {kernel: {1, 3, 5}, stride: 1, name: second}
  - avgpool: {kernel: {1, 3, 5}, stride: 1, name: third}
  - conv: {width: {4, 8}}
  - avgpool
  - linear: {width: 10}
"""


def test_the_corner_is_a_step_beyond_the_dearest() -> None:
    costs = np.array([[1.0, 5.0], [3.0, 5.0], [1.5, 5.0]])
    np.testing.assert_array_equal(beyond_worst(costs), [4.0, 6.0])


def test_of_a_cost_of_two_values_the_dearer_networks_are_tried_too() -> None:
    search = rehearsal(Space.from_yaml(TWO_SIZES), {"accuracy": "maximize", "params": "minimize"}).fill(16)
    proposals = BayesSampler().proposals(search.space, search.history, random.Random(0))
    assert len({proposal.sample.totals.params for proposal in islice(proposals, 8)}) == 2


def test_costs_over_two_decades_count_in_decades_and_others_by_their_roots() -> None:
    costs = np.array([[1.0, 4.0, 0.0], [100.0, 9.0, 100.0]])
    candidates, tried = scaled(costs, np.array([[10.0, 4.0, 25.0]]))
    assert np.allclose(candidates, [[0.0, 2.0, 0.0], [np.log(100.0), 3.0, 10.0]])
    assert np.allclose(tried, [[np.log(10.0), 2.0, 5.0]])
