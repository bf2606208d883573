"""The reader survives what it is given: a good object, or exactly one clean error, and neither takes long.

The catalog and the examples of the language with lines and tokens deleted, doubled, swapped and replaced;
documents written at random from every word and construct of the language; and documents made to take for
ever: some 1,000 in `make test`, 6,000 in `make full`. Each run is the same; hypothesis shrinks what fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archscape.spaces import Family, Infeasible, InputError, Network, ShapeError, Space
from archscape.spaces.blocks import BLOCKS
from archscape.spaces.catalog_files import CATALOG
from archscape.spaces.language.document import read_text
from archscape.spaces.language.reading import is_family
from archscape.spaces.loading import read_table

pytestmark = pytest.mark.fuzz

NAME = "fuzz.yaml"
SECONDS = 10
"""Processor time that a document may take; the slowest takes a fifth of it on an idle machine."""

COMPOSED = """\
space: composed
input: 1x64
defaults: {norm: {batch, none, "batch(0.001, 0.01)"}, affine: {true, false}, act: {relu, silu}}
choices: {k: {3, 5, 1..9 step 2}, se: {none, 1/4}}
let: {w: 8..32 step 8, d: {0, 1, 2}, half: $w // 2}
blocks:
  small: {plain: {kernel: $k}, narrow: }
  narrow: {bottleneck: {squeeze: {2, 4}, se: $se}}
layers:
  - conv: {width: $half + 1, bias: true, padding: [[2, 0]], padding_mode: {zeros, reflect, circular}}
  - pad: {sides: [[0, 2]], channels: {2, [1, 1]}, mode: replicate}
  - conv: {width: 4, padding: {same, same_upper}, stride: 2, dilation: [2], act: prelu(1)}
  - small: {name: a, width: $w, depth: $d}
  - small: {name: b, width: 2 * $w, depth: 1..3, stride: {1, 2}, per: block}
  - avgpool
  - linear: {width: 10}
within: {params: ..500k, macs: 1k..10M}
"""
INCEPTION = """\
{"network": "inception", "input": "3x16x16x16", "layers": [
  {"inception": {"1x1": 8, "3x3": [4, 8], "5x5": [2, 4], "pool": 4}}, "avgpool", {"linear": {"width": 10}}]}
"""
NESTED = """\
space: nested
input: 4x8x8
blocks:
  "unit(width, op = conv, sizes = [1, 3], skip = none)":
    - conv: {name: a, width: $width, kernel: $sizes, when: $width != $in or $skip == none}
    - $op:  {name: b, width: $width, kernel: $sizes.1}
    - add:  {name: c, branches: [{identity: {from: a}}, [{norm: {from: b}}, {act: }]]}
    - concat: {with: [a, b], unused: true}
  pair(width, skip) -> [both, one]:
    - unit: {name: one, width: $width, depth: 2}
    - add:  {name: both, with: skip}
  cell(op, source):
    - conv: {name: h0, from: before, width: $in, kernel: 1, stride: ceil($extent / $extent)}
    - $op:  {from: $source}
    - add:  {with: h0, unused: true}
layers:
  - conv: {name: stem, width: 4}
  - conv: {name: again, like: stem, depth: {1, 2}}
  - residual: {droppath: 1/4, rows: [conv: {width: 4}, concat: [conv: {width: {2, 3}}, identity]]}
  - unit: {name: wide, width: 4 + 2 * $i, op: {conv, plain}, depth: 1..2}
  - conv: {width: 4}
  - pair: {width: 4, skip: {stem, input}}
  - cell: {op: {identity, norm}, source: {h0, input}, depth: 2}
  - avgpool: {from: {wide, pair.one}}
  - linear: {name: aux, width: 2}
outputs: [cell, aux]
"""
CALLING = """\
space: calling
input: 3x16x16
choices: {k: {1, 3}}
let: {w: {1, 3/2}, k1: $k}
functions:
  wide(c): "divisible($w * $c, 4)"
  half_of(c, by = 2): round_half_up(wide($c) / $by)
blocks:
  unit(width):
    - conv: {width: wide($width), kernel: $k1}
    - conv: {width: half_of($in), kernel: 1}
layers:
  - conv: {width: wide($w * 8)}
  - unit: {width: 8, depth: 1..2}
  - linear: {width: 10}
"""
FAMILY = """\
family: members
members:
  s: {input: 3x16x16, w: 1}
  l: {input: {channels: 3, size: 24x24}, w: 1.5, d: 2}
let: {d: 1}
functions: {wide(c): round($w * $c)}
layers:
  - conv: {width: wide(8), depth: $d}
  - linear: {width: 10}
"""
SEVERAL = """\
space: several
input: {image: 3x16x16, noise: {channels: 8, size: 16x1}, code: 6}
blocks:
  join(width, other):
    - conv: {name: fine, from: other, width: $width}
    - add:  {with: input}
layers:
  - conv: {name: start, width: {4, 8}, from: {image, noise}}
  - conv: {name: side, from: noise, width: 4}
  - join: {from: start, width: 4, other: {image, side}}
  - avgpool
  - concat: [identity, linear: {from: code, width: 4}]
  - linear: {width: 2}
"""
LANGUAGE = Path(__file__).parents[3] / "docs" / "language.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", LANGUAGE.read_text(encoding="utf-8"), re.DOTALL)
CORPUS = [
    COMPOSED,
    INCEPTION,
    NESTED,
    SEVERAL,
    CALLING,
    FAMILY,
    *EXAMPLES,
    *(path.read_text(encoding="utf-8") for path in sorted(CATALOG.glob("*.yaml"))),
]
SPECIAL = [
    *(
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        ",",
        "-",
        "- ",
        "\n",
        "\n  ",
        "\n    - ",
        "\t",
        "#",
        "'",
        '"',
        "|",
        ">",
        "?",
    ),
    *("&a", "*a", "!!str", "<<", "---", "~", "null", "none", "true", "nan", "inf", "input", "before"),
    *(
        "$",
        "$w",
        "$kernel",
        "$in",
        "$extent",
        "$i",
        "$a.0",
        "$a.-1",
        "$op",
        "{}",
        "[]",
        "{1, 1}",
        "[[1], {2}]",
    ),
    *(
        "..",
        "step",
        "1..4",
        "0..9",
        "100000..1",
        "1/8..1 step 1/8",
        "3x3",
        "name: 3x3",
        "3x3(width):",
        "$3op",
        "0.5..2",
        "1..1000000000",
        "//",
        "%",
        "**",
        "<=",
        "==",
        "if",
        "else",
        "and",
    ),
    *(
        "1/0",
        "-1",
        "0",
        "9" * 400,
        "1e9",
        "0.1",
        "1/3",
        "10M",
        "999999999",
        "9 ** 64",
        "2 ** 2 ** 64",
        "3 % 2",
    ),
    *(
        "depth: 1000",
        "depth: 0",
        "per: block",
        "per: row",
        "name: a",
        "name: forward",
        "width: $w",
        "stride: 0",
    ),
    *("from: image", "from: {image, noise}", "input: {image: 3x8x8, noise: 2x8x8}", "input: {code: 6}"),
    *(
        "from: input",
        "from: before",
        "with: stem",
        "with: none",
        "with: {stem, none}",
        "add: [[], identity]",
        "with: [stem, input]",
        "when: $in > 1",
        "unused: true",
    ),
    *("like: stem", "like: a", "{like: wide, depth: 2}", "from: a.b", "-> [a, b]"),
    *("branches: [identity]", "rows: [identity, norm]", "outputs: [stem]", "alike: formula", "uses: [no.py]"),
    *(
        "kernel: {3, 5}",
        "grouped(8)",
        "grouped(0)",
        "f(1, 2)",
        "min(1, 2)",
        "round(5/2)",
        "log(0)",
        "sqrt(-1)",
        "round_half_up(5/2)",
        "divisible(30, 8)",
        "divisible(30, 0)",
        "wide(8)",
        "wide(c): $w * $c",
        "half_of(1, 2)",
        "functions: {f(x): 2 * $x}",
        "family: a",
        "members: {a: {w: 3}}",
        "b: {input: 3x8x8, w: 2}",
    ),
    *(
        "concat: [identity, identity]",
        "residual: []",
        "cell(a, b = 3)",
        "1 if 2 > 1 else 3",
        '"a(b = [1, 2])"',
    ),
    *("(" * 50, "{a: " * 70, "[" * 70, "2 ** " * 30, "1 if 1 > 2 else " * 30, "concat: [identity, " * 30),
    *("\x00", "\x1b[2J", "\u202e", "\ufeff", "é", "日本", "\U0001f600", "\u2028", "\ud800", "٣"),
    *BLOCKS,
]
TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)
EDITS = ("drop", "double", "swap", "replace", "insert", "splice")


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return a document of the corpus with a few lines, tokens or characters changed."""
    text = draw(st.sampled_from(CORPUS))
    for _ in range(draw(st.integers(1, 4))):
        pattern = draw(st.sampled_from((TOKEN, re.compile(r".*\n?"))))
        parts = pattern.findall(text) or [""]
        at = draw(st.integers(0, len(parts) - 1))
        edit = draw(st.sampled_from(EDITS))
        if edit == "drop":
            del parts[at]
        elif edit == "double":
            parts.insert(at, parts[at])
        elif edit == "swap":
            to = draw(st.integers(0, len(parts) - 1))
            parts[at], parts[to] = parts[to], parts[at]
        elif edit == "splice":
            others = pattern.findall(draw(st.sampled_from(CORPUS)))
            parts[at] = draw(st.sampled_from(others))
        else:
            word = draw(st.sampled_from(SPECIAL) | st.text(max_size=3))
            parts[at : at + (edit == "replace")] = [word]
        text = "".join(parts)
    return text


def survives(text: str) -> str:
    """Return what is said of a bad text, one clean error; a good one must work, and nothing is said of it."""
    begin = process_time()
    message = _said(text)
    assert process_time() - begin < SECONDS, text
    return message


def _said(text: str) -> str:
    try:
        document = read_text(text, name=NAME)
        if is_family(document):
            return _said_of_family(Family.from_yaml(text, name=NAME))
        table = read_table(document)
    except InputError as error:
        message = str(error)
        first = message.split("\n")[0]
        assert first.startswith(NAME), first
        assert first.isprintable()
        assert len(message) < 1500
        return first
    read = type(table).from_yaml(table.to_yaml())
    assert read == table
    assert type(table).from_json(table.to_json()) == table
    if isinstance(table, Network):
        assert read.hash() == table.hash()
        assert table.totals.params >= 0
    else:
        walks(table)
    return ""


def _said_of_family(family: Family) -> str:
    assert Family.from_yaml(family.to_yaml()) == family
    assert Family.from_json(family.to_json()) == family
    for network in family.networks():
        assert Network.from_yaml(network.to_yaml()) == network
    return ""


def walks(space: Space) -> None:
    """Count, sample and replay; a space may have no network that can be built and meets its limits."""
    assert space.count() > 1
    try:
        sample = space.sample(Random(0))
    except (Infeasible, ShapeError):
        return
    assert space.contains(sample.decisions)
    assert space.replay(sample.decisions).network == sample.network
    assert sample.network.hash() == sample.hash()
    assert set(sample.decisions) <= set(space.paths)
    assert space.feasible(space.mutate(sample.decisions, Random(1)))


FUZZ = settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)


