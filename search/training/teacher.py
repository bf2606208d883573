"""Distillation: a trained network teaches another, which learns what it gives beside the targets.

Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network", section 2. The teacher sees the
samples as they were augmented for its student (Beyer et al. 2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from archscape.spaces.codegen.build import build
from archscape.spaces.errors import JobError
from archscape.spaces.values import shape_text

from .device import to_channels_last

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ..datasets.dataset import Dataset
    from .tasks.base import Outputs
    from .weights import Weights

LABELLED = ("classification", "segmentation")
"""Tasks whose outputs are probabilities before their softmax, by axis 1."""

NUMBERS = ("regression", "localisation", "denoising", "image-to-image", "reconstruction")
"""Those whose outputs are what is asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Teacher:
    """A trained network, and how much its student learns of it.

    Attributes:
        network: The network.
        weights: Its trained weights.
        temperature: By which the outputs of both are divided before their softmax.
        share: Of the loss; the rest is that of the targets.
    """

    network: Network
    weights: Weights
    temperature: float = 4.0
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise JobError(f"temperature: a number above 0, but got {self.temperature:g}")
        if not 0 < self.share <= 1:
            raise JobError(f"share: above 0 and up to 1, but got {self.share:g}")

    def check(self, student: Network, data: Dataset) -> None:
        """Check that the teacher reads what its student reads, and gives what it gives.

        Raises:
            JobError: If it does not.
        """
        if data.task not in (*LABELLED, *NUMBERS):
            raise JobError(f"a teacher teaches {', '.join((*LABELLED, *NUMBERS))}, not {data.task}")
        ours, its = _form(student), _form(self.network)
        if ours != its:
            raise JobError(f"teacher {self.network.name} {its}, but its student {student.name} {ours}")
        card, known = data.card(), self.weights.metadata
        units = [
            key for key in ("mean", "std", "class_names") if key in known and known[key] != card.get(key)
        ]
        if units:
            law = f"was trained on {known.get('data')} with another {' and '.join(units)}"
            raise JobError(f"teacher {self.network.name} {law} than {data.name} has")
        if name := self.weights.not_finite():
            raise JobError(f"teacher {self.network.name} has weights that are not finite: {name}")
        _load(self.network, self.weights)

    def on(self, device: torch.device, data: Dataset) -> Distillation:
        """Return the teacher on a device, ready to be learned from."""
        module = to_channels_last(_load(self.network, self.weights), data.train, device).eval()
        return Distillation(self, module.requires_grad_(requires_grad=False))

    def identity(self) -> dict[str, object]:
        """Return what a training with this teacher follows from, in plain values."""
        return {
            "network": self.network.hash(),
            "weights": self.weights.digest,
            "temperature": self.temperature,
            "share": self.share,
        }


@dataclass(frozen=True)
class Distillation:
    """A teacher in evaluation mode, and how much its student learns of it."""

    teacher: Teacher
    module: nn.Module

    def teacher_outputs(self, samples: torch.Tensor) -> torch.Tensor:
        """Return what the teacher gives for samples (N, C, *spatial)."""
        with torch.no_grad():
            return _first(self.module(samples)).float()

    def loss(
        self, loss: torch.Tensor, outputs: Outputs, teacher_outputs: torch.Tensor, *, task: str, part: float
    ) -> torch.Tensor:
        """Return the loss of some samples with what the teacher says of them.

        Args:
            loss: That of the targets, as it counts in the batch.
            outputs: What the student gives, in float32.
            teacher_outputs: What its teacher gives.
            task: What is learned.
            part: Of the batch, that the samples are.
        """
        share = self.teacher.share
        far = distance(_first(outputs), teacher_outputs, self.teacher.temperature, task=task)
        return (1 - share) * loss + share * (far * part)


def distance(student: torch.Tensor, teacher: torch.Tensor, temperature: float, *, task: str) -> torch.Tensor:
    """Return how far outputs (N, ...) are from those of a teacher.

    Of classes T^2 KL(softmax(teacher / T) || softmax(student / T)), whose gradients have one size for
    all T; of numbers the mean squared error.
    """
    if task not in LABELLED:
        return nn.functional.mse_loss(student, teacher)
    ours, its = (student / temperature).log_softmax(1), (teacher / temperature).log_softmax(1)
    divergence = nn.functional.kl_div(ours, its, reduction="none", log_target=True).sum(1)
    return divergence.mean() * temperature**2


def _first(outputs: Outputs) -> torch.Tensor:
    return outputs if isinstance(outputs, torch.Tensor) else outputs[0]


def _form(network: Network) -> str:
    reads = ", ".join(shape_text(shape) for shape in network.input_shapes)
    return f"reads {reads} and gives {shape_text(network.body.shape)}"


def _load(network: Network, weights: Weights) -> nn.Module:
    module = build(network)
    try:
        module.load_state_dict(dict(weights.state))
    except RuntimeError as error:
        cause = str(error).splitlines()[-1].strip()
        raise JobError(f"the weights of teacher {network.name} do not fit it: {cause}") from None
    return module
