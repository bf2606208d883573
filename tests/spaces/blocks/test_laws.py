"""What `archscape list` says that a parameter takes is what it takes: words, sequences, ratios, nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from archscape.spaces import Network, Space, SpaceError
from archscape.spaces.blocks import BLOCKS
from archscape.spaces.blocks.kinds import Kind
from archscape.spaces.language.rows import STYLE

KINDS: dict[str, Kind] = {
    **{
        f"{word}.{name}": each.kind
        for word, block in BLOCKS.items()
        for name, each in block.parameters.items()
    },
    **STYLE,
}
SEQUENCES = ((1,), (1, 1), (1, 1, 1), (3, 3), ((0, 1), (0, 1)))


@pytest.mark.parametrize("name", KINDS)
def test_a_law_tells_all_that_is_taken(name: str) -> None:
    kind = KINDS[name]
    for word in kind.words:
        assert word.partition("(")[0] in kind.law
    if any(map(kind.accepts, SEQUENCES)):
        assert any(word in kind.law for word in ("sequence", "axis", "pair", "two whole", "parts", "extents"))
    if kind.accepts(None):
        assert "none" in kind.law
    if kind.accepts(Fraction(1, 2)):
        assert any(word in kind.law for word in ("ratio", "rate", "number"))
    assert not kind.accepts(())


def test_an_inverted_bottleneck_without_expansion_has_no_first_convolution() -> None:
    """Sandler et al. 2018, table 2: the first bottleneck, t = 1."""
    rows = "network: n\ninput: 32x112x112\nlayers:\n  - inverted: {width: 16, expand: EXPAND}\n"
    kinds = [
        [node.op.kind for node in Network.from_yaml(rows.replace("EXPAND", expand)).graph.flatten().nodes]
        for expand in ("1", "6")
    ]
    assert [each.count("conv") for each in kinds] == [2, 3]
    assert "no first 1x1" in BLOCKS["inverted"].doc


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("conv: {width: 8, norm: none, affine: false}", 34, "'affine' changes nothing here: without a norm"),
        ("conv: {width: 8, affine: false, last_norm: zero}", 37, "'last_norm' changes nothing here"),
        ("basic: {width: 8, affine: false, last_norm: zero}", 38, "'last_norm' changes nothing here"),
        ("conv: {width: 8, padding: valid, padding_mode: reflect}", 38, "nothing is padded; take it out"),
        ("conv: {width: 8, padding: 0, padding_mode: reflect}", 34, "nothing is padded; take it out"),
        ("conv: {width: 8, kernel: 1, padding_mode: reflect}", 33, "nothing is padded; take it out"),
        ("deform: {width: 8, kernel: 1, padding_mode: reflect}", 35, "nothing is padded; take it out"),
        ("act: {act: relu6, affine: false}", 23, "act has no 'affine'"),
    ],
)
def test_what_changes_nothing_is_refused(row: str, column: int, words: str) -> None:
    for head, line in (("", 4), ("blocks:\n  b:\n    - {row}\n", 5)):
        rows = row if not head else "b"
        text = (
            f"network: n\ninput: 8x8x8\n{head.format(row=row)}layers:\n  - {rows}\n  - conv: {{width: 8}}\n"
        )
        with pytest.raises(SpaceError) as raised:
            Network.from_yaml(text, name="f.yaml")
        assert words in str(raised.value)
        assert str(raised.value).startswith(f"f.yaml:{line}:{column + 2 * bool(head)}: ")


@pytest.mark.parametrize(
    ("defaults", "row", "name"),
    [
        ("affine: false", "act", "affine"),
        ("affine: false, norm: none", "conv: {width: 8}", "affine"),
        ("padding_mode: reflect", "conv: {width: 8, kernel: 1}", "padding_mode"),
    ],
)
def test_a_default_that_changes_no_row_is_refused(defaults: str, row: str, name: str) -> None:
    with pytest.raises(SpaceError, match=f"nothing uses '{name}'; use it or take it out"):
        Network.from_yaml(f"network: n\ninput: 8x8x8\ndefaults: {{{defaults}}}\nlayers:\n  - {row}\n")


def test_what_changes_nothing_in_a_sample_is_not_in_its_network() -> None:
    space = Space.from_yaml(
        "space: s\ninput: 8x8x8\ndefaults: {norm: {none, batch}, affine: false}\nlayers:\n"
        "  - conv: {width: 8, kernel: {1, 3}, padding_mode: reflect}\n"
        "  - avgpool: {kernel: 3, padding: {0, 1}, pad_counts: false}\n"
        "  - conv: {width: 4, norm: {none, layer}, affine: {true, false}}\n"
    )
    for sample in space.enumerate():
        network = sample.network
        assert Network.from_yaml(network.to_yaml()) == network
        assert (network.hash(), network.totals) == (sample.hash(), sample.totals)


def test_arguments_of_a_block_may_leave_a_word_without_meaning() -> None:
    text = (
        "blocks:\n  b(n, k): [conv: {width: 8, norm: $n, affine: false, kernel: $k, padding_mode: reflect}]\n"
    )
    rows = "layers:\n  - b: {n: none, k: 1}\n  - b: {n: batch, k: 3}\n"
    assert Network.from_yaml(f"network: n\ninput: 8x8x8\n{text}{rows}").totals.params == 72 + 576
