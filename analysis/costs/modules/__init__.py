"""The costs of any `torch.nn.Module`, by running a copy of it: PyTorch's FlopCounterMode and fvcore.

Macs are half of what FlopCounterMode counts: it sees every operator that really runs. fvcore traces the
module and adds norms, resizing and pooling to the flops, and the activations. Neither knows every operator:
those that may hold products are listed as unknown and make the macs a lower bound; what fvcore leaves out of
the flops is listed too. The module is left as it was: a copy runs, at inference, without the user's hooks.
"""

from __future__ import annotations

import random
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape
from archscape.spaces.values import shape_text

from ..layers import Layer, LayerTable
from .flop_counter import ModuleRun
from .fvcore_counts import Traced, trace
from .user_code import failures

Input: TypeAlias = "Shape | Tensor | Sequence[Tensor]"
"""What a module reads: the shape of one sample, or the tensors that it is called with."""

WHOLE = "forward"
"""The name of a layer that is the module itself: what its own `forward` does between its parts."""
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class ModuleCoverage(NamedTuple):
    """How a module was counted.

    Attributes:
        fvcore: Macs as fvcore counts them; None where it could not trace the module.
        failed: Why it could not.
        unknown: Operators that may hold products and were not counted, with how often each ran, by layer.
        unsupported: Operations that fvcore cannot count, by layer; of these the flops hold products alone.
        idle: Layers with parameters that were never called; another may use their weights.
    """

    fvcore: int | None
    failed: str
    unknown: dict[str, dict[str, int]]
    unsupported: dict[str, dict[str, int]]
    idle: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return it as plain lists and mappings, for JSON."""
        return {
            "by FlopCounterMode": ["macs"],
            "by fvcore": [] if self.fvcore is None else ["flops beside the macs", "activations"],
            "macs by fvcore": self.fvcore,
            "fvcore failed": self.failed,
            "unknown": self.unknown,
            "not counted": self.unsupported,
            "never called": list(self.idle),
        }


@dataclass(frozen=True, kw_only=True)
class ModuleProfile(LayerTable):
    """The costs of a module of any making, as far as they can be known. Parameters are all, frozen or not.

    Attributes:
        name: Its class.
        inputs: The shapes of what it was called with, the batch among them.
        coverage: What was counted by whom, and what was not.
    """

    name: str
    inputs: tuple[Shape, ...]
    coverage: ModuleCoverage

    @property
    def lower_bounds(self) -> tuple[str, ...]:
        """Which costs are lower bounds, because an operator is not counted in them."""
        coverage = self.coverage
        bounds = {
            "macs": bool(coverage.unknown),
            "flops": bool(coverage.unknown or coverage.unsupported or coverage.fvcore is None),
            "activations": coverage.fvcore is None,
        }
        return tuple([cost for cost, bound in bounds.items() if bound])


def profile_module(module: nn.Module, *, input: Input) -> ModuleProfile:  # noqa: A002 - the language's word
    """Return the costs of any module, part by part. The module itself is not touched.

    Args:
        module: The module; a copy of it runs at inference.
        input: Shape of one sample, such as (3, 224, 224), for a batch of one; or the tensors to call it with.

    Raises:
        InputError: If it cannot be copied, or cannot read the input.

    >>> found = profile_module(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), input=(3, 10, 10))
    >>> found.params, found.macs, found.activations, found.lower_bounds
    (224, 13824, 512, ())
    """
    module = getattr(module, "_orig_mod", module)  # what `torch.compile` was given
    name = type(module).__name__
    with _as_before(module):
        copy = _copy(module, name)
        tensors = _tensors(input, copy)
        shapes = tuple([tuple(x.shape) for x in tensors])
        with failures(f"{name} on {', '.join(map(shape_text, shapes))}"):
            ran = ModuleRun(copy, tensors)
        traced = trace(copy, tensors)
    layers, idle = _layers(copy, ran, traced)
    coverage = ModuleCoverage(
        traced.macs, traced.failed, _by_layer(ran.unknown), _by_layer(traced.unsupported), idle
    )
    return ModuleProfile(name=name, inputs=shapes, layers=layers, coverage=coverage)


def _layers(module: nn.Module, ran: ModuleRun, traced: Traced) -> tuple[list[Layer], tuple[str, ...]]:
    """Return the parts that hold or do something, as they ran; and the names of those that did not."""
    modules = dict(module.named_modules())
    params = _own_params(modules)
    idle = [name for name in modules if name not in ran.shapes and params[name]]
    layers = []
    for name in [*ran.shapes, *idle]:
        macs, activations = ran.macs[name], traced.activations[name]
        flops = 2 * macs + traced.other[name]
        counted = flops or activations or params[name] or name in ran.unknown
        if counted or not any(modules[name].children()):
            kind, shape = type(modules[name]).__name__, ran.shapes.get(name, ())
            layers.append(Layer(name or WHOLE, kind, shape, params[name], macs, flops, activations))
    return layers, tuple([name or WHOLE for name in idle])


def _own_params(modules: Mapping[str, nn.Module]) -> dict[str, int]:
    """Return each module's own parameters; one that several share belongs to the first."""
    seen: set[int] = set()
    counts = {}
    for name, module in modules.items():
        unseen = [p for p in module.parameters(recurse=False) if id(p) not in seen]
        seen |= {id(p) for p in unseen}
        counts[name] = sum([p.numel() for p in unseen])
    return counts


