"""The words of a network: what its operators are and read, the same for networks that compute alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from archscape.search.samplers.bayes.words import MOST_WORDS, Vocabulary, words_of
from archscape.spaces import Network, Row, Space, load_network, load_space

NORM_8 = "BatchNorm 8x8"
RELU_8 = "Activation function=relu 8x8"


def conv(kernel: int, extent: int, stride: int = 1, groups: str = "") -> str:
    window = f"kernel=[{kernel}, {kernel}] stride=[{stride}, {stride}] dilation=[1, 1]"
    return " ".join(["Conv", window, *([f"groups={groups}"] if groups else []), f"{extent}x{extent}"])


def net(*rows: Row, size: int = 8) -> Network:
    return Network(name="one", input=(4, size, size), layers=rows)


def bag(network: Network) -> Counter[str]:
    return sum(words_of(network.body).rows, Counter())


def cell(space: Space, **edges: str) -> Counter[str]:
    """Return the words of a network of NAS-Bench-201; edges that are not given are zero."""
    decisions = {path: edges.get(path, "zero") for path in space.paths}
    return sum(words_of(space.replay(decisions).lower()).rows, Counter())


@pytest.fixture(scope="module")
def nas_bench_201() -> Space:
    return load_space("nas-bench-201")


def test_word_0_is_the_operator_and_its_extent_and_word_1_what_it_reads_too() -> None:
    assert bag(net(Row("conv", width=6, kernel=5))) == {
        conv(5, 8): 1,
        NORM_8: 1,
        RELU_8: 1,
        f"{conv(5, 8)} < input 8x8": 1,
        f"{NORM_8} < {conv(5, 8)}": 1,
        f"{RELU_8} < {NORM_8}": 1,
    }


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (Row("conv", width=8, groups=2), conv(3, 8, groups="2")),
        (Row("conv", width=8, groups=4), conv(3, 8, groups="all")),  # depthwise, whatever the width
        (Row("conv", width=8, stride=2), conv(3, 4, stride=2)),
    ],
)
def test_a_word_tells_groups_and_stride(row: Row, word: str) -> None:
    assert bag(net(row))[word] == 1


def test_a_word_does_not_tell_channels() -> None:
    assert bag(net(Row("basic", width=4))) == bag(net(Row("basic", width=4, depth=1)))
    assert bag(net(Row("conv", width=6))) == bag(net(Row("conv", width=12)))


def test_a_row_of_two_blocks_has_the_words_of_two_rows() -> None:
    two = net(Row("basic", width=8, stride=2, name="a"), Row("basic", width=8, name="b"))
    assert bag(net(Row("basic", width=8, stride=2, depth=2))) == bag(two)


def test_a_block_of_several_ways_has_a_word_for_each() -> None:
    ways = [word for word in bag(net(Row("basic", width=4))) if " > " in word]
    assert sorted(way.count(" > ") for way in ways) == [
        2,
        7,
    ]  # the sum and the activation; two convolutions too


def test_edges_that_lead_nowhere_have_no_words(nas_bench_201: Space) -> None:
    alone = cell(nas_bench_201, e03="conv3x3")
    assert cell(nas_bench_201, e03="conv3x3", e01="conv1x1") == alone  # nothing reads the second node
    assert cell(nas_bench_201, e03="conv3x3", e01="conv1x1", e13="conv1x1") != alone


def test_two_lists_of_decisions_that_give_one_cell_have_one_bag(nas_bench_201: Space) -> None:
    first = cell(nas_bench_201, e01="conv3x3", e13="identity")
    assert first == cell(nas_bench_201, e02="conv3x3", e23="identity")


def test_depth_is_the_number_of_layers_on_the_longest_way() -> None:
    assert words_of(load_network("vgg16").body).depth == 16
    assert words_of(load_network("resnet50").body).depth == 50
    assert words_of(load_network("densenet121").body).depth == 121


def test_the_words_of_a_network_of_several_inputs_and_outputs_are_told() -> None:
    known = words_of(load_network("unet").body)
    assert known.depth == 23  # Ronneberger et al. 2015: 23 convolutional layers


def rows_of(*bags: Mapping[str, int]) -> list[list[Counter[str]]]:
    return [[Counter(each)] for each in bags]


def test_words_of_one_network_alone_and_words_of_all_alike_are_left_out() -> None:
    vocabulary = Vocabulary.of(rows_of({"a": 1, "b": 2, "all": 1}, {"a": 3, "all": 1}, {"all": 1}))
    assert list(vocabulary.columns) == ["a"]


def test_the_mean_squared_distance_of_two_networks_is_2() -> None:
    networks = rows_of({"a": 1, "b": 2}, {"a": 3}, {"b": 1, "c": 4}, {"c": 1})
    weights = Vocabulary.of(networks).weights(networks)
    squares = ((weights[:, None] - weights[None, :]) ** 2).sum(-1)
    assert squares[~np.eye(4, dtype=bool)].mean() == pytest.approx(2)


def test_networks_that_are_all_alike_have_no_words() -> None:
    networks = rows_of({"a": 1}, {"a": 1})
    assert Vocabulary.of(networks).weights(networks).shape == (2, 0)


def test_of_very_many_words_those_stay_that_vary_most() -> None:
    many = {f"w{number}": 1 for number in range(MOST_WORDS + 10)}
    networks = rows_of(many, {**many, "w3": 9}, {"w3": 1}, {})
    assert len(Vocabulary.of(networks).columns) == MOST_WORDS
    assert "w3" in Vocabulary.of(networks).columns


def test_words_that_were_not_met_count_nothing() -> None:
    vocabulary = Vocabulary.of(rows_of({"a": 1}, {"a": 2}))
    assert (vocabulary.weights(rows_of({"a": 1, "new": 5})) == vocabulary.weights(rows_of({"a": 1}))).all()
