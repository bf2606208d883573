"""The same network without its skip connections: what they do is what is then missing.

>>> from archscape.spaces import load_network
>>> resnet, plain = load_network("resnet34"), without_skips(load_network("resnet34"))
>>> plain.hash() == load_network("plain34").hash()
True
>>> resnet.totals.params - plain.totals.params  # the three projections
173824
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from .errors import SpaceError
from .language.expressions import Expr
from .language.names_read import kept
from .language.rows import Composed, Row, row_references
from .network import Network
from .operators import Add
from .values import NAME_LENGTH

V = TypeVar("V")
Unused: TypeAlias = Mapping[str, frozenset[str]]

RESIDUAL = ("basic", "bottleneck", "inverted")
"""Blocks that take `shortcut: none`."""
PASSING = ("identity", "shortcut")
"""Rows that a branch is made of if it only passes its map on."""
SUFFIX = "-without-skips"
OF_SUMS = ("droppath", "last_norm", "scale")
"""What is said of x + f(x), and of f(x) alone means nothing."""


def without_skips(network: Network) -> Network:
    """Return the same table with the residual additions taken away, and the projections in them.

    `basic`, `bottleneck` and `inverted` get `shortcut: none`; `residual` becomes its rows; a branch of `add`
    that only passes its map on goes. Everything else stays, so that parameters differ by the projections.

    Args:
        network: One whose every addition is of this kind.

    Raises:
        SpaceError: If it adds nothing, or has additions of another kind.
    """
    if not additions(network):
        raise SpaceError(f"network {network.name} has no skip connection: it adds no maps")
    blocks, unused = _blocks(network.blocks)
    layers = _rows(network.layers, unused)
    defaults = _without(network.defaults, OF_SUMS)
    let, functions = kept(layers, (*defaults.values(),), blocks, network.let, network.functions)
    try:
        plain = replace(
            network,
            name=f"{network.name[: NAME_LENGTH - len(SUFFIX)]}{SUFFIX}",
            layers=layers,
            blocks=blocks,
            let=let,
            functions=functions,
            defaults=defaults,
            origin=None,
        )
    except SpaceError as error:
        raise SpaceError(f"network {network.name} has no form without its skips: {error}") from None
    if left := additions(plain):
        raise SpaceError(
            f"network {network.name} has no form without its skips: {', '.join(left[:3])} would still add; "
            f"they can be taken from {', '.join(RESIDUAL)}, `residual`, and `add` with a branch that is "
            f"{' or '.join(PASSING)}"
        )
    return plain


def additions(network: Network) -> list[str]:
    """Return the names of the layers that add maps."""
    return [node.name for node in network.graph.flatten().nodes if isinstance(node.op, Add)]


def _blocks(blocks: Mapping[str, Composed]) -> tuple[dict[str, Composed], Unused]:
    """Return the blocks without their skips, and the arguments that nothing in them uses any more."""
    unused: Unused = {}
    while True:
        rows = {word: _rows(block.rows, unused) for word, block in blocks.items()}
        before, unused = unused, {word: _unused(block, rows[word]) for word, block in blocks.items()}
        if unused == before:
            return {
                word: _composed(block, rows[word], unused[word]) for word, block in blocks.items()
            }, unused


def _unused(block: Composed, rows: Sequence[Row]) -> frozenset[str]:
    before, after = ({name for row in each for name in row_references(row)} for each in (block.rows, rows))
    return frozenset(block.arguments) & (before - after)


def _composed(block: Composed, rows: tuple[Row, ...], unused: frozenset[str]) -> Composed:
    needs = tuple(name for name in block.needs if name not in unused)
    defaults = _without(block.defaults, unused)
    return Composed(rows, needs=needs, defaults=defaults, outputs=block.outputs)


def _rows(rows: Sequence[Row], unused: Unused) -> tuple[Row, ...]:
    return tuple(_row(row, unused) for row in rows)


def _row(row: Row, unused: Unused) -> Row:
    branches = [_rows(branch, unused) for branch in row.branches]
    args = dict(row.args)
    if row.word in RESIDUAL:
        return Row(row.word, **{**_without(args, OF_SUMS), "shortcut": None})
    if row.word == "residual":
        return _kept(_without(args, OF_SUMS), branches)
    if row.word == "add":
        branches = [branch for branch in branches if not _passes(branch)] or branches
    return Row(row.word, *branches, **_without(args, unused.get(row.word, ())))


def _without(args: Mapping[str, V], names: Collection[str]) -> dict[str, V]:
    return {name: value for name, value in args.items() if name not in names}


def _kept(args: dict[str, Expr], branches: Sequence[Sequence[Row]]) -> Row:
    """Return f(x) in place of x + f(x): a sum of one, or the row that gives f(x), by its name."""
    if branches:
        return Row("add", *branches, **args)
    source = args.pop("f")
    return Row("identity", **{**args, "from": source})


def _passes(branch: Sequence[Row]) -> bool:
    return all(row.word in PASSING for row in branch)