def _by_layer(counts: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {name or WHOLE: dict(sorted(operators.items())) for name, operators in counts.items() if operators}


def _copy(module: nn.Module, name: str) -> nn.Module:
    """Return a copy at inference. The user's own hooks stay out of it: they could write to what is theirs.

    PyTorch's own hooks stay, such as those that normalise a weight or find the width of a lazy layer.
    """
    with failures(f"{name} cannot be copied, and only a copy is run"):
        copy = deepcopy(module)
    for part in copy.modules():
        for kind in HOOKS:
            hooks = getattr(part, kind)
            for key in [key for key, hook in hooks.items() if not _of_torch(hook)]:
                del hooks[key]
    return copy.eval()


def _of_torch(hook: object) -> bool:
    owner = getattr(hook, "__module__", None) or type(hook).__module__
    return owner == "torch" or owner.startswith("torch.")


def _tensors(sample: Input, module: nn.Module) -> tuple[Tensor, ...]:
    """Return what the module is called with: zeros of a shape, in the type and place of its weights."""
    if isinstance(sample, Tensor):
        return (sample.clone(),)
    items = tuple(sample)
    if items and all(isinstance(item, Tensor) for item in items):
        return tuple([item.clone() for item in items if isinstance(item, Tensor)])
    sizes = tuple([item for item in items if isinstance(item, int) and item > 0])
    if not items or len(sizes) != len(items):
        law = "an input is the shape of one sample, such as (3, 224, 224), or tensors"
        raise InputError(f"{law}, but got {sample!r}")
    weights = [p for p in module.parameters() if p.is_floating_point() or p.is_complex()]
    like = weights[0] if weights else torch.empty(())
    return (torch.zeros(1, *sizes, dtype=like.dtype, device=like.device),)


@contextmanager
def _as_before(module: nn.Module) -> Iterator[None]:
    """Leave random numbers, warnings and PyTorch's settings as they were, whatever runs.

    PyTorch's fused attention layers are off meanwhile: they hide their products from every counter.
    """
    drawn, fast = random.getstate(), torch.backends.mha.get_fastpath_enabled()
    devices = {p.device.index for p in module.parameters() if p.device.type == "cuda"}
    numbers = sys.modules["numpy"].random.get_state() if "numpy" in sys.modules else None
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.random.fork_rng(devices=sorted(devices)), torch.no_grad(), warnings.catch_warnings():
            # The tracer warns of its own end, and of every branch in the module's code.
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        random.setstate(drawn)
        if numbers is not None:
            sys.modules["numpy"].random.set_state(numbers)
