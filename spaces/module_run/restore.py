"""What a run may change in a module, kept and put back: the module itself runs, and is as it was afterwards.

Its tensors are not copied: the run says before an operator writes to one, and what it held is saved then.
"""

from __future__ import annotations

import functools
import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from copyreg import _slotnames  # type: ignore[attr-defined]
from functools import lru_cache
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

LIBRARIES = ("torch", "numpy")
"""Packages whose objects are not looked into, but for the kinds in `KEEPERS`; Python's own are not either."""


class Kept:
    """What a module holds, in whatever its attributes hold; `restore` puts it back.

    Arguments of `before` are those of an operator that is about to run.
    """

    def __init__(self, module: nn.Module) -> None:
        """Look at a module and all that it reaches; nothing of it is called."""
        self._undo: list[Callable[[], object]] = []
        self._storages: dict[int, Any] = {}
        self._written: dict[int, Any] = {}
        self._lock = threading.Lock()
        seen: dict[int, object] = {}
        waiting: list[object] = [module]
        while waiting:
            value = waiting.pop()
            if id(value) not in seen and type(value) not in ATOMS:
                seen[id(value)] = value
                waiting += self._keep(value)

    def before(self, func: Any, args: Any, kwargs: Any) -> None:
        """Save what an operator is about to write to."""
        if len(args) > 5 and args[5] is False and "_norm" in str(func):
            return  # a norm at inference
        for index, name in _mutable(func):
            self.save(args[index] if index < len(args) else kwargs.get(name))

    def save(self, value: object) -> None:
        """Save what the memory of a tensor holds, if it is the module's and was not saved before."""
        if isinstance(value, list | tuple):
            for item in value:
                self.save(item)
        elif isinstance(value, Tensor):
            key = _storage_key(value)
            with self._lock:
                if key in self._storages and key not in self._written:
                    self._written[key] = self._storages[key].clone()

    def restore(self) -> None:
        """Put everything back."""
        for key, content in self._written.items():
            self._storages[key].copy_(content)
        for undo in reversed(self._undo):
            undo()

    def _keep(self, value: Any) -> Iterator[object]:
        """Note how a value is put back, and yield what it holds."""
        for kind, keeper in KEEPERS.items():
            if isinstance(value, kind):
                yield from keeper(self, value)
                return
        root = type(value).__module__.partition(".")[0]
        if root not in sys.stdlib_module_names and root not in LIBRARIES and not isinstance(value, type):
            yield from self._keep_attributes(value)

    def _keep_attributes(self, value: Any) -> Iterator[object]:
        for name in _slotnames(type(value)):
            with suppress(AttributeError):
                content = object.__getattribute__(value, name)
                self._undo.append(functools.partial(object.__setattr__, value, name, content))
                yield content
        with suppress(AttributeError):
            yield from self._keep_mapping(object.__getattribute__(value, "__dict__"))

    def _keep_module(self, module: nn.Module) -> Iterator[object]:
        kind = type(module)
        self._undo.append(lambda: None if type(module) is kind else _set_class(module, kind))
        if isinstance(module, torch.jit.ScriptModule):
            mode = module.training
            self._undo.append(functools.partial(setattr, module, "training", mode))
            yield from (*module.parameters(), *module.buffers())
        else:
            yield from self._keep_attributes(module)

    def _keep_tensor(self, tensor: Tensor) -> Iterator[object]:
        key = _storage_key(tensor)
        if key is None:
            return
        self._storages[key] = tensor.untyped_storage()
        alias, form, leaf = tensor.detach(), _form(tensor), tensor.is_leaf
        grad, trained = tensor.grad if leaf else None, tensor.requires_grad

        def undo() -> None:
            if _form(tensor) != form:
                tensor.data = alias
            if leaf and tensor.requires_grad != trained:
                tensor.requires_grad_(trained)
            if leaf and tensor.grad is not grad:
                tensor.grad = grad

        self._undo.append(undo)
        yield grad
        yield from self._keep_mapping(tensor.__dict__)

    def _keep_mapping(self, mapping: dict[Any, Any]) -> Iterator[object]:
        items = list(mapping.items())

        def undo() -> None:
            now = list(mapping.items())
            if len(now) != len(items) or any(
                a is not c or b is not d for (a, b), (c, d) in zip(now, items, strict=True)
            ):
                mapping.clear()
                mapping.update(items)

        self._undo.append(undo)
        for key, value in items:
            yield key
            yield value

    def _keep_list(self, items: list[Any]) -> Iterator[object]:
        held = list(items)
        self._undo.append(functools.partial(items.__setitem__, slice(None), held))
        yield from held

    def _keep_collection(self, items: set[Any] | deque[Any]) -> Iterator[object]:
        held = list(items)

        def undo() -> None:
            items.clear()
            (items.extend if isinstance(items, deque) else items.update)(held)

        self._undo.append(undo)
        yield from held

    def _keep_array(self, array: Any) -> Iterator[object]:
        held = array.copy()
        if array.flags.writeable:
            self._undo.append(functools.partial(np.copyto, array, held))
        yield from ()

    def _keep_generator(self, generator: torch.Generator) -> Iterator[object]:
        self._undo.append(functools.partial(generator.set_state, generator.get_state()))
        yield from ()

    def _keep_random(self, numbers: random.Random) -> Iterator[object]:
        self._undo.append(functools.partial(numbers.setstate, numbers.getstate()))
        yield from ()

    def _keep_numpy_random(self, numbers: Any) -> Iterator[object]:
        bits = numbers.bit_generator
        self._undo.append(functools.partial(setattr, bits, "state", bits.state))
        yield from ()

    def _keep_function(self, function: FunctionType) -> Iterator[object]:
        if function.__module__ is None or function.__module__.partition(".")[0] not in LIBRARIES:
            yield from function.__closure__ or ()

    def _keep_cell(self, cell: CellType) -> Iterator[object]:
        with suppress(ValueError):  # an empty one
            content = cell.cell_contents
            self._undo.append(functools.partial(setattr, cell, "cell_contents", content))
            yield content


