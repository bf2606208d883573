"""The metrics of a network: each is defined once, and everything else reads `METRICS`.

Job files (which objectives there are), the table of trials, repeated trainings, progress, reports and the
dashboard follow from these definitions. A metric that is known before training is computed by its `count` for
every trial; one of training is whatever the training loop reports under its name.

>>> METRICS["macs"].is_known_before_training, METRICS["accuracy"].is_known_before_training
(True, False)
>>> METRICS["accuracy"].spread.name
'accuracy_std'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from archscape.spaces.graph import Totals

Direction: TypeAlias = Literal["maximize", "minimize"]
Objectives: TypeAlias = Mapping[str, Direction]
WAYS: tuple[Direction, ...] = ("maximize", "minimize")

Combination = Literal["keep", "mean", "mean and spread", "sum"]
"""How the values of repeated trainings become one; what is the same in all of them is kept."""
Formatting = Literal["number", "share", "seconds"]
Use = Literal["objective", "shown", "recorded"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that is known of every network of a search.

    Attributes:
        name: Its name in job files, tables and databases.
        short: The label for a narrow column; "" for the label itself.
        formatting: A share is written in percent, seconds to two decimals.
        use: A job may name an `objective`; that and what is `shown` stand in every table of trials, what is
            `recorded` in files alone.
        count: Computes it from the costs of the network's graph, for what follows from these.
        is_predicted: Whether it is predicted before training, for the studies that ask for it.
    """

    name: str
    label: str
    short: str = ""
    unit: str = ""
    direction: Direction = "minimize"
    formatting: Formatting = "number"
    repeats: Combination = "keep"
    use: Use = "objective"
    count: Callable[[Totals], float] | None = None
    is_predicted: bool = False

    @property
    def heading(self) -> str:
        """The label with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def is_known_before_training(self) -> bool:
        """Whether it is known of a network that nobody has trained."""
        return self.count is not None or self.is_predicted

    @property
    def is_quality(self) -> bool:
        """Whether it tells how well a network learned."""
        return self.repeats in ("mean", "mean and spread")

    @property
    def has_spread(self) -> bool:
        """Whether repeated trainings give its spread too."""
        return self.repeats == "mean and spread"

    @property
    def spread(self) -> Metric:
        """The standard deviation of the metric over repeated trainings."""
        label = f"spread of the {self.name.replace('_', ' ')}"
        return replace(
            self, name=f"{self.name}_std", label=label, short="± std", direction="minimize", use="recorded"
        )


_DEFINITIONS = (
    Metric(
        name="accuracy",
        label="validation accuracy",
        short="accuracy",
        direction="maximize",
        formatting="share",
        repeats="mean and spread",
    ),
    Metric(
        name="test_accuracy",
        label="test accuracy",
        short="test",
        direction="maximize",
        formatting="share",
        repeats="mean and spread",
        use="shown",
    ),
    Metric(name="loss", label="validation loss", repeats="mean", use="recorded"),
    Metric(name="params", label="parameters", short="params", count=attrgetter("params")),
    Metric(name="macs", label="MACs", count=attrgetter("macs")),
    Metric(name="flops", label="FLOPs", use="recorded", count=attrgetter("flops")),
    Metric(name="activations", label="activations", count=attrgetter("activations")),
    Metric(name="latency", label="predicted latency", unit="ms", is_predicted=True),
    Metric(
        name="seconds",
        label="training time",
        short="seconds",
        unit="s",
        formatting="seconds",
        repeats="sum",
    ),
    Metric(
        name="step_seconds",
        label="time in training steps",
        unit="s",
        formatting="seconds",
        repeats="sum",
        use="recorded",
    ),
    Metric(
        name="eval_seconds",
        label="time in evaluation",
        unit="s",
        formatting="seconds",
        repeats="sum",
        use="recorded",
    ),
)
METRICS = {metric.name: metric for metric in _DEFINITIONS}
"""The metrics by name, in the order of their columns in a table of trials."""

SPREADS = {metric.spread.name: metric.spread for metric in METRICS.values() if metric.has_spread}
"""Standard deviations over repeated trainings, by name."""

KNOWN_BEFORE_TRAINING = frozenset(name for name, metric in METRICS.items() if metric.is_known_before_training)
OBJECTIVES = tuple(sorted(name for name, metric in METRICS.items() if metric.use == "objective"))
SCORE = "accuracy"
"""The score of a search none of whose objectives is maximised."""

COST_AXES = tuple(
    sorted(
        (name for name in METRICS if name in OBJECTIVES and METRICS[name].direction == "minimize"),
        key=lambda name: name != "macs",
    )
)
"""The costs that a report offers as an axis, the default first."""

SHARES = tuple(name for name, metric in (METRICS | SPREADS).items() if metric.formatting == "share")
SECONDS = tuple(name for name, metric in METRICS.items() if metric.formatting == "seconds")


def score_of(objectives: Objectives) -> str:
    """Return what a figure shows on its upright axis: the first objective that is maximised.

    >>> score_of({"macs": "minimize", "accuracy": "maximize"}), score_of({"macs": "minimize"})
    ('accuracy', 'accuracy')
    """
    return next((name for name, way in objectives.items() if way == "maximize"), SCORE)


def cost_axes(objectives: Objectives, score: str) -> tuple[str, ...]:
    """Return what it may show on its level axis: the objectives that are minimised, then the usual costs.

    >>> cost_axes({"accuracy": "maximize", "params": "minimize"}, "accuracy")[:2]
    ('params', 'macs')
    """
    minimised = [name for name, way in objectives.items() if way == "minimize"]
    return tuple(name for name in dict.fromkeys([*minimised, *COST_AXES]) if name != score)


def count_costs(totals: Totals) -> dict[str, float]:
    """Return the metrics that follow from the costs of a network's graph."""
    return {name: metric.count(totals) for name, metric in METRICS.items() if metric.count is not None}
