"""The reader survives what it is given: a good object, or exactly one clean error, and neither takes long.

More than 2,000 documents a run: the catalog and the examples of the language with lines and tokens deleted,
doubled, swapped and replaced, and documents put together from the words of the language at random. The run is
the same each time; hypothesis shrinks what fails.
"""

from __future__ import annotations

import re
from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archscape.spaces import Infeasible, InputError, Network, ShapeError, Space
from archscape.spaces.blocks import BLOCKS
from archscape.spaces.loading import CATALOG
from archscape.spaces.table.document import read_text
from archscape.spaces.table.language import read_table

COMPOSED = """\
space: composed
input: 1x64
defaults: {norm: {batch, none}, act: {relu, silu}}
choices: {k: {3, 5, 1..9 step 2}, se: {none, 1/4}}
let: {w: 8..32 step 8, d: {0, 1, 2}, half: $w // 2}
blocks:
  small: {plain: {kernel: $k}, narrow: }
  narrow: {bottleneck: {squeeze: {2, 4}, se: $se}}
layers:
  - conv: {width: $half + 1, bias: true}
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
CORPUS = [COMPOSED, INCEPTION, *(path.read_text(encoding="utf-8") for path in sorted(CATALOG.glob("*.yaml")))]
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
        "\t",
        "#",
        "'",
        '"',
        "|",
        ">",
        "&a",
        "*a",
        "!!str",
    ),
    *(
        "$",
        "$w",
        "$kernel",
        "..",
        "1..4",
        "0..9",
        "100000..1",
        "1..1000000000",
        "step",
        "//",
        "/",
        "1/0",
        "-1",
        "0",
    ),
    *(
        "9" * 400,
        "1e9",
        "0.1",
        "1/3",
        "10M",
        "999999999",
        "none",
        "true",
        "null",
        "~",
        "nan",
        "inf",
        "<<",
        "---",
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
    *("kernel: {3, 5}", "{1, 1}", "{}", "[]", "[[1], {2}]", "grouped(8)", "grouped(0)", "f(1, 2)", "(" * 50),
    *("\x00", "\x1b[2J", "\u202e", "\ufeff", "é", "日本", "\U0001f600", "\u2028", "\ud800", "٣", "{a: " * 70),
    *BLOCKS,
]
TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)
EDITS = ("drop", "double", "swap", "replace", "insert", "splice")
NAME = "fuzz.yaml"


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


GOOD = {
    "width": ["8", "{4, 8}", "$w", "2 * $w", "4..16 step 4", "$w // 2"],
    "depth": ["1..3", "{0, 2}", "2", "$d"],
    "kernel": ["$k", "3", "{1, 3}"],
    "stride": ["1", "2", "{1, 2}"],
    "se": ["none", "1/4", "{none, 1/4}"],
    "conv": ["separable", "{standard, separable, factorised}", "grouped(2)", "dilated(2)"],
    "squeeze": ["2", "{2, 4}"],
    "groups": ["1", "2"],
    "dilation": ["1", "{1, 2}"],
    "padding": ["same", "valid", "{same, 1}"],
    "expand": ["2", "1..3", "$d + 1"],
    "growth": ["4", "{2, 4}"],
    "ratio": ["1/2", "{1/2, 1/4}"],
    "rate": ["0", "{0, 1/4}"],
    "preact": ["true", "{true, false}"],
    "norm": ["none", "{batch, none}"],
    "act": ["tanh", "{relu, silu}"],
    "bias": ["true", "{true, false}"],
    "size": ["3", "{3, 5}"],
    "per": ["row", "block"],
    "name": ["a", "b", "c"],
    "1x1": ["4", "{2, 4}"],
    "3x3": ["[2, 4]", "[$w, {4, 8}]"],
    "5x5": ["[2, 4]", "{[2, 4], [4, 4]}"],
    "pool": ["4"],
}
ODD = [
    "1",
    "-1",
    "0",
    "1..10000",
    "1000000",
    "{1}",
    "$v",
    "$w - 40",
    "1/3",
    "relu",
    "block",
    "[1, 2]",
    "{}",
    "1..400",
]
BLOCK = [word for word in BLOCKS if word != "inception"] + ["any", "any", "inception", "bottelneck"]


@st.composite
def arguments(draw: st.DrawFn, word: str, without: tuple[str, ...] = ()) -> str:
    """Return arguments that mostly fit a word."""
    block = BLOCKS.get(word)
    required = [name for name, p in block.parameters.items() if p.required] if block else ["width"]
    optional = [
        *(block.parameters if block else ()),
        *(["norm", "act", "bias"] if block and block.styled else []),
    ]
    names = {
        *required,
        *draw(st.lists(st.sampled_from(sorted({*optional, "depth", "per", "name"})), max_size=2)),
    }
    if draw(st.integers(0, 30)) == 0:
        names ^= {draw(st.sampled_from(sorted(GOOD)))}
    given = []
    for name in sorted(names - set(without)):
        odd = draw(st.integers(0, 40)) == 0
        given.append(f"{name}: {draw(st.sampled_from(ODD if odd else GOOD.get(name, ODD)))}")
    return f"{{{', '.join(given)}}}"


@st.composite
def composed(draw: st.DrawFn) -> str:
    """Return a document made of the words of the language, mostly good."""
    shape = draw(st.sampled_from(("1x16", "3x16x16", "2x6x6x6", "1x1x1")))
    lines = ["space: made", f"input: {shape}"]
    rows = draw(st.lists(st.sampled_from(BLOCK), min_size=1, max_size=4))
    body = [f"  - {word}: {draw(arguments(word))}" for word in rows]
    if "any" in rows:
        words = draw(st.lists(st.sampled_from(BLOCK), min_size=1, max_size=3, unique=True))
        lines += ["blocks:", "  any:"]
        lines += [f"    {word}: {draw(arguments(word, ('width', 'depth', 'per', 'name')))}" for word in words]
    text = "\n".join([*lines, "layers:", *body, *draw(st.sampled_from(([], ["  - linear: {width: 1..3}"])))])
    if "$k" in text:
        text += "\nchoices: {k: {1, 3, 5}}"
    lets = {"w": "{8, 16}", "d": "1..3", "v": "{$w, 2}"}
    used = {name: value for name, value in lets.items() if f"${name}" in text}
    if used:
        text += f"\nlet: {{{', '.join(f'{name}: {value}' for name, value in used.items())}}}"
    if draw(st.integers(0, 3)) == 0:
        limits = (
            "{params: ..5k}",
            "{macs: 1k..20k}",
            "{flops: 3..}",
            "{activations: ..1, params: 9..}",
            "..1k",
        )
        text += f"\nwithin: {draw(st.sampled_from(limits))}"
    return f"{text}\n"


def survives(text: str) -> bool:
    """Tell whether a text is good; a bad one must give one clean error, a good one must work."""
    try:
        table = read_table(read_text(text, name=NAME))
    except InputError as error:
        message = str(error)
        first = message.split("\n")[0]
        assert first.startswith(NAME), first
        assert first.isprintable()
        assert len(message) < 1500
        return False
    read = type(table).from_yaml(table.to_yaml())
    assert read == table
    assert type(table).from_json(table.to_json()) == table
    if isinstance(table, Network):
        assert read.hash() == table.hash()
        assert table.totals.params >= 0
    else:
        walks(table)
    return True


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
    deadline=timedelta(seconds=20),
    suppress_health_check=list(HealthCheck),
    database=None,
)


def test_the_corpus_is_good() -> None:
    assert all(survives(text) for text in CORPUS)


@settings(FUZZ, max_examples=2000)
@given(mutated())
def test_mutated_documents(text: str) -> None:
    survives(text)


@settings(FUZZ, max_examples=500)
@given(composed())
def test_composed_documents(text: str) -> None:
    survives(text)


@settings(FUZZ, max_examples=200)
@given(st.text(max_size=60))
def test_arbitrary_text(text: str) -> None:
    assert not survives(text)
