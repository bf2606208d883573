"""Any table of networks as results: which of its columns is the score, which are costs, names and families.

A search is such a table too (`run`), whose columns, units and words are known. Units of others stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from archscape.analysis.metrics import SHARES, Direction, Objectives
from archscape.analysis.statistics.frontier import Floats, frontier
from archscape.analysis.statistics.knee import knee
from archscape.analysis.statistics.noise import frontier_chance
from archscape.spaces.display import decimals
from archscape.spaces.printing import Printed, Printout

from ..figures.description import Axis
from ..format import NONE, capital, escaped, label, outline, value
from .column_words import heading
from .directions import read_name

CHANCE_DRAWS = 400
"""Draws of all scores; a chance is then exact to 0.025 (one standard error) at worst."""
SHORTENED = (1e5, 1e3)
"""Costs from which on ticks are shortened: 4.1G; of a search, whose smaller costs are seconds, earlier."""
LINE = 56
"""Letters of a line of what hovering shows."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Results(Printed):
    """A table of networks with the parts that its columns play.

    Attributes:
        rows: The table; the score and the costs are floats, NaN where missing.
        score: The column of the score.
        costs: The columns of the costs with their better directions, the first being the default.
        name: The column that names a network; "" where there is none, and the number of the row does.
        family: The column of the families; "" where there are none.
        repeats: Columns of the scores of repeated trainings.
        error: The column of the score's standard error.
        spread: The column of its standard deviation over repeated trainings.
        violation: The column of by how much a trial is beyond the limits of its search; "" if none is.
        objectives: What a search aims for, and which way; nothing of another table.
        references: Known networks to draw beside a search: `name`, the score and the costs.
        explanations: What was chosen, a sentence each.
        units: Units of columns that stand in the cells.
        source: The rows before the score and the costs became floats, so with every digit.
    """

    title: str
    rows: pd.DataFrame
    score: str
    way: Direction
    costs: Mapping[str, Direction]
    name: str = ""
    family: str = ""
    repeats: tuple[str, ...] = ()
    error: str = ""
    spread: str = ""
    violation: str = ""
    objectives: Objectives = field(default_factory=dict)
    references: pd.DataFrame = field(default_factory=pd.DataFrame)
    explanations: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    source: pd.DataFrame = field(default_factory=pd.DataFrame)

    def printout(self) -> Printout:
        """Return the networks, the best score first."""
        shown = [*dict.fromkeys(name for name in (self.family, self.score, *self.costs) if name)]
        best = self.rows[self.score].sort_values(ascending=self.way == "minimize").index
        rows = [(self.names[at], *self.rows.loc[at, shown]) for at in best]
        title = f"{self.title}: {len(rows)} networks"
        return Printout(title=title, columns=(self.name or "network", *shown), rows=rows)

    @property
    def is_run(self) -> bool:
        """Whether the columns are those of a search, whose units and words are known."""
        return bool(self.objectives)

    @property
    def cost(self) -> str:
        """The default cost."""
        return next(iter(self.costs))

    @cached_property
    def names(self) -> list[str]:
        """The names of the networks."""
        return names_of(self.rows, self.name)

    @cached_property
    def families(self) -> list[str]:
        """The family of each network, "" where it has none."""
        if not self.family:
            return [""] * len(self.rows)
        return self.rows[self.family].fillna("").astype(str).tolist()

    @cached_property
    def decimals(self) -> Mapping[str, int]:
        """The decimals that show the numbers of each column."""
        numeric = self.rows.select_dtypes("number")
        return {str(name): decimals(numeric[name].dropna().astype(float).tolist()) for name in numeric}

    @cached_property
    def hover(self) -> list[str]:
        """What hovering over each network shows, as plotly.js reads it."""
        return [self._about(index, row) for index, row in enumerate(self.rows.to_dict("records"))]

    @property
    def unit(self) -> float | None:
        """What all right is: 100 for percent, 1 for a share; None where the score has no end."""
        top = float(self.rows[self.score].max()) if len(self.rows) else 1.0
        is_share = self.score in SHARES if self.is_run else read_name(self.score).kind == "accuracy"
        if self.way != "maximize" or not is_share:
            return None
        return 1.0 if top <= 1 else 100.0 if top <= 100 else None

    @property
    def is_percent(self) -> bool:
        """Whether the score is written in percent."""
        return self.is_run and self.unit == 1

    @property
    def deviations(self) -> Floats | None:
        """The spread of the scores over repeated trainings, or their standard errors; None where unknown."""
        if self.repeats:
            return np.asarray(self.rows[list(self.repeats)].std(axis=1), dtype=np.float64)
        column = self.spread or self.error
        return self.rows[column].to_numpy(dtype=np.float64) if column else None

    def text(self, column: str, number: float) -> str:
        """Return a number of a column to read."""
        if self.is_run:
            return value(column, number)
        return NONE if math.isnan(number) else f"{number:,.{self.decimals.get(column, 3)}f}"

    def cell(self, column: str, index: int) -> str:
        """Return the number of a row to read."""
        return self.text(column, float(self.rows[column].iloc[index]))

    def gain_text(self, gain: float) -> str:
        """Return a difference of scores to read; NaN where there is nothing to differ from."""
        if math.isnan(gain):
            return NONE
        if self.is_percent:
            return f"{100 * gain:.2f} points"
        return f"{gain:.{self.decimals.get(self.score, 3)}f}"

    def head(self, column: str) -> str:
        """Return the name of a column to read."""
        if self.is_run:
            return label(column)
        return heading(column) + (f" ({self.units[column]})" if column in self.units else "")

    def score_axis(self) -> Axis:
        """Return the axis of the score."""
        less = ", less is better" if self.way == "minimize" and not self.is_run else ""
        return Axis(
            label=capital(self.head(self.score)) + less, ticks="share" if self.is_percent else "plain"
        )

    def cost_axis(self, cost: str, low: float, high: float) -> Axis:
        """Return the axis of a cost from its least to its largest value."""
        return Axis(
            label=self.head(cost) + (", more is better" if self.costs[cost] == "maximize" else ""),
            scale="log" if low > 0 else "linear",
            ticks="short" if high >= SHORTENED[self.is_run] else "plain",
            extent=(low, high),
        )

    def plane(self, cost: str) -> Objectives:
        """Return the plane of the score and one cost."""
        return {self.score: self.way, cost: self.costs[cost]}

    def on_frontier(self, cost: str) -> list[int]:
        """Return the rows that none beats in the score and one cost, by their index, the cheapest first."""
        front = np.flatnonzero(frontier(self.rows, self.plane(cost), self._violations))
        costs = self.rows[cost].iloc[front].to_numpy()
        order = costs if self.costs[cost] == "minimize" else -costs
        scores = self.rows[self.score].iloc[front].to_numpy()
        return [int(index) for index in front[np.lexsort((-scores, order))]]

    def knee(self, cost: str) -> int | None:
        """Return the index of the row at the knee of the frontier over a cost, in its logarithm."""
        log, rows = [cost] if (self.rows[cost].dropna() > 0).all() else [], self.rows
        if self._violations is not None:
            rows = rows.where(rows[self.violation] == rows[self.violation].min(), axis=0)
        return knee(rows, self.plane(cost), log=log)

    @property
    def _violations(self) -> Floats | None:
        return self.rows[self.violation].to_numpy(dtype=np.float64) if self.violation else None

    def chances(self, cost: str) -> Floats | None:
        """Return the chance of each network to be on the frontier; None where no noise is known."""
        deviations = self.deviations
        if deviations is None:
            return None
        made = self.rows[list(self.repeats)].notna().sum(axis=1).to_numpy() if self.repeats else 1
        errors = {self.score: deviations / np.sqrt(made)}
        return frontier_chance(
            self.rows, self.plane(cost), errors, violations=self._violations, draws=CHANCE_DRAWS
        )

    def _about(self, index: int, row: Mapping[object, object]) -> str:
        shown = [self.score, *self.costs]
        if self.is_run:
            shown = [self.score, *self.objectives, "params", "macs", *self.costs]
        lines = [
            f"{escaped(self.head(column))} {self.text(column, number)}"
            for column in dict.fromkeys(shown)
            if isinstance(number := row[column], float) and not (self.is_run and math.isnan(number))
        ]
        title = f"<b>{escaped(self.names[index])}</b>"
        if not self.is_run:
            family = f"  {escaped(self.families[index])}" if self.family else ""
            return "<br>".join([title + family, *lines])
        lines += _luck(self, row)
        lines += ["beyond the limits"] if self.violation and row[self.violation] else []
        title += f"  {escaped(str(row['hash']))}"
        return "<br>".join([title, *lines, *_wrapped(outline(str(row["network"])))])


def names_of(rows: pd.DataFrame, column: str) -> list[str]:
    """Return the names of networks; of one that has none, the number of its row."""
    cells = rows[column].tolist() if column else [""] * len(rows)
    return [
        f"row {number}" if cell is None or cell != cell or cell == "" else str(cell)
        for number, cell in enumerate(cells, start=1)
    ]


def _luck(results: Results, row: Mapping[object, object]) -> list[str]:
    """Return what repeated trainings say of a trial."""
    deviation = row.get(results.spread)
    if not isinstance(deviation, float) or math.isnan(deviation):
        return []
    spread = f"{results.text(results.score, deviation)} over {row['repeats']:.0f} trainings"
    return [
        f"{escaped(results.head(results.score))} ± {spread}",
        f"on the frontier with a chance of {row['chance']:.0%}",
    ]


def _wrapped(text: str) -> list[str]:
    """Return the rows of an outline, escaped, in lines of about `LINE` letters."""
    lines = [""]
    for part in text.split(" · ") if text else []:
        if lines[-1] and len(lines[-1]) + len(part) > LINE:
            lines.append("")
        lines[-1] += f"{' · ' if lines[-1] else ''}{part}"
    return [f"<i>{escaped(line)}</i>" for line in lines if line]
