"""The difference of two networks: its rows, its words, and that it adds up."""

from __future__ import annotations

from random import Random

import pytest
from helpers.catalog import NETWORKS
from hypothesis import given, settings
from hypothesis import strategies as st

from archscape.analysis.costs.memory import memory
from archscape.analysis.reports.comparison.diff import Change, Diff, Setting, diff
from archscape.analysis.reports.comparison.parts import parts_of, style_of
from archscape.spaces import Network, load_network, load_space
from archscape.spaces.graph import Style
from archscape.spaces.language.limits import COSTS

SPACES = ("cifar", "digits", "nas-bench-201", "nas-bench-macro", "retina-vvs")


def tables(before: str, after: str) -> Diff:
    return diff(load_network(before), load_network(after))


def rows(text: str, *, shape: str = "3x16x16", defaults: str = "{}") -> Network:
    return Network.from_yaml(f"network: n\ninput: {shape}\ndefaults: {defaults}\nlayers: [{text}]")


def marks(difference: Diff) -> str:
    return "".join(
        {"same": "=", "changed": "~", "removed": "-", "added": "+"}[c.kind] for c in difference.changes
    )


def adds_up(difference: Diff) -> None:
    """Every row of both stands in one change, in order, and the differences are those of the totals."""
    before, after = difference.before.totals, difference.after.totals
    for cost in COSTS:
        assert sum(change.difference(cost) for change in difference.changes) == difference.difference(cost)
        assert difference.difference(cost) == getattr(after, cost) - getattr(before, cost)
    for network, side in ((difference.before, 1), (difference.after, 2)):
        parts = [change[side] for change in difference.changes if change[side] is not None]
        assert parts == parts_of(network)
    assert difference.peaks == tuple(
        memory(network).activations for network in (difference.before, difference.after)
    )
    for change in difference.changes:
        if change.kind == "same":
            assert not any(map(change.difference, COSTS))


@pytest.mark.slow
@settings(max_examples=60)
@given(
    space=st.sampled_from(SPACES),
    other=st.sampled_from(SPACES),
    seeds=st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)),
)
def test_differences_of_random_networks_add_up(space: str, other: str, seeds: tuple[int, int]) -> None:
    before, after = (
        load_space(name).sample(Random(seed)).network
        for name, seed in zip((space, other), seeds, strict=True)
    )
    difference = diff(before, after)
    adds_up(difference)
    if before.hash() == after.hash() and before.input == after.input:
        assert all(difference.difference(cost) == 0 for cost in COSTS)


@given(space=st.sampled_from(SPACES), seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_a_network_does_not_differ_from_itself(space: str, seed: int) -> None:
    network = load_space(space).sample(Random(seed)).network
    difference = diff(network, network)
    assert set(marks(difference)) == {"="}
    assert (difference.style, difference.difference("params")) == ((), 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_rows_of_the_catalog_add_up_to_their_networks(name: str) -> None:
    network = load_network(name)
    parts = parts_of(network)
    for cost in COSTS:
        assert sum(getattr(part.totals, cost) for part in parts) == getattr(network.totals, cost)
    assert max(part.held for part in parts) == memory(network).activations


def test_resnet_101_is_resnet_50_with_seventeen_blocks_more() -> None:
    difference = tables("resnet50", "resnet101")
    adds_up(difference)
    assert marks(difference) == "====~==="
    change = difference.changes[4]
    assert change.settings == [Setting("depth", "6", "23")]
    assert change.kept == 6
    assert change.difference("params") == 44_549_160 - 25_557_032 == 17 * 1_117_184
    assert change.difference("macs") == 7_801_405_440 - 4_089_184_256


def test_a_stage_of_another_block_stands_beside_the_one_of_its_resolution() -> None:
    difference = tables("resnet50", "resnet18")
    adds_up(difference)
    assert marks(difference) == "==~~~~~~"
    assert difference.changes[2].settings == [
        Setting("block", "bottleneck", "basic"),
        Setting("width", "256", "64"),
        Setting("depth", "3", "2"),
    ]
    assert difference.changes[6].settings == [Setting("reads", "2048x7x7", "512x7x7")]
    assert difference.changes[7].difference("params") == 1000 * (512 - 2048)


def test_alexnet_and_vgg_of_the_lecture() -> None:
    difference = tables("alexnet-owt", "vgg16")
    adds_up(difference)
    assert marks(difference) == "~~~~~+~~-++~=~+~"
    assert difference.style == (Setting("init", "none", "xavier"),)
    first = difference.changes[0]
    assert first.before is not None
    assert first.before.text == "conv: {width: 64, kernel: 11, stride: 4, padding: 2}"
    assert first.settings[:2] == [Setting("kernel", "11", "3"), Setting("stride", "4", "1")]
    assert difference.difference("params") == 138_357_544 - 61_100_840


def test_a_row_in_the_middle_is_added_and_the_rows_behind_it_are_the_same() -> None:
    before = rows("{conv: {width: 8}}, {conv: {width: 8}}, avgpool")
    after = rows("{conv: {width: 8}}, dropout, {conv: {width: 8}}, avgpool")
    assert marks(diff(before, after)) == "=+=="
    assert marks(diff(after, before)) == "=-=="


def test_what_reads_another_row_is_changed_though_it_computes_the_same() -> None:
    def network(source: str) -> Network:
        convs = ", ".join(f"{{conv: {{name: {name}, width: 8}}}}" for name in "abc")
        return rows(f"{convs}, {{add: {{with: {source}}}}}")

    difference = diff(network("a"), network("b"))
    assert marks(difference) == "===~"
    assert difference.changes[-1].settings == [Setting("from", "c and a", "c and b")]
    assert not any(map(difference.difference, COSTS))


def test_two_ways_to_write_a_row_are_the_same() -> None:
    """A pooling of the whole map is global; its word does not matter."""
    before = rows("{conv: {width: 8}}, avgpool, {linear: {width: 2}}")
    pool = "{avgpool: {kernel: 16, padding: valid}}"
    after = rows(f"{{conv: {{width: 8, kernel: 3}}}}, {pool}, {{linear: {{name: head, width: 2}}}}")
    assert marks(diff(before, after)) == "==="


def test_a_style_is_told_once_and_not_in_every_row() -> None:
    text = "{conv: {width: 8}}, {conv: {width: 8, act: none}}, maxpool"
    difference = diff(rows(text), rows(text, defaults="{act: relu6, norm: none}"))
    assert difference.style == (Setting("norm", "batch", "none"), Setting("act", "relu", "relu6"))
    assert [change.kind for change in difference.changes] == ["changed", "changed", "same"]
    assert difference.changes[0].settings == []
    assert style_of(rows("avgpool")) == Style()


def test_rows_with_and_without_weights_are_no_pair() -> None:
    difference = diff(
        rows("{conv: {width: 8}}, {conv: {width: 8, stride: 2}}"), rows("{conv: {width: 8}}, maxpool")
    )
    assert marks(difference) in ("=-+", "=+-")
    adds_up(difference)


def test_a_change_says_nothing_of_a_row_that_stands_alone() -> None:
    part = parts_of(load_network("lenet5"))[0]
    for change in (Change("removed", part, None), Change("added", None, part)):
        assert (change.settings, change.kept) == ([], 0)
    assert Change("removed", part, None).difference("params") == -part.totals.params
