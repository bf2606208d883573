"""The figures of a report, as plain plotly.js specifications (dicts that `json.dumps` takes).

Colours are names of CSS variables ("--front"), which the page's script resolves, so that one figure serves
light, dark and print. Every text that comes from outside is escaped here, because plotly.js reads labels as a
subset of HTML.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from .frontier import Objectives, frontier
from .references import near, note, uprights
from .results import Digest
from .words import SHARES, escaped, label, outline, span, value

Spec: TypeAlias = dict[str, object]
Row: TypeAlias = dict[Hashable, Any]

LOOKS = {
    "complete": ("--rest", "solid"),
    "pruned": ("--pruned", "dash"),
    "failed": ("--failed", "dot"),
    "running": ("--running", "solid"),
}


def figures(digest: Digest) -> dict[str, Spec]:
    """Return the figures that have something to show, by name."""
    shown = {
        "frontier": (frontier_figure, len(digest.done)),
        "progress": (progress_figure, len(digest.done)),
        "curves": (curves_figure, digest.curves[["accuracy", "loss"]].notna().any(axis=None)),
    }
    return {name: draw(digest) for name, (draw, has_data) in shown.items() if has_data}


def frontier_figure(digest: Digest) -> Spec:
    """Return the score against each cost: complete trials, the frontier, the references.

    `views` holds for each cost what to lay over `data`, trace by trace, and over `layout`, and a `note`.
    """
    front = digest.done[digest.done["on_front"]]
    rest = digest.done[~digest.done["on_front"]]
    stars = digest.references[digest.references[digest.score].notna()]
    best: Spec = {
        "type": "scatter",
        "mode": "lines",
        "name": "best at this cost or below",
        "line": {"color": "--front", "width": 1.5, "shape": "hv"},
        "hoverinfo": "skip",
    }
    known: Spec = {
        "type": "scatter",
        "mode": "markers+text",
        "name": "reference networks",
        "y": _plain(stars[digest.score]),
        "text": [escaped(name) for name in stars["name"]],
        "textposition": "top center",
        "hoverinfo": "text",
        "hovertext": [_about_reference(digest, row) for row in stars.to_dict("records")],
        "marker": {"symbol": "star", "size": 13, "color": "--reference"},
        "visible": len(stars) > 0,
    }
    aims = ", ".join(label(name) for name in digest.results.objectives)
    return {
        "data": [
            _points("other complete trials", rest, digest, {"size": 7, "color": "--rest"}),
            best,
            _points(f"frontier ({escaped(aims)})", front, digest, {"size": 10, "color": "--front"}),
            known,
        ],
        "layout": _layout(digest.score, label(digest.score)),
        "views": {cost: _view(digest, cost, [rest, None, front, stars]) for cost in digest.costs},
    }


def progress_figure(digest: Digest) -> Spec:
    """Return what was reached after each finished trial."""
    rows = digest.progress
    several = len(digest.results.objectives) > 1
    name = "hypervolume" if several else next(iter(digest.results.objectives))
    line: Spec = {
        "type": "scatter",
        "mode": "lines",
        "x": list(range(1, len(rows) + 1)),
        "y": _plain(rows["value"]),
        "line": {"color": "--front", "width": 2, "shape": "hv"},
        "hoverinfo": "text",
        "hovertext": [
            f"<b>{value(name, reached)}</b><br>trial {number}: {status}<br>after {span(elapsed)}"
            for number, status, elapsed, reached in zip(*(rows[c] for c in rows), strict=True)
        ],
        "showlegend": False,
    }
    layout = _layout(name, "hypervolume" if several else f"best {label(name)}") | {"hovermode": "x"}
    layout["xaxis"] = _axis("finished trials", rangemode="tozero", **_whole(len(rows)))
    return {"data": [line], "layout": layout}


def curves_figure(digest: Digest) -> Spec:
    """Return the learning curves: the frontier's strong, the others faint, by status."""
    trials = digest.trials.set_index("number")
    known = digest.curves[digest.curves["trial"].isin(trials.index)].sort_values(["trial", "epoch"])
    measure = "accuracy" if known["accuracy"].notna().any() else "loss"
    status = known["trial"].map(trials["status"])
    on_front = known["trial"].map(trials["on_front"]).astype(bool)
    data: list[object] = [
        _curves(
            known[~on_front & (status == word)], measure, word, {"color": color, "width": 1, "dash": dash}
        )
        for word, (color, dash) in LOOKS.items()
        if (~on_front & (status == word)).any()
    ]
    if on_front.any():
        data.append(_curves(known[on_front], measure, "frontier", {"color": "--front", "width": 2}))
    layout = _layout(measure, label(measure))
    layout["xaxis"] = _axis("epoch", **_whole(known["epoch"].max()))
    return {"data": data, "layout": layout}


