"""One seed of a final training: its files, and how it is taken up again.

`seed-N.json` holds how it ended, `seed-N.safetensors` its weights, and while it runs `seed-N.partial` its
state. The weights are on disk before the result that has their digest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from archscape.spaces.atomic import sweep, write_json, write_whole
from archscape.spaces.errors import InputError

from ..outcome import Outcome
from ..weights import Weights, read_weights


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """How the training of one seed ended.

    Attributes:
        seed: The seed.
        status: `complete`, or why it has no weights.
        cause: One line that says more; empty if complete.
        metrics: As `Outcome` has them.
        history: A row an epoch.
        digest: Of its weights.
    """

    seed: int
    status: str
    cause: str = ""
    metrics: Mapping[str, float]
    history: list[dict[str, float]]
    digest: str = ""


class TrainedSeed(NamedTuple):
    """How a seed ended, and its weights: none if it has failed."""

    result: SeedResult
    weights: Weights


@dataclass(frozen=True)
class SeedFiles:
    """The files of one seed in the folder of a final training."""

    out: Path
    seed: int

    @property
    def weights(self) -> Path:
        """The trained weights."""
        return self.out / f"seed-{self.seed}.safetensors"

    @property
    def result(self) -> Path:
        """How it ended."""
        return self.out / f"seed-{self.seed}.json"

    @property
    def partial(self) -> Path:
        """The state of a training under way."""
        return self.out / f"seed-{self.seed}.partial"

    def read(self) -> TrainedSeed | None:
        """Return the result and the weights, if this seed was trained to its end and both are sound."""
        try:
            known: dict[str, Any] = json.loads(self.result.read_text(encoding="utf-8"))
            result = SeedResult(**known)
            if result.status != "complete" or not result.digest:
                return None
            return TrainedSeed(result, read_weights(self.weights, digest=result.digest))
        except (FileNotFoundError, ValueError, TypeError, InputError):
            return None  # it is trained again

    def write(
        self, outcome: Outcome, metadata: Mapping[str, str], *, keep_partial: bool = False
    ) -> TrainedSeed:
        """Write what a training came to; return it with its weights, none if it has failed.

        Args:
            outcome: How it ended.
            metadata: What the file of weights says of itself.
            keep_partial: Whether the state of the training stays, from which it may go on.
        """
        digest, weights = "", Weights(outcome.state or {}, metadata)
        if outcome.state is not None:
            digest = weights.digest
            sweep(self.weights)
            write_whole(self.weights, weights.to_bytes())
        result = SeedResult(
            seed=self.seed,
            status=outcome.status,
            cause=outcome.cause,
            metrics=finite(outcome.metrics),
            history=[finite(row) for row in outcome.history],
            digest=digest,
        )
        write_json(self.result, asdict(result))
        if not keep_partial:
            self.partial.unlink(missing_ok=True)
        return TrainedSeed(result, weights)


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return metrics without those that are no finite number, for which JSON has no word."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
