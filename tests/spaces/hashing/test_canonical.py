"""The canonical hash: the same for equal networks however they are written, different for different ones."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
import torch
from helpers.catalog import NETWORKS

from archscape.spaces import Graph, Network, Row, Style, load_network
from archscape.spaces.blocks import block, trace
from archscape.spaces.graph import Body, Tensor
from archscape.spaces.hashing.canonical import canonical_hash, canonical_text
from archscape.spaces.hashing.formula import formula_hash
from archscape.spaces.operators import (
    add,
    concat,
    conv,
    dropout,
    global_avgpool,
    linear,
    multiply,
    norm,
    zero,
)
from archscape.spaces.values import Term


def net(*rows: Row, name: str = "one", size: int = 8) -> Network:
    return Network(name=name, input=(3, size, size), layers=(*rows, Row("avgpool"), Row("linear", width=2)))


def graph_of(function: object) -> Graph:
    """Return a network of one hand-written block on 4x6x6."""
    word = block(one_argument(function))  # type: ignore[call-overload]
    return Graph("x", trace(word, ((4, 6, 6),), Style(), word.arguments({})))


def hash_of(function: object) -> str:
    return canonical_hash(graph_of(function))


def formula_of(function: object) -> str:
    return formula_hash(graph_of(function))


def with_outputs(function: object, *outputs: int) -> Graph:
    """Return the network whose results are some values: 0 is the input, 1 the first operator's."""
    name, body = graph_of(function)
    return Graph(name, Body(body.word, (), "", body.inputs, body.nodes, body.costs, outputs))


EQUAL = {
    "a row of two blocks, or two rows": (
        (Row("basic", width=8, depth=2, stride=2),),
        (Row("basic", width=8, stride=2), Row("basic", width=8)),
    ),
    "names": ((Row("conv", width=4, name="stem"),), (Row("conv", width=4),)),
    "defaults written out": ((Row("conv", width=4, kernel=3, groups=1),), (Row("conv", width=4),)),
    "a dropout that drops nothing": ((Row("conv", width=4), Row("dropout", rate=0)), (Row("conv", width=4),)),
    "a row of no block": ((Row("conv", width=4), Row("conv", width=9, depth=0)), (Row("conv", width=4),)),
    "an average of a window as large as the map": (
        (Row("avgpool", kernel=8, padding="valid"), Row("conv", width=4)),
        (Row("avgpool"), Row("conv", width=4)),
    ),
    "a maximum of a window as large as the map": (
        (Row("maxpool", kernel=8, stride=3, padding=0), Row("conv", width=4)),
        (Row("maxpool", kernel=None), Row("conv", width=4)),
    ),
    "a pooling of one element": ((Row("avgpool"), Row("maxpool", kernel=1, stride=2)), (Row("avgpool"),)),
    "a last part window that is not there": ((Row("maxpool", padding="ceil"),), (Row("maxpool"),)),
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
    "kinds of pooling of the map": (
        (Row("maxpool", kernel=None), Row("conv", width=4)),
        (Row("avgpool"), Row("conv", width=4)),
    ),
    "a window as large as the map, moved by `same` padding": (
        (Row("avgpool", kernel=8), Row("conv", width=4)),
        (Row("avgpool"), Row("conv", width=4)),
    ),
    "a last part window": (
        (Row("maxpool", kernel=3, padding="ceil"),),
        (Row("maxpool", kernel=3, padding="valid"),),
    ),
    "kinds of pooling": ((Row("maxpool"),), (Row("avgpool", kernel=2),)),
}


@pytest.mark.parametrize("what", EQUAL)
def test_equal_networks_share_a_hash(what: str) -> None:
    a, b = EQUAL[what]
    first, second = net(*a), net(*b, name="two")
    assert first.hash() == second.hash()
    assert first.body.shape == second.body.shape
    assert first.totals == second.totals


