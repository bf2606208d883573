"""The trainings of a final training, one a seed: in this process, or spread over devices."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.source import class_name, source

from ...shutdown import ShutdownRequested
from ..outcome import Outcome, Report
from ..parallel.group import train_jobs
from ..parallel.messages import Source, TrainingJob
from ..recipe import Recipe
from ..train import train
from ..transfer import Transfer
from .seeds import SeedFiles, TrainedSeed

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ...datasets.dataset import Dataset

OnEpoch: TypeAlias = Callable[[int, int], None]
"""Takes which seed is trained, from 0 in the order of the seeds, and how many of its epochs are done."""


@dataclass(frozen=True)
class Log:
    """The log of a final training: a file, and whoever follows it."""

    file: Path
    follow: Callable[[str], None]

    def line(self, text: str) -> None:
        """Append what is worth keeping."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n")

    def both(self, text: str) -> None:
        """Append a line that whoever follows has to see."""
        self.line(text)
        self.follow(text)


@dataclass(frozen=True, kw_only=True, eq=False)
class SeedTraining:
    """What the seeds of a final training have in common.

    Attributes:
        seeds: All of them, in their order.
        pieces: In how many pieces a batch goes through the network, if those are more than the recipe's.
    """

    network: Network
    data: Dataset
    recipe: Recipe
    transfer: Transfer
    out: Path
    seeds: Sequence[int]
    note: Log
    on_epoch: OnEpoch
    should_stop: Callable[[], bool]
    pieces: int = 1

    def run(self, device: str, slots: Sequence[Sequence[str]]) -> list[TrainedSeed]:
        """Train the seeds that are missing; return all, in their order.

        Args:
            device: Where this process trains them one by one, if there are no slots.
            slots: The devices of a training, for each that goes on at a time.

        Raises:
            ShutdownRequested: If it was asked to stop.
        """
        known = {seed: trained for seed in self.seeds if (trained := self._known(seed)) is not None}
        missing = [seed for seed in self.seeds if seed not in known]
        if slots:
            known |= self._over(missing, slots)
        else:
            known |= {seed: self._here(seed, device) for seed in missing}
        return [known[seed] for seed in self.seeds]

    def _known(self, seed: int) -> TrainedSeed | None:
        """Return a seed that was trained before."""
        known = SeedFiles(self.out, seed).read()
        self.on_epoch(self.seeds.index(seed), self.recipe.epochs if known else 0)
        return known

    def _here(self, seed: int, device: str) -> TrainedSeed:
        """Train a seed in this process; return its result, and its weights if it is complete.

        Raises:
            ShutdownRequested: If it was asked to stop.
        """
        self.note.line(f"seed {seed}: begins")
        outcome = train(
            lambda: build(self.network),
            self.data,
            self.recipe,
            seed=seed,
            device=device,
            report=self._report(seed),
            checkpoint=SeedFiles(self.out, seed).partial,
            should_stop=self.should_stop,
            transfer=self.transfer,
            pieces=self.pieces,
            log=self.note.both,
        )
        return self._ended(seed, outcome)

    def _over(self, seeds: Sequence[int], slots: Sequence[Sequence[str]]) -> dict[int, TrainedSeed]:
        """Train seeds in other processes, as many at a time as there are slots of devices.

        Raises:
            ShutdownRequested: If it was asked to stop.
        """
        ended: dict[int, TrainedSeed] = {}
        text = Source(source(self.network), class_name(self.network))
        jobs = [
            TrainingJob(
                source=text,
                data=self.data,
                recipe=self.recipe,
                seed=seed,
                checkpoint=SeedFiles(self.out, seed).partial,
                transfer=self.transfer,
                pieces=self.pieces,
            )
            for seed in seeds
        ]

        def begin(job: TrainingJob) -> Report:
            self.note.line(f"seed {job.seed}: begins")
            return self._report(job.seed)

        def end(job: TrainingJob, outcome: Outcome) -> None:
            with suppress(ShutdownRequested):  # the others may come to their end
                ended[job.seed] = self._ended(job.seed, outcome)

        train_jobs(
            jobs,
            slots,
            report=begin,
            ended=end,
            errors=self.note.file,
            should_stop=self.should_stop,
            log=self.note.both,
        )
        if len(ended) < len(seeds):
            raise ShutdownRequested
        return ended

    def _ended(self, seed: int, outcome: Outcome) -> TrainedSeed:
        """Write and return what a training came to."""
        if outcome.status == "interrupted":
            self.note.line(f"seed {seed}: interrupted")
            raise ShutdownRequested
        if outcome.status != "complete":
            self.note.both(f"seed {seed}: {outcome.status}: {outcome.cause}")
            if outcome.trace:
                self.note.line(outcome.trace)
        files = SeedFiles(self.out, seed)
        keep = outcome.status == "lost_worker"  # which is not the network's fault: it goes on from there
        return files.write(outcome, self._metadata(seed), keep_partial=keep)

    def _report(self, seed: int) -> Report:
        """Return what is done after each epoch of a seed."""

        def report(epoch: int, row: Mapping[str, float]) -> None:
            measured = ", ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
            self.note.line(f"seed {seed}: epoch {epoch}: {measured}")
            self.on_epoch(self.seeds.index(seed), epoch)

        return report

    def _metadata(self, seed: int) -> dict[str, str]:
        """Return what a file of weights says of itself."""
        return {
            "format": "pt",
            **self.data.card(),
            "network": self.network.to_json(),
            "recipe": json.dumps(self.recipe.to_dict()),
            "seed": str(seed),
        }
