"""YAML, Python, JSON and the module say the same: tables survive the way through each, whatever they hold."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from copy import deepcopy
from fractions import Fraction
from random import Random

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

import archscape.spaces
from archscape.spaces import (
    Infeasible,
    InputError,
    Limit,
    Network,
    Row,
    ShapeError,
    Space,
    SpaceError,
    catalog_names,
    load,
)
from archscape.spaces.language.arithmetic import COMPARISONS
from archscape.spaces.language.document import read_text
from archscape.spaces.language.expression_parts import parts
from archscape.spaces.language.expressions import (
    Arithmetic,
    Conditional,
    Expr,
    Function,
    Item,
    expression_text,
    oneof,
    ref,
    span,
)
from archscape.spaces.language.parser import MAX_OPERATIONS, parse
from archscape.spaces.language.slots import uniform
from archscape.spaces.loading import read_table
from archscape.spaces.space import Sample
from archscape.spaces.values import Term

# Expressions

numbers = st.integers(-1000, 1000) | st.fractions(-10, 10, max_denominator=64)
words = st.sampled_from(["relu", "same", "separable", "none_", "step", "3x3"])
terms = st.builds(
    Term, st.sampled_from(["grouped", "f"]), st.lists(numbers, min_size=1, max_size=3).map(tuple)
)
values = numbers | words | terms | st.booleans() | st.none()
spans = st.builds(
    lambda low, count, step: span(low, low + count * step, step=step),
    st.integers(-50, 50) | st.fractions(-10, 10, max_denominator=16),
    st.integers(1, 50),
    st.integers(1, 9) | st.fractions("1/16", 3, max_denominator=16),
)
log_spans = st.builds(
    lambda low, factor: span(low, low * factor, log=True),
    st.integers(1, 50) | st.fractions("1/1000", 10, max_denominator=1000),
    st.integers(2, 1000) | st.fractions("5/4", 100, max_denominator=16),
)
references = st.sampled_from(["w", "kernel", "_a1", "3op"]).map(ref)
choices = st.lists(st.integers(0, 9), min_size=2, max_size=3).map(lambda options: oneof(*options))
items = st.builds(
    Item, references | choices.map(lambda choice: oneof((1, choice), (2, 3))), st.integers(-30, 30)
)
open_numbers = references | spans | log_spans | choices | items
sums = st.recursive(
    st.builds(Arithmetic, st.sampled_from("+-*%"), open_numbers, numbers | open_numbers),
    lambda inner: (
        st.builds(Arithmetic, st.sampled_from(["+", "-", "*", "/", "//", "**"]), numbers | inner, inner)
        | st.builds(
            Function,
            st.sampled_from(["round", "round_half_up", "floor", "ceil", "log", "sqrt"]),
            st.tuples(inner),
        )
        | st.builds(Function, st.sampled_from(["min", "max", "divisible"]), st.tuples(inner, numbers | inner))
    ),
    max_leaves=4,
)
conditions = st.recursive(
    st.builds(Arithmetic, st.sampled_from([*COMPARISONS]), open_numbers | sums, values | sums),
    lambda inner: st.builds(Arithmetic, st.sampled_from(["and", "or"]), inner, inner | references),
    max_leaves=3,
)
conditionals = st.builds(Conditional, values | sums, conditions, values | sums)
expressions = st.recursive(
    values | references | spans | sums | items | conditions | conditionals,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(tuple)
        | st.lists(inner, min_size=1, max_size=3).map(lambda options: oneof(*options))
        | st.builds(Conditional, inner, conditions, inner)
    ),
    max_leaves=8,
)


def evaluate(text: str) -> object:
    names = {name: getattr(archscape.spaces, name) for name in archscape.spaces.__all__}
    return eval(text, {**names, "Fraction": Fraction})


@pytest.mark.slow
@settings(derandomize=True, max_examples=500)
@given(expressions)
def test_an_expression_is_its_text_and_its_repr(expression: Expr) -> None:
    assume(sum(isinstance(part, Arithmetic | Function) for part in parts(expression)) <= MAX_OPERATIONS)
    assert parse(expression_text(expression)) == expression
    assert evaluate(repr(expression)) == expression


@pytest.mark.parametrize(
    ("python", "text"),
    [
        (2 * ref("w"), "2 * $w"),
        (ref("w") * 2 + 1, "($w * 2) + 1"),
        (64 / ref("w"), "64 / $w"),
        (64 // ref("w"), "64 // $w"),
        (1 - ref("w"), "1 - $w"),
        (-ref("w"), "0 - $w"),
        (ref("w") - -1, "$w - -1"),
        (Fraction(1, 4) * ref("w"), "(1/4) * $w"),
        (2 * span(1, 4), "2 * (1..4)"),
        (oneof(3, 5) * 2, "{3, 5} * 2"),
        (oneof(None, Fraction(1, 4), Term("grouped", (8,))), "{none, 1/4, grouped(8)}"),
        (span(8, 32, step=8), "8..32 step 8"),
        (span(16, 256, log=True), "16..256 log"),
        (span(0.01, 0.3, log=True), "1/100..3/10 log"),
        (2 * span(1, 8, log=True), "2 * (1..8 log)"),
        ((96, oneof(64, 128)), "[96, {64, 128}]"),
    ],
)
def test_python_and_text_of_expressions(python: Expr, text: str) -> None:
    assert expression_text(python) == text
    assert parse(text) == python


# Tables

widths: st.SearchStrategy[Expr] = st.one_of(
    st.integers(1, 64),
    st.just(ref("w")),
    st.just(2 * ref("w")),
    st.lists(st.integers(1, 64), min_size=2, max_size=4, unique=True).map(lambda options: oneof(*options)),
    st.just(span(8, 32, step=8)),
    st.just(span(8, 64, log=True)),
)
kernels: st.SearchStrategy[Expr] = st.sampled_from([1, 3, oneof(3, 5), span(1, 7, step=2), ref("kernel")])
ratios: st.SearchStrategy[Expr] = st.sampled_from(
    [None, Fraction(1, 4), oneof(None, Fraction(1, 2), Fraction(1, 8))]
)
types: st.SearchStrategy[Expr] = st.sampled_from(
    ["separable", Term("dilated", (2,)), oneof("standard", "factorised")]
)
depths: st.SearchStrategy[Expr] = st.sampled_from([2, span(1, 3), oneof(0, 2), span(0, 2) + 1])
styles: st.SearchStrategy[Expr] = st.sampled_from(["silu", None, oneof("relu", "tanh")])
biases: st.SearchStrategy[Expr] = st.sampled_from([True, False, oneof(True, False)])


def row(
    word: str, required: dict[str, st.SearchStrategy[Expr]], optional: dict[str, st.SearchStrategy[Expr]]
) -> object:
    arguments = st.fixed_dictionaries(
        required, optional={"act": styles, "bias": biases, "depth": depths, **optional}
    )
    return arguments.map(lambda args: Row(word, **args))


plain = row("plain", {"width": widths}, {"kernel": kernels, "se": ratios, "conv": types})
basic = row("basic", {"width": widths}, {"preact": biases, "stride": st.sampled_from([1, 2, oneof(1, 2)])})
dense = row("dense", {"growth": widths}, {"kernel": kernels, "width": widths})
inverted = row(
    "inverted", {"width": widths, "expand": st.sampled_from([2, span(1, 3)])}, {"norm": st.just(None)}
)
inception = st.just(
    Row("inception", **{"1x1": 8, "3x3": oneof((4, 8), (8, 8)), "5x5": (2, oneof(2, 4)), "pool": span(1, 4)})
)
bare = st.sampled_from([Row("norm"), Row("maxpool"), Row("dropout", rate=oneof(0, Fraction(1, 3)))])
rows = st.lists(st.one_of(plain, basic, dense, inverted, inception, bare), min_size=1, max_size=4)  # type: ignore[arg-type]
shapes = st.sampled_from([(3, 32), (3, 32, 32), (1, 16, 16, 16)])


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Return a space; `w` and `kernel` are declared where something reads them."""
    layers = tuple(draw(rows))
    blocks: dict[str, tuple[Row, ...]] = {}
    if draw(st.booleans()):
        words = draw(
            st.lists(st.sampled_from(["plain", "basic", "separable"]), min_size=1, max_size=3, unique=True)
        )
        blocks = {"mine": tuple(Row(word, kernel=draw(kernels)) for word in words)}
        layers += (Row("mine", width=draw(widths), depth=draw(depths)),)
    read = repr((layers, blocks))
    let = {"w": draw(st.sampled_from([oneof(8, 16), span(8, 24, step=8)]))} if "ref('w')" in read else {}
    choices = {"kernel": oneof(3, 5)} if "ref('kernel')" in read else {}
    defaults = draw(
        st.fixed_dictionaries({}, optional={"norm": st.sampled_from([None, oneof("batch", None)])})
    )
    limits = st.builds(
        lambda low, more: Limit(low=low, high=low + more), st.integers(0, 10**6), st.integers(0, 10**9)
    )
    within = draw(st.dictionaries(st.sampled_from(["params", "macs", "flops"]), limits, max_size=2))
    try:
        return Space(
            name=draw(st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)),
            input=draw(shapes),
            layers=layers,
            blocks=blocks,
            let=let,
            choices=choices,
            defaults=defaults,
            within=within,
        )
    except SpaceError as error:
        assume(
            "leaves something open" not in str(error)
            and "idle" not in str(error)
            and "nothing uses" not in str(error)
        )
        raise


