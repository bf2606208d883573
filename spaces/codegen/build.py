"""Build: the module is the source. What trains is the compiled form of the text that `export` writes."""

from __future__ import annotations

import linecache
import weakref
from itertools import count
from types import ModuleType

from torch import nn

from ..language.closed_table import ClosedTable
from .source import class_name, source

_SERIAL = count(1)


def build(network: ClosedTable) -> nn.Module:
    """Return a new PyTorch module of a network, its weights initialised by PyTorch's defaults.

    The text it was compiled from is at hand for tracebacks and `inspect.getsource` as long as the module
    lives.
    """
    text = source(network)
    name = class_name(network)
    file = f"<archscape {network.name} {next(_SERIAL)}>"
    namespace = ModuleType(f"archscape_{network.hash()}")
    exec(compile(text, file, "exec"), namespace.__dict__)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = getattr(namespace, name)()
    assert isinstance(module, nn.Module)
    weakref.finalize(module, linecache.cache.pop, file, None)
    return module