RELU6 = Row("conv", width=4, act="relu6")
THREE = (Row("conv", name="a", width=2), Row("conv", name="b", width=3), Row("conv", name="c", width=4))
SAME_FUNCTION = {
    "a rectifier twice": ((Row("conv", width=4), Row("act")), (Row("conv", width=4),)),
    "a rectifier after a maximum of rectified values": (
        (Row("conv", width=4), Row("maxpool"), Row("act")),
        (Row("conv", width=4), Row("maxpool")),
    ),
    "a rectifier after a sum of rectified values": (
        (Row("conv", width=4, name="a"), Row("conv", width=4), Row("add", with_="a"), Row("act")),
        (Row("conv", width=4, name="a"), Row("conv", width=4), Row("add", with_="a")),
    ),
    "a rectifier after a dropout": (
        (Row("conv", width=4), Row("dropout"), Row("act")),
        (Row("conv", width=4), Row("dropout")),
    ),
    "a rectifier after a gate of rectified values": (
        (Row("conv", width=4), Row("se", ratio=Fraction(1, 2)), Row("act")),
        (Row("conv", width=4), Row("se", ratio=Fraction(1, 2))),
    ),
    "a slope below 0 after a rectifier": (
        (Row("conv", width=4), Row("act", act=Term("leaky_relu", (Fraction(1, 5),)))),
        (Row("conv", width=4),),
    ),
    "relu6 twice, and relu after it": ((RELU6, Row("act", act="relu6"), Row("act")), (RELU6,)),
    "a rectifier after a sigmoid": (
        (Row("conv", width=4, act="sigmoid"), Row("act")),
        (Row("conv", width=4, act="sigmoid"),),
    ),
    "the slope of PyTorch written out": (
        (Row("conv", width=4, act=Term("leaky_relu", (Fraction(1, 100),))),),
        (Row("conv", width=4, act="leaky_relu"),),
    ),
    "a concatenation within another one": (
        (*THREE, Row("concat", with_="b", name="bc", from_="c"), Row("concat", with_="a")),
        (*THREE, Row("concat", with_=("b", "a"))),
    ),
    "a concatenation within another one, as branches": (
        (Row("concat", Row("conv", width=2), Row("concat", Row("conv", width=3), Row("identity"))),),
        (Row("concat", Row("conv", width=2), Row("conv", width=3), Row("identity")),),
    ),
    "a product within another one": (
        (Row("multiply", Row("identity"), Row("multiply", Row("conv", width=3), Row("identity"))),),
        (Row("multiply", Row("conv", width=3), Row("identity"), Row("identity")),),
    ),
    "zeros around a map, or the padding of the convolution": (
        (Row("pad", sides=2), Row("conv", width=4, padding=1)),
        (Row("conv", width=4, padding=3),),
    ),
    "dilation of a single weight": (
        (Row("conv", width=4, kernel=(1, 3), padding="valid", dilation=1), Row("conv", width=4, kernel=1)),
        (
            Row("conv", width=4, kernel=(1, 3), padding="valid"),
            Row("conv", width=4, kernel=1, dilation=3),
        ),
    ),
    "the stride of a single window": (
        (Row("conv", width=4, kernel=8, padding="valid", stride=3),),
        (Row("conv", width=4, kernel=8, padding="valid"),),
    ),
    "a rectifier before a narrower one": ((Row("conv", width=4), Row("act", act="relu6")), (RELU6,)),
    "a rectifier of what is scaled or blurred": (
        (Row("conv", width=4), Row("scale", by=Fraction(2)), Row("blurpool"), Row("act")),
        (Row("conv", width=4), Row("scale", by=Fraction(2)), Row("blurpool")),
    ),
    "the order of what is subtracted": (
        (Row("subtract", Row("identity"), Row("conv", width=3), Row("maxpool", kernel=3, stride=1)),),
        (Row("subtract", Row("identity"), Row("maxpool", kernel=3, stride=1), Row("conv", width=3)),),
    ),
    "a difference from a sum": (
        (
            Row(
                "subtract",
                Row("identity"),
                Row("add", Row("conv", width=3), Row("avgpool", kernel=3, stride=1)),
            ),
        ),
        (Row("subtract", Row("identity"), Row("conv", width=3), Row("avgpool", kernel=3, stride=1)),),
    ),
    "a norm of groups of one channel": (
        (Row("conv", width=4, norm=Term("group", (4,))),),
        (Row("conv", width=4, norm="instance"),),
    ),
    "how a map of one element is enlarged": (
        (Row("avgpool"), Row("upsample", scale=4, mode="bilinear"), Row("conv", width=4)),
        (Row("avgpool"), Row("upsample", scale=4), Row("conv", width=4)),
    ),
}
NOT_THE_SAME_FUNCTION = {
    "a rectifier after a slope below 0": (
        (Row("conv", width=4, act="leaky_relu"), Row("act")),
        (Row("conv", width=4, act="leaky_relu"),),
    ),
    "relu6 after a sum of two": (
        (RELU6, Row("residual", RELU6), Row("act", act="relu6")),
        (RELU6, Row("residual", RELU6)),
    ),
    "relu6 after a dropout, which scales up what it keeps": (
        (RELU6, Row("dropout"), Row("act", act="relu6")),
        (RELU6, Row("dropout")),
    ),
    "a sigmoid twice": (
        (Row("conv", width=4, act="sigmoid"), Row("act", act="sigmoid")),
        (Row("conv", width=4, act="sigmoid"),),
    ),
    "the order of what is concatenated": (
        (*THREE, Row("concat", with_=("b", "a"))),
        (*THREE, Row("concat", with_=("a", "b"))),
    ),
    "a stride where a window could move": (
        (Row("conv", width=4, kernel=1, stride=9),),
        (Row("conv", width=4, kernel=1),),
    ),
    "a cut that is wider after the narrower one": (
        (Row("conv", width=4, act="hardtanh"), Row("act", act="relu6")),
        (Row("conv", width=4, act="relu6"),),
    ),
    "the first of a difference": (
        (Row("subtract", Row("conv", width=3), Row("identity")),),
        (Row("subtract", Row("identity"), Row("conv", width=3)),),
    ),
    "learned slopes": (
        (Row("conv", width=4), Row("act", act="prelu")),
        (Row("conv", width=4),),
    ),
    "zeros around what a maximum reads": (
        (Row("conv", width=4, act="tanh"), Row("pad", sides=1), Row("maxpool", kernel=2, padding="valid")),
        (Row("conv", width=4, act="tanh"), Row("maxpool", kernel=2, padding=1)),
    ),
}