def survives(table: Network | Space) -> None:
    kind = type(table)
    for again in (
        kind.from_yaml(table.to_yaml()),
        kind.from_json(table.to_json()),
        kind.from_yaml(table.to_json()),
        pickle.loads(pickle.dumps(table)),
        deepcopy(table),
        evaluate(repr(table)),
    ):
        assert again == table
        assert hash(again) == hash(table)
        assert isinstance(again, kind)
        assert again.to_yaml() == table.to_yaml()


@pytest.mark.slow
@settings(derandomize=True, max_examples=150, deadline=None)
@given(spaces(), st.integers(0, 9))
def test_spaces_and_their_networks(space: Space, seed: int) -> None:
    survives(space)
    try:
        sample = space.decide(lambda _, options: Random(seed).choice(options))
        network = sample.network
    except (Infeasible, ShapeError):
        return
    survives(network)
    assert network.totals == sample.totals
    assert network.hash() == sample.hash()
    assert [call[:2] for call in network.calls] == [call[:2] for call in sample.drawn.calls]


@pytest.mark.slow
@settings(derandomize=True, max_examples=80, deadline=None)
@given(spaces(), st.integers(0, 9))
def test_modules_are_what_was_counted(space: Space, seed: int) -> None:
    """Any network that the language can say: the module has its parameters, MACs and output shape."""
    try:
        network = space.decide(lambda _, options: Random(seed).choice(options)).network
    except ShapeError:
        return
    assume(network.totals.macs < 10**8)
    module = network.build().eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        output = module(torch.zeros(1, *network.input))
    assert tuple(output.shape) == (1, *network.body.shape)
    assert counter.get_total_flops() == 2 * network.totals.macs
    assert sum(parameter.numel() for parameter in module.parameters()) == network.totals.params
    network.build().load_state_dict(module.state_dict(), strict=True)


