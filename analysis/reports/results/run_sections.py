"""What the report of a search says in words and numbers: its summary, its networks, how to repeat it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from archscape.analysis.results import BY_HAND, FINAL

from ..format import NONE, label, short_label, span, value
from ..page.networks import NetworkDetails, read_details
from .run import BEYOND, Digest

DETAILED = 30
"""Networks of the frontier that are shown with their layers: with hundreds a page would not open."""
Tile = tuple[str, str, str]


def summary(digest: Digest) -> str:
    """Return in two sentences what was searched."""
    parts = [f"{before} {word}" for before, word in _named(_job(digest.results.job) | _samplers(digest))]
    elapsed = digest.progress["elapsed"]
    took = f" in {span(elapsed.max())}" if elapsed.notna().any() else ""
    aims = ", ".join(f"{label(name)} ({way}d)" for name, way in digest.results.objectives.items())
    count = len(digest.trials)
    limits = ", ".join(f"{label(name)} {limit.words}" for name, limit in digest.results.limits.items())
    within = f"; limits: {limits}" if limits else ""
    return f"{count:,} trial{'s' if count != 1 else ''}{''.join(parts)}{took}. Objectives: {aims}{within}."


def tiles(digest: Digest) -> list[Tile]:
    """Return the four numbers of the summary."""
    return [_finished(digest), _best(digest), _frontier(digest), _volume(digest)]


def _finished(digest: Digest) -> Tile:
    trials = digest.trials
    final = trials["status"].isin(FINAL)
    about = ", ".join(f"{n:,} {outcome}" for outcome, n in Counter(trials["outcome"]).most_common())
    return "Trials finished", f"{final.sum():,} of {len(trials):,}", about


def _best(digest: Digest) -> Tile:
    best, score = digest.best, digest.table.score
    if best is None:
        return f"Best {label(score)}", NONE, "no trial is complete"
    about = f"trial {best['number']}"
    test = f"test_{score}"
    if test in best and not np.isnan(best[test]):
        about += f", {label(test)} {value(test, best[test])}"
    about += f", {BEYOND}" if best["violation"] else ""
    return f"Best {label(score)}", value(score, best[score]), about


def _frontier(digest: Digest) -> Tile:
    front, cost = digest.front, digest.table.cost
    low, high = value(cost, front[cost].min()), value(cost, front[cost].max())
    about = f"{low} {label(cost)}" if low == high else f"{low} to {high} {label(cost)}"
    return "Networks on the frontier", f"{len(front):,}", about if low != NONE else ""


def _volume(digest: Digest) -> Tile:
    if len(digest.results.objectives) == 1:
        elapsed = digest.progress["elapsed"].max() if len(digest.progress) else float("nan")
        return "Time", span(elapsed), "from the first start to the last end"
    if digest.table.rows.empty:
        return "Hypervolume", NONE, "no trial is complete"
    axes = [f"decades of {label(n)}" if n in digest.log else label(n) for n in digest.results.objectives]
    corner = ", ".join(value(n, at) for n, at in digest.reference.items())
    reached = digest.progress["value"].iloc[-1]
    return "Hypervolume", f"{reached:.4g}", f"{' × '.join(axes)}; reference {corner}"


@dataclass(frozen=True, kw_only=True)
class ShownNetwork:
    """A network of the frontier, or the best one, to unfold."""

    number: int
    hash: str
    facts: list[str]
    details: NetworkDetails
    is_best: bool


def shown_networks(digest: Digest) -> list[ShownNetwork]:
    """Return the frontier's networks and the best one; of a long frontier `DETAILED` at even steps."""
    best, front = digest.best, digest.front
    steps = np.linspace(0, len(front) - 1, min(len(front), DETAILED)).round().astype(int)
    shown = front.iloc[steps]
    if best is not None:
        shown = pd.concat([shown, digest.trials[digest.trials["number"] == best["number"]]])
    shown = shown[shown["network"] != ""].drop_duplicates("number")
    facts = dict.fromkeys([digest.table.score, *digest.results.objectives, "macs", "params"])
    return [
        ShownNetwork(
            number=int(row["number"]),
            hash=row["hash"],
            facts=[f"{value(n, row[n])} {short_label(n)}" for n in facts if not np.isnan(row[n])],
            details=read_details(row["network"]),
            is_best=best is not None and best["number"] == row["number"],
        )
        for row in shown.to_dict("records")
    ]


def environment_rows(facts: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested facts as (words, text)."""
    for name, fact in facts.items():
        words = f"{before} {name}".strip().replace("_", " ")
        if isinstance(fact, Mapping):
            yield from environment_rows(fact, words)
        else:
            yield words, str(fact)


def _samplers(digest: Digest) -> dict[str, str]:
    """Return who proposed the trials, where that is known: a job may leave it to the search."""
    names = digest.trials.get("sampler", pd.Series(dtype=object))
    used = [name for name in dict.fromkeys(names) if name and name not in BY_HAND]
    return {"sampler": ", ".join(used)} if used else {}


def _named(job: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what a reader knows by name; the file that a resolved job keeps its space in is no name."""
    named = {"space": " of", "data": " on", "recipe": ", recipe", "train": ", by", "sampler": ", sampler"}
    for key, before in named.items():
        setting = job.get(key)
        word = setting.get("preset", setting.get("rule")) if isinstance(setting, Mapping) else setting
        if key == "data":
            word = Path(str(setting.get("path") if isinstance(setting, Mapping) else setting)).name
        if key == "train" and isinstance(setting, Mapping):
            word = Path(str(setting.get("call"))).name
        if key == "sampler" and isinstance(word, str):
            word = Path(word).name  # of one in a file
        if isinstance(word, str) and not word.endswith((".yaml", ".json")):
            yield before, word


def _job(text: str) -> dict[str, object]:
    """Return the job's top level; nothing where it cannot be read, since the page shows the text anyway."""
    try:
        job = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return dict(job) if isinstance(job, Mapping) else {}