def test_the_corpus_is_good() -> None:
    assert [survives(text) for text in CORPUS] == [""] * len(CORPUS)


@settings(FUZZ, max_examples=500)
@given(mutated())
def test_mutated_documents(text: str) -> None:
    survives(text)


@pytest.mark.full
@pytest.mark.timeout(900)
@settings(FUZZ, max_examples=5000)
@given(mutated())
def test_many_mutated_documents(text: str) -> None:
    """The same, with ten times as many."""
    survives(text)


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(n, marks=pytest.mark.full) for n in range(100, 700, 100))]
)
def test_documents_written_at_random(start: int, written: Callable[[int], str]) -> None:
    good = 0
    for seed in range(start, start + 100):
        text = written(seed)
        try:
            good += not survives(text)
        except Exception as error:
            raise AssertionError(f"document {seed}:\n{text}") from error
    assert 50 <= good <= 95, "of documents that are mostly good, some are bad"


@settings(FUZZ, max_examples=200)
@given(st.text(max_size=60))
def test_arbitrary_text(text: str) -> None:
    assert survives(text)


# Documents that could take for ever


def network(layers: str, blocks: str = "", let: str = "") -> str:
    parts = (f"let:\n{let}" if let else "", f"blocks:\n{blocks}" if blocks else "")
    return f"network: hostile\ninput: 4x8x8\n{''.join(parts)}layers:\n{layers}"