ATOMS = {int, float, complex, bool, str, bytes, type(None), torch.dtype, torch.device, torch.Size, type}
KEEPERS: dict[Any, Callable[[Kept, Any], Iterator[object]]] = {
    nn.Module: Kept._keep_module,
    Tensor: Kept._keep_tensor,
    dict: Kept._keep_mapping,
    list: Kept._keep_list,
    (set, deque): Kept._keep_collection,
    (tuple, frozenset): lambda kept, items: iter(items),
    np.ndarray: Kept._keep_array,
    torch.Generator: Kept._keep_generator,
    random.Random: Kept._keep_random,
    np.random.Generator: Kept._keep_numpy_random,
    FunctionType: Kept._keep_function,
    CellType: Kept._keep_cell,
    MethodType: lambda kept, method: iter((method.__self__, method.__func__)),
    functools.partial: lambda kept, call: iter((call.func, call.args, call.keywords)),
}
"""How the values of each type are kept; the first that fits."""


@lru_cache(maxsize=4096)
def _mutable(func: Any) -> tuple[tuple[int, str], ...]:
    """Return which arguments an operator writes to, by place and name."""
    arguments = getattr(func, "_schema", None)
    if arguments is None:
        return ()
    hidden = "batch_norm" in str(func) or "instance_norm" in str(func)  # their schemas do not say it
    return tuple(
        [
            (index, argument.name)
            for index, argument in enumerate(arguments.arguments)
            if (argument.alias_info is not None and argument.alias_info.is_write)
            or (hidden and argument.name.startswith("running"))
        ]
    )


def _storage_key(tensor: Tensor) -> int | None:
    """Return what tensors that share memory have in common; None of one that has no memory of its own."""
    try:
        return None if tensor.device.type == "meta" else int(tensor.untyped_storage()._cdata)
    except (RuntimeError, ValueError):  # sparse, nested and lazy ones
        return None


def _form(tensor: Tensor) -> tuple[object, ...]:
    return _storage_key(tensor), tensor.shape, tensor.stride(), tensor.storage_offset(), tensor.dtype


def _set_class(module: nn.Module, kind: type[nn.Module]) -> None:
    module.__class__ = kind
