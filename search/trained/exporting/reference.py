"""What a network gives for samples by PyTorch in this process: what exported files are compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from archscape.spaces.codegen.build import build

from ...training.evaluation import BATCH
from ...training.tasks import make_task

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ..trained_network import TrainedNetwork
    from .subject import Subject

ROWS = BATCH["cpu"]
RANDOM_SAMPLES = 16
"""Samples of random numbers, where the data are not known."""
MOST_BYTES = 2**28
"""Of samples and outputs together; of larger validation parts the first samples are taken."""
MOST_MACS = 2 * 10**12
"""Multiply-accumulates of one pass over the samples, about a minute of a CPU; likewise."""
BY_CLASS = ("classification", "segmentation", "next-sample")
"""The tasks whose outputs have a number for each class, the greatest of which counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Samples and what a network gives for them.

    Attributes:
        trained: The network with its data; None where these are not known.
        sources: Samples of each input as the data set holds them, (n, C, *spatial).
        ready: Samples as the network reads them, float32.
        outputs: Its first output, (n, ...), in float32.
        others: Its other outputs, as far as its task is measured by them.
        of: How many samples there are of the part; these here are the first ones.
    """

    trained: TrainedNetwork | None
    sources: Sequence[np.ndarray]
    ready: Sequence[np.ndarray]
    outputs: np.ndarray
    others: Sequence[np.ndarray] = field(default=())
    of: int

    @property
    def count(self) -> int:
        """How many samples these are."""
        return len(self.outputs)

    @property
    def task(self) -> str:
        """What the network learned; "" where that is not known."""
        return self.trained.data.task if self.trained else ""

    @property
    def is_drawn(self) -> bool:
        """Whether training measures the network with random numbers, which an exported file has not."""
        return self.trained is not None and make_task(self.trained.data).draws

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The metrics of the task."""
        return self.measure(self.outputs)

    @property
    def recorded(self) -> dict[str, float]:
        """What training recorded of the same weights and the same samples; none of a few of them alone."""
        if self.trained is None or self.count < self.of or self.is_drawn:
            return {}
        return {name: self.trained.metrics[name] for name in self.metrics if name in self.trained.metrics}

    def measure(self, outputs: np.ndarray) -> dict[str, float]:
        """Return the metrics of the task for a first output (n, ...); none where the data are not known."""
        if self.trained is None:
            return {}
        data, task, device = self.trained.data, make_task(self.trained.data), torch.device("cpu")
        tally = task.tally(device)
        with torch.inference_mode():
            for start in range(0, self.count, ROWS):
                rows = slice(start, min(start + ROWS, self.count))
                x, y = data.val.batch(rows, device)
                maps = [torch.from_numpy(each[rows]) for each in (outputs, *self.others)]
                judged = task.judged(tuple(maps) if self.others else maps[0])
                tally.add(judged, task.targets_of(x, y))
        metrics = tally.metrics()
        return {name: metrics[name] for name in task.metrics if math.isfinite(metrics[name])}

    def relative_error(self, outputs: np.ndarray, *, softmax: bool = False) -> float:
        """Return max|a - b| / max|b| of outputs a, and of these b; infinite if a shape or a number is off."""
        expected = _softmax(self.outputs) if softmax else self.outputs
        if outputs.shape != expected.shape:
            return math.inf
        off = float(np.abs(outputs.astype(np.float64) - expected).max(initial=0))
        largest = float(np.abs(expected).max(initial=0))
        if not off:
            return 0.0
        return off / largest if largest and math.isfinite(off) else math.inf

    def agreement(self, outputs: np.ndarray) -> float | None:
        """Return the share of places where both have the same class first; None where there are none."""
        has_classes = self.task in BY_CLASS or (not self.task and outputs.ndim == 2 and outputs.shape[1] > 1)
        if not has_classes or outputs.shape != self.outputs.shape:
            return None
        return float((outputs.argmax(1) == self.outputs.argmax(1)).mean())


def reference_of(subject: Subject) -> Reference:
    """Return what a network gives for samples of its validation part, or for random numbers without data."""
    if subject.trained is None:
        return _of_random(subject)
    trained = subject.trained
    data, count = trained.data, _count(trained)
    rows = slice(0, count)
    ready = _numpy(data.val.batch(rows, "cpu")[0])
    sources = np.ascontiguousarray(trained.arrays["x_val"][rows])
    outputs, *others = _outputs(trained.module(), [ready])
    return Reference(
        trained=trained,
        sources=[_native(sources)],
        ready=[ready],
        outputs=outputs,
        others=others if data.task == "vae" else (),
        of=len(data.val),
    )


def _of_random(subject: Subject) -> Reference:
    module = initialised(subject.network)
    if subject.weights is not None:
        module.load_state_dict(subject.weights)
    generator = torch.Generator().manual_seed(0)
    ready = [
        torch.randn((RANDOM_SAMPLES, *shape), generator=generator).numpy()
        for shape in subject.network.input_shapes
    ]
    outputs, *_ = _outputs(module.eval(), ready)
    return Reference(trained=None, sources=ready, ready=ready, outputs=outputs, of=RANDOM_SAMPLES)


def initialised(network: Network) -> nn.Module:
    """Return the module of a network with PyTorch's initialisation at seed 0."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(network)


def _count(trained: TrainedNetwork) -> int:
    """Return how many samples of the validation part are taken."""
    network = trained.network
    numbers = sum(math.prod(shape) for shape in (*network.input_shapes, *network.body.shapes))
    fitting = MOST_BYTES // (8 * numbers), MOST_MACS // max(network.totals.macs, 1)
    return min(len(trained.data.val), max(2, *[min(fitting)]))


def _outputs(module: nn.Module, ready: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return all outputs of a module in evaluation mode, in the batches of every evaluation."""
    batches: list[tuple[Tensor, ...]] = []
    with torch.inference_mode():
        for start in range(0, len(ready[0]), ROWS):
            results = module(*[torch.from_numpy(each[start : start + ROWS]) for each in ready])
            batches.append((results,) if isinstance(results, Tensor) else tuple(results))
    return [_numpy(torch.cat(each)) for each in zip(*batches, strict=True)]


def _numpy(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.detach().float().contiguous().numpy()
    return array


def _native(array: np.ndarray) -> np.ndarray:
    """Return an array in the byte order of this machine."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _softmax(values: np.ndarray) -> np.ndarray:
    return _numpy(torch.from_numpy(values).softmax(1))
