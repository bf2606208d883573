"""Compiled: the classes of a source text, whose instances pickle.

A module made of text has no file from which another process could import its classes. So each instance is
pickled with the text that its class was compiled from, and whoever unpickles it, a spawned process or a
worker of a `DataLoader`, compiles it again. It is the text, not the table: a network with blocks of the
user's own needs none of their files there, and a later version of archscape gives the same module.
"""

from __future__ import annotations

import copyreg
import linecache
import weakref
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from types import ModuleType
from typing import Any

from torch import nn

_SERIAL = count(1)
_CLASSES: weakref.WeakValueDictionary[tuple[str, str], type[nn.Module]] = weakref.WeakValueDictionary()
"""By source and name, as long as anything is an instance of them: a copy has the class of its original."""


def compiled(text: str, name: str) -> type[nn.Module]:
    """Return a class of a source text, compiled unless it is already.

    The text is at hand for tracebacks and `inspect.getsource` as long as the class lives.
    """
    if (known := _CLASSES.get((text, name))) is not None:
        return known
    file = f"<archscape {name} {next(_SERIAL)}>"
    namespace = ModuleType(f"archscape_{sha256(text.encode()).hexdigest()[:16]}")
    exec(compile(text, file, "exec"), namespace.__dict__)
    for each in vars(namespace).values():
        if isinstance(each, type) and each.__module__ == namespace.__name__ and issubclass(each, nn.Module):
            each.__reduce__ = _reduce(each, text)  # type: ignore[assignment]
            _CLASSES[text, each.__name__] = each
    compiled_class = _CLASSES[text, name]
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    weakref.finalize(compiled_class, linecache.cache.pop, file, None)
    return compiled_class


def _reduce(kind: type[nn.Module], text: str) -> Callable[[nn.Module], tuple[Any, ...]]:
    """Return the method that says how an instance of a class is pickled and copied."""

    def reduce(module: nn.Module) -> tuple[Any, ...]:
        state = module.__getstate__()  # type: ignore[no-untyped-call]
        if type(module) is kind:
            return empty, (text, kind.__name__), state
        return copyreg.__newobj__, (type(module),), state  # type: ignore[attr-defined]

    return reduce


def empty(text: str, name: str) -> nn.Module:
    """Return an instance of a class of a source text, without its state, which is unpickled next.

    It runs the text, as pickle runs what it is told to: `torch.load` with `weights_only=True` refuses it, and
    it never belongs among `torch.serialization.add_safe_globals`.
    """
    kind = compiled(text, name)
    return kind.__new__(kind)