# Documents written at random from every word and construct: see `conftest.py`


Written = Callable[[int], str]


def tables(written: Written, seeds: range) -> Iterator[Network | Space]:
    """Yield the tables of the documents that are good."""
    for seed in seeds:
        try:
            yield read_table(read_text(written(seed)))
        except InputError:
            continue


def closed(space: Space, walks: int) -> Iterator[tuple[Sample, Network]]:
    """Yield samples of a space, and the networks that they close to; what cannot be built has none."""
    choose = uniform(Random(0))
    for _ in range(walks):
        sample = space.decide(choose)
        try:
            totals = sample.totals
        except ShapeError:
            with pytest.raises(SpaceError):
                sample.network  # noqa: B018
            continue
        assert sample.network.totals == totals
        yield sample, sample.network


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", [2000, *(pytest.param(n, marks=pytest.mark.full) for n in range(2100, 2500, 100))]
)
def test_written_tables(start: int, written: Written) -> None:
    """Every table is the same after each way, and so is each sample's network, whose YAML gives it again."""
    networks = 0
    for table in tables(written, range(start, start + 100)):
        survives(table)
        if isinstance(table, Network):
            continue
        for sample, network in closed(table, 3):
            again = Network.from_yaml(network.to_yaml())
            assert again == network
            assert again.hash() == network.hash() == sample.hash()
            assert table.replay(sample.decisions).decisions == sample.decisions
            networks += 1
    assert networks > 50