@pytest.mark.parametrize("what", SAME_FUNCTION)
def test_networks_that_compute_the_same_share_a_hash(what: str) -> None:
    first, second = (net(*rows) for rows in SAME_FUNCTION[what])
    assert first.hash() == second.hash()
    modules = [first.build(), second.build()]
    one, two = (module.state_dict() for module in modules)
    assert [value.shape for value in one.values()] == [value.shape for value in two.values()]
    modules[1].load_state_dict(dict(zip(two, one.values(), strict=True)))
    x = torch.randn(2, 3, 8, 8)
    for train in (False, True):
        outputs = []
        for module in modules:
            torch.manual_seed(0)
            outputs.append(module.train(train)(x))
        torch.testing.assert_close(*outputs)


@pytest.mark.parametrize("what", NOT_THE_SAME_FUNCTION)
def test_networks_that_compute_other_things_differ(what: str) -> None:
    first, second = NOT_THE_SAME_FUNCTION[what]
    assert net(*first).hash() != net(*second).hash()


@pytest.mark.parametrize("what", DIFFERENT)
def test_different_networks_differ(what: str) -> None:
    a, b = DIFFERENT[what]
    assert net(*a).hash() != net(*b).hash()


def test_the_input_belongs_to_the_network() -> None:
    assert net(Row("conv", width=4), size=8).hash() != net(Row("conv", width=4), size=9).hash()


@pytest.mark.slow
def test_networks_of_the_catalog_all_differ() -> None:
    networks = [load_network(name) for name in NETWORKS]
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
    """Return the hash of a random graph of equal convolutions, sums and zeros, all shuffled."""
    rng = Random(seed)
    steps = [
        (
            rng.choice(["conv", "conv", "add", "add", "dropout", "zero"]),
            rng.randrange(i + 1),
            rng.randrange(i + 1),
        )
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
                "zero": lambda x, _: zero(x),
            }
            values[at] = made[word](values[a], values[b])
        return values[len(steps)]

    return hash_of(graph)


@pytest.mark.slow
def test_the_order_of_writing_does_not_matter() -> None:
    for seed in range(300):
        hashes = {random_network(seed, Random(order)) for order in range(4)}
        assert hashes == {random_network(seed, None)}, seed


def test_the_order_of_a_concatenation_matters() -> None:
    assert hash_of(lambda x: concat(x, layer(x))) != hash_of(lambda x: concat(layer(x), x))


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

    assert hash_of(wasteful) == hash_of(layer)


def other(x: Tensor) -> Tensor:
    return layer(x, kernel=5)


EQUAL_SUMS: dict[str, tuple[object, object]] = {
    "brackets": (lambda x: (layer(x) + other(x)) + x, lambda x: layer(x) + (other(x) + x)),
    "one sum of three": (lambda x: (layer(x) + other(x)) + x, lambda x: add(x, layer(x), other(x))),
    "a zero term": (lambda x: layer(x) + zero(x), layer),
    "a zero of another source": (lambda x: layer(x) + zero(other(x)), layer),
    "a sum of zeros": (lambda x: x + (zero(x) + zero(layer(x))), lambda x: x),
    "what is made of a zero": (lambda x: x + norm(layer(zero(x))), lambda x: x),
    "two zeros alike": (lambda x: concat(zero(x), zero(layer(x))), lambda x: zeros(x, zero(x))),
    "a sum made twice": (lambda x: concat(x + x, x + x), lambda x: twice(x + x)),
}
DIFFERENT_SUMS: dict[str, tuple[object, object]] = {
    "a term that stands twice": (lambda x: add(x, x, layer(x)), lambda x: x + layer(x)),
    "a product of sums": (lambda x: multiply(x, x + layer(x)), lambda x: add(x, x, layer(x))),
    "zeros beside a map": (lambda x: concat(x, zero(x)), lambda x: concat(x, x)),
    "constants in a product": (lambda x: multiply(x, layer(zero(x))), lambda x: multiply(x, zero(x))),
    "a sum that another layer reads too": (
        lambda x: add(x, layer(x), other(x + layer(x))),
        lambda x: read_too(x),
    ),
}


