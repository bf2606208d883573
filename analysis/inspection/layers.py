"""The layers of a module by name, and what they give.

>>> module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
>>> list(convolutions(module)), classifier(module)
(['0'], '3')
>>> outputs(module, torch.zeros(5, 1, 3, 3), ["0", "1"])["1"].shape
torch.Size([5, 4, 1, 1])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from archscape.spaces.errors import InputError, suggest


def convolutions(module: nn.Module) -> dict[str, _ConvNd]:
    """Return the convolutions of a module by name, in its order; transposed ones too."""
    return {name: each for name, each in module.named_modules() if isinstance(each, _ConvNd)}


def classifier(module: nn.Module) -> str:
    """Return the name of the last linear layer, "" if there is none: what goes into it are the features."""
    return next((name for name, each in [*module.named_modules()][::-1] if isinstance(each, nn.Linear)), "")


def layer(module: nn.Module, name: str) -> nn.Module:
    """Return a layer by its name.

    Raises:
        InputError: If there is none.
    """
    named: dict[str, nn.Module] = dict(module.named_modules())
    if not name or name not in named:
        raise InputError(f"no layer '{name}'{suggest(name, [known for known in named if known])}")
    return named[name]


def outputs(module: nn.Module, x: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """Return what layers give for samples, by their names; a layer that is called again counts once.

    Args:
        module: In evaluation mode.
        x: (N, C, *spatial), on its device.
        names: Of layers.

    Raises:
        InputError: If a layer is not called, or gives no tensor.
    """
    given = called(module, x, names)
    for name in names:
        if name not in given:
            raise InputError(f"layer '{name}' is not run, or gives no tensor: there is nothing to show of it")
    return {name: given[name] for name in names}


def called(module: nn.Module, x: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """Return what those layers give that are called and give a tensor, in the order of their calls."""
    with torch.inference_mode(), recorded(module, names) as given:
        module(x)
    return {name: output for name, output in given.items() if isinstance(output, Tensor)}


def inputs(module: nn.Module, x: Tensor, name: str) -> Tensor:
    """Return what goes into a layer for samples."""
    taken: list[Tensor] = []
    handle = layer(module, name).register_forward_pre_hook(lambda _, args: taken.append(args[0]))
    try:
        with torch.inference_mode():
            module(x)
    finally:
        handle.remove()
    return taken[0]


@contextmanager
def recorded(module: nn.Module, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a dictionary that holds what layers give as soon as the module was called."""
    given: dict[str, Any] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda _, args, output: given.setdefault(name, output)

    handles = [layer(module, name).register_forward_hook(keep(name)) for name in names]
    try:
        yield given
    finally:
        for handle in handles:
            handle.remove()
