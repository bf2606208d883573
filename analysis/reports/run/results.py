"""A finished or running search as tables, and what its report says of them.

`RunResults` is what a caller brings, read from anywhere; `digest` checks it and derives everything that the
page and its figures show, so that a number stands in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from archscape.analysis.metrics import COST_AXES, METRICS, SCORE
from archscape.analysis.results import FINAL, NUMBERS, STATES, TEXTS
from archscape.analysis.statistics.frontier import (
    Direction,
    Objectives,
    frontier,
    hypervolume_curve,
    reference_point,
)
from archscape.analysis.statistics.noise import frontier_chance
from archscape.spaces.errors import InputError, suggest


@dataclass(frozen=True, kw_only=True, eq=False)
class RunResults:
    """What a run left behind.

    Attributes:
        name: Name of the run.
        trials: One row a trial. `number` (int), `status` (one of `STATES`) and the objectives are needed;
            the columns of `NUMBERS` and `TEXTS` are shown where they exist. `network` is the network as JSON,
            `started` and `finished` are ISO 8601.
        curves: One row an epoch: `trial`, `epoch`, `loss`, `accuracy`, `seconds`; with repeated trainings one
            for each.
        objectives: Direction of each objective.
        job: The job file as run, YAML.
        environment: Versions, hardware, data fingerprint, command: whatever is needed to repeat the run.
        references: Known networks to draw beside the trials: `name` and any of `accuracy` and the costs.
    """

    name: str
    trials: pd.DataFrame
    objectives: Objectives
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    job: str = ""
    environment: Mapping[str, object] = field(default_factory=dict)
    references: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, kw_only=True, eq=False)
class Digest:
    """What the report says.

    Attributes:
        results: What was given.
        trials: The trials by number, with every column of `NUMBERS` (NaN where unknown) and `TEXTS` (""), and
            `verdict` (status and cause), `on_front` (complete, and no other trial dominates it) and `chance`
            (how surely it is there, given its spread over repeated trainings).
        done: The complete trials that have a score.
        score: The column on the upright axis: the first objective that is maximised, else the accuracy.
        costs: The columns offered for the other axis, the first being the default.
        progress: One row a finished trial in the order of finishing: `number`, `status`, `elapsed` (seconds
            since the first start, NaN where unknown), `value` (hypervolume, or the best score so far when
            there is one objective only).
        reference: The corner from which the hypervolume is measured.
        log: Objectives measured in decades there.
        curves: The curves with `trial`, `epoch`, `loss`, `accuracy` as numbers, means over repeats.
        references: The references with `name`, the score and the costs.
    """

    results: RunResults
    trials: pd.DataFrame
    done: pd.DataFrame
    score: str
    costs: tuple[str, ...]
    progress: pd.DataFrame
    reference: Mapping[str, float]
    log: tuple[str, ...]
    curves: pd.DataFrame
    references: pd.DataFrame

    @property
    def way(self) -> Direction:
        """The better direction of the score."""
        return self.results.objectives.get(self.score, "maximize")

    @property
    def front(self) -> pd.DataFrame:
        """The trials on the frontier, cheapest first."""
        return self.trials[self.trials["on_front"]].sort_values([self.costs[0], "number"])

    @property
    def best(self) -> pd.Series | None:
        """The complete trial with the best score, the cheapest of equals."""
        if self.done.empty:
            return None
        best_first = [self.way == "minimize", True, True]
        return self.done.sort_values([self.score, self.costs[0], "number"], ascending=best_first).iloc[0]


def digest(results: RunResults) -> Digest:
    """Check the tables and derive what the report shows.

    Raises:
        InputError: A column is missing, a number is not one, a status is unknown.
    """
    objectives = results.objectives
    trials = _tidy(results.trials, tuple(objectives))
    complete = trials["status"] == "complete"
    usable = trials[list(objectives)].where(complete, axis=0)
    causes = ": " + trials["cause"].str.replace("_", " ")
    trials = trials.assign(
        on_front=frontier(usable, objectives),
        chance=frontier_chance(usable, objectives, _errors(trials)),
        verdict=trials["status"] + causes.where(trials["cause"] != "", ""),
    )
    score = _score(trials, objectives)
    log = tuple(n for n, way in objectives.items() if way == "minimize" and not (usable[n] <= 0).any())
    reference = reference_point(usable, objectives)
    costs = _costs(trials, objectives, score)
    return Digest(
        results=results,
        trials=trials,
        done=trials[complete & trials[score].notna()],
        score=score,
        costs=costs,
        progress=_progress(trials, objectives, reference, log),
        reference=reference,
        log=log,
        curves=_mean_curves(_numeric("curves", results.curves, ("trial", "epoch", "loss", "accuracy"))),
        references=_texts(_numeric("references", results.references, (score, *costs)), ("name",)),
    )


def latest(digest: Digest, limit: int) -> Digest:
    """Return what a page can bear of a large study: the frontier and the latest trials, this many in all.

    What is counted over all trials stays: the progress, the reference, the frontier.
    """
    trials = digest.trials
    if len(trials) <= limit:
        return digest
    front = trials[trials["on_front"]]
    others = trials[~trials["on_front"]].tail(max(limit - len(front), 0))
    kept = pd.concat([front, others]).sort_values("number").reset_index(drop=True)
    step = -(-len(digest.progress) // limit)
    return replace(
        digest,
        trials=kept,
        done=kept[kept["number"].isin(digest.done["number"])],
        curves=digest.curves[digest.curves["trial"].isin(kept["number"])],
        progress=digest.progress.iloc[::-step].iloc[::-1],
    )


def _tidy(trials: pd.DataFrame, objectives: tuple[str, ...]) -> pd.DataFrame:
    """Return the trials by number with all columns that the report knows."""
    if len(trials):
        for name in ("number", "status", *objectives):
            if name not in trials.columns:
                raise InputError(f"trials: no column {name!r}{suggest(name, map(str, trials.columns))}")
    for status in trials.get("status", ()):
        if status not in STATES:
            raise InputError(f"trials: a trial has the status {status!r}{suggest(str(status), STATES)}")
    numbers = _numeric("trials", trials, ("number", *dict.fromkeys((*objectives, *NUMBERS))))
    if numbers["number"].isna().any() or numbers["number"].duplicated().any():
        raise InputError("trials: column 'number' names each trial once, but some are missing or twice there")
    tidy = _texts(numbers, ("status", *TEXTS)).astype({"number": int})
    return tidy.sort_values("number").reset_index(drop=True)


def _numeric(table: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the frame with these columns as floats, NaN where missing."""
    result = frame.copy()
    for name in columns:
        given = frame.get(name, pd.Series(np.nan, index=frame.index))
        try:
            result[name] = pd.to_numeric(given).astype(float)
        except (ValueError, TypeError) as error:
            raise InputError(f"{table}: column {name!r} holds numbers, but {error}") from error
    return result


