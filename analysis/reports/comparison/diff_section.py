"""The difference of two networks in HTML: a row of the one beside that of the other, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from archscape.spaces import Network
from archscape.spaces.values import shape_text

from ..format import capital, label, size
from ..page.tables import Html, html_table
from .compared_network import Terms
from .diff import Change, Diff, Kind, diff
from .parts import Part

SHOWN = ("params", "macs", "activations")
MARKS: dict[Kind, str] = {"same": "=", "changed": "≠", "removed": "−", "added": "+"}
TELLS = (
    "A row is the same if it computes the same on the same shapes; where a row says the same but reads "
    "another shape, that is told. Differences of parameters, MACs and activations add up to those of the "
    "networks. Memory is the most that is alive while a row runs, in mode graph; the peak is its largest."
)


def diff_section(first: Network, others: Sequence[Network], terms: Terms) -> Html:
    """Return how each network differs from the first."""
    tables = [_diff(diff(first, other, batch=terms.batch, dtype=terms.dtype)) for other in others]
    note = f'<p class="note">{escape(TELLS)}</p>'
    return f'<section id="differences"><h2>Differences</h2>{"".join(tables)}{note}</section>'


def _diff(found: Diff) -> Html:
    before, after = found.before.name, found.after.name
    heads = "".join(
        f'<th scope="col"{" class=number" if at > 2 else ""}>{escape(words)}</th>'
        for at, words in enumerate(("", before, after, *map(_head, SHOWN), "memory"))
    )
    most = {cost: max(abs(change.difference(cost)) for change in found.changes) for cost in SHOWN}
    rows = "".join(_row(change, most) for change in found.changes)
    peaks = " → ".join(map(size, found.peaks))
    sums = "".join(
        f'<td class="number" data-label="{_head(cost)}">{signed(found.difference(cost))}</td>'
        for cost in SHOWN
    )
    foot = (
        f'<tfoot><tr><td></td><th scope="row" colspan="2">in all</th>{sums}'
        f'<td class="number" data-label="peak memory">{peaks}</td></tr></tfoot>'
    )
    title = f"<h3>From {escape(before)} to {escape(after)}</h3><p>{escape(summary(found))}</p>"
    return f'{title}<div class="diff">{html_table(heads, rows, foot)}</div>'


def summary(found: Diff) -> str:
    """Return a difference in a sentence or two.

    >>> from archscape.spaces import load_network
    >>> summary(diff(load_network("vgg16"), load_network("vgg19")))
    '12 rows are the same, 3 changed.'
    """
    counts = [(count, kind) for kind, count in found.counts.items() if count]
    if [kind for _, kind in counts] == ["same"] and not found.style:
        return "The networks compute the same."
    told = [
        f"{count} {_rows(count)} the same" if kind == "same" else f"{count} {kind}" for count, kind in counts
    ]
    style = [f"{one.name} {one.before} → {one.after}" for one in found.style]
    return f"{capital(', '.join(told))}." + (f" In all rows: {', '.join(style)}." if style else "")


def signed(number: int) -> str:
    """Return a difference with its sign.

    >>> signed(1234), signed(-5), signed(0)
    ('+1,234', '−5', '0')
    """
    return f"{number:+,}".replace("-", "−") if number else "0"


def told(change: Change, *, hidden: bool = False) -> str:
    """Return in words what a changed row says otherwise; if `hidden`, what the texts of both do not show."""
    settings = [
        f"{one.name} {one.after}" if one.before is None
        else f"no {one.name}" if one.after is None
        else f"{one.name} {one.before} → {one.after}"
        for one in change.settings
        if not (hidden and _visible(change, one.name))
    ]  # fmt: skip
    if change.kind == "changed" and not change.settings:
        settings = ["another style, as all rows"]
    total = len(change.after.blocks) if change.after else 0
    if change.kept and change.kind == "changed":
        settings.append(f"{change.kept} of {total} blocks as before")
    return ", ".join(settings)


def _visible(change: Change, name: str) -> bool:
    sides = [part.shown if part else {} for part in (change.before, change.after)]
    return name == "block" or all(name in side for side in sides)


def _rows(count: int) -> str:
    return "row is" if count == 1 else "rows are"


def _head(cost: str) -> str:
    return f"Δ {label(cost)}"


def _row(change: Change, most: dict[str, int]) -> Html:
    named = {one.name for one in change.settings}
    numbers = "".join(_number(change.difference(cost), most[cost], cost, change.kind) for cost in SHOWN)
    memory = held(change.before, change.after)
    words = told(change, hidden=True)
    tells = f"<small>{escape(words)}</small>" if words else ""
    return (
        f'<tr class="{change.kind}"><td class="kind" title="{change.kind}">{MARKS[change.kind]}</td>'
        f"<td>{_part(change.before, named)}</td><td>{_part(change.after, named)}{tells}</td>{numbers}"
        f'<td class="number" data-label="memory">{memory}</td></tr>'
    )


def _part(part: Part | None, named: set[str]) -> Html:
    """Return a row of a network, what the other says otherwise set off."""
    if part is None:
        return ""
    word = f"<mark>{escape(part.word)}</mark>" if "block" in named else escape(part.word)
    given = [
        f"<mark>{escape(f'{name}: {value}')}</mark>" if name in named else escape(f"{name}: {value}")
        for name, value in part.shown.items()
    ]
    text = f"{word}: {{{', '.join(given)}}}" if given else word
    return f'<span class="code">{text}</span><small>{escape(shape_text(part.shape))}</small>'


def _number(difference: int, most: int, cost: str, kind: Kind) -> Html:
    """Return a difference; its bar goes from the middle of the cell, to the left where it is less."""
    if kind == "same":
        return "<td></td>"
    half = 50 * difference / most if most else 0.0
    bar = f"--from: {50 + min(half, 0):.1f}%; --to: {50 + max(half, 0):.1f}%"
    if not difference:
        return '<td class="number zero">0</td>'
    return f'<td class="number delta" style="{bar}" data-label="{_head(cost)}">{signed(difference)}</td>'


def held(before: Part | None, after: Part | None) -> str:
    """Return the most that maps take while a row runs, before and after."""
    sizes = [size(part.held) if part else "" for part in (before, after)]
    if sizes[0] == sizes[1]:
        return sizes[0]
    return " → ".join(one or "–" for one in sizes)
