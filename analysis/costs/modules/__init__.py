"""The costs of any `torch.nn.Module`, by running it once at inference.

Each cost is of every operator that ran. Macs are the products of convolutions, linear layers, recurrent
layers, attention and matrix products; activations are what the first three write; flops are twice the macs,
and norms, resizing and pooling as fvcore counts them. Operators that may hold products and were not counted
are listed as unknown and make a lower bound of what they may add to; what is left out of the flops is listed
too. The module itself runs, without the user's hooks, and is left as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.nn.modules.lazy import LazyModuleMixin

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape
from archscape.spaces.language.user_errors import failures
from archscape.spaces.module_run.operators import may_write
from archscape.spaces.module_run.restore import Kept
from archscape.spaces.module_run.run import ModuleRun
from archscape.spaces.module_run.settings import kept_settings
from archscape.spaces.values import shape_text

from ..layers import Layer, LayerTable
from .inputs import Input as Input
from .inputs import ModuleInput, check_input, read_input, shapes_of, tensors_of

WHOLE = "forward"
"""The name of a layer that is the module itself: what its own `forward` does between its parts."""
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class ModuleCoverage(NamedTuple):
    """How a module was counted.

    Attributes:
        unknown: Operators that may hold products and were not counted, with how often each ran, by layer.
        unsupported: Operators whose arithmetic is not in the flops, by layer; their products are.
        idle: Layers with parameters that were never called; another may use their weights.
        taken_apart: The module computes gradients in its `forward`, or calls `torch.func` on layers: what
            linear layers write may be missing in the activations.
    """

    unknown: dict[str, dict[str, int]]
    unsupported: dict[str, dict[str, int]]
    idle: tuple[str, ...]
    taken_apart: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return it as plain lists and mappings, for JSON."""
        return {
            "by running it": ["macs", "flops", "activations"],
            "unknown": self.unknown,
            "not counted": self.unsupported,
            "never called": list(self.idle),
            "taken apart": self.taken_apart,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class ModuleProfile(LayerTable):
    """The costs of a module of any making, as far as they can be known. Parameters are all, frozen or not.

    Attributes:
        name: Its class.
        inputs: The shapes of what it was called with, the batch among them.
        coverage: What was counted, and what was not.
    """

    name: str
    inputs: tuple[Shape, ...]
    coverage: ModuleCoverage

    @property
    def about(self) -> str:
        """What it is, in a sentence."""
        return "A module of PyTorch, counted by running a copy of it; it has no table of rows."

    @property
    def title(self) -> str:
        """What it is of, for a reader."""
        bounds = f"; lower bounds: {', '.join(self.lower_bounds)}" if self.lower_bounds else ""
        return f"{self.name}, input {', '.join(map(shape_text, self.inputs))}{bounds}"

    @property
    def lower_bounds(self) -> tuple[str, ...]:
        """Which costs are lower bounds, because an operator is not counted in them."""
        coverage = self.coverage
        writing = [name for names in coverage.unknown.values() for name in names if may_write(name)]
        bounds = {
            "macs": bool(coverage.unknown),
            "flops": bool(coverage.unknown or coverage.unsupported),
            "activations": bool(writing) or coverage.taken_apart,
        }
        return tuple([cost for cost, bound in bounds.items() if bound])


def profile_module(module: nn.Module, *, input: Input) -> ModuleProfile:  # noqa: A002 - the language's word
    """Return the costs of any module, part by part. It runs, and is as it was afterwards.

    Args:
        module: The module; it runs at inference.
        input: Shape of one sample, such as (3, 224, 224), for a batch of one; or the tensors to call it with;
            or a mapping of the names of its arguments to either.

    Raises:
        InputError: If it cannot read the input, or fails.

    >>> found = profile_module(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), input=(3, 10, 10))
    >>> found.params, found.macs, found.activations, found.lower_bounds
    (224, 13824, 512, ())
    """
    call = read_input(input)
    module = _uncompiled(module)
    devices = {p.device.index for p in _weights(parts_of(module)) if p.device.type == "cuda"}
    with kept_settings(sorted(devices)):
        try:
            return _profile(module, call, inference=True)
        except InputError as error:
            if not _wants_gradients(error.__cause__):
                check_input(module, call)
                raise
        return _profile(module, call, inference=False)


def parts_of(module: nn.Module) -> dict[str, nn.Module]:
    """Return a module and all its parts by name, each once. None of the user's own methods is called."""
    parts: dict[str, nn.Module] = {}
    seen: set[int] = set()
    waiting = [("", module)]
    while waiting:
        name, part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        parts[name] = part
        stem = f"{name}." if name else ""
        children = [(stem + key, child) for key, child in part._modules.items() if child is not None]
        waiting += reversed(children)
    return parts


def _profile(module: nn.Module, call: ModuleInput, *, inference: bool) -> ModuleProfile:
    name = type(module).__name__
    module = _with_widths_to_find(module, name)
    parts, kept = parts_of(module), Kept(module)
    run = ModuleRun(parts, kept, inference=inference)
    try:
        with _without_hooks(parts.values()):
            with failures(f"{name}.eval()"):
                run.call(module.eval)
            run.clear()
            with failures(f"{name} on {_shapes_text(call)}"):
                like = next(_floats(parts), torch.empty(()))
                args, kwargs = [tensors_of(call.args, like), tensors_of(call.kwargs, like)]
                shapes = (*shapes_of(args), *shapes_of(kwargs))
                run.call(lambda: module(*args, **kwargs))
        layers, idle = _layers(parts, run)
    finally:
        kept.restore()
    unknown, unsupported = _by_layer(run.unknown), _by_layer(run.unsupported)
    coverage = ModuleCoverage(unknown, unsupported, idle, run.taken_apart)
    return ModuleProfile(name=name, inputs=shapes, layers=layers, coverage=coverage)


def _layers(parts: Mapping[str, nn.Module], run: ModuleRun) -> tuple[list[Layer], tuple[str, ...]]:
    """Return the parts that hold or do something, as they ran; and the names of those that did not."""
    params = _own_params(parts)
    idle = [name for name in parts if name not in run.shapes and params[name]]
    layers = []
    for name in [*run.shapes, *idle]:
        macs, activations = run.macs[name], run.activations[name]
        flops = 2 * macs + run.other[name]
        counted = flops or activations or params[name] or name in run.unknown
        if counted or len(parts[name]._modules) == 0:
            kind, shape = type(parts[name]).__name__, run.shapes.get(name, ())
            layers.append(Layer(name or WHOLE, kind, shape, params[name], macs, flops, activations))
    return layers, tuple([name or WHOLE for name in idle])


def _own_params(parts: Mapping[str, nn.Module]) -> dict[str, int]:
    """Return each module's own parameters; one that several share belongs to the first."""
    seen: set[int] = set()
    counts = {}
    for name, part in parts.items():
        unseen = [p for p in _weights({name: part}) if id(p) not in seen]
        seen |= {id(p) for p in unseen}
        counts[name] = sum([p.numel() for p in unseen])
    return counts


def _weights(parts: Mapping[str, nn.Module]) -> list[nn.Parameter]:
    return [p for part in parts.values() for p in nn.Module.parameters(part, recurse=False)]


def _floats(parts: Mapping[str, nn.Module]) -> Iterator[Tensor]:
    return (p for p in _weights(parts) if p.is_floating_point() or p.is_complex())


def _by_layer(counts: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {name or WHOLE: dict(sorted(operators.items())) for name, operators in counts.items() if operators}


def _uncompiled(module: nn.Module) -> nn.Module:
    """Return what `torch.compile` was given."""
    compiled = type(module).__module__.startswith("torch._dynamo")
    original = module._modules.get("_orig_mod") if compiled else None
    return module if original is None else original


def _with_widths_to_find(module: nn.Module, name: str) -> nn.Module:
    """Return a module that can run: a copy, if it has lazy layers, which find their widths for good."""
    lazy = [part for part in parts_of(module).values() if isinstance(part, LazyModuleMixin)]
    if not any(LazyModuleMixin.has_uninitialized_params(part) for part in lazy):
        return module
    with failures(f"{name} cannot be copied, and of lazy layers only a copy is run"):
        return deepcopy(module)


@contextmanager
def _without_hooks(parts: Iterable[nn.Module]) -> Iterator[None]:
    """Take the user's own hooks off: they could write to what is theirs. `Kept` puts those of the parts back.

    PyTorch's own stay, such as those that normalise a weight or find the width of a lazy layer.
    """
    hooks = [part.__dict__[kind] for part in parts for kind in HOOKS if kind in part.__dict__]
    everywhere = [getattr(torch_module, f"_global{kind}") for kind in HOOKS[:2]]
    before = [dict(held) for held in everywhere]
    for held in (*hooks, *everywhere):
        for key in [key for key, hook in held.items() if not _of_torch(hook)]:
            del held[key]
    try:
        yield
    finally:
        for held, items in zip(everywhere, before, strict=True):
            held.clear()
            held.update(items)


def _of_torch(hook: object) -> bool:
    owner = getattr(hook, "__module__", None) or type(hook).__module__
    return owner == "torch" or owner.startswith("torch.")


def _wants_gradients(error: BaseException | None) -> bool:
    """Tell whether a run failed only because inference mode has no autograd."""
    words = ("inference tensor", "does not require grad", "grad_fn", "inference mode", "inferencemode")
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)


def _shapes_text(call: ModuleInput) -> str:
    return ", ".join(map(shape_text, (*shapes_of(call.args), *shapes_of(call.kwargs))))
