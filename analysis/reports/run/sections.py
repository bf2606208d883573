"""The sections of the report of a search as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from html import escape

import numpy as np
import pandas as pd
import yaml

from archscape.analysis.results import FINAL

from ..format import NONE, label, short_label, span, value
from ..page import NOTE, empty, network_details, place
from ..page.networks import NetworkDetails, read_details
from ..page.tables import Html
from .results import Digest
from .trials import Row, records, trials_table

FIGURES = {
    "frontier": "The score of every complete trial against its cost",
    "progress": "What was reached after each finished trial",
    "curves": "The score of every trial after each epoch",
}


DOSSIERS = 30
"""Networks of the frontier that are shown with their layers: with hundreds a page would not open."""


def summary(digest: Digest) -> str:
    """Return in two sentences what was searched."""
    parts = [f"{before} {word}" for before, word in _named(_job(digest.results.job))]
    rows = digest.progress
    took = f" in {span(rows['elapsed'].max())}" if rows["elapsed"].notna().any() else ""
    aims = ", ".join(f"{label(name)} ({way}d)" for name, way in digest.results.objectives.items())
    return f"{len(digest.trials):,} trials{''.join(parts)}{took}. Objectives: {aims}."


def _named(job: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    """Yield what a reader knows by name; the file that a resolved job keeps its space in is no name."""
    for key, before in (("space", " of"), ("data", " on"), ("recipe", ", recipe"), ("sampler", ", sampler")):
        given = job.get(key)
        word = given.get("preset") if isinstance(given, Mapping) else given
        if isinstance(word, str) and not word.endswith((".yaml", ".json")):
            yield before, word


def tiles(digest: Digest) -> Html:
    """Return the four numbers of the summary."""
    return "".join(
        f'<div><dt>{escape(name)}</dt><dd class="figure-number">{escape(number)}</dd>'
        f'<dd class="about">{escape(about)}</dd></div>'
        for name, number, about in (_finished(digest), _best(digest), _frontier(digest), _volume(digest))
    )


def _finished(digest: Digest) -> tuple[str, str, str]:
    trials = digest.trials
    final = trials["status"].isin(FINAL)
    about = ", ".join(f"{n:,} {verdict}" for verdict, n in Counter(trials["verdict"]).most_common())
    return "Trials finished", f"{final.sum():,} of {len(trials):,}", about


def _best(digest: Digest) -> tuple[str, str, str]:
    best, name = digest.best, f"Best {label(digest.score)}"
    if best is None:
        return name, NONE, "no trial is complete"
    about = f"trial {best['number']}"
    if digest.score == "accuracy" and not np.isnan(best["test_accuracy"]):
        about += f", test accuracy {value('test_accuracy', best['test_accuracy'])}"
    return name, value(digest.score, best[digest.score]), about


def _frontier(digest: Digest) -> tuple[str, str, str]:
    front, cost = digest.front, digest.costs[0]
    low, high = value(cost, front[cost].min()), value(cost, front[cost].max())
    about = f"{low} {label(cost)}" if low == high else f"{low} to {high} {label(cost)}"
    return "Networks on the frontier", f"{len(front):,}", about if low != NONE else ""


def _volume(digest: Digest) -> tuple[str, str, str]:
    if len(digest.results.objectives) == 1:
        elapsed = digest.progress["elapsed"].max() if len(digest.progress) else float("nan")
        return "Time", span(elapsed), "from the first start to the last end"
    if digest.done.empty:
        return "Hypervolume", NONE, "no trial is complete"
    axes = [f"decades of {label(n)}" if n in digest.log else label(n) for n in digest.results.objectives]
    corner = ", ".join(value(n, at) for n, at in digest.reference.items())
    reached = digest.progress["value"].iloc[-1]
    return "Hypervolume", f"{reached:.4g}", f"{' × '.join(axes)}; reference {corner}"


def frontier_section(digest: Digest) -> Html:
    """Return the choice of the cost and the place of the figure."""
    if digest.done.empty:
        return empty("No trial has been completed yet.")
    choices = "".join(
        f'<label><input type="radio" name="cost" value="{escape(cost)}"{" checked" if not i else ""}>'
        f"{escape(label(cost))}</label>"
        for i, cost in enumerate(digest.costs)
    )
    return (
        f'<fieldset class="controls"><legend>Cost</legend>{choices}'
        '<label><input type="checkbox" id="log" checked>log scale</label></fieldset>'
        f"{place('frontier', FIGURES['frontier'])}"
        f'<p class="note" id="references"></p><p class="note">{escape(NOTE)} '
        "A point leads to its network.</p>"
    )


def figure(name: str, figures: Mapping[str, object]) -> Html:
    """Return the place of a figure, or that there is none."""
    return place(name, FIGURES[name]) if name in figures else empty("Nothing has been recorded yet.")


def trials_section(digest: Digest, shown: Collection[int], *, of: int) -> Html:
    """Return the table of the trials, `of` so many; those in `shown` lead to their network."""
    if not len(digest.trials):
        return empty("The run has no trials yet.")
    left = of - len(digest.trials)
    words = f"The frontier and the latest trials; {left:,} others are in trials.csv."
    return (f'<p class="note">{words}</p>' if left else "") + trials_table(digest, shown)


def dossiers(found: Digest) -> dict[int, NetworkDetails]:
    """Return what to show of the frontier's networks and of the best one, by the number of the trial.

    Of a long frontier these are `DOSSIERS` networks at even steps.
    """
    best, front = found.best, found.front
    steps = np.linspace(0, len(front) - 1, min(len(front), DOSSIERS)).round().astype(int)
    front = front.iloc[steps]
    shown = front if best is None else pd.concat([front, best.to_frame().T])
    shown = shown[shown["network"] != ""].drop_duplicates("number")
    return {
        int(number): read_details(text)
        for number, text in zip(shown["number"], shown["network"], strict=True)
    }


def front_networks(found: Digest) -> dict[int, str]:
    """Return the frontier's networks as JSON, by the number of the trial."""
    front = found.front[found.front["network"] != ""]
    return {int(number): text for number, text in zip(front["number"], front["network"], strict=True)}


