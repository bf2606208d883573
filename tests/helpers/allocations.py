"""What PyTorch really holds in tensors while a network runs: for tests and benchmarks of memory.

`Allocations` sees every operation that PyTorch dispatches and follows the storages of its results until they
die; `mem_tracker_peak` asks PyTorch's own tracker.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed._tools.mem_tracker import MemTracker
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from archscape.spaces import Network
from archscape.spaces.testing import apply, images

OPTIMIZERS: dict[str, Callable[[list[nn.Parameter]], torch.optim.Optimizer]] = {
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.01, fused=True),
    "momentum": lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=0.9, fused=True),
    "adam": lambda weights: torch.optim.Adam(weights, fused=True),
    "adamw": lambda weights: torch.optim.AdamW(weights, fused=True),
}


class Allocations(TorchDispatchMode):
    """Follows the memory of tensors.

    Attributes:
        live: Bytes of the storages that are alive.
        peak: Most bytes after any operation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.seen: set[int] = set()

    def follow(self, *tensors: Tensor) -> None:
        """Count tensors that were made before."""
        for tensor in tensors:
            storage = tensor.untyped_storage()
            key, size = storage._cdata, storage.nbytes()
            if key not in self.seen:
                self.seen.add(key)
                self.live += size
                weakref.finalize(storage, self._free, key, size)
        self.peak = max(self.peak, self.live)

    def _free(self, key: int, size: int) -> None:
        self.seen.remove(key)
        self.live -= size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.follow(*[leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)])
        return result


def eager_peak(network: Network, batch: int) -> int:
    """Return the peak of a module's inference: maps, its input with them, without weights."""
    module, allocations = network.build().eval(), Allocations()
    inputs = images(network, batch)
    allocations.follow(*inputs)
    with torch.no_grad(), _beside_weights(allocations, module):
        module(*inputs)
    return allocations.peak


def graph_peak(network: Network, batch: int) -> int:
    """Return the peak of running a graph operator by operator, each map dropped after its last use."""
    module, flat, allocations = network.build().eval(), network.graph.flatten(), Allocations()
    start = flat.start
    uses = [0] * (start + len(flat.nodes))
    for value in [*(value for node in flat.nodes for value in node.inputs), *flat.outputs]:
        uses[value] += 1
    values = dict(enumerate(images(network, batch)))
    allocations.follow(*values.values())
    with torch.no_grad(), _beside_weights(allocations, module):
        for index, node in enumerate(flat.nodes):
            values[start + index] = apply(module, node.name, node.op, [values[v] for v in node.inputs])
            for value in node.inputs:
                uses[value] -= 1
            for value in [value for value in {*node.inputs, start + index} if not uses[value]]:
                del values[value]
    return allocations.peak


def training(network: Network, batch: int) -> tuple[int, int]:
    """Return what is held when the forward pass has ended, and the peak of forward and backward.

    Both are without weights and state of an optimizer; gradients of weights count.
    """
    module, allocations = network.build().train(), Allocations()
    inputs, targets = images(network, batch), _targets(network, batch)
    allocations.follow(*inputs, *targets)
    with _beside_weights(allocations, module):
        loss = _loss(module, inputs, targets)
        saved = allocations.live
        loss.backward()
    return saved, allocations.peak


def mem_tracker_peak(network: Network, batch: int, optimizer: str) -> int:
    """Return the peak of a step of training as PyTorch's MemTracker has it, the optimizer's state at hand."""
    return MemTracked(network, batch, optimizer).peak()


class MemTracked:
    """A network that is ready to be trained under MemTracker: one step has been taken."""

    def __init__(self, network: Network, batch: int, optimizer: str) -> None:
        self.module = network.build().train()
        self.optimizer = OPTIMIZERS[optimizer](list(self.module.parameters()))
        self.given, self.targets = images(network, batch), _targets(network, batch)
        self.step()

    def step(self) -> None:
        """Train on the batch."""
        self.optimizer.zero_grad()
        _loss(self.module, self.given, self.targets).backward()
        self.optimizer.step()

    def peak(self) -> int:
        """Train on the batch once more and return the peak."""
        self.optimizer.zero_grad()
        tracker = MemTracker()
        tracker.track_external(self.module, self.optimizer, *self.given, *self.targets)
        with tracker:
            self.step()
        (device,) = tracker.get_tracker_snapshot("peak").values()
        return int(device["Total"])


def _beside_weights(allocations: Allocations, module: nn.Module) -> Allocations:
    """Leave a module's weights out of what is followed."""
    allocations.seen |= {t.untyped_storage()._cdata for t in [*module.parameters(), *module.buffers()]}
    return allocations


def _targets(network: Network, batch: int) -> list[Tensor]:
    """Return class 0 for every position of every output."""
    return [torch.zeros(batch, *shape[1:], dtype=torch.long) for shape in network.body.shapes]


def _loss(module: nn.Module, inputs: tuple[Tensor, ...], targets: list[Tensor]) -> Tensor:
    outputs = module(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    losses = [F.cross_entropy(*pair) for pair in zip(outputs, targets, strict=True)]
    return torch.stack(losses).sum()
