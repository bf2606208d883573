"""A known network is found in a space by its graph, however it is written."""

from __future__ import annotations

import random
import re

import pytest

from archscape.spaces import Network, Space, load_network
from archscape.spaces.errors import SpaceError

SMALL = """\
space: small
input: 3x8x8
let: {w: {4, 8}}
layers:
  - conv: {width: $w, kernel: {1, 3}}
  - basic: {name: stage, width: 2 * $w, depth: 1..3, kernel: {3, 5}}
  - avgpool
  - linear: {width: 10}
within: {params: ..9k}
"""
WRITTEN_OTHERWISE = """\
network: mine
input: 3x8x8
layers:
  - conv: {width: 4, kernel: 3}
  - basic: {width: 8, kernel: 5}
  - basic: {width: 8, kernel: 5}
  - avgpool
  - linear: {width: 10}
"""


@pytest.fixture(scope="module")
def small() -> Space:
    return Space.from_yaml(SMALL)


def test_network_is_found_by_its_graph(small: Space) -> None:
    sample = small.member(Network.from_yaml(WRITTEN_OTHERWISE))
    assert sample.decisions == {"w": 4, "conv.kernel": 3, "stage.depth": 2, "stage.kernel": 5}


def test_what_is_drawn_from_a_large_space_is_found_there() -> None:
    space = Space.load("digits")
    sample = space.sample(random.Random(0))
    found = space.member(Network.from_json(sample.network.to_json()))
    assert found.hash() == sample.hash()


def test_what_no_list_gives_is_no_member(small: Space) -> None:
    other = Network.from_yaml(WRITTEN_OTHERWISE.replace("kernel: 5", "kernel: 7"))
    law = "mine is no member of space small: none of its 24 lists of decisions gives it"
    with pytest.raises(SpaceError, match=law):
        small.member(other)


def test_other_input_is_told_at_once(small: Space) -> None:
    with pytest.raises(SpaceError, match="resnet50 is no member of space small: it reads 3x224x224"):
        small.member(load_network("resnet50"))


def test_limits_are_told_with_the_cost(small: Space) -> None:
    sample = small.sample_of_texts({"w": "8", "conv.kernel": 3, "stage.depth": "3", "stage.kernel": 5})
    with pytest.raises(SpaceError, match=re.escape("params, and the limit is ..9k")):
        small.check_within(sample)
    small.check_within(small.member(Network.from_yaml(WRITTEN_OTHERWISE)))
