"""The figures of the report of a search."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from archscape.analysis.statistics.frontier import Objectives, frontier
from archscape.analysis.statistics.knee import knee

from ..format import escaped, label, outline, span, value
from ..page.specs import COUNTS, Spec, axis, layout_of, plain, whole_ticks
from .references import near, note, uprights
from .results import Digest

Row: TypeAlias = dict[Hashable, Any]

CROWD = 2000
"""Trials from which on points are drawn small."""
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
        "y": plain(stars[digest.score]),
        "text": [escaped(name) for name in stars["name"]],
        "textposition": "top center",
        "hoverinfo": "text",
        "hovertext": [_about_reference(digest, row) for row in stars.to_dict("records")],
        "marker": {"symbol": "star", "size": 13, "color": "--reference"},
        "visible": len(stars) > 0,
    }
    crowded = len(digest.done) > CROWD
    bend: Spec = {
        "type": "scatter",
        "mode": "markers",
        "name": "knee",
        "hoverinfo": "skip",
        "marker": {"symbol": "circle-open", "size": 18, "color": "--reference", "line": {"width": 2}},
    }
    aims = ", ".join(label(name) for name in digest.results.objectives)
    return {
        "data": [
            _points(
                "other complete trials", rest, digest, {"color": "--rest", **_small(len(digest.done), 7)}
            ),
            best,
            _points(
                f"frontier ({escaped(aims)})",
                front,
                digest,
                {"color": "--front", "size": 7 if crowded else 10},
            ),
            known,
            bend,
        ],
        "layout": layout_of(digest.score, label(digest.score)),
        "views": {cost: _view(digest, cost, [rest, None, front, stars]) for cost in digest.costs},
    }


def _small(count: int, size: int) -> Spec:
    """Return the size of points; so many that they would be one field are small and let others through."""
    return {"size": 4, "opacity": 0.4} if count > CROWD else {"size": size}


def progress_figure(digest: Digest) -> Spec:
    """Return what was reached after each finished trial."""
    rows = digest.progress
    several = len(digest.results.objectives) > 1
    name = "hypervolume" if several else next(iter(digest.results.objectives))
    line: Spec = {
        "type": "scatter",
        "mode": "lines",
        "x": [int(i) + 1 for i in rows.index],
        "y": plain(rows["value"]),
        "line": {"color": "--front", "width": 2, "shape": "hv"},
        "hoverinfo": "text",
        "hovertext": [
            f"<b>{value(name, reached)}</b><br>trial {number}: {status}<br>after {span(elapsed)}"
            for number, status, elapsed, reached in zip(*(rows[c] for c in rows), strict=True)
        ],
        "showlegend": False,
    }
    layout = layout_of(name, "hypervolume" if several else f"best {label(name)}") | {"hovermode": "x"}
    layout["xaxis"] = axis("finished trials", rangemode="tozero", **whole_ticks(rows.index.max() + 1))
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
    layout = layout_of(measure, label(measure))
    layout["xaxis"] = axis("epoch", **whole_ticks(known["epoch"].max()))
    return {"data": data, "layout": layout}


def _curves(rows: pd.DataFrame, measure: str, name: str, line: Spec) -> Spec:
    """Return the curves of many trials as one trace with gaps: a thousand traces would not draw."""
    x: list[float | None] = []
    y: list[float | None] = []
    trials: list[str] = []
    for trial, one in rows.groupby("trial"):
        x += [*plain(one["epoch"]), None]
        y += [*plain(one[measure]), None]
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
        "y": plain(rows[digest.score]),
        "customdata": [int(number) for number in rows["number"]],
        "hoverinfo": "text",
        "hovertext": [_about(digest, row) for row in rows.to_dict("records")],
        "marker": marker,
        "visible": len(rows) > 0,
        **_spread(rows, digest.score, str(marker["color"])),
    }


def _spread(rows: pd.DataFrame, score: str, color: str) -> Spec:
    """Return bars of one standard deviation over repeated trainings, where there were any."""
    known = rows.get(f"{score}_std", pd.Series(dtype=float))
    if known.isna().all():
        return {}
    bars = {"type": "data", "array": plain(known), "color": color, "thickness": 1, "width": 3}
    return {"error_y": bars}


def _about(digest: Digest, row: Row) -> str:
    """Return what hovering over a trial shows."""
    lines = [f"<b>trial {row['number']}</b>  {escaped(row['hash'])}"]
    shown = dict.fromkeys([digest.score, *digest.results.objectives, "params", "macs", *digest.costs])
    lines += [f"{escaped(label(name))} {value(name, row[name])}" for name in shown if not np.isnan(row[name])]
    lines += _luck(digest, row)
    return "<br>".join([*lines, *_wrapped(outline(row["network"]))])


def _luck(digest: Digest, row: Row) -> list[str]:
    """Return what repeated trainings say of a trial."""
    std = row.get(f"{digest.score}_std", np.nan)
    if np.isnan(std):
        return []
    words = escaped(label(digest.score))
    return [
        f"{words} ± {value(digest.score, std)} over {row['repeats']:.0f} trainings",
        f"on the frontier with a chance of {row['chance']:.0%}",
    ]


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
    over: list[Spec] = [{} if rows is None else {"x": plain(rows[cost])} for rows in traces]
    over.append(_knee(digest, cost))
    over[1] = {"x": plain(steps[cost]), "y": plain(steps[digest.score])}
    lines = references[shown & references[digest.score].isna()].sort_values(cost)
    return {
        "data": over,
        "title": escaped(label(cost)),
        "log": [float(np.log10(low / pad)), float(np.log10(high * pad))] if low > 0 else None,
        "linear": [min(0.0, low), high + 0.06 * (high - low or 1.0)],
        "tickformat": "~s" if high >= COUNTS else "~g",
        **uprights(lines, cost, np.log10(max(high / low, 2.0)) if low > 0 else 1.0),
        "note": note(cost, lines, references[references[cost].notna() & ~shown]),
    }


def _knee(digest: Digest, cost: str) -> Spec:
    """Return the place of the knee of this plane's frontier, the cost in its logarithm."""
    log = [cost] if (digest.done[cost].dropna() > 0).all() else []
    at = knee(digest.done, {digest.score: digest.way, cost: "minimize"}, log=log)
    rows = digest.done.iloc[[] if at is None else [at]]
    return {"x": plain(rows[cost]), "y": plain(rows[digest.score]), "visible": len(rows) > 0}


def plane(digest: Digest, cost: str) -> pd.DataFrame:
    """Return the complete trials that none beats in the score and this cost alone, cheapest first."""
    objectives: Objectives = {digest.score: digest.way, cost: "minimize"}
    return digest.done[frontier(digest.done, objectives)].sort_values(cost)
