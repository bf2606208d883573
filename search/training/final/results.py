"""What a final training came to, as rows and as files: metrics as JSON and CSV, curves as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from archscape.analysis.metrics import METRICS
from archscape.spaces.atomic import write_json, write_whole

from .held_out import Tested
from .seeds import SeedFiles, SeedResult


@dataclass(frozen=True, kw_only=True)
class FinalResults:
    """What a final training came to.

    Attributes:
        out: The folder with its files.
        source: The file with the class of the network.
        seeds: Each seed, those that failed too.
        tested: What the test part gave.
        score: The metric of the task that decides.
    """

    out: Path
    source: Path
    seeds: Sequence[SeedResult]
    tested: Tested
    score: str

    @property
    def complete(self) -> list[SeedResult]:
        """The seeds that were trained to their end."""
        return [seed for seed in self.seeds if seed.status == "complete"]

    @property
    def best(self) -> Path:
        """The weights of the seed with the best score of the validation part."""
        sign = 1 if METRICS[self.score].direction == "maximize" else -1
        kept = max(self.complete, key=lambda seed: sign * seed.metrics[self.score])
        return SeedFiles(self.out, kept.seed).weights

    @property
    def columns(self) -> list[str]:
        """Metrics that a row has: score, loss and what the test part gave."""
        tested = dict.fromkeys(name for metrics in self.tested.seeds.values() for name in metrics)
        return [self.score, "loss", *tested]

    @property
    def mean(self) -> dict[str, float]:
        """The mean of each metric over the complete seeds."""
        return {name: fmean(values) for name, values in self._values().items()}

    @property
    def std(self) -> dict[str, float]:
        """Its standard deviation over them, of a sample; empty with fewer than two."""
        return {name: stdev(values) for name, values in self._values().items() if len(values) > 1}

    def rows(self) -> list[tuple[str, Mapping[str, float]]]:
        """Return a name and metrics for each complete seed, their mean and std, and the ensemble."""
        rows: list[tuple[str, Mapping[str, float]]] = [
            (f"seed {seed.seed}", self._metrics(seed)) for seed in self.complete
        ]
        more = (("mean", self.mean), ("std", self.std), ("ensemble", self.tested.ensemble))
        return rows + [(name, metrics) for name, metrics in more if metrics and len(rows) > 1]

    def write(self, facts: Mapping[str, object]) -> dict[str, Path]:
        """Write `metrics.json`, `metrics.csv` and `curves.csv`; return their files."""
        files = {name: self.out / name for name in ("metrics.json", "metrics.csv", "curves.csv")}
        table = [(name, *(metrics.get(each, "") for each in self.columns)) for name, metrics in self.rows()]
        curves = [{"seed": seed.seed, **row} for seed in self.seeds for row in seed.history]
        heads = [*dict.fromkeys(name for row in curves for name in row)]
        write_whole(files["metrics.csv"], _csv(["", *self.columns], table))
        write_whole(files["curves.csv"], _csv(heads, [[row.get(h, "") for h in heads] for row in curves]))
        write_json(files["metrics.json"], {**facts, **self._summary()})
        return files

    def _summary(self) -> dict[str, object]:
        seeds = [
            {"seed": seed.seed, "status": seed.status, "cause": seed.cause}
            | {"metrics": {**seed.metrics, **self.tested.seeds.get(seed.seed, {})}}
            for seed in self.seeds
        ]
        return {
            "seeds": seeds,
            "mean": self.mean,
            "std": self.std,
            "ensemble": self.tested.ensemble,
            "crops": {"views": self.tested.views, "note": self.tested.note},
        }

    def _metrics(self, seed: SeedResult) -> dict[str, float]:
        known = {**seed.metrics, **self.tested.seeds.get(seed.seed, {})}
        return {name: known[name] for name in self.columns if name in known}

    def _values(self) -> dict[str, list[float]]:
        rows = [self._metrics(seed) for seed in self.complete]
        common = [name for name in self.columns if rows and all(name in row for row in rows)]
        return {name: [row[name] for row in rows] for name in common}


def _csv(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([heads, *rows])
    return text.getvalue()
