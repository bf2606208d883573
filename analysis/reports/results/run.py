"""A search, ended or running, as results: its tables checked, and everything derived that its report shows.

`RunResults` is what a caller brings, read from anywhere; `digest` checks it and derives the rest, so that a
number stands in one place. The complete trials are a table of networks like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from archscape.analysis.inspection.confusion import Confusion
from archscape.analysis.limits import Limits, violation
from archscape.analysis.metrics import COST_AXES, METRICS, Metric, Objectives, cost_axes, score_of
from archscape.analysis.results import (
    FINAL,
    NUMBERS,
    PROPOSED,
    STATES,
    TEXTS,
    predicted_metrics,
    prediction_columns,
)
from archscape.analysis.statistics.frontier import frontier, hypervolume_curve, reference_point
from archscape.analysis.statistics.noise import frontier_chance
from archscape.spaces.errors import InputError, suggest
from archscape.spaces.printing import Printed, Printout

from .decisions import with_decisions
from .family_rules import BLOCK_RULE, FAMILY, FEWEST, MIXED, family_of_network, gathered
from .reading import as_floats
from .results import Results

BEYOND = "beyond the limits"
"""What is said of a complete trial that is infeasible."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RunResults(Printed):
    """What a run left behind.

    Attributes:
        trials: One row a trial. `number` (int), `status` (one of `STATES`) and the objectives are needed;
            the columns of `NUMBERS` and `TEXTS` are shown where they exist. `network` is the network as JSON,
            `started` and `finished` are ISO 8601.
        curves: One row an epoch: `trial`, `epoch`, `loss`, `accuracy` or the score, `seconds`; with repeated
            trainings one for each.
        objectives: Direction of each objective.
        metrics: Those that its trials may have, by name: the built-in ones and its own.
        limits: What training has to give; a trial beyond is infeasible.
        confusion_of: Gives what a trial confused on the validation part, by its number; None if nobody knows.
        job: The job file as run, YAML.
        environment: Versions, hardware, data fingerprint, command: whatever is needed to repeat the run.
        references: Known networks to draw beside the trials: `name` and any of `accuracy` and the costs.
        logs: Where the log of a trial lies in the folder of the run, with `{:05d}` for its number.
        closing: What the search came to, in a line; "" of one that was only read.
        recommended: The trial that its sampler recommends in the end: `number`, and `mean` and `deviation` of
            what it expects of the score, where it has a model; None where nothing is recommended.
    """

    name: str
    trials: pd.DataFrame
    objectives: Objectives
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    job: str = ""
    environment: Mapping[str, object] = field(default_factory=dict)
    references: pd.DataFrame = field(default_factory=pd.DataFrame)
    logs: str = ""
    closing: str = ""
    metrics: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    limits: Limits = field(default_factory=dict)
    confusion_of: Callable[[int], Confusion | None] = lambda number: None
    recommended: Mapping[str, float] | None = None

    def printout(self) -> Printout:
        """Return the trials: how each ended, what it reached and what it costs."""
        shown = dict.fromkeys(("number", "status", *self.objectives, "seconds", "hash"))
        columns = [name for name in shown if name in self.trials]
        rows = [*self.trials[columns].astype(object).itertuples(index=False)]
        return Printout(title=f"{self.name}: {len(rows)} trials", columns=columns, rows=rows)

    def frame(self) -> pd.DataFrame:
        """Return the trials: one row a trial by number, one column a cost, a metric and a decision.

        Column `decision.stage1.depth` holds the option at `stage1.depth`, `on_front` whether no complete
        trial dominates this one. The networks are in `trials`. Of metrics that no trial of the run has, only
        the objectives have a column.
        """
        trials = digest(self).trials
        others = {*NUMBERS, *(f"{name}_std" for name in self.metrics)} - {*self.trials, *self.objectives}
        return trials.drop(columns=["network", "decisions", *others], errors="ignore")

    def frontier(self) -> pd.DataFrame:
        """Return the rows of `frame` that no complete trial dominates, cheapest first."""
        results = digest(self)
        return self.frame().loc[results.front.index]

    @property
    def best(self) -> pd.Series | None:
        """The complete trial with the best score, the cheapest of equals; None if no trial is complete."""
        return digest(self).best


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Digest(Printed):
    """What the report says.

    Attributes:
        trials: The trials by number, with every column of `NUMBERS` (NaN where unknown) and `TEXTS` (""), a
            column `decision.PATH` a decision (None where it was not asked), and `outcome` (status and
            cause), `violation` (by how much it is beyond the limits, 0 within), `on_front` (complete, and no
            other trial dominates it) and `chance` (how surely it is there, given its spread over repeated
            trainings).
        table: The complete trials that have a score, as a table of networks.
        progress: One row a finished trial in the order of finishing: `number`, `status`, `elapsed` (seconds
            since the first start, NaN where unknown), `value` (hypervolume, or the best score so far when
            there is one objective only).
        reference: The corner from which the hypervolume is measured.
        log: Objectives measured in decades there.
        curves: The curves with `trial`, `epoch`, `loss`, `accuracy` and the score as numbers, means over
            repeats.
    """

    results: RunResults
    trials: pd.DataFrame
    table: Results
    progress: pd.DataFrame
    reference: Mapping[str, float]
    log: tuple[str, ...]
    curves: pd.DataFrame

    def printout(self) -> Printout:
        """Return the trials, as its results do."""
        return self.results.printout()

    @property
    def front(self) -> pd.DataFrame:
        """The trials on the frontier, cheapest first."""
        return self.trials[self.trials["on_front"]].sort_values([self.table.cost, "number"])

    @property
    def has_spreads(self) -> bool:
        """Whether trainings were repeated, so that an objective has a spread."""
        spreads = [f"{name}_std" for name in self.results.objectives if f"{name}_std" in self.trials]
        return bool(self.trials[spreads].notna().any(axis=None))

    @property
    def best(self) -> pd.Series | None:
        """The complete trial with the best score, one within the limits if any is; the cheapest of equals."""
        table = self.table
        if table.rows.empty:
            return None
        best_first = [True, table.way == "minimize", True, True]
        order = table.rows.sort_values(["violation", table.score, table.cost, "number"], ascending=best_first)
        return order.iloc[0]


