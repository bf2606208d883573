"""What a search aims at and keeps within: which metrics there are, and which way each is better.

A job may name the built-in objectives and the functions of its `metrics:`. With a training function of its
own it may name whatever that gives; what it does not give shows at its first report.
"""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import (
    METRICS,
    OBJECTIVES,
    OF_TARGET,
    TARGET,
    WAYS,
    Direction,
    Metric,
    own_metric,
)
from archscape.spaces.errors import JobError, suggest
from archscape.spaces.kinds import word
from archscape.spaces.language.limits import COSTS, Limit, check_limits

from ..training.own.metrics import TAKEN

DIRECTION = word(*WAYS, law=" or ".join(WAYS))


@dataclass(frozen=True, kw_only=True)
class KnownMetrics:
    """The metrics that a job may name.

    Attributes:
        own: Names of functions of the network, from its `metrics:`.
        is_open: Whether it has a training function of its own, which may return anything.
        has_target: Whether its networks are for a small device.
    """

    own: Collection[str] = ()
    is_open: bool = False
    has_target: bool = False

    @property
    def names(self) -> list[str]:
        """Those that are known by name."""
        return [*OBJECTIVES, *self.own]

    def has(self, name: str) -> bool:
        """Return whether a job may name it as an objective, or limit it.

        Raises:
            JobError: If it is one of the job's own and its name is that of something else, or is told of a
                target that the job does not have.
        """
        if name in OF_TARGET and not self.has_target:
            law = f"{name} is what a network needs on a small device, and the job names none"
            raise JobError(f"{law}; write `{TARGET}: {{runtime: tflm, dtype: int8}}`")
        if name in self.names:
            return True
        if not self.is_open:
            return False
        metric = METRICS.get(name)
        if metric is None:
            check_own_name(name)
        return metric is None or metric.is_quality

    def check(self, name: str) -> None:
        """Check that a job may name a metric.

        Raises:
            JobError: If it may not.
        """
        if not self.has(name):
            raise JobError(f"there is no objective '{name}'{suggest(name, self.names)}")

    def check_direction(self, name: str, way: str) -> None:
        """Check the direction of an objective; of a built-in one there is one right way.

        Raises:
            JobError: If there is no such objective or direction, or it is the wrong one.
        """
        self.check(name)
        if way not in WAYS:
            raise JobError(f"{name} {DIRECTION.refusal(way, repr(way))}")
        if name in METRICS and way != METRICS[name].direction:
            better = "more" if METRICS[name].direction == "maximize" else "less"
            law = f"{better} of it is better, so write `{name}: {METRICS[name].direction}`"
            raise JobError(f"{name} is not an objective to {way}: {law}")

    def check_objectives(self, objectives: Mapping[str, str]) -> None:
        """Check that a search has something to learn by training, and no objective the wrong way round.

        Raises:
            JobError: If it has not.
        """
        for name, way in objectives.items():
            self.check_direction(name, way)
        if not any(self._is_learned(name) for name in objectives):
            law = "a search has an objective of training, as in {accuracy: maximize, macs: minimize}"
            remedy = "what costs alone decide needs none: `archscape space SPACE --sample 100`"
            raise JobError(f"{law}; {remedy}" if objectives else law)

    def check_within(self, within: Mapping[str, Limit | MetricLimit]) -> None:
        """Check the limits of a job: those on the costs of a graph, and those on other metrics.

        Raises:
            InputError: If one is on no metric, or of the wrong kind.
        """
        check_limits({name: limit for name, limit in within.items() if name in COSTS})  # type: ignore[misc]
        for name, limit in within.items():
            if name not in COSTS:
                self.check(name)
                if not isinstance(limit, MetricLimit):
                    law = "a limit on a metric is a MetricLimit, as in MetricLimit(low=0.9)"
                    raise JobError(f"{law}, but {name} got {limit!r}")
                check_share(name, limit)

    def _is_learned(self, name: str) -> bool:
        return METRICS[name].is_quality if name in METRICS else name not in self.own


def with_units(
    within: Mapping[str, Limit | MetricLimit], board: Mapping[str, int]
) -> dict[str, Limit | MetricLimit]:
    """Return the limits of a job, each with the unit of its metric, and those of a board that it has not."""
    whole: dict[str, Limit | MetricLimit] = {
        name: replace(limit, unit=unit_of(name)) if isinstance(limit, MetricLimit) else limit
        for name, limit in within.items()
    }
    return whole | {
        name: MetricLimit(high=high, unit=unit_of(name)) for name, high in board.items() if name not in whole
    }


def unit_of(name: str) -> str:
    """Return the unit of a metric; "" for one of a job's own."""
    return METRICS[name].unit if name in METRICS else ""


def check_share(name: str, limit: MetricLimit) -> None:
    """Check that the ends of a limit lie between 0 and 1, if it is on a share.

    Raises:
        JobError: If they do not.
    """
    ends = [end for end in (limit.low, limit.high) if end is not None]
    if name in METRICS and METRICS[name].formatting == "share" and not all(0 <= end <= 1 for end in ends):
        raise JobError(f"{name} is a share, from 0 to 1, as in 0.9.. or 90%.., but got '{limit}'")


def check_own_name(name: str) -> None:
    """Check the name of a metric of a study's own: it becomes a column of `trials.csv`.

    Raises:
        JobError: If it is no identifier, or a column there already.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii():
        law = "the name of a metric is that of a column: letters, digits and `_`, as in `f1` or `top_5`"
        raise JobError(f"'{name}' is no name of a metric; {law}")
    is_spread = name.endswith("_std")
    if name in TAKEN or name in METRICS or is_spread:
        kind = "the spread of a metric" if is_spread else "something else"
        raise JobError(f"'{name}' is {kind} in the table of trials; choose another name for the metric")


def own_metrics(
    objectives: Mapping[str, Direction],
    limits: Mapping[str, MetricLimit],
    functions: Iterable[str],
) -> dict[str, Metric]:
    """Return the metrics of a job that are not built in, by name.

    Which way one is better follows from the objectives, or from its limit: what has a lower end alone is
    better the more, all else the less.
    """
    functions = tuple(functions)
    ways: dict[str, Direction] = dict.fromkeys(functions, "minimize")
    ways |= {name: "maximize" if limit.high is None else "minimize" for name, limit in limits.items()}
    ways |= objectives
    return {
        name: own_metric(name, way, is_predicted=name in functions)
        for name, way in ways.items()
        if name not in METRICS
    }
