"""Rows: the diagram of a network whose code was not run, a box a row; opaque layers are named."""

from __future__ import annotations

from collections.abc import Iterator

from archscape.spaces.blocks import BLOCKS
from archscape.spaces.language.expressions import expression_text
from archscape.spaces.language.rows import BESIDE_LIKE, Row
from archscape.spaces.language.scope import Line, lines
from archscape.spaces.language.written import WrittenNetwork
from archscape.spaces.values import text

from .blocks import input_block
from .diagram import Block, Diagram, Source
from .wording import box_label, kind_of

OPAQUE = "code, not run"
"""What is said of a row that only code could tell."""


def diagram_of_rows(table: WrittenNetwork) -> Diagram:
    """Return the diagram of a network as it is written: nothing of it is run, so no shape is known."""
    blocks = [input_block(name, table) for name in table.inputs]
    sources = {name: Source(value) for value, name in enumerate(table.inputs)}
    for line in lines(table.document, table.layers, ("layers",), tuple(table.inputs)):
        read = dict.fromkeys(sources[name] for name in _read(line) if name in sources)
        sources[line.name] = Source(len(blocks))
        axes = len(table.input_shapes[0]) - 1
        blocks.append(_block(line, axes, tuple(read), is_opaque=line.row.word in table.opaque))
    outputs = [sources[name] for name in table.outputs if name in sources]
    return Diagram(blocks=tuple(blocks), outputs=tuple(outputs or [Source(len(blocks) - 1)]))


def _read(line: Line) -> Iterator[str]:
    """Yield the names of what a row reads, as far as that is written."""
    others = line.row.args.get("with", ())
    for name in (*(line.ends or (line.source,)), *(others if isinstance(others, tuple) else (others,))):
        if isinstance(name, str):
            yield name


def _block(line: Line, axes: int, sources: tuple[Source, ...], *, is_opaque: bool) -> Block:
    word, depth = line.row.word, line.row.args.get("depth", 1)
    repeat = "" if depth == 1 else f"×{expression_text(depth)}"
    if is_opaque:
        kind, label = "other", f"{word}\n{OPAQUE}"
    else:
        kernel = dict(BLOCKS[word].defaults).get("kernel") if word in BLOCKS else None
        kind, label = kind_of(word), box_label(word, _settings(line.row), axes=axes, kernel=text(kernel or 0))
    return Block(kind=kind, label=label, name=line.name, sources=sources, repeat=repeat)


def _settings(row: Row) -> dict[str, str]:
    args = row.args.items()
    return {name: expression_text(value) for name, value in args if name not in BESIDE_LIKE}
