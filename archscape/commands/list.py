"""`archscape list`: the networks and spaces of the catalog, and the blocks of the language."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Format, FormatOption, emit
from ..spaces.errors import InputError, suggest

EXAMPLES = ("archscape list", "archscape list bottleneck")


def list_(
    word: Annotated[str | None, typer.Argument(help="A block: show what it takes.", metavar="BLOCK")] = None,
    form: FormatOption = Format.table,
) -> None:
    """List the catalog and the blocks, or what one block takes."""
    if word is not None:
        _show_block(word, form)
        return
    from ..spaces import Space, catalog_names, load
    from ..spaces.blocks import BLOCKS
    from ..spaces.values import shape_text

    rows: list[tuple[object, ...]] = []
    for name in catalog_names():
        table = load(name)
        kind = "space" if isinstance(table, Space) else "network"
        lines = table.origin.lines if table.origin else ()
        citation = lines[0].removeprefix("#").strip() if lines else ""
        costs = ("", "") if isinstance(table, Space) else (table.totals.params, table.totals.macs)
        rows.append((name, kind, shape_text(table.input), *costs, citation))
    emit(("name", "kind", "input", "params", "macs", "from"), rows, form)
    if form is Format.table:
        blocks = [
            (word, ", ".join([*block.maps[1:], *block.parameters]), block.doc.split("\n")[0])
            for word, block in sorted(BLOCKS.items())
        ]
        emit(("block", "parameters", "what it is"), blocks, form)


def _show_block(word: str, form: Format) -> None:
    from ..spaces import Space, catalog_names, load
    from ..spaces.blocks import BLOCKS
    from ..spaces.blocks.kinds import SOURCE, SOURCES
    from ..spaces.language.rows import STYLE
    from ..spaces.values import text

    if word not in BLOCKS and word in catalog_names():
        kind, command = ("space", "space") if isinstance(load(word), Space) else ("network", "profile")
        raise InputError(f"'{word}' is a {kind}, not a block: `archscape {command} {word}` shows it")
    if word not in BLOCKS:
        raise InputError(f"there is no block '{word}'{suggest(word, BLOCKS)}")
    block = BLOCKS[word]
    rows = [(name, "needed", SOURCE.law) for name in block.maps[1:]]
    rows += [("with", "", SOURCES.law)] if block.variadic else []
    rows += [
        (p.name, "needed" if p.required else text(p.default), p.kind.law) for p in block.parameters.values()
    ]
    rows += [("depth", "1", "number of blocks")] if block.repeats else []
    rows += [(name, "defaults", kind.law) for name, kind in STYLE.items()] if block.styled else []
    if form is Format.table:
        print(f"{word}: {block.doc}")
    emit(("parameter", "default", "takes"), rows, form)
