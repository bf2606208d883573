"""The test part of a final training, counted when all its seeds have ended: each, together, and on crops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from archscape.spaces.codegen.build import build
from archscape.spaces.errors import InputError
from archscape.spaces.values import shape_text

from ..device import to_channels_last
from .ensemble import View, can_average, cropped, crops, measure_together
from .seeds import SeedResult, finite

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ...datasets.dataset import Dataset
    from ..tasks.base import Task
    from ..weights import Weights

CROPS = "crops_"
"""Stands before the name of a metric that was taken of crops."""


@dataclass(kw_only=True)
class Tested:
    """Metrics of the test part.

    Attributes:
        seeds: By seed, those of crops among them as `crops_test_accuracy`.
        ensemble: Of all networks together; empty with fewer than two.
        views: How many crops of each sample were looked at; 0 for none.
        note: What the crops are, or why there are none.
    """

    seeds: dict[int, dict[str, float]]
    ensemble: dict[str, float] = field(default_factory=dict)
    views: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The test part on a device, and the network that is measured on it."""

    network: Network
    data: Dataset
    task: Task
    device: torch.device

    def measure(
        self, ended: Sequence[SeedResult], weights: Mapping[int, Weights], *, mirrored: bool
    ) -> Tested:
        """Return the metrics of seeds that have ended.

        Args:
            ended: Their results, which have what each gives alone.
            weights: Those of the complete ones, by seed.
            mirrored: Whether crops are looked at mirrored too.
        """
        names = [f"test_{name}" for name in self.task.metrics]
        tested = Tested(
            seeds={
                seed.seed: {name: seed.metrics[name] for name in names if name in seed.metrics}
                for seed in ended
                if seed.status == "complete"
            }
        )
        if can_average(self.task) and len(weights) > 1:
            tested.ensemble |= self.together([*self.modules(self.network, weights).values()])
        try:
            smaller = self._cropped()
        except InputError as error:
            tested.note = str(error)
            return tested
        (size,) = smaller.input_shapes
        views = crops(self.data.input[1:], size[1:], mirrored=mirrored)
        modules = self.modules(smaller, weights)
        for seed, module in modules.items():
            tested.seeds[seed] |= self.together([module], views)
        if len(modules) > 1:
            tested.ensemble |= self.together([*modules.values()], views)
        tested.views = len(views)
        tested.note = f"{len(views)} crops of {shape_text(size)}" + ", half of them mirrored" * mirrored
        return tested

    def _cropped(self) -> Network:
        if self.task.name != "classification":
            raise InputError(f"crops are looked at for classes, not in {self.task.name}")
        return cropped(self.network)

    def together(self, modules: Sequence[nn.Module], views: Sequence[View] = ()) -> dict[str, float]:
        """Return the metrics of the mean of what modules give, under their names; finite ones alone."""
        test = self.data.test.to(self.device)
        before, seen = (CROPS, views) if views else ("", [lambda x: x])
        metrics = measure_together(modules, test, self.task, self.device, views=seen)
        return finite({f"{before}test_{name}": metrics[name] for name in self.task.metrics})

    def modules(self, network: Network, weights: Mapping[int, Weights]) -> dict[int, nn.Module]:
        """Return the trained modules, in evaluation mode on the device."""
        modules = {}
        for seed, trained in weights.items():
            module = build(network)
            module.load_state_dict(trained.state)
            modules[seed] = to_channels_last(module, self.data.test, self.device).eval()
        return modules
