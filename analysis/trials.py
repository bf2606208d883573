"""The table of all trials of a run as HTML."""

from __future__ import annotations

from collections.abc import Collection
from html import escape
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from .results import STATUSES, Digest
from .tables import Html, html_table, number_class
from .words import SHORT, label, outline, value

Row: TypeAlias = dict[str, Any]

COLUMNS = (
    "accuracy",
    "accuracy_std",
    "test_accuracy",
    "params",
    "macs",
    "activations",
    "seconds",
    "epochs",
    "seed",
)


def trials_table(digest: Digest, shown: Collection[int]) -> Html:
    """Return the table of all trials with its filter; those in `shown` lead to their network."""
    trials = digest.trials
    numbers = [n for n in dict.fromkeys([*digest.results.objectives, *COLUMNS]) if trials[n].notna().any()]
    numbers += ["chance"] if trials["accuracy_std"].notna().any() else []
    texts = [name for name in ("network", "hash", "worker", "message") if (trials[name] != "").any()]
    names = {"number": "trial", "status": "status"} | {n: SHORT.get(n, label(n)) for n in numbers}
    names |= {name: name for name in texts}
    right = {"number", *numbers}
    heads = "".join(
        f'<th scope="col"{number_class(name in right)}><button>{escape(words)}</button></th>'
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
        f"{html_table(heads, rows)}"
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


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the rows as dicts: many times faster than `iterrows`."""
    return [{str(name): given for name, given in row.items()} for row in frame.to_dict("records")]


def _sortable(number: float) -> str:
    return "" if np.isnan(number) else repr(float(number))