def _curves(rows: pd.DataFrame, measure: str, name: str, line: Spec) -> Spec:
    """Return the curves of many trials as one trace with gaps: a thousand traces would not draw."""
    x: list[float | None] = []
    y: list[float | None] = []
    trials: list[str] = []
    for trial, one in rows.groupby("trial"):
        x += [*_plain(one["epoch"]), None]
        y += [*_plain(one[measure]), None]
        trials += [f"{trial:.0f}"] * len(one) + [""]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "line": line,
        "opacity": 0.5 if name == "complete" else 1,
        "text": trials,
        "hovertemplate": f"<b>trial %{{text}}</b>, {name}<br>epoch %{{x}}: %{{y}}<extra></extra>",
    }


def _points(name: str, rows: pd.DataFrame, digest: Digest, marker: Spec) -> Spec:
    """Return trials as points; `customdata` is the number, for the way from a point to its row."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "y": _plain(rows[digest.score]),
        "customdata": [int(number) for number in rows["number"]],
        "hoverinfo": "text",
        "hovertext": [_about(digest, row) for row in rows.to_dict("records")],
        "marker": marker,
        "visible": len(rows) > 0,
    }


def _about(digest: Digest, row: Row) -> str:
    """Return what hovering over a trial shows."""
    lines = [f"<b>trial {row['number']}</b>  {escaped(row['hash'])}"]
    shown = dict.fromkeys([digest.score, *digest.results.objectives, "params", "macs", *digest.costs])
    lines += [f"{escaped(label(name))} {value(name, row[name])}" for name in shown if not np.isnan(row[name])]
    return "<br>".join([*lines, *_wrapped(outline(row["network"]))])


def _about_reference(digest: Digest, row: Row) -> str:
    """Return what hovering over a reference network shows."""
    shown = [name for name in (digest.score, *digest.costs) if not np.isnan(row[name])]
    lines = [f"{escaped(label(name))} {value(name, row[name])}" for name in shown]
    return "<br>".join([f"<b>{escaped(row['name'])}</b>", *lines])


def _wrapped(text: str, width: int = 56) -> list[str]:
    """Return the rows of an outline, escaped, in lines of about this many characters."""
    lines = [""]
    for part in text.split(" · ") if text else []:
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += f"{' · ' if lines[-1] else ''}{part}"
    return [f"<i>{escaped(line)}</i>" for line in lines if line]


def _view(digest: Digest, cost: str, traces: list[pd.DataFrame | None]) -> Spec:
    """Return the frontier figure over one cost: x of each trace, frontier of this plane, lines, ranges."""
    done, references = digest.done, digest.references
    shown = near(references, done, cost) | (references[digest.score].notna() & references[cost].notna())
    reach = np.concatenate([done[cost].dropna(), references.loc[shown, cost]])
    low, high = (float(reach.min()), float(reach.max())) if len(reach) else (1.0, 10.0)
    pad = max(high / low, 2.0) ** 0.06 if low > 0 else 1.0
    steps = plane(digest, cost)
    steps = pd.concat([steps, steps.tail(1).assign(**{cost: high * pad})])
    over: list[Spec] = [{} if rows is None else {"x": _plain(rows[cost])} for rows in traces]
    over[1] = {"x": _plain(steps[cost]), "y": _plain(steps[digest.score])}
    lines = references[shown & references[digest.score].isna()].sort_values(cost)
    return {
        "data": over,
        "title": escaped(label(cost)),
        "log": [float(np.log10(low / pad)), float(np.log10(high * pad))] if low > 0 else None,
        "linear": [min(0.0, low), high + 0.06 * (high - low or 1.0)],
        **uprights(lines, cost, np.log10(max(high / low, 2.0)) if low > 0 else 1.0),
        "note": note(cost, lines, references[references[cost].notna() & ~shown]),
    }


def plane(digest: Digest, cost: str) -> pd.DataFrame:
    """Return the complete trials that none beats in the score and this cost alone, cheapest first."""
    objectives: Objectives = {digest.score: digest.way, cost: "minimize"}
    return digest.done[frontier(digest.done, objectives)].sort_values(cost)


def _layout(column: str, title: str) -> Spec:
    """Return what all figures share."""
    font = {"color": "--ink", "family": "inherit", "size": 13}
    return {
        "font": font,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 62, "r": 12, "t": 12, "b": 48},
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "--card", "bordercolor": "--line", "font": font, "align": "left"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "--muted", "activecolor": "--ink"},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
        "xaxis": _axis(""),
        "yaxis": _axis(title, tickformat=".1~%" if column in SHARES else "~g"),
    }


def _axis(title: str, **more: object) -> Spec:
    """Return one axis."""
    colors = {"gridcolor": "--grid", "linecolor": "--line", "tickcolor": "--line"}
    return {
        "title": {"text": escaped(title), "standoff": 8, "font": {"size": 13}},
        "zeroline": False,
        "automargin": True,
        **colors,
        **more,
    }


def _whole(largest: float) -> Spec:
    """Return ticks for an axis of whole numbers, which plotly.js would halve on a short axis."""
    return {"tickformat": "d", **({"dtick": 1} if largest <= 10 else {})}


def _plain(values: Iterable[float]) -> list[float | None]:
    """Return numbers as JSON knows them: None for what is not finite."""
    numbers = (float(v) for v in values)
    return [(int(v) if v.is_integer() else v) if np.isfinite(v) else None for v in numbers]