def zeros(x: Tensor, nothing: Tensor) -> Tensor:
    return concat(nothing, nothing)


def twice(x: Tensor) -> Tensor:
    return concat(x, x)


def read_too(x: Tensor) -> Tensor:
    y = x + layer(x)
    return y + other(y)


@pytest.mark.parametrize("what", EQUAL_SUMS)
def test_sums_of_the_same_terms_share_a_hash(what: str) -> None:
    first, second = EQUAL_SUMS[what]
    assert hash_of(first) == hash_of(second)


@pytest.mark.parametrize("what", DIFFERENT_SUMS)
def test_sums_of_other_terms_differ(what: str) -> None:
    first, second = DIFFERENT_SUMS[what]
    assert hash_of(first) != hash_of(second)


def test_a_network_that_reads_only_zeros_is_not_its_input() -> None:
    assert hash_of(zero) != hash_of(lambda x: x)
    assert canonical_text(graph_of(lambda x: layer(zero(x)))).split("\n")[1] == "Zero 4x6x6 "


def test_the_text_ends_with_the_outputs_in_order() -> None:
    def chain(x: Tensor) -> Tensor:
        return other(layer(x))

    assert canonical_text(with_outputs(chain, 2, 1)).endswith("\noutputs 2 1")
    assert canonical_text(with_outputs(chain, 0)) == "4x6x6\noutputs 0"


def test_the_outputs_and_their_order_belong_to_the_network() -> None:
    def heads(x: Tensor) -> Tensor:
        return concat(layer(x), layer(x))

    choices = [(1,), (1, 2), (2, 1), (1, 1), (1, 3), (3, 1)]
    hashes = [canonical_hash(with_outputs(heads, *outputs)) for outputs in choices]
    assert hashes[1] == hashes[2]  # two layers alike: exchanged, they are the same two results
    assert len(set(hashes)) == len(choices) - 1


def test_outputs_tell_equal_layers_apart() -> None:
    def heads(x: Tensor) -> Tensor:
        y, z = layer(x), layer(x)
        return y + (z + other(z))

    def heads_turned(x: Tensor) -> Tensor:
        z, y = layer(x), layer(x)
        return (z + other(z)) + y

    assert [node.op.kind for node in graph_of(heads).body.nodes] == ["conv", "conv", "conv", "add", "add"]
    assert canonical_hash(with_outputs(heads, 1, 5)) == canonical_hash(with_outputs(heads_turned, 2, 5))
    assert canonical_hash(with_outputs(heads, 1, 5)) != canonical_hash(with_outputs(heads, 2, 5))


def test_a_formula_forgets_what_is_shared() -> None:
    def shared(x: Tensor) -> Tensor:
        y = layer(x)
        return y + y

    assert formula_of(shared) == formula_of(lambda x: layer(x) + layer(x))
    assert formula_of(shared) != formula_of(lambda x: layer(x) + other(x))


def test_a_formula_keeps_zero_terms_and_no_zero_products() -> None:
    assert formula_of(lambda x: x + zero(x)) != formula_of(lambda x: x)
    assert formula_of(lambda x: x + zero(x)) == formula_of(lambda x: x + layer(zero(layer(x))))
    assert formula_of(lambda x: layer(zero(x) + zero(x))) != formula_of(lambda x: layer(zero(x)))


def test_a_formula_writes_a_sum_at_the_place_of_its_first_term() -> None:
    # In order, the terms are layer(x), other(x), x: by parameters, the input last.
    def three(x: Tensor) -> Tensor:
        return add(x, other(x), layer(x))

    assert formula_of(lambda x: layer(x) + (x + other(x))) == formula_of(three)
    assert formula_of(lambda x: (x + other(x)) + layer(x)) == formula_of(three)
    assert formula_of(lambda x: other(x) + (x + layer(x))) != formula_of(three)


def test_a_formula_keeps_the_input_of_a_cell_whole() -> None:
    def stem(x: Tensor) -> Tensor:
        return layer(x) + other(x)

    def cell(x: Tensor) -> Tensor:
        return x + layer(x)

    def unlike(x: Tensor) -> Tensor:
        y = stem(x)
        return add(layer(x), other(x), layer(y))

    assert formula_of(lambda x: cell(stem(x))) != formula_of(unlike)
    assert hash_of(unlike) != hash_of(lambda x: cell(stem(x)))


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


def test_joins_within_joins_that_are_read_twice_have_a_hash() -> None:
    doubled = "network: n\ninput: 3x4x4\nblocks: {d: [add: [[], []]]}\nlayers: [d: {depth: 60}]\n"
    assert Network.from_yaml(doubled).hash()
