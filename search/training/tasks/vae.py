"""A variational autoencoder: what it gives back is likely, and its code normally distributed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn

from archscape.spaces.codegen.runtime import Reparameterise
from archscape.spaces.errors import JobError, ShapeError
from archscape.spaces.values import shape_text

from .base import Outputs, Tally
from .of_samples import OfSamples

if TYPE_CHECKING:
    from archscape.spaces.graph import Shape

EDGE = 1e-6
"""As near as a probability may come to 0 and 1, in whose logarithm it is taken."""

SEED = 0
"""Of the codes that are drawn where a network is measured."""


class Vae(OfSamples):
    """The negative evidence lower bound, for each number of a sample; the score is the bound in nats.

    A network gives three outputs, as the catalog's `vae`: probabilities (N, C, *spatial), and mean and log
    variance of the code that they were decoded from. Of a sample x, from 0 to 1,

        ELBO = log p(x | z) - KL(N(mean, exp(logvar)) || N(0, 1)),  z drawn once

    with Bernoulli likelihoods (Kingma and Welling 2013, equation 10, appendices B and C.1). Grey levels
    between black and white count as the share of the time that a pixel is white.
    """

    name = "vae"
    draws = True

    def prepare(self) -> None:
        """Set what a network has to give."""
        super().prepare()
        shape = shape_text(self.data.input)
        self.output = self.data.input
        self.targets = f"samples of {shape} to encode"
        self.wanted = f"a map of {shape}, a mean and a log variance"
        width = self.output[0]
        self.row = f"conv: {{name: reconstruction, width: {width}, kernel: 1, norm: none, act: sigmoid}}"

    def misfit(self, outputs: Sequence[Shape]) -> str:
        """Return what is wrong with all that a network gives, and what mends it."""
        if wrong := super().misfit(outputs[:1]):
            return wrong
        if len(outputs) == 3 and outputs[1] == outputs[2]:
            return ""
        shown = " and ".join(map(shape_text, outputs))
        law = f"gives {shown}, but task vae asks for a reconstruction, a mean and a log variance of its size"
        rows = "`reparameterise: {from: mean, logvar: logvar}`, and `outputs: [reconstruction, mean, logvar]`"
        return f"{law}; as the catalog's `vae`, let two `linear` rows, mean and logvar, lead to {rows}"

    def targets_of(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the samples, from 0 to 1; what lies beyond the range of the training part is its end."""
        return super().targets_of(x, y).clamp(0, 1)

    def check(self, model: nn.Module) -> None:
        """Check that the outputs are probabilities, of a code that is drawn.

        Raises:
            JobError: If they are not.
        """
        with torch.no_grad(), self.evaluating(model.eval(), torch.device("cpu")):
            x = 3 * torch.randn(4, *self.data.input)
            once, again = (model(x)[0] for _ in range(2))
        if once.min() < 0 or once.max() > 1:
            law = "its reconstruction is not probabilities, from 0 to 1"
            raise JobError(f"{law}; let that row end in `act: sigmoid`")
        if torch.equal(once, again):
            rows = "`reparameterise: {from: mean, logvar: logvar}` before the decoder"
            raise JobError(f"no code is drawn, so nothing holds it to its distribution; place {rows}")

    def loss(self, outputs: Outputs, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean of the negative bound, in nats for each number of a sample.

        Raises:
            ShapeError: If outputs are not what the network has to give.
        """
        shapes = [tuple(each.shape[1:]) for each in (outputs if isinstance(outputs, tuple) else (outputs,))]
        if len(shapes) != 3 or not self.fits(shapes[0]) or shapes[1] != shapes[2]:
            shown = ", ".join(map(str, shapes))
            raise ShapeError(f"the network gives {shown} for a sample, not {self.wanted}")
        return self.mean_loss(self.judged(outputs), targets)

    def judged(self, outputs: Outputs) -> torch.Tensor:
        """Return all that a network gives of a sample as one row: probabilities, mean, log variance."""
        return torch.cat([each.flatten(1) for each in outputs], 1)

    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean of the negative bound, in nats for each number of a sample."""
        return -elbo(outputs, targets.flatten(1)).mean() / math.prod(self.output)

    @contextmanager
    def evaluating(self, model: nn.Module, device: torch.device) -> Iterator[None]:
        """Draw codes as in training, always the same ones: at its mean alone the bound is none."""
        for module in model.modules():
            if type(module).__name__ == Reparameterise.__name__:  # exported sources have a class of their own
                module.train()
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(SEED)
            yield

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        return _Tally(device)


class _Tally(Tally):
    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self.nats = torch.zeros((), dtype=torch.float64, device=device)
        self.samples = 0

    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch: rows as `judged` returns them."""
        self.nats += elbo(outputs, targets.flatten(1)).sum(dtype=torch.float64)
        self.is_finite &= outputs.isfinite().all()
        self.samples += len(targets)

    def metrics(self) -> dict[str, float]:
        """Return the mean bound of a sample."""
        return {"elbo": float(self.nats) / self.samples}


def elbo(outputs: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the evidence lower bound of each sample, in nats (n,).

    Args:
        outputs: Probabilities, mean and log variance (n, d + k + k).
        x: Numbers from 0 to 1 (n, d).

    >>> import torch
    >>> float(elbo(torch.tensor([[0.5, 0.5, 0.0, 0.0]]), torch.tensor([[0.0, 1.0]])))  # 2 log(1/2)
    -1.3862943649291992
    """
    d = x.shape[1]
    probability = outputs[:, :d].clamp(EDGE, 1 - EDGE)  # of what is not a number it leaves that
    mean, logvar = outputs[:, d:].chunk(2, 1)
    likelihood = (x * probability.log() + (1 - x) * torch.log1p(-probability)).sum(1)
    divergence = (mean.square() + logvar.exp() - 1 - logvar).sum(1) / 2
    return likelihood - divergence
