"""Functions of expressions: those of the language, and those that a table declares."""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random
from types import FrameType

import pytest

from archscape.spaces import Formula, Function, Limit, Network, Row, Space, SpaceError, ref, span
from archscape.spaces.language.arithmetic import ExpressionError
from archscape.spaces.language.evaluation import evaluate
from archscape.spaces.language.expressions import expression_text
from archscape.spaces.language.parser import parse
from archscape.spaces.sampling.batch import sample_many
from archscape.spaces.without_skips import without_skips


def make_divisible(value: Fraction, divisor: int) -> int:
    """The widths of MobileNet's code (github.com/tensorflow/models, slim, `_make_divisible`)."""
    rounded = max(divisor, int(value + Fraction(divisor, 2)) // divisor * divisor)
    return rounded + divisor if rounded < Fraction(9, 10) * value else rounded


@pytest.mark.parametrize("multiplier", ["0.1", "0.25", "0.35", "0.5", "0.75", "1", "1.1", "1.4", "2"])
def test_divisible_is_the_rule_of_mobilenets_code(multiplier: str) -> None:
    ours = [parse(f"divisible({multiplier} * {width}, 8)") for width in range(1, 400)]
    assert ours == [make_divisible(Fraction(multiplier) * width, 8) for width in range(1, 400)]


def test_a_half_is_rounded_up_or_to_the_even_number() -> None:
    assert [parse(f"round_half_up({x})") for x in ("1/2", "3/2", "5/2", "2.49", "-1/2")] == [1, 2, 3, 2, 0]
    assert [parse(f"round({x})") for x in ("1/2", "3/2", "5/2", "2.49", "-1/2")] == [0, 2, 2, 2, 0]


@pytest.mark.parametrize("divisor", ["0", "-8", "1/2"])
def test_a_divisor_is_a_whole_number(divisor: str) -> None:
    with pytest.raises(ExpressionError, match=f"a whole number from 1, but got '{divisor}'"):
        parse(f"divisible(20, {divisor})")


def test_functions_work_on_references() -> None:
    assert evaluate(parse("divisible($w * 35, 8)"), {"w": Fraction(3, 4)}) == 24


# Functions of a table

EFFICIENTNET = """\
network: scaled
input: 3x64x64
let: {w: 1.1, d: 1.2, se: 1/4}
functions:
  wide(c): "divisible($w * $c, 8)"
  deep(n): ceil($d * $n)
  "reduced(c, by = 4)": floor($c * $se * 4 / $by)
blocks:
  mbconv(width, expand, stride = 1):
    - residual:
        - conv: {width: $expand * $in, kernel: 1, when: $expand > 1}
        - conv: {width: $expand * $in, stride: $stride, groups: $expand * $in}
        - se:   {width: reduced($in)}
        - conv: {width: wide($width), kernel: 1, act: none}
layers:
  - conv: {width: wide(32), stride: 2}
  - mbconv: {width: 16, expand: 1, depth: deep(1)}
  - mbconv: {width: 24, expand: 6, depth: deep(2), stride: 2}
  - avgpool
  - linear: {width: 10}
"""
WRITTEN_OUT = """\
network: written-out
input: 3x64x64
blocks:
  mbconv(width, expand, stride = 1):
    - residual:
        - conv: {width: $expand * $in, kernel: 1, when: $expand > 1}
        - conv: {width: $expand * $in, stride: $stride, groups: $expand * $in}
        - se:   {width: $in // 4}
        - conv: {width: $width, kernel: 1, act: none}
layers:
  - conv: {width: 32, stride: 2}
  - mbconv: {width: 16, expand: 1, depth: 2}
  - mbconv: {width: 24, expand: 6, depth: 3, stride: 2}
  - avgpool
  - linear: {width: 10}
"""


def test_functions_and_constants_are_known_in_rows_and_in_blocks() -> None:
    scaled, plain = Network.from_yaml(EFFICIENTNET), Network.from_yaml(WRITTEN_OUT)
    assert scaled.totals == plain.totals
    assert scaled.hash() == plain.hash()
    wider = Network.from_yaml(EFFICIENTNET.replace("w: 1.1", "w: 2"))
    assert [call.args[0] for call in wider.calls[:2]] == [("width", 64), ("width", 16)]
    assert wider.calls[1].body((wider.calls[0].body((wider.input,)).shape,)).shape == (32, 32, 32)


def test_a_table_with_functions_is_written_and_read_back() -> None:
    network = Network.from_yaml(EFFICIENTNET)
    assert Network.from_yaml(network.to_yaml()) == network
    assert Network.from_json(network.to_json()) == network
    assert pickle.loads(pickle.dumps(network)) == network
    assert "reduced(c, by = 4): floor(" in network.to_yaml()


def test_python_declares_functions() -> None:
    wide = Formula(Function("divisible", (ref("w") * ref("c"), 8)), needs=("c",))
    network = Network(
        name="tiny",
        input=(3, 8, 8),
        let={"w": Fraction(1, 2)},
        functions={"wide": wide},
        layers=(Row("conv", width=Function("wide", (64,))),),
    )
    assert network.body.shape == (32, 8, 8)
    assert Network.from_yaml(network.to_yaml()) == network


def test_a_network_keeps_the_constants_and_functions_that_it_uses() -> None:
    text = EFFICIENTNET.replace("linear: {width: 10}", "linear: {width: heads(2)}")
    text = text.replace("let: {", "let: {n: 5, ").replace("functions:", "functions:\n  heads(k): $k * $n")
    network = Network.from_yaml(text)
    other = network.at(classes=3)
    assert "heads" in network.functions
    assert (sorted(other.let), sorted(other.functions)) == (["d", "se", "w"], ["deep", "reduced", "wide"])
    assert without_skips(network).functions == network.functions


SPACE = """\
space: scaled
input: 3x16x16
choices: {k: {1, 3}}
let: {w: {1, 2}, k1: $k, r: {1/4, 1/2}}
functions:
  wide(c): $w * $c
blocks:
  unit(width):
    - conv:  {width: wide($width), kernel: $k1}
    - inner: {ratio: 1}
  inner(ratio):
    - se: {ratio: $ratio * $r}
layers:
  - conv: {width: "wide({8, 16})"}
  - unit: {width: 8, depth: 1..2}
  - linear: {width: 10}
within: {params: ..200k}
"""


def test_what_a_space_draws_once_reaches_its_blocks() -> None:
    space = Space.from_yaml(SPACE)
    samples = list(space.enumerate())
    assert space.count() == len(samples) == 2 * 2 * 2 * 2 * 2
    assert len({sample.hash() for sample in samples}) == 2 * 2 * 2 * 2 * 2
    for sample in samples:
        network = sample.network
        assert (network.hash(), network.totals) == (sample.hash(), sample.totals)
        assert type(network).from_yaml(network.to_yaml()) == network
        assert space.replay(sample.decisions).network == network
        assert "choices" not in network.to_yaml()
    assert space.count_distinct() == len(samples)


def test_batches_and_lookahead_know_what_blocks_read() -> None:
    space = Space.from_yaml(SPACE)
    batch = sample_many(space, 300, Random(0))
    limits = replace(space, within={"params": Limit(low=44_000, high=60_000)})
    for sample in (limits.sample(Random(seed)) for seed in range(20)):
        assert 44_000 <= sample.totals.params <= 60_000
    paths = {path: dict(enumerate(options)) for path, options in space.paths.items()}
    for at in range(0, 300, 30):
        taken = {
            path: paths[path][int(column[at])] for path, column in batch.taken.items() if column[at] >= 0
        }
        assert space.replay(taken).totals.params == batch.costs["params"][at]


def test_an_argument_of_a_block_hides_a_constant_from_its_rows_alone() -> None:
    text = EFFICIENTNET.replace("mbconv(width, expand,", "mbconv(width, w, expand,")
    text = text.replace("when: $expand > 1", "when: $expand > $w").replace("expand: 1,", "expand: 1, w: 1,")
    hidden = Network.from_yaml(text.replace("expand: 6,", "expand: 6, w: 1,"))
    assert hidden.hash() == Network.from_yaml(EFFICIENTNET).hash()


def test_a_word_that_is_an_argument_has_what_its_block_reads() -> None:
    text = """\
space: words
input: 8x8x8
choices: {op: {identity, sep, pool}}
let: {k: {3, 5}, ops: [$op, $op]}
blocks:
  sep:
    - separable: {width: $in, kernel: $k}
  pool:
    - maxpool: {kernel: 3, stride: 1}
  cell(ops):
    - $ops.0
    - $ops.1
layers:
  - cell: {ops: $ops}
  - linear: {width: 10}
"""
    space = Space.from_yaml(text)
    assert space.count() == 2 * 3 * 3
    assert len(list(space.enumerate())) == 18
    for sample in space.enumerate():
        if space.feasible(sample):
            assert sample.network.hash() == sample.hash()


WRONG = [
    ("wide(c): ", "round(c): ", "5:3", "'round' is a word of the language already; choose another"),
    ("wide(c): ", "grouped(c): ", "5:3", "'grouped' is a word of the language already; choose another"),
    (
        "wide(c): ",
        "3wide(c): ",
        "5:3",
        "a name is letters, digits and '_', and starts with a letter, but got '3wide'",
    ),
    ("deep(n): ", "w(n): $n\n  deep(n): ", "6:3", "'w' is declared in `let` already"),
    (
        "wide(c): ",
        "wide: ",
        "5:3",
        "a function has arguments, as in wide(c); what has none is a name of `let`",
    ),
    (
        "wide(c): ",
        "wide(c, 2): ",
        "5:3",
        "an argument is letters, digits and '_', at most 60, as in wide(c), but got '2'",
    ),
    ("wide(c): ", "wide(c, c): ", "5:3", "the argument 'c' has that name already; choose another"),
    ("wide(c): ", '"wide(c, d = 1)": ', "5:22", "nothing in 'wide' uses the argument 'd'"),
    ("$w * $c, 8", "$w * $e, 8", "5:13", "nothing in 'wide' is named '$e'; did you mean 'se'?"),
    ("$w * $c, 8", "$w * wide($c), 8", "5:13", "'wide' is defined by itself: wide -> wide"),
    ("$w * $c, 8", "deep($w * $c, 2), 8", "5:23", "deep takes 1, but got 2"),
    ("$w * $c, 8", "$w * dip($c), 8", "5:32", "there is no function 'dip'"),
    (
        "ceil($d * $n)",
        "{1, $d * $n}",
        "6:12",
        "a network leaves nothing open, but 'deep' does; declare a `space:`",
    ),
    ("ceil($d * $n)", "", "6:11", "a value is missing"),
    ("deep(n):", "wide(n):", "6:3", "'wide' stands twice in `functions`"),
    (
        "deep(n): ceil($d * $n)",
        "deep(n): 1 + $n - $d / $d\n  deeper(n): $n",
        "7:3",
        "nothing uses 'deeper'; use it or take it out",
    ),
    (
        "depth: deep(2)",
        "depth: deep(relu)",
        "18:43",
        "depth: deep(relu): '*' works on numbers, but got 'relu'",
    ),
    ("depth: deep(2)", "depth: deep()", "18:43", "deep takes 1, but got 0"),
    ("wide($width)", '"wide($width, 2)"', "14:26", "wide takes 1, but got 2"),
    ("wide($width)", "wide($width / 0)", "14:25", "division by zero; used in line 17"),
    ("reduced($in)", '"reduced($in, 4, 5)"', "13:26", "reduced takes 1 to 2, but got 3"),
    ("reduced($in)", "reduced($im)", "13:25", "nothing in 'mbconv' is named '$im'; it knows d,"),
]


@pytest.mark.parametrize(("old", "new", "position", "words"), WRONG)
def test_a_wrong_function_is_one_error_with_its_place(old: str, new: str, position: str, words: str) -> None:
    assert old in EFFICIENTNET
    text = EFFICIENTNET.replace(old, new)
    with pytest.raises(SpaceError) as raised:
        Network.from_yaml(text, name="f.yaml")
    first = str(raised.value).split("\n")[0]
    assert first.startswith(f"f.yaml:{position}: "), first
    assert words in first


CALLS = """\
network: n
input: 8x8x8
let: {g: 2}
functions: {wide(c): 2 * $c}
layers:
  - conv: {width: wide($g)}
  - conv: {width: 8}
"""


@pytest.mark.parametrize(
    ("new", "position", "words"),
    [
        ("width: wid(4)", "7:19", "width is a whole number from 1 to 1,000,000, but got 'wid(4)'"),
        ("width: 2 * wid(4)", "7:21", "'*' works on numbers and references, but got 'wid(4)'"),
        ("width: $g + wid(4)", "7:22", "'+' works on numbers and references, but got 'wid(4)'"),
        ("width: wide(wid(4))", "7:19", "there is no function 'wid'"),
        ("width: round(wid(4))", "7:19", "there is no function 'wid'"),
        ("width: wid($g)", "7:23", "there is no function 'wid'"),
    ],
)
def test_a_misspelt_function_is_told_its_right_name(new: str, position: str, words: str) -> None:
    with pytest.raises(SpaceError) as raised:
        Network.from_yaml(CALLS.replace("width: 8", new), name="f.yaml")
    assert str(raised.value).split("\n")[0] == f"f.yaml:{position}: {words}; did you mean 'wide'?"


@pytest.mark.parametrize(
    ("section", "row"),
    [("let: {g: wid(4)}", "conv: {width: $g}"), ("blocks: {b(w): [conv: {width: $w}]}", "b: {w: wid(4)}")],
)
def test_a_misspelt_function_is_found_where_its_value_is_used(section: str, row: str) -> None:
    text = CALLS.replace("let: {g: 2}", section).replace("wide($g)", "wide(4)")
    with pytest.raises(SpaceError, match=r"but got 'wid\(4\)'; did you mean 'wide'\?"):
        Network.from_yaml(text.replace("conv: {width: 8}", row))


@pytest.mark.parametrize("term", ["group", "batch", "layer", "instance", "leaky_relu", "grouped"])
def test_the_numbers_of_a_term_are_no_references_and_its_word_no_function(term: str) -> None:
    key = "act" if term == "leaky_relu" else "norm"
    with pytest.raises(SpaceError, match=rf"the numbers of {term}\(\.\.\.\) are written out, no reference"):
        Network.from_yaml(CALLS.replace("width: 8", f"width: 8, {key}: {term}($g)"))
    with pytest.raises(SpaceError, match=f"'{term}' is a word of the language already; choose another"):
        Network.from_yaml(CALLS.replace("wide", term))


def test_the_default_of_an_argument_calls_no_function() -> None:
    text = CALLS.replace("functions:", "blocks: {b(w = wide(4)): [conv: {width: $w}]}\nfunctions:")
    law = "the default of 'w' is a value, but got 'wide(4)'; compute in the rows that use it"
    with pytest.raises(SpaceError, match=re.escape(law)):
        Network.from_yaml(text.replace("let: {g: 2}\n", ""))


def test_a_choice_is_no_name_of_a_function_or_a_block() -> None:
    law = "'k' is drawn anew wherever it is used; make it an argument of"
    for old in ("kernel: $k1", "$w * $c"):
        with pytest.raises(SpaceError, match=re.escape(law)):
            Space.from_yaml(SPACE.replace(old, old.replace("$k1", "$k").replace("$w", "$k")))


def test_functions_that_call_each_other_over_and_over_are_refused() -> None:
    grow = "".join(f"  f{i + 1}(x): f{i}($x) + f{i}($x)\n" for i in range(30))
    text = (
        f"network: n\ninput: 1x8\nfunctions:\n  f0(x): $x + 1\n{grow}layers:\n  - conv: {{width: f30(1)}}\n"
    )
    with pytest.raises(SpaceError, match="a function comes down to at most 1,000 operations"):
        Network.from_yaml(text)
    chain = "".join(f"  f{i + 1}(x): f{i}($x)\n" for i in range(70))
    text = (
        f"network: n\ninput: 1x8\nfunctions:\n  f0(x): $x + 1\n{chain}layers:\n  - conv: {{width: f70(1)}}\n"
    )
    with pytest.raises(SpaceError, match="at most 60 levels"):
        Network.from_yaml(text)


# Ranges of ratios


def lines_run(file: str, run: Callable[[], object]) -> int:
    """Return how many lines of a file of the language are run."""
    count, before = 0, sys.gettrace()

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal count
        if not frame.f_code.co_filename.endswith(f"language/{file}"):
            return None
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def test_a_call_binds_the_functions_that_it_needs_and_no_others() -> None:
    def drawing(functions: int) -> int:
        formulas = "".join(f"  f{number}(c): $c + {number}\n" for number in range(functions))
        rows = "".join(f"  - conv: {{width: f{number}($w)}}\n" for number in range(functions))
        head = f"space: s\ninput: 3x4x4\nlet: {{w: {{4, 8}}}}\nfunctions:\n{formulas}"
        space = Space.from_yaml(f"{head}layers:\n{rows}")
        return lines_run("functions.py", lambda: space.sample(Random(0)))

    assert drawing(40) < 2.5 * drawing(20)


def test_what_blocks_read_of_a_table_is_found_once_for_each() -> None:
    def reading(names: int) -> int:
        let = ", ".join(f"n{number}: {number + 1}" for number in range(names))
        blocks = "".join(f"  b{number}:\n    - conv: {{width: $n{number}}}\n" for number in range(names))
        rows = "".join(f"  - b{number}\n" for number in range(names))
        text = f"network: n\ninput: 3x4x4\nlet: {{{let}}}\nblocks:\n{blocks}layers:\n{rows}"
        return lines_run("names_read.py", lambda: Network.from_yaml(text))

    assert reading(60) < 3 * reading(30)


def test_a_range_may_go_by_ratios() -> None:
    ratios = parse("1/8..1 step 1/8")
    assert ratios == span(Fraction(1, 8), 1, step=Fraction(1, 8)) == parse(expression_text(ratios))
    assert list(parse("0.5..2 step 0.5").numbers) == [Fraction(1, 2), 1, Fraction(3, 2), 2]
    space = Space.from_yaml(
        "space: s\ninput: 8x8x8\nlet: {m: 0.5..2 step 0.25}\nlayers:\n"
        "  - conv: {width: round_half_up(16 * $m)}\n  - se: {ratio: 1/8..1 step 1/8}\n"
    )
    assert space.count() == space.count_distinct() == 7 * 8
    assert space.paths["m"] == ("1/2", "3/4", 1, "5/4", "3/2", "7/4", 2)
    for sample in space.enumerate():
        assert space.replay(sample.decisions).network == sample.network
    assert Space.from_yaml(space.to_yaml()) == Space.from_json(space.to_json()) == space


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("1/8..1", "the steps of 1 from 1/8 end at 1/8, not at 1; say the step, as in 1/8..1 step 1/8"),
        ("0.5..1.7 step 0.25", "the steps of 1/4 from 1/2 end at 3/2, not at 17/10"),
        ("1/2..1 step 0", "`low < high` and `step > 0` must hold, but got (low=1/2, high=1, step=0)"),
        ("0..1 step 1/20000", "a range holds at most 10,000 options, but got 20,001"),
        (
            "relu..3",
            "a range goes from number to number, as in 16..128 step 8, 1/8..1 step 1/8 or 16..256 log",
        ),
    ],
)
def test_a_wrong_range_is_refused(text: str, law: str) -> None:
    with pytest.raises(ExpressionError, match=re.escape(law)):
        parse(text)


def test_an_extent_goes_up_to_2_to_the_31() -> None:
    text = "network: n\ninput: 1x2147483648\nlayers:\n  - conv: {width: 2, norm: none, act: none}\n"
    assert Network.from_yaml(text).totals.macs == 2**31 * 2 * 3
    with pytest.raises(
        SpaceError, match="each from 1 to 2,147,483,648, as in 3x224x224, but got 1x2147483649"
    ):
        Network.from_yaml(text.replace("648", "649"))
    space = Space.from_yaml(
        "space: n\ninput: 1x2147483648x2147483648\nlayers:\n  - conv: {width: {1000, 1000000}, kernel: 99}\n"
    )
    assert max(sample_many(space, 9, Random(0)).costs["macs"]) == 2**62 * 10**6 * 99**2


def test_a_function_whose_arguments_have_defaults_is_called_without_any() -> None:
    network = Network.from_yaml(
        "network: n\ninput: 3x8x8\nfunctions: {f(c = 5): 2 * $c}\nlayers:\n  - conv: {width: f()}\n"
    )
    assert network.body.shape == (10, 8, 8)
    assert Network.from_yaml(network.to_yaml()) == network