def space(layers: str, blocks: str = "", let: str = "") -> str:
    return network(layers, blocks, let).replace("network:", "space:", 1)


def levels(count: int, rows: str, last: str, argument: str = "") -> str:
    """Return blocks, each with rows in which NEXT stands for the next one, and the rows of the last one."""
    text = "".join(f"  b{i}{argument}:\n{rows.replace('NEXT', f'b{i + 1}')}" for i in range(count))
    return f"{text}  b{count}{argument}:\n{last}"


def named(count: int, row: str) -> str:
    """Return rows a0, a1, ...; LAST stands for the name above NAME, ABOVE for up to 19 names above that."""
    lines = ["  - conv: {name: a0, width: 4}\n", "  - conv: {name: a1, width: 4}\n"]
    for i in range(2, count):
        above = ", ".join(f"a{other}" for other in range(max(0, i - 20), i - 1))
        line = row.replace("NAME", f"a{i}").replace("LAST", f"a{i - 1}").replace("ABOVE", above)
        lines.append(f"  - {line}\n")
    return "".join(lines)


CONV = "    - conv: {width: 4}\n"
SEVEN = "    - conv: {width: $a % 7 + 1}\n"
START = "  - b0\n"
ONE = "  - b0: {a: 1}\n"
TWICE = "    - NEXT\n    - NEXT\n"
HALVES = "    - NEXT: {a: 2 * $a}\n    - NEXT: {a: 2 * $a + 1}\n"
SUMS = "".join(f'  a{i + 1}: "max($a{i}, $a{i}) + $a{i}"\n' for i in range(60))
PAIRS = "".join(f"  a{i + 1}: [$a{i}, $a{i}]\n" for i in range(28))
LARGE = "a network has at most 100,000 operators and blocks"
DEEP = "blocks stand within each other at most 50 deep"
LONG = "a row has at most 1,000 blocks"
MANY = "at most 1,000 rows stand together"
ITEMS = "a computed sequence holds at most 1,000 values"
NESTING = "nested too deep; at most"
GOOD = ""
HOSTILE = {
    # Blocks in blocks
    "a block twice in the block above": (network(START, levels(40, TWICE, CONV)), LARGE),
    "a sum of two": (network(START, levels(40, "    - add: [NEXT, NEXT]\n", CONV)), LARGE),
    "with arguments of their own": (network(ONE, levels(16, HALVES, SEVEN, "(a)")), LARGE),
    "and nothing in the last": (
        network(f"{ONE}  - norm\n", levels(36, HALVES, "    - conv: {width: $a, when: $a < 0}\n", "(a)")),
        LARGE,
    ),
    "a block within itself": (
        network(ONE, "  b0(a):\n    - b0: {a: $a % 99 + 1}\n    - b0: {a: $a}\n"),
        DEEP,
    ),
    "a word of itself": (
        network("  - b0: {a: b0}\n", "  b0(a):\n    - $a: {a: $a}\n    - $a: {a: $a}\n"),
        DEEP,
    ),
    "a ring": (
        network("  - a\n", "  a:\n    - b\n    - c\n  b:\n    - c\n    - a\n  c:\n    - a\n    - b\n"),
        DEEP,
    ),
    "900 levels": (network(START, levels(900, "    - NEXT\n", CONV)), DEEP),
    "900 levels from below": (
        network(
            "".join(f"  - b{i}\n" for i in range(900, -1, -30)), levels(900, f"    - NEXT\n{CONV}", CONV)
        ),
        "blocks stand within each other at most 100 deep",
    ),
    "900 blocks": (network("".join(f"  - b{i}\n" for i in range(900)), levels(899, CONV, CONV)), GOOD),
    # Depth
    "1,000 of 1,000": (
        network("  - b0: {depth: 1000}\n", levels(3, "    - NEXT: {depth: 1000}\n", CONV)),
        LARGE,
    ),
    "a million": (network(START, "  b0:\n    - conv: {width: 4, depth: 1000000}\n"), LONG),
    "a million by a formula": (
        network("  - b0: {n: 10 ** 6}\n", "  b0(n):\n    - dense: {growth: 4, depth: $n}\n"),
        LONG,
    ),
    "1,000 cells": (
        network(
            "  - a: {depth: 1000}\n", "  a:\n    - conv: {name: a1, width: 4}\n    - add: {with: before}\n"
        ),
        GOOD,
    ),
    "1,000 widths": (network("  - conv: {width: $i + 1, depth: 1000}\n"), GOOD),
    "1,000 growths": (network("  - dense: {growth: 1000000, depth: 1000}\n"), GOOD),
    "a space of 1,000 of 1,000": (
        space(
            "  - a: {depth: 1..1000, k: {1, 3}}\n",
            "  a(k):\n    - conv: {width: 4, kernel: $k, depth: 1000}\n",
        ),
        GOOD,
    ),
    "a space of 1,000 trees": (space("  - b0: {a: 1..1000}\n", levels(8, HALVES, SEVEN, "(a)")), GOOD),
    # Rows
    "10,000 branches": (network(f"  - add: [{', '.join(10_000 * ['identity'])}]\n"), MANY),
    "6,000 convolutions": (network(f"  - concat: [{', '.join(6_000 * ['conv: {width: 4}'])}]\n"), MANY),
    "900 convolutions": (network(f"  - concat: [{', '.join(900 * ['conv: {width: 4}'])}]\n"), GOOD),
    "8,000 rows of a block": (network(START, f"  b0:\n{8_000 * CONV}"), MANY),
    "900 rows, 1,000 times": (network("  - b0: {depth: 1000}\n", f"  b0:\n{900 * CONV}"), LARGE),
    "branches 25 deep": (network(f"  - {'add: [identity, ' * 25}norm{']' * 25}\n"), GOOD),
    "branches 60 deep": (network(f"  - {'add: [identity, ' * 60}norm{']' * 60}\n"), NESTING),
    "channels doubled": (network("  - concat: [identity, identity]\n" * 60), GOOD),
    "maps doubled": (network("  - add: [identity, identity]\n" * 60), GOOD),
    "maps squared": (network("  - multiply: [identity, identity]\n" * 60), GOOD),
    "maps doubled as a formula": (network("  - add: [identity, identity]\n" * 60) + "alike: formula\n", GOOD),
    "joins of 20 above": (network(named(150, "concat: {name: NAME, with: [ABOVE]}")), GOOD),
    "900 joins of what is unused": (
        network(START, "  b0:\n    - norm\n" + "    - add: {with: input, unused: true}\n" * 900),
        GOOD,
    ),
    "one of 20 above": (space(named(100, "conv: {name: NAME, width: 4, from: {LAST, ABOVE, input}}")), GOOD),
    "50 of 20 above": (
        space(
            named(20, "conv: {name: NAME, width: 4}") + f"  - add: {{with: [{'{a2, a3, a4, a5}, ' * 50}]}}\n"
        ),
        "",
    ),
    # Sizes
    "extents": (network("  - upsample: {scale: 1000}\n" * 20), GOOD),
    "a huge kernel": (network("  - conv: {width: 1000000, kernel: 1000000}\n"), GOOD),
    # Expressions
    "powers of powers": (
        network("  - conv: {width: $b}\n", let="  a: 9 ** 64\n  b: $a ** 64 ** 64\n"),
        "numbers go up",
    ),
    "powers of a ratio": (
        network("  - conv: {width: round($a ** 64) + 1}\n", let="  a: (12345678901/99999999999) ** 64\n"),
        GOOD,
    ),
    "a power of the block's number": (
        network("  - conv: {width: 2 ** $i, depth: 1000}\n"),
        "width is a whole",
    ),
    "sums of the one before": (network("  - conv: {width: $a60}\n", let=f"  a0: 3\n{SUMS}"), NESTING),
    "open sums of the one before": (space("  - conv: {width: $a60}\n", let=f"  a0: 1..9\n{SUMS}"), NESTING),
    "pairs of the one before": (network("  - conv: {width: $a28}\n", let=f"  a0: 3\n{PAIRS}"), ITEMS),
    "pairs of nothing": (network("  - conv: {width: $a28}\n", let=f"  a0: []\n{PAIRS}"), ITEMS),
    "pairs through blocks": (network(ONE, levels(40, "    - NEXT: {a: [$a, $a]}\n", SEVEN, "(a)")), ITEMS),
    "300 conditions": (
        network(f"  - conv: {{width: {'1 if $a > 2 else ' * 300}3}}\n", let="  a: 1\n"),
        NESTING,
    ),
    "300 items": (network(f"  - conv: {{width: $a{'.0' * 300}}}\n", let="  a: [[3]]\n"), "not expected here"),
    "300 variables": (
        space(
            "".join(f"  - conv: {{width: $a{i}}}\n" for i in range(300)),
            let="".join(f"  a{i}: 1..1000\n" for i in range(300)),
        ),
        GOOD,
    ),
    # Names
    "a signature of brackets": (network(START, f'  "b0(a = {"[" * 900})":\n{CONV}'), NESTING),
    "a long signature": (
        network(START, f'  "b0({", ".join(f"a{i} = 1" for i in range(900))})":\n{CONV}'),
        "not YAML",
    ),
    "a long name": (network(f"  - conv: {{width: 4, name: {'b' * 30_000}}}\n"), "at most 10,000 characters"),
    "a long word": (network(f"  - {'b' * 30_000}\n"), "there is no block"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_documents_that_could_take_for_ever(name: str) -> None:
    text, law = HOSTILE[name]
    message = survives(text)
    assert law in message if law else not message
