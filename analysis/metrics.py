"""The metrics of a network: each is defined once, and everything else reads `METRICS`.

Job files (which objectives there are), the table of trials, repeated trainings, progress, reports and the
dashboard follow from these definitions. A metric that is known before training is computed by its `count` for
every trial; one of training is whatever the training loop reports under its name. A study may have metrics of
its own beside them (`read_metrics`): what its training function returns, and functions of the network.

>>> METRICS["macs"].is_known_before_training, METRICS["accuracy"].is_known_before_training
(True, False)
>>> METRICS["accuracy"].spread.name
'accuracy_std'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from archscape.spaces.graph import Totals

Direction: TypeAlias = Literal["maximize", "minimize"]
Objectives: TypeAlias = Mapping[str, Direction]
BYTES = "bytes"
MILLISECONDS = "ms"
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
        is_predicted: Whether it is computed before training, for the studies that ask for it.
        is_optional: Whether it has a column only where some trial has it: not every study does.
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
    is_optional: bool = False

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


def _qualities(
    name: str,
    label: str,
    *,
    direction: Direction = "maximize",
    formatting: Formatting = "number",
    unit: str = "",
    is_optional: bool = True,
) -> Iterator[Metric]:
    """Yield a metric of how well a network learned, and the same of the test set, which decides nothing."""
    validation = Metric(
        name=name,
        label=f"validation {label}",
        short=label,
        unit=unit,
        direction=direction,
        formatting=formatting,
        repeats="mean and spread",
        is_optional=is_optional,
    )
    short = f"test {label}" if is_optional else "test"
    yield validation
    yield replace(validation, name=f"test_{name}", label=f"test {label}", short=short, use="shown")


def _asked(name: str, label: str, *, unit: str = "", direction: Direction = "minimize") -> Metric:
    """Return a metric that is computed before training, for the studies that ask for it."""
    return Metric(name=name, label=label, unit=unit, direction=direction, is_predicted=True, is_optional=True)


_DEFINITIONS = (
    *_qualities("accuracy", "accuracy", formatting="share", is_optional=False),
    *_qualities("balanced_accuracy", "balanced accuracy", formatting="share"),
    *_qualities("f1_macro", "macro F1", formatting="share"),
    *_qualities("top5_accuracy", "top-5 accuracy", formatting="share"),
    *_qualities("mean_average_precision", "mean average precision", formatting="share"),
    *_qualities("exact_match", "exact match", formatting="share"),
    *_qualities("mean_iou", "mean IoU", formatting="share"),
    *_qualities("pixel_accuracy", "pixel accuracy", formatting="share"),
    *_qualities("mae", "mean absolute error", direction="minimize"),
    *_qualities("box_iou", "IoU of boxes", formatting="share"),
    *_qualities("psnr", "PSNR", unit="dB"),
    *_qualities("elbo", "ELBO", unit="nats"),
    *_qualities("bits_per_dim", "bits per dimension", direction="minimize"),
    Metric(name="loss", label="training loss", repeats="mean", use="recorded"),
    Metric(name="params", label="parameters", short="params", count=attrgetter("params")),
    Metric(name="macs", label="MACs", count=attrgetter("macs")),
    Metric(name="flops", label="FLOPs", use="recorded", count=attrgetter("flops")),
    Metric(name="activations", label="activations", count=attrgetter("activations")),
    _asked("weights", "weights", unit=BYTES),
    _asked("memory", "peak memory of inference", unit=BYTES),
    _asked("training_memory", "peak memory of training", unit=BYTES),
    _asked("sram", "SRAM", unit=BYTES),
    _asked("flash", "flash memory", unit=BYTES),
    _asked("receptive_field", "receptive field of the last map", direction="maximize"),
    _asked("latency", "predicted latency", unit=MILLISECONDS),
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
        (
            name
            for name, metric in METRICS.items()
            if name in OBJECTIVES and metric.direction == "minimize" and not metric.is_optional
        ),
        key=lambda name: name != "macs",
    )
)
"""The costs of every study that a report offers as an axis, the default first."""

TARGET = "target"
OF_TARGET = ("sram", "flash")
"""The metrics of a study whose networks are for a small device; no other knows them."""

SHARES = tuple(name for name, metric in (METRICS | SPREADS).items() if metric.formatting == "share")
SECONDS = tuple(name for name, metric in METRICS.items() if metric.formatting == "seconds")


def score_of(objectives: Objectives, metrics: Mapping[str, Metric] = METRICS) -> str:
    """Return what a figure shows on its upright axis: the first objective of how well a network learned.

    What is maximised comes before errors; a name that is not defined is one of these.

    >>> score_of({"macs": "minimize", "accuracy": "maximize"}), score_of({"macs": "minimize"})
    ('accuracy', 'accuracy')
    >>> score_of({"receptive_field": "maximize", "mae": "minimize"})
    'mae'
    """
    qualities = [name for name in objectives if name not in metrics or metrics[name].is_quality]
    return next((name for name in qualities if objectives[name] == "maximize"), [*qualities, SCORE][0])


def cost_axes(objectives: Objectives, score: str, asked: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what it may show on its level axis: the other objectives, then the costs that a study knows.

    >>> cost_axes({"accuracy": "maximize", "params": "minimize"}, "accuracy")[:2]
    ('params', 'macs')
    """
    return tuple(name for name in dict.fromkeys([*objectives, *COST_AXES, *asked]) if name != score)


def own_metric(name: str, direction: Direction, *, is_predicted: bool = False) -> Metric:
    """Return a metric of a study's own, called as it names it: one of training, or of the network."""
    return Metric(
        name=name,
        label=name.replace("_", " "),
        direction=direction,
        repeats="keep" if is_predicted else "mean and spread",
        is_predicted=is_predicted,
        is_optional=True,
    )


def read_metrics(facts: Mapping[str, Any]) -> dict[str, Metric]:
    """Return the metrics that a study with these facts may have, by name; nothing of the user's is run.

    `metrics` of the facts has what is not built in: the direction, and `call` and `files` of a function.

    >>> read_metrics({"metrics": {"f1": {"direction": "maximize"}}})["f1"].heading
    'f1'
    """
    own = {
        name: own_metric(name, fact["direction"], is_predicted="call" in fact)
        for name, fact in facts.get("metrics", {}).items()
    }
    return METRICS | own


def names_asked(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the metrics that a study with these facts asks of every network beyond the totals of its graph.

    >>> names_asked({"objectives": {"accuracy": "maximize"}, "limits": {"memory": "..1M"}})
    ('memory',)
    """
    metrics = read_metrics(facts)
    named = [*facts["objectives"], *facts.get("limits", {}), *facts.get("metrics", {})]
    named += ["latency"] if facts.get("latency") else []
    named += OF_TARGET if facts.get(TARGET) else []
    return tuple(name for name in dict.fromkeys(named) if metrics[name].is_predicted)


def count_costs(totals: Totals) -> dict[str, float]:
    """Return the metrics that follow from the costs of a network's graph."""
    return {name: metric.count(totals) for name, metric in METRICS.items() if metric.count is not None}
