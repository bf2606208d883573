"""What the language refuses: each wrong document gives one error with its place, the law and the right word.

A case is a good document with one part replaced; the place is line and column of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from archscape.spaces import InputError, Limit, Network, Row, ShapeError, Space, SpaceError, oneof, ref, span
from archscape.spaces.language.expressions import Expr, Function
from archscape.spaces.language.shapes import read_shape

NETWORK = """\
network: tiny
input: 3x32x32
defaults: {act: relu6}
layers:
  - conv: {width: 16}
  - avgpool
  - linear: {width: 10}
"""

SPACE = """\
space: small
input: 3x32x32
choices:
  kernel: {3, 5}
let:
  w: {16, 24}
blocks:
  any:
    plain: {kernel: $kernel}
    basic: {kernel: $kernel}
layers:
  - conv: {width: $w}
  - any: {name: stage, width: 2 * $w, depth: 1..3}
  - avgpool
  - linear: {width: 10}
within:
  params: ..1M
"""

HEADINGS = [
    (NETWORK, "- a\n- b\n", "1:1", "a network is a mapping: `network:`, `input:`, `layers:`"),
    ("input:", "inptu:", "2:1", "a network has no 'inptu'; did you mean 'input'?"),
    ("input: 3x32x32\n", "", "1:1", "a network needs `input:`"),
    ("network:", "space:", "1:1", "this is a space; a network is needed here"),
    (
        "tiny",
        "-tiny",
        "1:10",
        "a name is letters, digits, '.', '_', '-', at most 64, and starts with a letter or a digit",
    ),
    ("tiny", "[a]", "1:10", "`network:` is one word"),
    ("3x32x32", "32", "2:8", "an input is channels and one to three extents, as in 3x224x224, but got '32'"),
    ("3x32x32", "3x0x32", "2:8", "each from 1 to 2,147,483,648, as in 3x224x224, but got 3x0x32"),
    ("3x32x32", "٣x32x32", "2:8", "but got '٣x32x32'"),
    ("3x32x32", "3x4x4x4x4", "2:8", "channels and one to three extents"),
    ("act:", "acts:", "3:12", "defaults has no 'acts'; did you mean 'act'?"),
    ("relu6", "relu7", "3:17", "act is an activation: relu, relu6"),
    ("  - conv: {width: 16}\n", "", "3:12", "nothing uses 'act'; use it or take it out"),
    ("{act: relu6}", "[act]", "3:11", "`defaults:` is a mapping of names to values"),
]

ROWS = [
    (NETWORK[NETWORK.index("  - conv") :], "", "4:8", "`layers:` is a list of rows"),
    (NETWORK[NETWORK.index("\n  - conv") :], " []", "4:9", "a table has 1 to 1,000 rows, but got 0"),
    ("- avgpool", "-", "6:4", "a row is one word with its parameters"),
    ("avgpool", "{conv: {width: 3}, norm: }", "6:5", "but got 2 words: conv, norm"),
    (
        "avgpool",
        "bottelneck: {width: 8}",
        "6:5",
        "there is no block 'bottelneck'; did you mean 'bottleneck'?",
    ),
    ("avgpool", "avgpol", "6:5", "there is no block 'avgpol'; did you mean 'avgpool'?"),
    ("avgpool", "{avgpol: }", "6:6", "there is no block 'avgpol'; did you mean 'avgpool'?"),
    (
        "conv: {width: 16}",
        "plain: {width: 16, kernal: 3}",
        "5:24",
        "plain has no 'kernal'; did you mean 'kernel'?",
    ),
    ("{width: 16}", "16", "5:11", "conv takes a mapping, as in {width: 16}, but got '16'"),
    ("{width: 16}", "[16]", "5:11", "conv takes a mapping, as in {width: ...}, but got a sequence"),
    ("{width: 16}", "{kernel: 3}", "5:5", "conv needs 'width': a whole number from 1 to 1,000,000"),
    ("width: 16", "width:", "5:18", "a value is missing"),
    ("avgpool", "avgpool: {depth: 2}", "6:15", "avgpool stands once; it has no 'depth'"),
    ("avgpool", "avgpool: {act: relu}", "6:15", "avgpool has no 'act'"),
    ("width: 16", "width: 16, depth: -1", "5:30", "depth is a whole number, 0 or more, but got '-1'"),
    ("width: 16", "width: 16, depth: 1001", "5:30", "a row has at most 1,000 blocks, but got 1,001"),
    ("width: 16", "width: 16, per: blok", "5:28", "per is row or block, but got 'blok'"),
    ("width: 16", "width: 16, per: block", "5:23", "`per: block` changes nothing: the row has one block"),
    ("width: 16", "width: 16, depth: 2, per: block", "5:33", "changes nothing: the row leaves nothing open"),
    ("conv: {width: 16}", "conv: {width: 16, from: stem}", "5:29", "'stem' is no row; it knows input"),
]

NAMES = [
    (
        "avgpool",
        "norm: {name: a}\n  - norm: {name: a}",
        "7:18",
        "two rows have the name 'a'; name them apart",
    ),
    ("width: 16", "width: 16, name: forward", "5:29", "'forward' is a word of PyTorch or Python"),
    ("width: 16", "width: 16, name: class", "5:29", "'class' is a word of PyTorch or Python"),
    (
        "width: 16",
        "width: 16, name: _a",
        "5:29",
        "at most 60, and starts with a letter or a digit, but got '_a'",
    ),
    ("width: 16", f"width: 16, name: {'a' * 61}", "5:29", "at most 60"),
    ("width: 16", "width: 16, name: 3", "5:29", "a name is a word, but got '3'"),
    ("width: 16", "width: 16, name: none", "5:29", "a name is a word, but got 'none'"),
]

VALUES = [
    ("width: 16", "width: 1.5", "5:19", "width is a whole number from 1 to 1,000,000, but got '3/2'"),
    ("width: 16", "width: wide", "5:19", "width is a whole number from 1 to 1,000,000, but got 'wide'"),
    ("width: 16", "width: true", "5:19", "width is a whole number from 1 to 1,000,000, but got 'true'"),
    ("width: 16", "width: none", "5:19", "width is a whole number from 1 to 1,000,000, but got 'none'"),
    ("width: 16", "width: 0", "5:19", "width is a whole number from 1 to 1,000,000, but got '0'"),
    ("width: 16", "width: 10M", "5:19", "width is a whole number from 1 to 1,000,000, but got '10000000'"),
    (
        "width: 16",
        f"width: 1{'0' * 20}",
        "5:19",
        "numbers go up to 1,000,000,000,000, and so do denominators, but got 100000000000000000000",
    ),
    ("width: 16", f"width: {'9' * 100}", "5:19", "a number has at most 30 digits, but got 100"),
    (
        "conv: {width: 16}",
        "basic: {width: 16, kernel: 4}",
        "5:32",
        "kernel is an odd whole number from 1 to 1,000,000",
    ),
    (
        "width: 16",
        "width: 16, padding: some",
        "5:32",
        "padding is same, valid, full, causal, or a whole number, 0 or more",
    ),
    ("conv: {width: 16}", "plain: {width: 16, se: 3/2}", "5:28", "se is a ratio above 0, at most 1, or none"),
    (
        "conv: {width: 16}",
        "plain: {width: 16, conv: grouped}",
        "5:30",
        "conv is a convolution type: standard",
    ),
    ("avgpool", "dropout: {rate: 1}", "6:21", "rate is a rate from 0, below 1, but got '1'"),
    (
        "width: 16",
        "width: {16, 24}",
        "5:19",
        "a network leaves nothing open, but 'width' does; declare a `space:`",
    ),
    ("width: 16", "width: 1..4", "5:19", "a network leaves nothing open, but 'width' does"),
    ("width: 16", "width: $w", "5:19", "nothing is named '$w'"),
    ("relu6", "{relu, relu6}", "3:17", "a network leaves nothing open, but 'act' does"),
    ("width: 16", "width: 2 *", "5:22", "the expression ends too early"),
    ("width: 16", 'width: "w 6"', "5:22", "'6' is not expected here"),
    ("width: 16", "width: 2 * relu", "5:21", "'*' works on numbers and references, but got 'relu'"),
    ("width: 16", "width: 4 // 0", "5:21", "division by zero"),
    ("width: 16", "width: 16 ! 2", "5:22", "'!' is not part of an expression"),
    ("width: 16", "width: 'grouped(8'", "5:29", "',' or ')' is missing"),
    ("width: 16", f"width: {'(' * 30}1{')' * 30}", "5:39", "nested too deep; at most 20 levels"),
]

SHAPES = [
    ("avgpool", "maxpool: {kernel: 40, padding: valid}", "6:5", "a window of 40 does not fit the map 32x32"),
    ("width: 16", "width: 16, groups: 2", "5:5", "2 groups must divide both 3 input and 16 output channels"),
    (
        "avgpool\n  - linear: {width: 10}",
        "linear: {width: 9}\n  - basic: {width: 3}",
        "7:5",
        "a convolution needs a map",
    ),
    (
        "- linear: {width: 10}",
        "- linear: {width: 9}\n  - avgpool",
        "8:5",
        "pooling needs a map, but got 9 flat features",
    ),
    ("- linear: {width: 10}", "- linear: {width: 9}\n  - lrn", "8:5", "needs a map, but got 9 flat features"),
    (
        "width: 16",
        "width: 16, kernel: [3, 3, 3]",
        "5:5",
        "kernel [3, 3, 3] has 3 numbers, but the map has 2 axes",
    ),
    (
        "avgpool",
        "maxpool: {kernel: 3, padding: 2}",
        "6:5",
        "a pooling pads at most half its kernel [3, 3], but got [2, 2]",
    ),
    ("conv: {width: 16}", "bottleneck: {width: 3}", "5:5", "squeeze 4 leaves no channel of width 3"),
    ("avgpool", "transition: {ratio: 1/32}", "6:5", "ratio 1/32 leaves no channel of 16"),
]

SPACES = [
    ("space:", "network:", "1:1", "this is a network; a space is needed here"),
    (SPACE[SPACE.index("choices") :], "layers: [avgpool]\n", "1:1", "a space leaves something open"),
    ("{16, 24}", "16..24 step 3", "6:6", "the steps of 3 from 16 end at 22, not at 24"),
    (
        "{16, 24}",
        "24..16",
        "6:6",
        "`low < high` and `step >= 1` must hold, but got (low=24, high=16, step=1)",
    ),
    (
        "{16, 24}",
        "1..1.5",
        "6:6",
        "the steps of 1 from 1 end at 1, not at 3/2; say the step, as in 1..3/2 step 1/2",
    ),
    ("{16, 24}", "1..100000", "6:6", "a range holds at most 10,000 options"),
    (
        "{16, 24}",
        "0..24 log",
        "6:6",
        "`0 < low < high` must hold in a logarithmic range, but got (low=0, high=24)",
    ),
    ("{16, 24}", "24..16 log", "6:6", "`0 < low < high` must hold in a logarithmic range"),
    ("{16, 24}", "8..24 step 8 log", "6:6", "a range goes in steps or is logarithmic, not both"),
    ("{16, 24}", "8..24 log 3", "6:16", "'3' is not expected here"),
    ("{16, 24}", "{16}", "6:6", "a choice of one leaves nothing open; write the value itself"),
    ("{16, 24}", "{16, 24, 8 + 8}", "6:7", "the choice lists '16' twice"),
    ("{16, 24}", "{16: 24}", "6:7", "a choice lists its options, as in {3, 5, 7}"),
    ("{16, 24}", "{16, relu}", "12:19", "width is a whole number from 1 to 1,000,000, but got 'relu'"),
    ("w: {16, 24}", "w: 2 * $w", "6:3", "'w' is defined by itself: w -> w"),
    ("w: {16, 24}", "w: $v + 1\n  v: {1, $w}", "6:3", "'w' is defined by itself: w -> v -> w"),
    ("w: {16, 24}", "w: $kernel\n  v: {1, $w}\n  u: $v", "8:3", "nothing uses 'u'"),
    (
        "{3, 5}\nlet:\n  w: {16, 24}",
        "{3, $w}\nlet:\n  w: 2 * $kernel",
        "6:3",
        "'w' is defined by itself: w -> w",
    ),
    ("w: {16, 24}", "w: {16, 24}\n  v: {1, 2}", "7:3", "nothing uses 'v'; use it or take it out"),
    ("w: {16, 24}", "3-w: {16, 24}", "6:3", "a name is letters, digits and '_', at most 60, but got '3-w'"),
    ("w: {16, 24}", "kernel: {16, 24}", "6:3", "'kernel' is declared in `choices` already"),
    ("kernel: {3, 5}", "kernel: {3, $kernel}", "4:3", "'kernel' is defined by itself: kernel -> kernel"),
    (
        "kernel: {3, 5}",
        "kernel: {3, 5}\n  other: {1, 2}",
        "5:3",
        "nothing uses 'other'; use it or take it out",
    ),
    (
        "kernel: {3, 5}",
        "kernel: {3, 4}",
        "9:21",
        "kernel is an odd whole number from 1 to 1,000,000, but got '4'",
    ),
    ("any:\n", "conv:\n", "8:3", "'conv' is a block already; choose another word"),
    (
        "    plain: {kernel: $kernel}\n    basic: {kernel: $kernel}\n",
        "",
        "8:7",
        "'any' is a mapping of blocks",
    ),
    ("    plain: {kernel: $kernel}", "    any: {kernel: $kernel}", "8:3", "'any' is defined by itself"),
    ("    plain: {", "    plane: {", "9:5", "there is no block 'plane'; did you mean 'plain'?"),
    (
        "plain: {kernel: $kernel}",
        "plain: {depth: 2}",
        "9:13",
        "'depth' belongs to a row, not to a word of `blocks`",
    ),
    ("plain: {kernel: $kernel}", "plain: {width: 8}", "9:13", "'width' is given twice: here and in the row"),
    ("plain: {kernel: $kernel}", "plain: {squeeze: 2}", "9:13", "plain has no 'squeeze'"),
    ("plain: {kernel: $kernel}", "avgpool: {kernel: 3}", "13:24", "avgpool has no 'width'"),
    ("- any: {name: stage, width: 2 * $w, depth: 1..3}", "- avgpool", "8:3", "nothing uses 'any'"),
    ("width: 2 * $w, ", "", "9:5", "plain needs 'width': a whole number from 1 to 1,000,000"),
    ("width: 2 * $w", "width: 2 * $ww", "13:31", "nothing is named '$ww'; did you mean 'w'?"),
    ("width: 2 * $w", "width: $w - 20", "13:31", "width is a whole number from 1 to 1,000,000, but got '-4'"),
    ("width: 2 * $w", "width: $w // 0", "13:31", "width: division by zero"),
    ("depth: 1..3", "depth: 1..2000", "13:46", "a row has at most 1,000 blocks, but got 2,000"),
    ("depth: 1..3", "depth: 1..3, per: $w", "13:57", "per is row or block, but got '$w'"),
    ("name: stage", "name: {a, b}", "13:17", "a name is a word, but got '{a, b}'"),
    (
        "name: stage, width: 2 * $w, depth: 1..3",
        "name: a, width: $w, depth: 1..3, per: block}\n  - norm: {name: a_2",
        "13:49",
        "a block of this row is named 'a_2', and so is another row",
    ),
    ("params: ..1M", "prams: ..1M", "17:3", "within has no 'prams'; did you mean 'params'?"),
    ("params: ..1M", "params: 1M", "17:11", "a limit is low..high, as in ..1M or 10k..1M, but got '1M'"),
    ("params: ..1M", "params: ..", "17:11", "a limit is low..high, as in ..1M or 10k..1M, but got '..'"),
    ("params: ..1M", "params: 2M..1M", "17:11", "`low <= high` must hold, but got '2M..1M'"),
    ("params: ..1M", "params: ..-3", "17:11", "a limit is in whole numbers, with k, M or G"),
    ("params: ..1M", "params: ..few", "17:11", "a limit is in whole numbers, with k, M or G"),
    ("params: ..1M", "params: {1, 2}", "17:11", "a limit is low..high"),
    ("within:\n  params: ..1M", "within: ..1M", "16:9", "`within:` is a mapping of names to values"),
]

PAIRS = "for each axis a number or a pair (before, after), as in [[0, 1], [0, 1]]"
HINTS = [
    (
        "blocks: {'b(width, skip)': [conv: {width: $width}, concat: {with: $skip}]}\n"
        "layers: [conv: {name: a, width: 8}, norm, b: {width: 8, skip: a}]",
        "an argument that is a map is written without `$`, as in `with: skip`",
    ),
    (
        "blocks: {'b(width) -> [out, skip]': [conv: {name: skip, width: $width}, maxpool]}\n"
        "layers: [b: {width: 8}]",
        "'out' is no row of 'b'; name a row so",
    ),
    (
        "blocks: {'b -> [out, skipp]': [conv: {name: skip, width: 8}, maxpool: {name: out}]}\nlayers: [b]",
        "'skipp' is no row of 'b'; did you mean 'skip'?",
    ),
    (
        "blocks: {b(width): [conv: {width: width}]}\nlayers: [b: {width: 8}]",
        "got 'width'; did you mean $width?",
    ),
    ("blocks: {b(g): [conv: {width: 9, groups: g}]}\nlayers: [b: {g: 3}]", "but got 'g'; did you mean $g?"),
    ("blocks: {b: [conv: {width: 9, groups: in}]}\nlayers: [b]", "but got 'in'; did you mean $in?"),
    ("let: {w: 8}\nlayers: [conv: {width: w}]", "but got 'w'; did you mean $w?"),
    ("let: {a: relu}\nlayers: [conv: {width: 8, act: a}]", "but got 'a'; did you mean $a?"),
    ("functions: {f(c): 2 * c}\nlayers: [conv: {width: f(4)}]", "but got 'c'; did you mean $c?"),
    (
        "layers: [conv: {name: a, width: 8}, conv: {name: b, width: 8, from: input}, add: [a, b]]",
        "'a' is the name of a row, and no block; it is joined by name, as in `add: {with: a}`",
    ),
    (
        "layers: [conv: {name: a, width: 8}, residual: [a]]",
        "'a' is the name of a row, and no block; a row is read by name, as in `from: a`",
    ),
    (
        "blocks: {b: [conv: {name: a, width: 8}, add: [a, norm]]}\nlayers: [b]",
        "'a' is the name of a row, and no block; it is joined by name, as in `add: {with: a}`",
    ),
    (
        "layers: [conv: {width: 8}, residual: [conv: {width: 8}, conv: {width: 8}], add: {with: conv}]",
        "'conv' is no row; did you mean 'conv1'?",
    ),
    (
        "layers: [conv: {width: 8}, conv: {width: 8}, norm, add: {with: conv}]",
        "'conv' is no row; did you mean 'conv1' or 'conv2'?",
    ),
    ("layers: [avgpool: global]", "pooling of the whole map is written `avgpool`, but got 'global'"),
    ("blocks: {b: [conv: {width: 8}]}\nlayers: [b: 16]", "as in {width: 64}, but got '16'"),
    ("layers:\n  - conv {width: 16}", "a colon follows the word, as in `conv: {width: 64}`"),
    ("functions: {f(c): min($c, 8)}\nlayers: [conv: {width: f(4)}]", 'so quote it, as in "min($a, 2)"'),
    ("blocks: {b(a, c): [norm]}\nlayers: [b]", 'so quote it, as in "min($a, 2)"'),
    (
        "layers: [conv: {width: 32}, se: {reduction: 16}]",
        "se has no 'reduction'; did you mean 'ratio'?",
    ),
    ("layers: [conv: {width: 32}, se: {ratio: 16}]", "but got '16'; did you mean 1/16?"),
    (
        "layers: [conv: {16, 3}]",
        "parameters have names, as in {width: 16}; a choice is written {3, 5}, with its braces",
    ),
    ("layers: [conv: {width: 2^4}]", "'^' is not part of an expression; a power is written 2 ** 4"),
    ("layers: [conv: {width: int(8.5)}]", "did you mean 'floor'?"),
    ("layers: [conv: {width: 33 / 2}]", "but got '33/2'; a quotient rounded down is written a // b"),
    (
        "layers: [conv: {width: 8, norm: batch(eps=0.001)}]",
        "numbers are given in order, without names, as in batch(0.001)",
    ),
    (
        "functions: {'f(c, by = 4)': $by * $c}\nlayers: [conv: {width: 'f(3, by = 4)'}]",
        "numbers are given in order, without names, as in batch(0.001)",
    ),
    (
        "layers: [conv: {width: 8}, pixelshuffle: {upscale_factor: 2}]",
        "pixelshuffle has no 'upscale_factor'; did you mean 'scale'?",
    ),
    ("layers: [conv: {width: 8}, batch]", "there is no block 'batch'; did you mean 'norm'?"),
    ("layers: [conv: {name: 3k, width: 8}]", "a name is a word, but got '3k'; '3k' reads as a number"),
    ("layers: [conv: {name: 1e3, width: 8}]", "a name is a word, but got '1e3'; '1e3' reads as a number"),
    (
        "layers: [conv: {name: 1_000, width: 8}]",
        "a name is a word, but got '1_000'; '1_000' reads as a number",
    ),
    ("layers: [conv: {width: 8, padding: 10000000}]", f"at most 1,000,000; {PAIRS}, but got '10000000'"),
    ("layers: [pad: {sides: 10000000}]", f"at most 1,000,000; {PAIRS}, or none, but got '10000000'"),
]
"""What is meant by what is written: the rest of a network, and the end of the message."""

LARGE = [
    "upsample",
    "upconv: {width: 4, stride: 2}",
    "pixelshuffle: {scale: 2}",
    "pad: {sides: 1}",
    "conv: {width: 4, padding: full}",
]
"""What makes a map larger."""

SPACE_HINTS = [
    (
        "choices: {k: 3, 5}\nlayers: [conv: {width: 8, kernel: $k}]",
        "a value is missing; a choice is written {3, 5}, with its braces",
    ),
    ("layers: [conv: {width: 8..1 step -1}]", "the step of a range is above 0"),
    ("layers: [conv: {width: 1..8 step 0}]", "the step of a range is above 0"),
    (
        "blocks: {op: [conv: {width: 4}, norm]}\nlayers: [op: {width: {8, 16}}]",
        "one of several blocks is a mapping, as in `op: {conv: {kernel: 3}, identity: }`",
    ),
    (
        "blocks: {op: {conv: {width: 8}, none: }}\nlayers: [conv: {width: 8}, op]",
        "there is no block 'none'; did you mean 'zero'?",
    ),
    (
        "choices: {k: [3, 5]}\nlayers: [conv: {width: 8, kernel: $k}]",
        "nothing is: [3, 5] is a sequence; a choice is written {3, 5}",
    ),
    (
        "let: {k: [3, 5]}\nlayers: [conv: {width: 8, kernel: $k}]",
        "nothing is: [3, 5] is a sequence; a choice is written {3, 5}",
    ),
]


def message(text: str, kind: type[Network] | type[Space]) -> str:
    """Return the error of a document; it is one InputError, and nothing else."""
    with pytest.raises(InputError) as caught:
        kind.from_yaml(text, name="a.yaml")
    return str(caught.value)


def check(good: str, kind: type[Network] | type[Space], case: tuple[str, str, str, str]) -> None:
    old, new, position, words = case
    assert good.count(old) == 1, "the case replaces one part"
    text = good.replace(old, new)
    first, line, caret = message(text, kind).split("\n")
    assert first.startswith(f"a.yaml:{position}: "), first
    assert words in first
    number, column = map(int, position.split(":"))
    assert line.strip() == text.splitlines()[number - 1].strip()
    assert len(caret) == 2 + column


def test_the_good_documents_are_good() -> None:
    assert Network.from_yaml(NETWORK).totals.params > 0
    assert Space.from_yaml(SPACE).count() == 2 * 2 * 2 * 3


@pytest.mark.parametrize("case", HEADINGS + ROWS + NAMES + VALUES + SHAPES, ids=lambda case: case[3][:50])
def test_wrong_networks(case: tuple[str, str, str, str]) -> None:
    check(NETWORK, Network, case)


@pytest.mark.parametrize("case", SPACES, ids=lambda case: case[3][:50])
def test_wrong_spaces(case: tuple[str, str, str, str]) -> None:
    check(SPACE, Space, case)


@pytest.mark.parametrize(("rest", "hint"), HINTS)
def test_messages_say_what_is_meant(rest: str, hint: str) -> None:
    assert (
        message(f"network: n\ninput: 3x32x32\n{rest}\n", Network)
        .split("\n")[0]
        .partition("; used in")[0]
        .endswith(hint)
    )


@pytest.mark.parametrize("row", LARGE)
def test_maps_within_a_network_may_be_larger_than_inputs(row: str) -> None:
    text = f"network: n\ninput: 4x2147483648x4\nlayers:\n  - {row}\n  - avgpool\n"
    assert Network.from_yaml(text).totals.flops > 2**31


def test_the_channels_of_an_input_go_as_far_as_widths() -> None:
    text = "network: n\ninput: 1000000x4\nlayers: [avgpool]\n"
    assert Network.from_yaml(text)
    law = "an input has at most 1,000,000 channels, but got 1000001x4"
    assert message(text.replace("1000000", "1000001"), Network).split("\n")[0] == f"a.yaml:2:8: {law}"


@pytest.mark.parametrize(("rest", "hint"), SPACE_HINTS)
def test_messages_on_spaces_say_what_is_meant(rest: str, hint: str) -> None:
    assert (
        message(f"space: n\ninput: 3x32x32\n{rest}\n", Space)
        .split("\n")[0]
        .partition("; used in")[0]
        .endswith(hint)
    )


@pytest.mark.parametrize("case", SHAPES, ids=lambda case: case[3][:50])
def test_rows_that_do_not_fit_are_shape_errors(case: tuple[str, str, str, str]) -> None:
    with pytest.raises(ShapeError):
        Network.from_yaml(NETWORK.replace(case[0], case[1]))


def test_a_choice_that_can_change_nothing_is_idle() -> None:
    # Of one or two channels, both a quarter and a sixteenth are one hidden unit.
    text = SPACE.replace("basic: {kernel: $kernel}", "basic: {kernel: $kernel, se: {1/4, 1/16}}")
    assert Space.from_yaml(text)
    first, line, _ = message(text.replace("{16, 24}", "{1, 2}"), Space).split("\n")
    law = "the choice 'stage.any.basic.se' is idle: no option changes the network; take it out"
    assert first == f"a.yaml:10:34: {law}"
    assert line.strip().startswith("basic:")


@pytest.mark.parametrize(
    ("rows", "position", "path"),
    [
        ("let: {r: {1/5, 1/6}}\nlayers:\n  - plain: {width: 1..3, se: $r}", "3:10", "r"),
        ("layers:\n  - plain: {width: 1..3, se: {1/5, 1/6}}", "4:30", "plain.se"),
        ("defaults: {norm: {none, batch}}\nlayers:\n  - dense: {growth: 1..3, norm: batch}", "3:12", ""),
    ],
)
def test_idle_choices_point_to_where_they_are_declared(rows: str, position: str, path: str) -> None:
    text = f"space: s\ninput: 1x8x8\n{rows}\n"
    law = f"the choice '{path}' is idle" if path else "nothing uses 'norm'"
    assert message(text, Space).startswith(f"a.yaml:{position}: {law}")


def test_a_choice_that_seldom_matters_is_not_idle() -> None:
    # The ratios differ only where 40 channels or more are drawn: once in ten.
    text = "space: s\ninput: 1x8x8\nlayers:\n  - plain: {width: 4..40 step 4, se: {1/20, 1/40}}\n"
    assert Space.from_yaml(text).count() == 20


def test_chains_of_names_end() -> None:
    lets = "\n".join(f"  v{i}: $v{i + 1} + 1" for i in range(500))
    choices = "\n".join(f"  k{i}: {{$k{i + 1}, 1}}" for i in range(500))
    words = "\n".join(f"  w{i}: {{w{i + 1}: }}" for i in range(500))
    for text in (
        SPACE.replace("  w: {16, 24}", f"  w: $v0\n{lets}\n  v500: 1..3"),
        SPACE.replace("{3, 5}", f"$k0\n{choices}\n  k500: {{3, 5}}"),
        SPACE.replace("    plain: {kernel: $kernel}", "    w0:").replace(
            "layers:", f"{words}\n  w500: {{plain: }}\nlayers:"
        ),
    ):
        assert re.search("nested too deep|defined through more than 60 others", message(text, Space))


@pytest.mark.slow
def test_what_a_table_comes_down_to_is_bounded() -> None:
    choices = "\n".join(f"  k{i}: {{1 + $k{i + 1}, 3 + $k{i + 1}}}" for i in range(18))
    pair = "  {a}{i}: {{a{j}: , b{j}: }}\n"
    words = "".join(pair.format(a=a, i=i, j=i + 1) for i in range(40) for a in "ab")
    for text in (
        SPACE.replace("{3, 5}", f"$k0\n{choices}\n  k18: {{1, 2}}"),
        SPACE.replace("    plain: {kernel: $kernel}", "    a0:\n    b0:").replace(
            "layers:", f"{words}  a40: {{plain: }}\n  b40: {{basic: }}\nlayers:"
        ),
    ):
        assert "the table comes down to more than 100,000 expressions" in message(text, Space)
    rows = "  - conv: {width: 3, depth: 1000}\n" * 11
    blocks = message(f"network: a\ninput: 1x8x8\nlayers:\n{rows}", Network)
    assert "a.yaml:4:3: a table has at most 10,000 blocks, but got 11,000" in blocks


CONV = Row("conv", width=16)


def network(*layers: Row, name: str = "a", shape: tuple[int, ...] = (3, 8, 8)) -> Network:
    return Network(name=name, input=shape, layers=layers)


def space(*layers: Row, **sections: Any) -> Space:
    return Space(name="a", input=(3, 8, 8), layers=layers, **sections)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: network(Row("conv", width=0.5)), "layers[0].conv.width: width is a whole number"),
        (lambda: network(Row("conv", width=ref("w"))), "nothing is named '$w'"),
        (lambda: network(), "a table has 1 to 1,000 rows, but got 0"),
        (lambda: network(CONV, shape=(3,)), "channels and one to three extents"),
        (lambda: network(CONV, name="a b"), "but got 'a b'"),
        (lambda: space(CONV), "a space leaves something open"),
        (lambda: space(Row("conv", width=oneof(3))), "a choice of one leaves nothing open"),
        (lambda: space(Row("conv", width=oneof(3, 2.5))), "2.5 is not a value of the language"),
        (lambda: space(CONV, let={"w": oneof(1, 2)}), "nothing uses 'w'"),
        (lambda: space(CONV, within={"cost": Limit(low=1)}), "within has no 'cost'"),
        (lambda: span(4, 1), "`low < high` and `step >= 1` must hold, but got (low=4, high=1, step=1)"),
        (lambda: span(1, 4, step=2), "the steps of 2 from 1 end at 3, not at 4"),
        (lambda: Limit(), "a limit is low..high"),
        (lambda: Limit(low=3, high=1), "`low <= high` must hold, but got '3..1'"),
        (lambda: Limit(high=10**13), "whole numbers up to 1,000,000,000,000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_same_errors_for_tables_made_in_python(wrong: Callable[[], object], words: str) -> None:
    with pytest.raises(SpaceError, match=re.escape(words)):
        wrong()


def test_deep_expressions_made_in_python_are_refused() -> None:
    deep: Expr = ref("w")
    for _ in range(5000):
        deep = 1 + deep  # type: ignore[operator]
    with pytest.raises(SpaceError, match="nested too deep"):
        Space(name="a", input=(3, 8, 8), layers=(Row("conv", width=deep),), let={"w": oneof(1, 2)})


def test_a_sampled_network_that_cannot_be_built_names_the_row() -> None:
    text = SPACE.replace("- avgpool", "- maxpool: {kernel: 40, padding: {0, valid}}")
    sample = Space.from_yaml(text, name="a.yaml").decide(lambda _, options: options[0])
    with pytest.raises(ShapeError, match=r"a\.yaml:14:5: maxpool on 32x32x32: a window of 40 does not fit"):
        _ = sample.network


def test_the_shape_of_an_input() -> None:
    shapes = {"1x16000": (1, 16000), "3x224x224": (3, 224, 224), "3x16x112x112": (3, 16, 112, 112)}
    assert {text: read_shape(text) for text in shapes} == shapes
    for text in ("224", "3x", "x3", "3 x 4", "3x-4", "3x4x5x6x7", "3x1e3", ""):
        with pytest.raises(SpaceError, match="channels and one to three extents"):
            read_shape(text)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("[3, 32, 32]", "3x32x32"),
        ("(3, 32, 32)", "3x32x32"),
        ("3,32,32", "3x32x32"),
        ("3 x 32 x 32", "3x32x32"),
        ("3X32X32", "3x32x32"),
        ("32x32x3", "3x32x32"),
        ("28x28x1", "1x28x28"),
        ("640x480x3", "3x640x480"),
        ("16x112x112x3", "3x16x112x112"),
    ],
)
def test_an_input_as_others_write_it_is_met_with_ours(text: str, near: str) -> None:
    with pytest.raises(SpaceError) as caught:
        Network.from_yaml(f"network: n\ninput: {text}\nlayers:\n  - conv: {{width: 8}}\n", name="n.yaml")
    assert str(caught.value).startswith("n.yaml:2:8: ")
    assert f"did you mean {near}?" in str(caught.value)


@pytest.mark.parametrize("shape", [(512, 1, 1), (3, 3, 3), (2, 64, 3), (64, 16, 4), (20, 3)])
def test_what_is_no_picture_with_its_channels_last_is_taken(shape: tuple[int, ...]) -> None:
    assert read_shape("x".join(map(str, shape))) == shape


def test_many_channels_can_be_meant() -> None:
    text = "network: n\ninput: {channels: 32, size: 32x3}\nlayers:\n  - conv: {width: 8}\n"
    network = Network.from_yaml(text)
    assert (network.input, network.to_yaml()) == ((32, 32, 3), text)
    assert Network.from_json(network.to_json()) == network
    for part, message in (
        ("{channels: 32}", "as in {channels: 3, size: 224x224}"),
        ("{chanels: 3}", "'channels'"),
    ):
        with pytest.raises(SpaceError, match=message):
            Network.from_yaml(text.replace("{channels: 32, size: 32x3}", part))


def test_numbers_may_be_written_as_programs_do() -> None:
    rows = "".join(f"  - conv: {{width: {width}}}\n" for width in ("1e2", "1_000", "1K", "1.5e1"))
    network = Network.from_yaml(f"network: n\ninput: 3x8x8\nlayers:\n{rows}")
    assert [dict(call.args)["width"] for call in network.calls] == [100, 1000, 1000, 15]
    for width in ("1e", "1e999", "1__0", "_1"):
        with pytest.raises(SpaceError):
            Network.from_yaml(f"network: n\ninput: 3x8x8\nlayers:\n  - conv: {{width: {width}}}\n")


def test_ratios_are_exact() -> None:
    network = Network.from_yaml(NETWORK.replace("avgpool", "dropout: {rate: 0.1}\n  - dropout: {rate: 1/3}"))
    assert [dict(call.args)["rate"] for call in network.calls[1:3]] == [Fraction(1, 10), Fraction(1, 3)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input": 3}, "an input is channels and one to three extents"),
        ({"input": {"p": None}}, "an input is channels and one to three extents"),
        ({"functions": {"f": 3}}, "a function is a Formula, but got 3"),
        ({"let": {3: 4}}, "a name is a word, but got 3"),
        ({"layers": [Row("conv", width=Function("g", (4,)))]}, "there is no function 'g'"),
    ],
)
def test_what_python_gives_and_no_text_could_say_is_one_error(settings: dict[str, Any], message: str) -> None:
    given = {"name": "n", "input": (3, 8, 8), "layers": [Row("conv", width=8)], **settings}
    with pytest.raises(SpaceError, match=re.escape(message)):
        Network(**given)
