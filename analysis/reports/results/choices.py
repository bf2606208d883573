"""Which choices of a space drove the score of a search, as far as its trials tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from archscape.analysis.statistics.importance import Effect, importance
from archscape.analysis.statistics.option_means import option_means

from ..figures.description import Axis, Figure, Series, Upright
from ..format import escaped
from .decisions import options_of
from .results import Results

ENOUGH = 20
"""Complete trials from which on shares are told at all."""
ESTIMATOR = (
    "Share of the variance that a choice explains by itself (Kelley's epsilon squared), with its 95% "
    "bootstrap interval; a × b is the interaction of both. A choice that some networks were not asked counts "
    "for what it changes among the others."
)
SEARCHED = (
    f"{ESTIMATOR} A search tries good networks more often than others, so this is about the networks that "
    "were tried, not about the space; an interval that reaches 0 tells nothing."
)
SHOWN = 10
"""Effects in the figure, the largest."""
MATTERING = 4
"""Choices whose options are shown, those of the largest effects."""
MOST = 8
"""Options of a choice from which on they are no longer read one by one."""


def effects_of(results: Results) -> list[Effect]:
    """Return the largest effects of the choices on the score; none where there are too few trials."""
    rows = results.rows[results.rows[results.score].notna()].reset_index(drop=True)
    if len(rows) < ENOUGH or rows[results.score].nunique() < 2:
        return []
    options = options_of(rows)
    # A choice varies if two of its options were met twice each.
    varied = [str(name) for name in options if (options[name].value_counts() >= 2).sum() >= 2]
    if not varied:
        return []
    table = options[varied].assign(**{results.score: rows[results.score]})
    effects = importance(table, results.score, varied)
    return largest_effects([effect for effect in effects if np.isfinite(effect.share)], SHOWN)


def largest_effects(effects: Sequence[Effect], number: int) -> list[Effect]:
    """Return the largest effects, of choices and of pairs together."""
    return sorted(effects, key=lambda effect: -effect.share)[:number]


def effects_figure(effects: Sequence[Effect], response: str) -> Figure:
    """Return the effects as points with their intervals, the largest on top."""
    names = [" × ".join(effect.choices) for effect in effects]
    shares = [effect.share for effect in effects]
    points = Series(
        kind="points",
        x=shares,
        y=range(len(effects)),
        size=9,
        x_error=(
            [effect.share - effect.low for effect in effects],
            [effect.high - effect.share for effect in effects],
        ),
        hover=[
            f"<b>{escaped(name)}</b><br>{effect.share:.1%}, 95% {effect.low:.1%} to {effect.high:.1%}<br>"
            f"{effect.options} options met"
            for name, effect in zip(names, effects, strict=True)
        ],
    )
    return Figure(
        title=f"share of the variance of {response}",
        x=Axis(label="share of the variance", ticks="share"),
        y=Axis(names=names),
        series=[points],
        uprights=[Upright(x=0, name="")],
        legend=False,
    )


def options_figure(results: Results, effects: Sequence[Effect]) -> Figure | None:
    """Return the mean score with each option of the choices that matter; None where none is sure to.

    A choice is shown if its effect is above 0 with 95% and it has few options.
    """
    sure = [effect for effect in effects if len(effect.choices) == 1 and effect.low > 0]
    choices = [effect.choices[0] for effect in sure if effect.options <= MOST][:MATTERING]
    if not choices:
        return None
    table = options_of(results.rows).assign(**{results.score: results.rows[results.score]})
    shown = [(choice, each) for choice in choices for each in option_means(table, results.score, choice)]
    points = Series(
        kind="points",
        x=[each.mean for _, each in shown],
        y=range(len(shown)),
        size=9,
        x_error=([each.mean - each.low for _, each in shown], [each.high - each.mean for _, each in shown]),
        hover=[
            f"<b>{escaped(f'{choice}: {each.option}')}</b><br>{results.text(results.score, each.mean)}, "
            f"95% {results.text(results.score, each.low)} to {results.text(results.score, each.high)}<br>"
            f"{each.rows} trials"
            for choice, each in shown
        ],
    )
    return Figure(
        title=f"mean {results.head(results.score)} with each option",
        x=replace(results.score_axis(), label=f"mean {results.head(results.score)}"),
        y=Axis(names=[f"{choice}: {each.option}" for choice, each in shown]),
        series=[points],
        uprights=[Upright(x=float(results.rows[results.score].mean()), name="mean of all")],
        legend=False,
    )
