"""Tables as HTML."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape
from typing import TypeAlias

from archscape.spaces.values import shape_text

from ..format import label
from .networks import LayerRow

Html: TypeAlias = str
Cell: TypeAlias = str | int | tuple[int, ...]

COUNTS = ("params", "macs", "activations")


def layers_table(layers: Sequence[LayerRow]) -> Html:
    """Return the costs and receptive fields of layers."""
    heads = [label(name) for name in LayerRow._fields]
    return shares_table(heads, layers, counts=[LayerRow._fields.index(name) for name in COUNTS])


def shares_table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], *, counts: Collection[int]) -> Html:
    """Return a table whose columns `counts` add up; the bar behind a number is its share of the total."""
    totals = {at: sum(cell for row in rows if isinstance(cell := row[at], int)) for at in counts}
    top = "".join(
        f'<th scope="col"{number_class(at in totals)}>{escape(words)}</th>' for at, words in enumerate(heads)
    )
    body = "".join(
        f"<tr>{''.join(_share_cell(cell, totals.get(at)) for at, cell in enumerate(row))}</tr>"
        for row in rows
    )
    foot = "".join(
        f'<td class="number">{totals[at]:,}</td>' if at in totals else "<td></td>"
        for at in range(1, len(heads))
    )
    return html_table(top, body, f'<tfoot><tr><th scope="row">total</th>{foot}</tr></tfoot>')


def _share_cell(cell: Cell, total: int | None) -> Html:
    if isinstance(cell, int):
        part = cell / total if total else 0.0
        return f'<td class="number share" style="--part: {part:.1%}">{cell:,}</td>'
    return f"<td>{escape(shape_text(cell) if isinstance(cell, tuple) else cell)}</td>"


def html_table(heads: Html, rows: Html, foot: Html = "") -> Html:
    """Return a table in a box that scrolls by itself."""
    body = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>{foot}"
    return f'<div class="scroll" tabindex="0"><table>{body}</table></div>'


def number_class(is_number: bool) -> Html:
    """Return the attribute that sets a column to the right."""
    return ' class="number"' if is_number else ""