def digest(results: RunResults) -> Digest:
    """Check the tables and derive what the report shows.

    Raises:
        InputError: A column is missing, a number is not one, a status is unknown.
    """
    objectives = results.objectives
    trials = _tidy(results)
    complete = trials["status"] == "complete"
    usable = trials[list(objectives)].where(complete, axis=0)
    trials["violation"] = _violations(results, trials).where(complete, 0.0)
    causes = trials["cause"].str.replace("_", " ").where(trials["violation"] == 0, BEYOND)
    trials = trials.assign(
        on_front=frontier(usable, objectives, trials["violation"].to_numpy()),
        chance=frontier_chance(
            usable, objectives, _errors(results, trials), violations=trials["violation"].to_numpy()
        ),
        outcome=trials["status"] + (": " + causes).where(causes != "", ""),
    )
    usable = usable.where(trials["violation"] == 0, axis=0)
    log = tuple(n for n, way in objectives.items() if way == "minimize" and not (usable[n] <= 0).any())
    reference = reference_point(usable, objectives)
    table = _table(results, trials)
    measures = list(dict.fromkeys(["loss", "accuracy", table.score]))
    curves = _finite(as_floats(results.curves, ("trial", "epoch", *measures), "curves"))
    return Digest(
        results=results,
        trials=trials,
        table=table,
        progress=_progress(trials, objectives, reference, log),
        reference=reference,
        log=log,
        curves=curves.groupby(["trial", "epoch"], as_index=False)[measures].mean(),
    )


def _violations(results: RunResults, trials: pd.DataFrame) -> pd.Series:
    """Return by how much each trial is beyond the limits."""
    columns = {name: trials[name].tolist() for name in results.limits}
    beyond = [violation(results.limits, {n: columns[n][at] for n in columns}) for at in range(len(trials))]
    return pd.Series(beyond, index=trials.index, dtype=float)


def as_table(results: RunResults) -> Results:
    """Return the complete trials of a run as a table of networks."""
    return digest(results).table