def networks_section(digest: Digest, dossiers: Mapping[int, NetworkDetails]) -> Html:
    """Return the tables and the layer costs of the networks on the frontier, the best one open."""
    if not dossiers:
        return empty("There is no network to show yet.")
    best = digest.best
    rows = digest.trials.set_index("number", drop=False).loc[list(dossiers)]
    few = (
        f" Of {len(digest.front):,} networks {DOSSIERS}, at even steps."
        if len(digest.front) > DOSSIERS
        else ""
    )
    order = f"The frontier from the lowest to the highest {label(digest.costs[0])}; the best is open.{few}"
    return f'<p class="note lead">{escape(order)}</p>' + "".join(
        _network(
            row, digest, dossiers[row["number"]], is_open=best is not None and best["number"] == row["number"]
        )
        for row in records(rows)
    )


def _network(row: Row, digest: Digest, dossier: NetworkDetails, *, is_open: bool) -> Html:
    shown = dict.fromkeys([digest.score, *digest.results.objectives, "macs", "params"])
    facts = (f"{value(n, row[n])} {short_label(n)}" for n in shown if not np.isnan(row[n]))
    return network_details(
        dossier,
        anchor=f"network-{row['number']}",
        title=f"Trial {row['number']}",
        facts=facts,
        code=row["hash"],
        is_open=is_open,
    )


def repeat_section(digest: Digest) -> Html:
    """Return what is needed to repeat the run."""
    environment = dict(digest.results.environment)
    command = environment.pop("command", "")
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in _flat(environment))
    return (
        (f'<pre class="command">{escape(str(command))}</pre>' if command else "")
        + '<div class="recipe">'
        + (
            f"<div><h3>job.yaml</h3><pre>{escape(digest.results.job)}</pre></div>"
            if digest.results.job
            else ""
        )
        + (f'<div><h3>Ran with</h3><dl class="facts">{facts}</dl></div>' if facts else "")
        + '</div><p class="note">The seed of each trial stands in the table of trials.</p>'
    )


def _flat(facts: Mapping[str, object], before: str = "") -> Iterable[tuple[str, str]]:
    """Yield nested facts as (words, text)."""
    for name, given in facts.items():
        words = f"{before} {name}".strip().replace("_", " ")
        if isinstance(given, Mapping):
            yield from _flat(given, words)
        else:
            yield words, str(given)


def _job(text: str) -> Mapping[str, object]:
    """Return the job's top level; nothing where it cannot be read, since the page shows the text anyway."""
    try:
        job = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return job if isinstance(job, Mapping) else {}
