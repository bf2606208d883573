"""The training loop: batches drawn by index from data in memory or on disk, no wait for the device.

The same code runs on CPU and CUDA, in the precision that the recipe asks for; evaluation is in float32.
Between any two steps the whole of its state can be taken out, and put into another loop, which resumes with
the same bits (`snapshot.py`).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import nn

from ..datasets.dataset import Dataset
from ..datasets.split import Split
from .augment.apply import check_augmentation
from .device import to_channels_last
from .ema import Average
from .evaluation import Measured, measure
from .gradients import GradientStep
from .graph import GraphStep, capture_refusal
from .learning_rate import LearningRate
from .mixing import check_mixing
from .optimizer import Optimizer
from .parallel.ranks import Ranks
from .precision import resolve_precision, without_slow_kernels
from .recipe import Recipe
from .step import StepInputs, TakeStep, TrainingStep
from .tasks import make_task
from .transfer import Transfer

LOG = logging.getLogger("archscape").warning
CHECK_EVERY = 50  # steps between two looks at the loss, each of which waits for the device


class Diverged(Exception):  # noqa: N818 - a status
    """The loss or an output is not finite."""

    status: Literal["diverged"] = "diverged"


class TimedOut(Exception):  # noqa: N818 - a status
    """The recipe's seconds are over."""

    status: Literal["timed_out"] = "timed_out"


class Interrupted(Exception):  # noqa: N818 - not an error
    """The training was asked to stop, and did so between two steps."""


