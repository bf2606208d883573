"""The loss landscape around the trained weights of a trial, with and without its skip connections."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from archscape.analysis.landscape.file import Explored, Landscape
from archscape.analysis.landscape.first_layer import changes, first_filters
from archscape.analysis.landscape.plane import Point, landscape
from archscape.spaces.atomic import sweep, write_whole
from archscape.spaces.codegen.build import build
from archscape.spaces.errors import InputError, JobError, StudyError
from archscape.spaces.without_skips import without_skips

from ...datasets.dataset import Dataset, load_dataset
from ...datasets.split import Split
from ...folder import RunFolder
from ...job import Job, read_job
from ...shutdown import Shutdown
from ...study.trained import trained
from ...training.choices import drawn_recipe
from ...training.device import resolve_device, to_channels_last
from ...training.evaluation import evaluate
from ...training.recipe import Recipe
from ...training.repeats import repeat_seed
from ...training.tasks import make_task
from ...training.train import train
from ...training.weights import Weights, read_weights

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ...study.study import Study
    from ...study.trial import Trial

State: TypeAlias = Mapping[str, Tensor]
OnProgress: TypeAlias = Callable[[str, int, int], None]
"""Takes what is being done, how many parts of it are done, and of how many."""


@dataclass(frozen=True, kw_only=True)
class LandscapeSettings:
    """What of a surface is computed.

    Attributes:
        steps: Points along each direction, odd.
        span: How far to go to either side, in lengths of each filter.
        seed: Of the directions and of the samples.
        samples: How many samples of the training part the loss is the mean of.
    """

    steps: int = 21
    span: float = 1.0
    seed: int = 0
    samples: int = 256

    def part(self, data: Dataset) -> Split:
        """Return the samples: drawn by the seed, in the order of the training part."""
        order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(self.seed))
        rows = order[: self.samples].sort().values
        x, y = data.train.batch(rows, "cpu")
        return Split(x=x, y=y)

    def part_text(self, data: Dataset) -> str:
        """Return in words which samples these are."""
        return f"{min(self.samples, len(data.train)):,} of {len(data.train):,} training samples"


@dataclass(frozen=True, kw_only=True)
class TrainedTrial:
    """A complete trial with its trained weights, and all that its training followed from."""

    trial: Trial
    network: Network
    weights: State
    job: Job
    data: Dataset
    on_progress: OnProgress

    @classmethod
    def of(
        cls, study: Study, which: str, on_progress: OnProgress, *, note: Callable[[str], None]
    ) -> TrainedTrial:
        """Return a trial by `best` or its number, with its weights, job and data.

        A line is noted if its weights cannot be checked.

        Raises:
            InputError: If there is no such trial, its weights are missing, or the data is not as it was.
        """
        trial, network, weights, _ = trained(study, which, note=note)
        job = read_job(RunFolder(study.address.folder).job, runs="nothing")
        if job.train is not None:
            law = "the surface of a loss is drawn of what a recipe trained"
            raise JobError(f"trial {trial.number} was trained by {job.train.call.name}; {law}")
        data = load_dataset(job.data)
        if data.task != "classification":
            law = "the surface of a loss is drawn of classification alone"
            raise JobError(f"data {job.data}: its task is {data.task}; {law}")
        recorded = study.pinned().get("data_fingerprint", data.fingerprint)
        if recorded != data.fingerprint:
            begun = f"but the search began with {recorded}; bring the old data back"
            raise JobError(f"data {job.data}: its fingerprint is {data.fingerprint}, {begun}")
        return cls(trial=trial, network=network, weights=weights, job=job, data=data, on_progress=on_progress)

    @property
    def recipe(self) -> Recipe:
        """How it was trained."""
        return drawn_recipe(self.job.recipe, self.trial.decisions)

    @property
    def seed(self) -> int:
        """The seed of the training whose weights were kept."""
        return repeat_seed(self.trial.seed, int(self.trial.metrics.get("kept_repeat", 1)))

    @cached_property
    def plain(self) -> Network:
        """The same network without its skip connections.

        Raises:
            SpaceError: If there is no such form of it.
        """
        return without_skips(self.network)

    def landscape(self, settings: LandscapeSettings) -> Landscape:
        """Return the surface around the trained weights, and what training did to them."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            start = build(self.network).state_dict()
        return Landscape(
            trial=self.trial.number,
            data=self.data.name,
            part=settings.part_text(self.data),
            seed=settings.seed,
            trained=self.explore(self.network, self.weights, settings),
            filters=first_filters(start, self.weights),
            changes=tuple(changes(start, self.weights)),
        )

    def explore(self, network: Network, weights: State, settings: LandscapeSettings) -> Explored:
        """Return the surface around the weights of a network.

        Raises:
            InputError: If the weights do not fit it.
        """
        module = build(network)
        try:
            module.load_state_dict(weights)
        except RuntimeError as error:
            mismatch = f"the weights of trial {self.trial.number} do not fit its network"
            raise InputError(f"{mismatch}: {str(error).splitlines()[0]}") from None
        module = to_channels_last(module, self.data.train, resolve_device(self.job.device))
        device = next(module.parameters()).device
        part = settings.part(self.data).to(device)
        validated = evaluate(module, self.data.val, make_task(self.data), device=str(device))
        surface = landscape(
            module,
            part.x,
            part.y,
            steps=settings.steps,
            span=settings.span,
            seed=settings.seed,
            track=lambda points: self._track(points, f"loss around {network.name}"),
        )
        return Explored(
            network=network.name,
            params=network.totals.params,
            val_accuracy=validated["accuracy"],
            surface=surface,
        )

    def _track(self, points: Sequence[Point], words: str) -> Iterator[Point]:
        for done, point in enumerate(points):
            self.on_progress(words, done, len(points))
            yield point
        self.on_progress(words, len(points), len(points))

    def kept_plain(self, folder: Path) -> State | None:
        """Return the weights of the plain network that `train_plain` left; None if there are none.

        Raises:
            OSError: If the file system refuses them; they are not trained again for that.
        """
        try:
            kept = read_weights(self._plain_file(folder), digest="")
        except InputError:
            return None  # they can be trained again
        facts = dict(kept.metadata)
        sound = facts.pop("digest", "") in ("", Weights(kept.state, facts).digest)
        return kept.state if sound and facts.get("identity") == self._plain_identity() else None

    def train_plain(self, folder: Path) -> State:
        """Return the weights of the plain network, trained by the recipe and the seed of the trial.

        They are left in the folder. A training that was stopped goes on from there.

        Raises:
            StudyError: If it was stopped, or failed.
        """
        rule, shutdown, words = self.job.pruner(), Shutdown(), f"training {self.plain.name}"
        file, epochs = self._plain_file(folder), self.recipe.epochs
        partial = file.with_suffix(".partial")
        with shutdown.handling_signals(signal.SIGINT, signal.SIGTERM):
            outcome = train(
                lambda: build(self.plain),
                self.data,
                self.recipe,
                seed=self.seed,
                device=self.job.device,
                report=lambda epoch, _: self.on_progress(words, epoch, epochs),
                checkpoint=partial,
                should_stop=lambda: shutdown.requested,
                rungs=rule.rungs if rule else (),
            )
        if outcome.status == "interrupted":
            raise StudyError(f"{words}: stopped; the same command resumes it")
        partial.unlink(missing_ok=True)
        if outcome.state is None:
            raise StudyError(f"{words}: {outcome.status}: {outcome.cause}; its surface is left out")
        sweep(file)
        facts = {"format": "pt", "identity": self._plain_identity()}
        digest = Weights(outcome.state, facts).digest
        write_whole(file, Weights(outcome.state, {**facts, "digest": digest}).to_bytes())
        return outcome.state

    def _plain_file(self, folder: Path) -> Path:
        return folder / f"trial-{self.trial.number}-without-skips.safetensors"

    def _plain_identity(self) -> str:
        """Return what the training of the plain network follows from."""
        return json.dumps([self.plain.hash(), self.seed, self.recipe.to_dict(), self.data.fingerprint])
