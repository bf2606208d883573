"""The canonical hash: the same for equal networks however they are written, different for different ones."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from archscape.spaces import Graph, Network, Row, Style, catalog_names, load
from archscape.spaces.blocks import block, trace
from archscape.spaces.canonical import canonical_hash, canonical_text
from archscape.spaces.graph import Tensor
from archscape.spaces.operators import add, concat, conv, dropout, global_avgpool, linear


def net(*rows: Row, name: str = "one", size: int = 8) -> Network:
    return Network(name=name, input=(3, size, size), layers=(*rows, Row("avgpool"), Row("linear", width=2)))


def hash_of(function: object) -> str:
    """Return the hash of a network of one hand-written block on 4x6x6."""
    word = block(function)  # type: ignore[call-overload]
    return canonical_hash(Graph("x", trace(word, ((4, 6, 6),), Style(), word.arguments({}))))


EQUAL = {
    "a row of two blocks, or two rows": (
        (Row("basic", width=8, depth=2, stride=2),),
        (Row("basic", width=8, stride=2), Row("basic", width=8)),
    ),
    "names": ((Row("conv", width=4, name="stem"),), (Row("conv", width=4),)),
    "defaults written out": ((Row("conv", width=4, kernel=3, groups=1),), (Row("conv", width=4),)),
    "a dropout that drops nothing": ((Row("conv", width=4), Row("dropout", rate=0)), (Row("conv", width=4),)),
    "a row of no block": ((Row("conv", width=4), Row("conv", width=9, depth=0)), (Row("conv", width=4),)),
    "same and explicit padding": ((Row("conv", width=4, padding=1),), (Row("conv", width=4),)),
}
DIFFERENT = {
    "width": ((Row("conv", width=4),), (Row("conv", width=5),)),
    "kernel": ((Row("conv", width=4),), (Row("conv", width=4, kernel=5),)),
    "activation": ((Row("conv", width=4),), (Row("conv", width=4, act="relu6"),)),
    "bias": ((Row("conv", width=4),), (Row("conv", width=4, bias=True),)),
    "order": (
        (Row("conv", width=4), Row("conv", width=4, kernel=5)),
        (Row("conv", width=4, kernel=5), Row("conv", width=4)),
    ),
    "a shortcut": ((Row("basic", width=3),), (Row("plain", width=3),)),
    "where the stride stands": (
        (Row("conv", width=4, stride=2), Row("conv", width=4)),
        (Row("conv", width=4), Row("conv", width=4, stride=2)),
    ),
    "a dropout": ((Row("conv", width=4), Row("dropout")), (Row("conv", width=4),)),
    "kinds of pooling": ((Row("maxpool"),), (Row("avgpool", kernel=2),)),
}


@pytest.mark.parametrize("what", EQUAL)
def test_equal_networks_share_a_hash(what: str) -> None:
    a, b = EQUAL[what]
    assert net(*a).hash() == net(*b, name="two").hash()


@pytest.mark.parametrize("what", DIFFERENT)
def test_different_networks_differ(what: str) -> None:
    a, b = DIFFERENT[what]
    assert net(*a).hash() != net(*b).hash()


def test_the_input_belongs_to_the_network() -> None:
    assert net(Row("conv", width=4), size=8).hash() != net(Row("conv", width=4), size=9).hash()


def test_networks_of_the_catalog_all_differ() -> None:
    networks = [table for name in catalog_names() if isinstance(table := load(name), Network)]
    assert len({network.hash() for network in networks}) == len(networks)


def layer(x: Tensor, width: int = 4, kernel: int = 3) -> Tensor:
    return conv(x, width=width, kernel=kernel, bias=False)


def test_the_order_of_a_sum_does_not_matter() -> None:
    def one(x: Tensor) -> Tensor:
        return (layer(x) + layer(x, kernel=5)) + x

    def two(x: Tensor) -> Tensor:
        long = layer(x, kernel=5)
        return x + (long + layer(x))

    assert hash_of(one) == hash_of(two)


def random_network(seed: int, shuffle: Random | None) -> str:
    """Return the hash of a random graph of equal convolutions and sums, its steps and operands shuffled."""
    rng = Random(seed)
    steps = [
        (rng.choice(["conv", "add", "dropout"]), rng.randrange(i + 1), rng.randrange(i + 1))
        for i in range(rng.randint(2, 10))
    ]

    def graph(x: Tensor) -> Tensor:
        values, waiting = {0: x}, dict(enumerate(steps, 1))
        while waiting:
            ready = [i for i, (_, a, b) in waiting.items() if a in values and b in values]
            at = shuffle.choice(ready) if shuffle else ready[0]
            word, a, b = waiting.pop(at)
            if shuffle and shuffle.random() < 0.5:
                a, b = (b, a) if word == "add" else (a, b)
            made = {
                "conv": lambda x, _: layer(x),
                "add": add,
                "dropout": lambda x, _: dropout(x, rate=Fraction(0)),
            }
            values[at] = made[word](values[a], values[b])
        return values[len(steps)]

    return hash_of(graph)


def test_the_order_of_writing_does_not_matter() -> None:
    for seed in range(300):
        hashes = {random_network(seed, Random(order)) for order in range(4)}
        assert hashes == {random_network(seed, None)}, seed


def test_the_order_of_a_concatenation_matters() -> None:
    assert hash_of(one_argument(lambda x: concat(x, layer(x)))) != hash_of(
        one_argument(lambda x: concat(layer(x), x))
    )


def test_a_shared_layer_differs_from_two_equal_ones() -> None:
    def shared(x: Tensor) -> Tensor:
        y = layer(x)
        return y + y

    def twice(x: Tensor) -> Tensor:
        return layer(x) + layer(x)

    assert hash_of(shared) != hash_of(twice)


def test_what_does_not_reach_the_output_is_cut() -> None:
    def wasteful(x: Tensor) -> Tensor:
        linear(global_avgpool(x), width=7)
        return layer(x)

    assert hash_of(wasteful) == hash_of(one_argument(layer))


def test_the_text_lists_each_operator_once() -> None:
    text = canonical_text(net(Row("basic", width=8)).graph)
    assert text.startswith("3x8x8\n")
    assert text.count("Add") == 1
    assert text.count("Conv ") == 3  # two in the block, one in its projection


def one_argument(function: object) -> object:
    """Return a function of one tensor under a name that a block can have."""

    def body(x: Tensor) -> Tensor:
        return function(x)  # type: ignore[operator,no-any-return]

    return body
