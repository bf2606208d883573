"""The tables of a report as HTML: the trials, and the layers of a network."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from archscape.spaces.values import shape_text

from .results import STATUSES, Digest
from .words import SHORT, label, outline, value

Html: TypeAlias = str
Row: TypeAlias = dict[str, Any]

COLUMNS = ("accuracy", "test_accuracy", "params", "macs", "activations", "seconds", "epochs", "seed")
COUNTS = ("params", "macs", "activations")


def trials_table(digest: Digest, shown: Collection[int]) -> Html:
    """Return the table of all trials with its filter; those in `shown` lead to their network."""
    trials = digest.trials
    numbers = [n for n in dict.fromkeys([*digest.results.objectives, *COLUMNS]) if trials[n].notna().any()]
    texts = [name for name in ("network", "hash", "worker", "message") if (trials[name] != "").any()]
    names = {"number": "trial", "status": "status"} | {n: SHORT.get(n, label(n)) for n in numbers}
    names |= {name: name for name in texts}
    heads = "".join(
        f'<th scope="col"{_kind(name in numbers or name == "number")}><button>{escape(words)}</button></th>'
        for name, words in names.items()
    )
    rows = "".join(_trial(row, numbers, texts, is_shown=row["number"] in shown) for row in records(trials))
    present = [word for word in STATUSES if (trials["status"] == word).any()]
    options = "".join(f"<option>{word}</option>" for word in present)
    return (
        '<div class="controls"><label>Filter <input type="search" id="filter" '
        'placeholder="words of the row: inverted, diverged"></label>'
        '<label>Show <select id="status"><option value="">all</option>'
        f'<option value="on-front">on the frontier</option>{options}</select></label>'
        '<output id="shown"></output></div>'
        f"{_table(heads, rows)}"
    )


def _trial(row: Row, numbers: list[str], texts: list[str], *, is_shown: bool) -> Html:
    number, word = row["number"], row["status"]
    name = f'<a href="#network-{number}">{number}</a>' if is_shown else str(number)
    cells = [
        f'<td class="number" data-value="{number}">{name}</td>',
        f'<td><span class="status {word}">{escape(row["verdict"])}</span></td>',
        *(f'<td class="number" data-value="{_sortable(row[n])}">{value(n, row[n])}</td>' for n in numbers),
        *(_text_cell(name, row[name]) for name in texts),
    ]
    kind = f"{word} on-front" if row["on_front"] else word
    return f'<tr id="trial-{number}" class="{kind}">{"".join(cells)}</tr>'


def _text_cell(name: str, text: str) -> Html:
    if name in ("network", "message"):
        shown = escape(outline(text) if name == "network" else text)
        return f'<td class="outline" title="{shown}">{shown}</td>'
    return f'<td class="code">{escape(text)}</td>'


def layers_table(layers: pd.DataFrame) -> Html:
    """Return the costs of each layer; a bar behind a number is its share of the total."""
    names = [str(name) for name in layers.columns if name != "flops"]
    heads = "".join(f'<th scope="col"{_kind(name in COUNTS)}>{escape(label(name))}</th>' for name in names)
    totals = {name: layers[name].sum() for name in COUNTS}
    rows = "".join(
        "<tr>" + "".join(_layer_cell(name, row[name], totals) for name in names) + "</tr>"
        for row in records(layers)
    )
    foot = "".join(
        f'<td class="number">{value(name, totals[name])}</td>' if name in totals else "<td></td>"
        for name in names[1:]
    )
    return _table(heads, rows, f'<tfoot><tr><th scope="row">total</th>{foot}</tr></tfoot>')


def _layer_cell(name: str, given: Any, totals: Mapping[str, float]) -> Html:
    if name not in totals:
        return f"<td>{escape(shape_text(given) if isinstance(given, tuple) else str(given))}</td>"
    part = given / totals[name] if totals[name] else 0.0
    return f'<td class="number share" style="--part: {part:.1%}">{value(name, given)}</td>'


def _table(heads: Html, rows: Html, foot: Html = "") -> Html:
    body = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>{foot}"
    return f'<div class="scroll" tabindex="0"><table>{body}</table></div>'


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the rows as dicts: many times faster than `iterrows`."""
    return [{str(name): given for name, given in row.items()} for row in frame.to_dict("records")]


def _kind(is_number: bool) -> Html:
    return ' class="number"' if is_number else ""


def _sortable(number: float) -> str:
    return "" if np.isnan(number) else repr(float(number))
