"""Tiles: the numbers on top of the page, each with what it is and a few words on it."""

from __future__ import annotations

import math

from archscape.analysis.reports.format import NONE, label, span, value

from ..study.live_state import StudyState

Tile = tuple[str, str, str]


def tiles(state: StudyState, now: float) -> list[Tile]:
    """Return the tiles of a study now, in seconds since 1970."""
    ended, early, speed = state.ended, state.count("paused"), state.per_hour(now)
    complete = _many(state.count("complete"), "complete")
    about = ", ".join(filter(None, [f"of {state.planned:,}", complete, _situation(state)]))
    causes = [
        f"{count:,} {cause.replace('_', ' ')}" for cause, count in state.causes().most_common() if count
    ]
    waiting = _many(state.count("waiting"), "waiting for a worker")
    return [
        ("Trials ended", f"{ended:,}", about),
        ("Running", f"{state.count('running'):,}", waiting),
        ("Failed", f"{state.count('failed'):,}", ", ".join(causes)),
        ("Stopped early", f"{state.count('pruned') + early:,}", _many(early, "may still go on")),
        _best_tile(state),
        _volume_tile(state),
        ("Trials per hour", f"{speed:,.3g}" if speed else NONE, ""),
        _time_tile(state, speed),
    ]


def _situation(state: StudyState) -> str:
    if state.trials and state.ended >= state.trials:
        return "the search has ended"
    if state.should_stop:
        return "the workers were asked to stop"
    return "" if state.running else "nobody works on it now"


def _best_tile(state: StudyState) -> Tile:
    name, best = f"Best {label(state.score)}", state.best.get(state.score)
    if best is None:
        return name, NONE, "no trial is complete"
    return name, value(state.score, float(best.values.get(state.score, math.nan))), f"trial {best.number}"


def _volume_tile(state: StudyState) -> Tile:
    front = f"{len(state.frontier.front):,} on the frontier"
    if len(state.objectives) == 1:
        return "Networks", f"{len(state.rows):,}", front
    curve = state.frontier.curve()
    if not curve:
        return "Hypervolume", NONE, front
    corner = ", ".join(value(name, at) for name, at in state.frontier.reference().items())
    return "Hypervolume", f"{curve[-1][1]:.4g}", f"{front}; reference {corner}"


def _time_tile(state: StudyState, speed: float) -> Tile:
    if state.ended and state.ended >= state.planned:
        return "Time", span(max(state.ends) - state.began), "from the first start to the last end"
    if not speed:
        return "Time left", NONE, ""
    return "Time left", span((state.planned - state.ended) / speed * 3600.0), "at this speed"


def _many(count: int, words: str) -> str:
    return f"{count:,} {words}" if count else ""
