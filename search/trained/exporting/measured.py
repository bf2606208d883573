"""What training measured of a network that is exported, and where it stands among the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from archscape.analysis.metrics import METRICS

from ...study.trained import frontier_trials
from ...training.final.seeds import SeedFiles
from ..trained_network import TrainedNetwork

if TYPE_CHECKING:
    from ...study.reader import StudyReader
    from ...study.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A metric that training measured.

    Attributes:
        name: As `METRICS` or the study has it; `test_` before it says that it is of the test part.
        value: Of one training, or the mean of several.
        spread: The standard deviation over several; None of one.
        trainings: How many.
        own: Of the weights that are exported, where that is another number.
    """

    name: str
    value: float
    spread: float | None = None
    trainings: int = 1
    own: float | None = None

    @property
    def part(self) -> str:
        """The part of the data that it was measured on."""
        return "test" if self.name.startswith("test_") else "validation"


def measured_of_trial(study: StudyReader, trial: Trial, known: TrainedNetwork | None) -> tuple[Measured, ...]:
    """Return the metrics of how well a trial learned, those of its study's own among them."""
    metrics, own = trial.metrics, known.metrics if known else {}
    qualities = [name for name, metric in study.metrics.items() if metric.is_quality and name in metrics]
    trainings = int(metrics.get("repeats", 1))
    return tuple(
        Measured(
            name=name,
            value=metrics[name],
            spread=metrics.get(f"{name}_std") if trainings > 1 else None,
            trainings=trainings,
            own=own.get(name) if trainings > 1 else None,
        )
        for name in qualities
        if name != "loss"
    )


def measured_of_seeds(folder: Path, known: TrainedNetwork) -> tuple[Measured, ...]:
    """Return the metrics of a final training: the mean of its seeds, their spread, and those of the one."""
    numbers = [path.stem.removeprefix("seed-") for path in sorted(folder.glob("seed-*.json"))]
    seeds = [SeedFiles(folder, int(number)).read() for number in numbers if number.isdecimal()]
    ended = [seed.result.metrics for seed in seeds if seed is not None]
    names = [
        name for name in known.metrics if name in METRICS and METRICS[name].is_quality and name != "loss"
    ]
    rows = {name: [metrics[name] for metrics in ended if name in metrics] for name in names}
    return tuple(
        Measured(
            name=name,
            value=fmean(values),
            spread=stdev(values) if len(values) > 1 else None,
            trainings=len(values),
            own=known.metrics[name] if len(values) > 1 else None,
        )
        for name, values in rows.items()
    )


def standing(study: StudyReader, trial: Trial) -> str:
    """Return where a trial stands in the frontier of its search."""
    objectives = ", ".join(f"{name} ({way})" for name, way in study.objectives.items())
    front = frontier_trials(study)
    complete = study.counts().get("complete", 0)
    of = f"the frontier of the search {study.name} by {objectives}"
    if all(each.number != trial.number for each in front):
        others = ", ".join(f"trial {each.number}" for each in front)
        return f"It is not on {of}: there are {others}, of {complete} that were trained to their end."
    name, way = next(iter(study.objectives.items()))
    ordered = sorted(
        front,
        key=lambda each: {**each.costs, **each.metrics}[name],
        reverse=way == "maximize",
    )
    rank = 1 + [each.number for each in ordered].index(trial.number)
    return (
        f"It is on {of}: number {rank} of {len(front)} there by {name}, "
        f"of {complete} that were trained to their end."
    )
