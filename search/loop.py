"""The training loop: batches drawn by index from data that lie whole in memory, no wait for the device.

The same code runs on CPU and CUDA; on CUDA the steps are taken in bfloat16, evaluation in float32.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Literal

import torch
from torch import nn

from archscape.spaces.errors import ShapeError

from .accuracy import count_correct, lay_out
from .augment import augment
from .data import Data, Split
from .optimizer import optimizer
from .recipe import Recipe
from .schedule import Schedule

AUXILIARY = 0.3  # weight of auxiliary classifiers (Szegedy et al. 2014, section 5)
CHECK_EVERY = 50  # steps between two looks at the loss, each of which waits for the device


class Diverged(Exception):  # noqa: N818 - a status
    """The loss or an output is not finite."""

    status: Literal["diverged"] = "diverged"


class TimedOut(Exception):  # noqa: N818 - a status
    """The recipe's seconds are over."""

    status: Literal["timed_out"] = "timed_out"


class Loop:
    """One training under way: what it was given, and what it has come to."""

    def __init__(self, *, data: Data, recipe: Recipe, place: torch.device, seed: int) -> None:
        self.data = data
        self.recipe = recipe
        self.place = place
        self.seed = seed
        self.started = time.perf_counter()
        self.batch = min(recipe.batch, len(data.train))
        self.pieces = 1
        self.steps = 0
        self.step_seconds = 0.0
        self.eval_seconds = 0.0
        self.history: list[dict[str, float]] = []
        self.tested: dict[str, float] = {}

    def run(self, build: Callable[[], nn.Module]) -> Iterator[dict[str, float]]:
        """Train to the end and test; yield a row of the history after each epoch."""
        recipe, per_epoch = self.recipe, len(self.data.train) // self.batch
        self.data = self.data.to(self.place)
        self.model = lay_out(build(), self.data.train, self.place).train()
        self.optimizer = optimizer(self.model.parameters(), recipe)
        self.generator = torch.Generator(self.place).manual_seed(self.seed)
        schedule = Schedule(name=recipe.schedule, warmup=recipe.warmup, steps=per_epoch * recipe.epochs)
        for epoch in range(1, recipe.epochs + 1):
            loss = self._epoch(schedule, per_epoch)
            correct, finite = self._count(self.data.val)
            if not finite:
                raise Diverged(f"outputs on the validation part are not finite after epoch {epoch}")
            accuracy = correct / len(self.data.val)
            schedule.epoch_ended(accuracy)
            row = {"epoch": epoch, "loss": loss, "accuracy": accuracy, "seconds": self._seconds()}
            self.history.append(row)
            yield row
        correct, _ = self._count(self.data.test)
        self.tested = {"test_accuracy": correct / len(self.data.test), "test_correct": correct}

    def state(self) -> dict[str, torch.Tensor]:
        """Return a copy of the weights on the CPU, each contiguous and with memory of its own."""
        return {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in self.model.state_dict().items()
        }

    def metrics(self) -> dict[str, float]:
        """Return the metrics of an outcome, as far as the training has come."""
        latest = {name: self.history[-1][name] for name in ("loss", "accuracy")} if self.history else {}
        return {
            **latest,
            **self.tested,
            "seconds": self._seconds(),
            "step_seconds": self.step_seconds,
            "eval_seconds": self.eval_seconds,
            "epochs": len(self.history),
            "steps": self.steps,
            "micro_batch": math.ceil(self.batch / self.pieces),
            "threads": torch.get_num_threads(),
        }

    def _seconds(self) -> float:
        return time.perf_counter() - self.started

    def _epoch(self, schedule: Schedule, count: int) -> float:
        """Take the steps of one epoch; return their mean loss."""
        start = time.perf_counter()
        try:
            order = torch.randperm(len(self.data.train), generator=self.generator, device=self.place)
            total, loss = torch.zeros((), device=self.place), math.nan
            for i in range(count):
                self._check_time()
                rows = order[i * self.batch : (i + 1) * self.batch]
                total += self._step(rows, self.recipe.rate * schedule.at(self.steps))
                self.steps += 1
                if (i + 1) % CHECK_EVERY == 0 or i + 1 == count:
                    loss = total.item() / (i + 1)
                    self._check_loss(loss)
            return loss
        finally:
            self.step_seconds += time.perf_counter() - start

    def _step(self, rows: torch.Tensor, rate: float) -> torch.Tensor:
        """Take one step on the samples of these rows; return its loss, still on the device."""
        x = augment(self.data.train.x[rows], self.recipe.augment, self.generator)
        loss = self._gradients(x, self.data.train.y[rows])
        self.optimizer.step(rate)
        return loss

    def _gradients(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Leave the gradients of a batch in the parameters; if memory runs out, go on with half batches."""
        try:
            return self._accumulate(x, y)
        except Exception as error:
            if self.pieces > 1 or not is_out_of_memory(error):
                raise
        # Out here the error is gone, and with it the frames that held the tensors of the failed pass.
        self.pieces = 2
        self.optimizer.forget()
        if self.place.type == "cuda":
            torch.cuda.empty_cache()
        return self._accumulate(x, y)

    def _accumulate(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Pass a batch through the network, in as many pieces as memory asks for; return its mean loss."""
        total = torch.zeros((), device=self.place)
        for samples, labels in zip(x.chunk(self.pieces), y.chunk(self.pieces), strict=True):
            with torch.autocast("cuda", torch.bfloat16) if self.place.type == "cuda" else nullcontext():
                loss = self._losses(self.model(samples), labels) * (len(labels) / len(y))
            torch.autograd.backward(loss)
            total += loss.detach()
        return total

    def _losses(self, outputs: torch.Tensor | tuple[torch.Tensor, ...], labels: torch.Tensor) -> torch.Tensor:
        """Return the loss of the first output, and a share of that of every auxiliary one."""
        if isinstance(outputs, torch.Tensor):
            return self._loss(outputs, labels)
        first, *others = (self._loss(logits, labels) for logits in outputs)
        return first + AUXILIARY * torch.stack(others).sum()

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        if logits.shape != (len(labels), self.data.classes):
            wanted = f"one number for each of the {self.data.classes} classes"
            raise ShapeError(f"the network gives {tuple(logits.shape[1:])} for a sample, not {wanted}")
        return nn.functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)

    def _count(self, split: Split) -> tuple[int, bool]:
        start = time.perf_counter()
        counted = count_correct(self.model, split)
        self.eval_seconds += time.perf_counter() - start
        return counted

    def _check_loss(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise Diverged(f"the loss is {loss} in epoch {len(self.history) + 1}, at step {self.steps}")

    def _check_time(self) -> None:
        limit = self.recipe.seconds
        if limit is not None and self._seconds() > limit:
            where = f"epoch {len(self.history) + 1} of {self.recipe.epochs}"
            raise TimedOut(f"the recipe's {limit:g} seconds ended in {where}")


def is_out_of_memory(error: Exception) -> bool:
    """Say whether memory ran out; the CPU's allocator and cuDNN say it only in the text of a RuntimeError."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    signs = ("DefaultCPUAllocator: can't allocate", "DefaultCPUAllocator: not enough", "STATUS_ALLOC_FAILED")
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs)
