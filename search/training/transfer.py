"""What a training takes over: weights to start from, those that stay, rates by layer, a teacher."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from archscape.spaces.errors import JobError
from archscape.spaces.values import shape_text

from .names import check_pattern, matching
from .teacher import Teacher
from .weights import Weights

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ..datasets.dataset import Dataset


@dataclass(frozen=True, kw_only=True, eq=False)
class Transfer:
    """What a training takes over from others. A pattern is a row's name, a weight's, or either with `*`.

    Attributes:
        start: Weights to start from, in place of random ones.
        fresh: Patterns of those that start at random all the same: a classifier of other classes.
        freeze: Patterns of weights that stay as they are. A batch norm whose weights do keeps its statistics.
        rates: By pattern a factor on the learning rate; of several that match the last counts.
        teacher: Whom the network learns from beside the targets.
    """

    start: Weights | None = None
    fresh: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    teacher: Teacher | None = None

    def check(self, network: Network, data: Dataset) -> None:
        """Check that all of it fits a network and its data.

        Raises:
            JobError: If a pattern is about no weight, weights do not fit, nothing is left to train, or the
                teacher is another's.
        """
        if self.fresh and self.start is None:
            raise JobError("fresh: all weights start at random; it needs weights to start from")
        for pattern, factor in self.rates.items():
            if not 0 < factor < math.inf:
                raise JobError(f"rate of {pattern}: a factor above 0, but got {factor:g}; to freeze is 0")
        module = network.build()
        names = [name for name, _ in module.named_parameters()]
        for what, patterns in (("fresh", self.fresh), ("freeze", self.freeze), ("rate", self.rates)):
            for pattern in patterns:
                check_pattern(pattern, names, what=what)
        self.prepare(module)
        if not any(weight.requires_grad for weight in module.parameters()):
            raise JobError("freeze: it leaves no weight to train")
        if self.start is not None and (name := self.start.not_finite()):
            raise JobError(f"the weights to start from hold numbers that are not finite: {name}")
        if self.teacher is not None:
            self.teacher.check(network, data)

    def prepare(self, module: nn.Module) -> nn.Module:
        """Load the weights to start from and freeze those that stay; return the module.

        Raises:
            JobError: If the weights do not fit.
        """
        if self.start is not None:
            self._load(module, self.start)
        weights = dict(module.named_parameters())
        for pattern in self.freeze:
            for name in matching(pattern, weights):
                weights[name].requires_grad = False
        for part in module.modules():
            own = [*part.parameters()]
            if isinstance(part, _BatchNorm) and own and not any(weight.requires_grad for weight in own):
                _keep_statistics(part)
        return module

    def _load(self, module: nn.Module, start: Weights) -> None:
        own, theirs = module.state_dict(), start.state
        anew = {name for pattern in self.fresh for name in matching(pattern, {**own, **theirs})}
        for name in (name for name in {**own, **theirs} if name not in anew):
            ours, its = (shape_text(each[name].shape) if name in each else "" for each in (own, theirs))
            if name not in own or name not in theirs or own[name].shape != theirs[name].shape:
                fault = "they lack it" if not its else f"it is {its} there"
                fault += f" and {ours or 'a number'} here" if name in own else ", and the network has none"
                remedy = f"`--fresh {name.partition('.')[0]}` lets such weights start at random"
                raise JobError(f"the weights to start from do not fit: {name}: {fault}; {remedy}")
        module.load_state_dict({**own, **{name: theirs[name] for name in theirs if name not in anew}})

    def scaled(self, module: nn.Module) -> list[tuple[nn.Parameter, float]]:
        """Return the weights whose rate is another, with its factor."""
        weights = dict(module.named_parameters())
        factors: dict[str, float] = {}
        for pattern, factor in self.rates.items():
            factors |= dict.fromkeys(matching(pattern, weights), factor)
        return [(weights[name], factor) for name, factor in factors.items() if weights[name].requires_grad]

    def identity(self) -> dict[str, object]:
        """Return what a training follows from, in plain values: what is used alone."""
        known: dict[str, Any] = {
            "start": self.start.digest if self.start else "",
            "fresh": [*self.fresh],
            "freeze": [*self.freeze],
            "rates": {**self.rates},
            "teacher": self.teacher.identity() if self.teacher else {},
        }
        return {name: value for name, value in known.items() if value}


@contextmanager
def at_own_rates(weights: list[tuple[nn.Parameter, float]]) -> Iterator[None]:
    """Let weights go a factor of the way that the optimizer takes them meanwhile.

    A step of any optimizer of a recipe is its rate times what does not depend on the rate, so this is the
    step at another rate.
    """
    before = [weight.detach().clone() for weight, _ in weights]
    yield
    with torch.no_grad():
        for (weight, factor), old in zip(weights, before, strict=True):
            weight.lerp_(old, 1 - factor)


def _keep_statistics(norm: nn.Module) -> None:
    """Let a batch norm normalise by the statistics that it has, in training too."""
    norm.eval()
    norm.train = lambda mode=True: norm  # type: ignore[method-assign]
