"""Nothing as an option: a join of nothing, a block that is the identity, and what counts as used."""

from __future__ import annotations

from random import Random

import pytest

from archscape.spaces import Network, Row, ShapeError, Space, SpaceError, oneof, ref, span
from archscape.spaces.language.parser import parse

SKIPS = """\
space: skips
input: 4x16x16
layers:
  - conv: {name: a, width: 4}
  - conv: {name: b, width: 4}
  - conv: {name: c, width: 4}
  - add:  {name: long, with: {a, b, none}}
  - concat: {name: wide, with: [{a, none}, {b, none}]}
  - conv: {width: 4}
"""


def networks(space: Space) -> list[Network]:
    """Return the network of every list of decisions that can be built, each as its sample has it."""
    drawn = []
    for sample in space.enumerate():
        if space.feasible(sample):
            network = sample.network
            assert (network.hash(), network.totals) == (sample.hash(), sample.totals)
            assert Network.from_yaml(network.to_yaml()) == network
            assert space.replay(sample.decisions).network == network
            assert len(space.encode(sample.decisions)) > 0
            drawn.append(network)
    return drawn


def test_a_join_may_join_nothing() -> None:
    space = Space.from_yaml(SKIPS)
    assert space.count() == 3 * 2 * 2
    drawn = networks(space)
    assert len(drawn) == 12
    assert sorted(
        {
            network.calls[-1].body((network.calls[-2].body(((4, 16, 16),) * n).shape,)).inputs[0][0]
            for network in drawn
            for n in [len(network.calls[-2].sources) or 1]
        }
    ) == [4, 8, 12]
    assert len({network.hash() for network in drawn}) == space.count_distinct() == 12


def test_a_network_may_say_so() -> None:
    text = "network: n\ninput: 4x8x8\nlayers:\n  - conv: {name: a, width: 4}\n  - conv: {width: 4}\n"
    none, without = Network.from_yaml(f"{text}  - add: {{with: none}}\n"), Network.from_yaml(text)
    assert none.hash() == without.hash()
    assert Network.from_yaml(none.to_yaml()) == none
    python = Network(name="n", input=(4, 8, 8), layers=(*without.layers, Row("add", with_=None)))
    assert python == none


def test_in_a_block_the_skip_may_be_nothing() -> None:
    space = Space.from_yaml(
        "space: s\ninput: 4x8x8\nblocks:\n  unit(skip = none):\n    - conv: {name: a, width: 4}\n"
        "    - conv: {name: b, width: 4}\n    - add: {with: $skip}\n"
        "layers:\n  - unit: {skip: {none, a, input, [a, input]}}\n"
    )
    assert len({network.hash() for network in networks(space)}) == space.count() == 4


def test_a_word_that_is_only_a_default_is_used() -> None:
    text = """\
network: n
input: 4x8x8
blocks:
  conv3:
    - conv: {width: $in}
  cell(op = conv3):
    - $op
layers:
  - cell
"""
    assert Network.from_yaml(text).totals.params == 4 * 4 * 9 + 8
    by_function = text.replace("cell(op = conv3)", "cell(n)").replace("- $op", "- picked: {op: pick($n)}")
    by_function = by_function.replace("- cell\n", "- cell: {n: 1}\n").replace(
        "layers:", "  picked(op):\n    - $op\nfunctions:\n  pick(n): conv3 if $n > 0 else norm\nlayers:"
    )
    assert Network.from_yaml(by_function).hash() == Network.from_yaml(text).hash()


def test_a_block_may_be_idle_in_one_of_two_stages() -> None:
    text = """\
space: s
input: 4x16x16
blocks:
  unit:
    basic: {shortcut: {projection, pad}}
    plain: {}
layers:
  - unit: {name: first, width: 4}
  - unit: {name: second, width: 8, stride: 2}
"""
    assert Space.from_yaml(text).count() == 9
    with pytest.raises(SpaceError, match=r"5:23: the choice 'first.unit.basic.shortcut' is idle"):
        Space.from_yaml(text.replace("8, stride: 2", "4"))
    said_in_the_row = (
        text.replace(": {shortcut: {projection, pad}}", ": {}")
        .replace("    plain: {}\n", "")
        .replace("4}", "4, shortcut: {projection, pad}}")
        .replace("stride: 2}", "stride: 2, shortcut: {projection, pad}}")
    )
    with pytest.raises(SpaceError, match=r"'first.shortcut' is idle"):
        Space.from_yaml(said_in_the_row)