def _table(results: RunResults, trials: pd.DataFrame) -> Results:
    """Return the complete trials, named by their numbers, with families where they are told apart.

    They are if two blocks make up more than half of five networks or more each; `BLOCK_RULE`.
    """
    objectives = results.objectives
    score = score_of(objectives, results.metrics)
    if score not in objectives and trials[score].isna().all():
        score = next(iter(objectives))
    rows = trials[(trials["status"] == "complete") & trials[score].notna()].reset_index(drop=True)
    rows = rows.assign(trial=[f"trial {number}" for number in rows["number"]])
    families = [family_of_network(text) for text in rows["network"]]
    large = [name for name in gathered(families, largest=100) if families.count(name) >= FEWEST]
    has_families = len(large) >= 2
    if has_families:
        rows[FAMILY] = [name or MIXED for name in families]
    asked = [name for name, metric in results.metrics.items() if metric.is_predicted]
    axes = cost_axes(objectives, score, asked)
    costs = [name for name in axes if rows[name].notna().any()] or [axes[0] if axes else COST_AXES[0]]
    spread = f"{score}_std" if f"{score}_std" in rows and rows[f"{score}_std"].notna().any() else ""
    if spread:
        rows["standard_error"] = rows[spread] / rows["repeats"].clip(lower=1) ** 0.5
    return Results(
        title=results.name,
        rows=rows,
        score=score,
        way=objectives.get(score, "maximize"),
        costs={name: objectives.get(name) or results.metrics[name].direction for name in costs},
        name="trial",
        family=FAMILY if has_families else "",
        error="standard_error" if spread else "",
        spread=spread,
        violation="violation" if (rows["violation"] > 0).any() else "",
        objectives=objectives,
        references=_texts(as_floats(results.references, (score, *costs), "references"), ("name",)),
        explanations=(BLOCK_RULE,),
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
    rows = digest.table.rows
    return replace(
        digest,
        trials=kept,
        table=replace(digest.table, rows=rows[rows["number"].isin(kept["number"])].reset_index(drop=True)),
        curves=digest.curves[digest.curves["trial"].isin(kept["number"])],
        progress=digest.progress.iloc[::-step].iloc[::-1],
    )


def _tidy(results: RunResults) -> pd.DataFrame:
    """Return the trials by number with all columns that the report knows."""
    trials = results.trials
    if len(trials):
        for name in ("number", "status", *results.objectives):
            if name not in trials.columns:
                raise InputError(f"trials: no column {name!r}{suggest(name, map(str, trials.columns))}")
    for status in trials.get("status", ()):
        if status not in STATES:
            raise InputError(f"trials: a trial has the status {status!r}{suggest(str(status), STATES)}")
    spreads = [metric.spread.name for metric in results.metrics.values() if metric.has_spread]
    expected = [column for name in predicted_metrics(trials) for column in prediction_columns(name)]
    names = dict.fromkeys(("number", *results.objectives, *results.metrics, *spreads, *NUMBERS, *expected))
    proposed = [name for name in PROPOSED if name in trials]
    numbers = _finite(as_floats(trials, tuple(names), "trials"))
    if numbers["number"].isna().any() or numbers["number"].duplicated().any():
        raise InputError("trials: column 'number' names each trial once, but some are missing or twice there")
    tidy = with_decisions(_texts(numbers, ("status", *TEXTS, *proposed)).astype({"number": int}))
    return tidy.sort_values("number").reset_index(drop=True)


def _finite(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame without infinite numbers: they are as unknown as NaN, and no page can hold them."""
    return frame.replace([np.inf, -np.inf], np.nan)


def _texts(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the frame with these columns as texts, "" where missing."""
    result = frame.copy()
    for name in columns:
        texts = [str(v) if pd.notna(v) else "" for v in frame.get(name, [None] * len(frame))]
        result[name] = pd.Series(texts, index=frame.index, dtype=object)
    return result


def _errors(results: RunResults, trials: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return the standard errors of the means over repeated trainings."""
    metrics = results.metrics.items()
    columns = {name: metric.spread.name for name, metric in metrics if metric.has_spread}
    roots = np.sqrt(trials["repeats"].to_numpy())
    known = {name: trials[std].to_numpy() / roots for name, std in columns.items()}
    return {name: errors for name, errors in known.items() if not np.isnan(errors).all()}


def _progress(
    trials: pd.DataFrame, objectives: Objectives, reference: Mapping[str, float], log: tuple[str, ...]
) -> pd.DataFrame:
    """Return what was reached after each finished trial."""
    final = trials[trials["status"].isin(FINAL)].assign(
        finished=lambda rows: _times(rows["finished"], "finished")
    )
    final = final.sort_values(["finished", "number"])
    elapsed = (final["finished"] - _times(trials["started"], "started").min()).dt.total_seconds()
    is_usable = (final["status"] == "complete") & (final["violation"] == 0)
    usable = final[list(objectives)].where(is_usable, axis=0)
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