class Loop:
    """One training under way: what it was given, and what it has come to."""

    def __init__(
        self,
        *,
        data: Dataset,
        recipe: Recipe,
        device: torch.device,
        seed: int,
        rungs: tuple[int, ...],
        measures: tuple[str, ...] = (),
        should_stop: Callable[[], bool],
        transfer: Transfer | None = None,
        ranks: Ranks | None = None,
        pieces: int = 1,
        is_captured: bool = True,
        log: Callable[[str], None] = LOG,
    ) -> None:
        self.data = data
        self.recipe = recipe
        self.device = device
        self.seed = seed
        self.rungs = rungs if recipe.schedule_settings.has_cycles else ()
        self.should_stop = should_stop
        self.transfer = transfer or Transfer()
        self.ranks = ranks
        self.is_captured = is_captured
        self.log = log
        self.started = time.perf_counter()
        self.batch = min(recipe.batch, len(data.train))
        self.per_epoch = len(data.train) // self.batch
        self.measures = measures
        self.task = make_task(
            data,
            label_smoothing=recipe.label_smoothing,
            class_weights=recipe.class_weights,
            measures=measures,
        )
        check_augmentation(recipe.augment, self.task)
        check_mixing(recipe, self.task, device)
        self.gradient_step = GradientStep(
            task=self.task,
            device=device,
            precision=resolve_precision(recipe.precision, device),
            accumulate=min(max(recipe.accumulate, pieces), max(self.batch // 2, 1)),
        )
        self.steps = 0
        self.clocks = {"step_seconds": 0.0, "eval_seconds": 0.0}
        self.history: list[dict[str, float]] = []
        self.tested: dict[str, float] = {}
        self.confusion: list[list[int]] | None = None

    def start(self, build: Callable[[], nn.Module]) -> None:
        """Make the network and all that trains it."""
        recipe = self.recipe
        self.data = self.data.to(self.device)
        module = self.transfer.prepare(build())
        model = to_channels_last(module, self.data.train, self.device).train()
        self.model = without_slow_kernels(model, self.gradient_step.precision, self.device)
        if self.transfer.teacher is not None:
            self.gradient_step.distillation = self.transfer.teacher.on(self.device, self.data)
        self.optimizer = Optimizer(self.model.parameters(), recipe)
        self.average = Average(self.model, recipe.ema) if recipe.ema else None
        self.generator = torch.Generator(self.device).manual_seed(self.seed)
        self.rate = LearningRate(
            schedule=recipe.schedule_settings,
            warmup=recipe.warmup,
            steps=self.per_epoch * recipe.epochs,
            per_epoch=self.per_epoch,
            rungs=tuple(self.per_epoch * rung for rung in self.rungs),
        )
        self.step = self._make_step()
        self.order = torch.empty(0, device=self.device)
        self.total = torch.zeros((), device=self.device)

    def _make_step(self) -> TakeStep:
        """Return what takes a step: on CUDA a captured one where that can be."""
        step = TrainingStep(
            model=self.model,
            own_rates=self.transfer.scaled(self.model),
            data=self.data.train,
            recipe=self.recipe,
            gradient_step=self.gradient_step,
            optimizer=self.optimizer,
            average=self.average,
            generator=self.generator,
            ranks=self.ranks,
        )
        if reason := capture_refusal(step, self.device):
            self.log(f"steps are not captured as a CUDA graph: {reason}")
        return (
            GraphStep(step, self.log)
            if self.is_captured and self.device.type == "cuda" and not reason
            else step
        )

    def run(self) -> Iterator[dict[str, float]]:
        """Train to the end and test; yield a row of the history after each epoch.

        Raises:
            Diverged: If a loss or an output is not finite.
            TimedOut: If the recipe's seconds are over.
            Interrupted: If the training was asked to stop; it resumes from a snapshot.
        """
        while len(self.history) < self.recipe.epochs:
            loss, epoch = self._epoch(), len(self.history) + 1
            measured, is_finite, self.confusion = self._measure(
                self.data.val, counts=epoch == self.recipe.epochs
            )
            if not is_finite:
                raise Diverged(f"outputs on the validation part are not finite after epoch {epoch}")
            self.rate.epoch_ended(self.task.gain(measured))
            metrics = {name: measured[name] for name in self.task.metrics}
            row = {"epoch": epoch, "loss": loss, **metrics, "seconds": self.seconds()}
            self.history.append(row)
            yield row
        if self.confusion is None:  # resumed from after the last epoch
            self.confusion = self._measure(self.data.val, counts=True).confusion
        tested = self._measure(self.data.test).metrics
        self.tested = {f"test_{name}": value for name, value in tested.items()}

    def identity(self) -> dict[str, object]:
        """Return what the bits of this training follow from, in plain values."""
        # Where the recipe leaves it open, it follows from the instructions that the device has.
        precision = {"precision": self.gradient_step.precision} if self.recipe.precision == "auto" else {}
        return {
            **precision,
            **({"number of devices": self.ranks.count} if self.ranks else {}),
            "seed": self.seed,
            "recipe": self.recipe.to_dict(),
            "data": self.data.fingerprint,
            "device": self.device.type,
            "rungs": list(self.rungs),
            **({"measures": list(self.measures)} if self.measures else {}),
            **({"transfer": transfer} if (transfer := self.transfer.identity()) else {}),
            "network": [
                [name, str(value.dtype), list(value.shape)] for name, value in self.model.state_dict().items()
            ],
            "choice of weights to train": [
                name for name, value in self.model.named_parameters() if value.requires_grad
            ],
        }

    def state(self) -> dict[str, torch.Tensor]:
        """Return a copy of the weights on the CPU, each contiguous and with memory of its own.

        They are those that were evaluated: their mean, if the recipe asks for one.
        """
        return {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in self._evaluated.state_dict().items()
        }

    @property
    def _evaluated(self) -> nn.Module:
        return self.model if self.average is None else self.average.model

    def metrics(self) -> dict[str, float]:
        """Return the metrics of an outcome, as far as the training has come."""
        shown = ("loss", *self.task.metrics)
        latest = {name: self.history[-1][name] for name in shown} if self.history else {}
        devices = self.ranks.count if self.ranks else 1
        return {
            **latest,
            **self.tested,
            "seconds": self.seconds(),
            **self.clocks,
            "epochs": len(self.history),
            "steps": self.steps,
            "micro_batch": math.ceil(self.batch / (devices * self.gradient_step.micro_batches)),
            "threads": torch.get_num_threads(),
        }

    def seconds(self) -> float:
        """Return the seconds of the training so far."""
        return time.perf_counter() - self.started

    def _epoch(self) -> float:
        """Take the steps of one epoch, or those that are left of it; return their mean loss."""
        start = time.perf_counter()
        try:
            loss = math.nan
            for i in range(self.steps - len(self.history) * self.per_epoch, self.per_epoch):
                self._check_requests()
                if i == 0:
                    count = len(self.data.train)
                    order = torch.randperm(count, generator=self.generator, device=self.device)
                    self.order = order.to(self.data.train.x.device)
                    self.total = torch.zeros((), device=self.device)
                rows = self.order[i * self.batch : (i + 1) * self.batch]
                self.total += self._step(rows)
                self.steps += 1
                if (i + 1) % CHECK_EVERY == 0 or i + 1 == self.per_epoch:
                    loss = self.total.item() / (i + 1)
                    if not math.isfinite(loss):
                        where = f"epoch {len(self.history) + 1}, at step {self.steps}"
                        raise Diverged(f"the loss is {loss} in {where}")
            return loss
        finally:
            self.clocks["step_seconds"] += time.perf_counter() - start

    def _step(self, rows: torch.Tensor) -> torch.Tensor:
        """Take one step on the samples of these rows; return its loss, still on the device."""
        rate = self.recipe.rate * self.rate.at(self.steps)
        ema_decay = self.average.decay_at(self.steps) if self.average else 0.0
        return self.step(StepInputs(rows, rate, ema_decay))

    def _measure(self, split: Split, *, counts: bool = False) -> Measured:
        start = time.perf_counter()
        measured = measure(self._evaluated, split, self.task, self.device, counts=counts, ranks=self.ranks)
        self.clocks["eval_seconds"] += time.perf_counter() - start
        return measured

    def _check_requests(self) -> None:
        """Leave if the time is over, or somebody asked."""
        limit = self.recipe.seconds
        is_late, is_asked = limit is not None and self.seconds() > limit, self.should_stop()
        if self.ranks is not None:
            is_late, is_asked = self.ranks.broadcast_flags(is_late, is_asked)
        if is_late:
            where = f"epoch {len(self.history) + 1} of {self.recipe.epochs}"
            raise TimedOut(f"the recipe's {limit:g} seconds ended in {where}")
        if is_asked:
            raise Interrupted
