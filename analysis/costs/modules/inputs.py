"""What a module is called with: shapes of one sample or tensors, in order or by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from archscape.spaces.errors import InputError, suggest
from archscape.spaces.graph import Shape

Input: TypeAlias = "Shape | Tensor | Sequence[Tensor] | Mapping[str, Any] | ModuleInput"
"""What a module reads: the shape of one sample; the tensors that it is called with; or both by name."""

LAW = "an input is the shape of one sample, such as (3, 224, 224), or tensors"


class SampleShape(NamedTuple):
    """The shape of one sample, and the type of its numbers: that of the module's weights unless given."""

    sizes: Shape
    dtype: torch.dtype | None = None


class ModuleInput(NamedTuple):
    """The arguments of a call: each a shape, a tensor, or a mapping of them."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = {}


def read_input(sample: Input) -> ModuleInput:
    """Return the arguments that an input stands for.

    Raises:
        InputError: If it is none.
    """
    if isinstance(sample, ModuleInput):
        return sample
    if isinstance(sample, Tensor):
        return ModuleInput((sample,))
    if isinstance(sample, Mapping):
        return ModuleInput((), {name: _read(value, sample) for name, value in sample.items()})
    if isinstance(sample, Sequence) and sample and all(isinstance(item, Tensor) for item in sample):
        return ModuleInput(tuple(sample))
    return ModuleInput((_read(sample, sample),))


def _read(value: Any, given: Any) -> Any:
    if isinstance(value, Tensor | SampleShape):
        return value
    if isinstance(value, Mapping):
        return {name: _read(item, given) for name, item in value.items()}
    if isinstance(value, Sequence) and value and all(type(size) is int and size > 0 for size in value):
        return SampleShape(tuple(value))
    raise InputError(f"{LAW}, but got {given!r}")


def tensors_of(value: Any, like: Tensor) -> Any:
    """Return an argument as tensors: of a shape zeros for a batch of one, of the type of the weights."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, SampleShape):
        return torch.zeros(1, *value.sizes, dtype=value.dtype or like.dtype, device=like.device)
    if isinstance(value, Mapping):
        return {name: tensors_of(item, like) for name, item in value.items()}
    return tuple([tensors_of(item, like) for item in value])


def shapes_of(value: Any) -> tuple[Shape, ...]:
    """Return the shapes of arguments, the batch among them, in order."""
    if isinstance(value, Tensor):
        return () if value.is_nested else (tuple(value.shape),)
    if isinstance(value, SampleShape):
        return ((1, *value.sizes),)
    items = value.values() if isinstance(value, Mapping) else value
    return tuple([shape for item in items for shape in shapes_of(item)])


def named_shapes(call: ModuleInput) -> dict[str, SampleShape]:
    """Return the shapes of a call by name, `batch.image` in a dictionary; without a name by place."""
    places = {str(place): value for place, value in enumerate(call.args)}
    return {
        name: shape for key, value in {**places, **call.kwargs}.items() for name, shape in _named(key, value)
    }


def _named(name: str, value: Any) -> Iterator[tuple[str, SampleShape]]:
    if isinstance(value, SampleShape):
        yield name, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named(f"{name}.{key}", item)


def _how_to_give(names: Sequence[str]) -> str:
    return f"give input={{{', '.join([f'{name!r}: ...' for name in names])}}}"


def check_input(
    module: nn.Module, call: ModuleInput, how: Callable[[Sequence[str]], str] = _how_to_give
) -> None:
    """Check that a module's `forward` takes these arguments and needs no others.

    Args:
        module: The module.
        call: The arguments.
        how: Says how arguments of some names are given.

    Raises:
        InputError: If it needs others, or there is none of a name; with the nearest right one.
    """
    parameters = forward_parameters(module)
    reads = f"{type(module).__name__}.forward reads {', '.join(parameters) or 'nothing'}"
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values()):
        for word in call.kwargs:
            if word not in parameters:
                raise InputError(f"{reads}; there is no '{word}'{suggest(word, parameters)}")
    needed = needed_inputs(module)
    missing = [word for word in needed[len(call.args) :] if word not in call.kwargs]
    if missing:
        raise InputError(f"{reads}; not given: {', '.join(missing)}; {how(needed)}")


def needed_inputs(module: nn.Module) -> list[str]:
    """Return the parameters of a module's `forward` that have no default."""
    parameters = forward_parameters(module).values()
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in kinds]


def forward_parameters(module: nn.Module) -> dict[str, inspect.Parameter]:
    """Return the parameters of a module's `forward` by name; none where it does not tell them."""
    try:
        return dict(inspect.signature(module.forward).parameters)
    except (TypeError, ValueError):
        return {}