OPTIONS = """\
space: s
input: 4x16x16
blocks:
  any:
    conv: {kernel: {1, 3}}
    identity: {}
    zero: {}
layers:
  - conv: {width: {4, 8}}
  - any:  {name: one, width: 8, act: relu6, depth: 1..2, per: block}
  - any:  {name: two, width: 8, stride: {1, 2}}
  - linear: {width: 10}
"""


def test_identity_is_an_option_where_others_take_a_width() -> None:
    space = Space.from_yaml(OPTIONS)
    drawn = networks(space)
    assert space.count() == 2 * (4 + 4 * 4) * (2 * 2 + 2 + 2)
    assert len(drawn) < space.count()
    for sample in (space.sample(Random(seed)) for seed in range(30)):
        assert space.feasible(sample)
        assert sample.network.body.shape == (10,)
    narrow = next(
        s for s in space.enumerate() if "identity" in s.decisions.values() and not space.feasible(s)
    )
    with pytest.raises(ShapeError, match=r"identity keeps .*, but the row has"):
        narrow.lower()


def test_limits_look_ahead_of_an_identity_that_cannot_stand() -> None:
    space = Space.from_yaml(f"{OPTIONS}within: {{params: 20k..22k}}\n")
    for sample in (space.sample(Random(seed)) for seed in range(20)):
        assert 20_000 <= sample.totals.params <= 22_000


def test_what_no_option_takes_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"10:23: conv has no 'widht'; did you mean 'width'\?"):
        Space.from_yaml(OPTIONS.replace("one, width", "one, widht"))
    with pytest.raises(SpaceError, match="identity has no 'kernel'"):
        Space.from_yaml(OPTIONS.replace("identity: {}", "identity: {kernel: 8}"))
    with pytest.raises(SpaceError, match="identity has no 'width'"):
        Space.from_yaml(OPTIONS.replace("    conv: {kernel: {1, 3}}\n", ""))


def test_a_word_that_is_an_argument_may_be_the_identity_too() -> None:
    space = Space.from_yaml("""\
space: s
input: 4x16x16
blocks:
  cell(op, width):
    - $op: {width: $width, kernel: 3, act: relu6}
layers:
  - conv: {width: {4, 8}}
  - cell: {op: {identity, conv}, width: 8}
""")
    assert (space.count(), len(networks(space))) == (4, 3)


def test_python_says_the_same() -> None:
    space = Space(
        name="s",
        input=(4, 16, 16),
        blocks={"any": (Row("conv", kernel=oneof(1, 3)), Row("identity"), Row("zero"))},
        layers=(
            Row("conv", width=oneof(4, 8)),
            Row("any", name="one", width=8, act="relu6", depth=span(1, 2), per="block"),
            Row("any", name="two", width=8, stride=oneof(1, 2)),
            Row("linear", width=10),
        ),
    )
    assert space == Space.from_yaml(OPTIONS) == Space.from_yaml(space.to_yaml())


def test_the_last_item_of_a_sequence() -> None:
    assert parse("$list.-1") == ref("list")[-1]
    text = "network: n\ninput: 4x8x8\nlet: {widths: [4, 8, 16]}\nlayers:\n"
    text += "  - conv: {width: $widths.-1}\n  - conv: {width: $widths.-3}\n"
    network = Network.from_yaml(text)
    assert [call.args[0][1] for call in network.calls] == [16, 4]
    assert Network.from_yaml(network.to_yaml()) == network
    with pytest.raises(
        SpaceError,
        match=r"t.yaml:5:19: width: .-4 is beyond the 3 items of \[4, 8, 16\], counted from the last, -1",
    ):
        Network.from_yaml(text.replace(".-1", ".-4"), name="t.yaml")


@pytest.mark.parametrize(
    "row",
    [
        "pad: {sides: 0}",
        "scale: {by: 1}",
        "split: {part: 1, parts: [4]}",
        "add: [[]]",
        "add: {with: none}",
        "identity",
    ],
)
def test_a_network_that_computes_nothing_says_so(row: str) -> None:
    law = "the network computes nothing: no row changes its input"
    with pytest.raises(ShapeError, match=law):
        _ = Network.from_yaml(f"network: n\ninput: 4x8x8\nlayers:\n  - {row}\n").body


def test_an_empty_sequence_joins_nothing_as_none_does() -> None:
    text = "network: n\ninput: 3x8x8\nlayers: [conv: {width: 4}, add: {with: WITH}, conv: {width: 4}]\n"
    none, empty = (Network.from_yaml(text.replace("WITH", given)) for given in ("none", "[]"))
    assert (empty.hash(), empty.totals) == (none.hash(), none.totals)
    assert Network.from_yaml(empty.to_yaml()) == empty == Network.from_json(empty.to_json())