def _texts(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the frame with these columns as texts, "" where missing."""
    texts = {
        name: [str(v) if pd.notna(v) else "" for v in frame.get(name, [None] * len(frame))]
        for name in columns
    }
    return frame.assign(
        **{name: pd.Series(text, index=frame.index, dtype=object) for name, text in texts.items()}
    )


def _mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each trial and epoch."""
    return curves.groupby(["trial", "epoch"], as_index=False)[["loss", "accuracy"]].mean()


def _errors(trials: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return the standard errors of the means over repeated trainings."""
    columns = {name: metric.spread.name for name, metric in METRICS.items() if metric.has_spread}
    roots = np.sqrt(trials["repeats"].to_numpy())
    known = {name: trials[std].to_numpy() / roots for name, std in columns.items()}
    return {name: errors for name, errors in known.items() if not np.isnan(errors).all()}


def _score(trials: pd.DataFrame, objectives: Objectives) -> str:
    """Return the column for the upright axis."""
    maximised = [name for name, way in objectives.items() if way == "maximize"]
    if maximised:
        return maximised[0]
    return SCORE if trials[SCORE].notna().any() else next(iter(objectives))


def _costs(trials: pd.DataFrame, objectives: Objectives, score: str) -> tuple[str, ...]:
    """Return the columns for the level axis: the objectives that are minimised, then the usual costs."""
    minimised = [name for name, way in objectives.items() if way == "minimize"]
    known = [name for name in COST_AXES if trials[name].notna().any()]
    costs = [name for name in dict.fromkeys([*minimised, *known]) if name != score]
    return tuple(costs) or COST_AXES[:1]


def _progress(
    trials: pd.DataFrame, objectives: Objectives, reference: Mapping[str, float], log: tuple[str, ...]
) -> pd.DataFrame:
    """Return what was reached after each finished trial."""
    final = trials[trials["status"].isin(FINAL)].assign(
        finished=lambda rows: _times(rows["finished"], "finished")
    )
    final = final.sort_values(["finished", "number"])
    elapsed = (final["finished"] - _times(trials["started"], "started").min()).dt.total_seconds()
    usable = final[list(objectives)].where(final["status"] == "complete", axis=0)
    if len(objectives) > 1:
        value = hypervolume_curve(usable, objectives, reference, log=log)
    else:
        (only, way), *_ = objectives.items()
        value = (usable[only].cummax() if way == "maximize" else usable[only].cummin()).ffill().to_numpy()
    return pd.DataFrame(
        {"number": final["number"], "status": final["status"], "elapsed": elapsed, "value": value}
    ).reset_index(drop=True)


def _times(column: pd.Series, name: str) -> pd.Series:
    """Return ISO 8601 texts as times, NaT for ""."""
    try:
        return pd.to_datetime(column.replace("", None), utc=True, format="ISO8601")
    except ValueError as error:
        raise InputError(f"trials: column {name!r} holds ISO 8601 times, but {error}") from error