@pytest.mark.slow
def test_written_spaces_count_what_they_enumerate(written: Written) -> None:
    counted = 0
    for table in tables(written, range(2500, 2800)):
        if isinstance(table, Space) and table.count() <= 100:
            lists = [tuple(sorted(sample.decisions.items())) for sample in table.enumerate()]
            assert len(lists) == len(set(lists)) == table.count()
            assert {path for decisions in lists for path, _ in decisions} == set(table.paths)
            counted += 1
    assert counted > 50


@pytest.mark.slow
def test_written_networks_build_what_they_count(written: Written) -> None:
    built = 0
    for table in tables(written, range(3110, 3280)):
        networks = [table] if isinstance(table, Network) else [network for _, network in closed(table, 1)]
        for network in networks:
            module = network.build().eval()
            assert sum(parameter.numel() for parameter in module.parameters()) == network.totals.params
            if network.totals.macs < 10**7:
                output = module(torch.zeros(1, *network.input))
                several = output if isinstance(output, tuple) else (output,)
                assert tuple(tuple(each.shape[1:]) for each in several) == network.body.shapes
            built += 1
    assert built > 60


@pytest.mark.parametrize("name", catalog_names())
def test_the_catalog(name: str) -> None:
    survives(load(name))


def test_equality_does_not_look_at_where_a_table_was_read_from() -> None:
    text = "network: a\ninput: 1x8x8\nlayers: [avgpool]\n"
    assert Network.from_yaml(text, name="one") == Network.from_yaml(f"# two\n{text}", name="two")
    assert Network.from_yaml(text) == Network(name="a", input=(1, 8, 8), layers=(Row("avgpool"),))
    assert Network.from_yaml(text) != Network.from_yaml(text.replace("avgpool", "maxpool"))


def test_yaml_reads_like_a_table() -> None:
    text = """\
space: small
input: 3x32x32
defaults: {norm: {batch, none}}
choices:
  se: {none, 1/4}
let:
  w: 8..24 step 8
blocks:
  mine:
    plain: {se: $se}
    separable:
layers:
  - conv: {width: $w, kernel: [3, 5]}
  - mine: {name: stage, width: 2 * $w, depth: 1..3, per: block}
  - avgpool
within:
  params: 1k..2M
"""
    assert Space.from_yaml(text).to_yaml() == text


def test_a_network_from_a_space_says_its_style_once() -> None:
    text = """\
space: styles
input: 1x16x16
layers:
  - conv: {width: 4, bias: true, act: tanh}
  - conv: {width: {4, 8}, bias: true, act: tanh}
  - conv: {width: 4, act: tanh, norm: none}
"""
    network = Space.from_yaml(text).decide(lambda _, options: options[0]).network
    assert network.defaults == {"act": "tanh"}
    assert [dict(row.args) for row in network.layers] == [
        {"width": 4, "bias": True},
        {"width": 4, "bias": True},
        {"width": 4, "norm": None},
    ]
    survives(network)
