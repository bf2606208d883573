"""Architecture search and analysis for convolutional networks.

::

    import archscape

    net = archscape.load("resnet50")             # a network of the catalog, or a YAML file
    print(archscape.profile(net).macs)           # what it costs, known before anything is built
    module = net.build()                         # a torch.nn.Module
    space = archscape.load_space("cifar")        # a table with choices left open
    results = archscape.search.run(space="digits", data="cluttered-digits", trials=30)
    results.frame()                              # a pandas table, one row a trial

Names are loaded when they are first used, so that importing archscape stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from . import analysis as analysis
    from . import search as search
    from . import spaces as spaces
    from .analysis.costs.memory import largest_batch as largest_batch
    from .analysis.costs.memory import memory as memory
    from .analysis.costs.memory.targets import target_memory as target_memory
    from .analysis.costs.memory.training import largest_training_batch as largest_training_batch
    from .analysis.costs.memory.training import training_memory as training_memory
    from .analysis.costs.profile import profile as profile
    from .analysis.lint import lint as lint
    from .spaces import Network as Network
    from .spaces import Row as Row
    from .spaces import Space as Space
    from .spaces import load as load
    from .spaces import load_network as load_network
    from .spaces import load_space as load_space
    from .spaces import oneof as oneof
    from .spaces import ref as ref
    from .spaces import span as span

_ROOMS = ("analysis", "search", "spaces")
_NAMES = {
    "analysis.costs.memory": ("largest_batch", "memory"),
    "analysis.costs.memory.targets": ("target_memory",),
    "analysis.costs.memory.training": ("largest_training_batch", "training_memory"),
    "analysis.costs.profile": ("profile",),
    "analysis.lint": ("lint",),
    "spaces": ("Network", "Row", "Space", "load", "load_network", "load_space", "oneof", "ref", "span"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = sorted(["__version__", *_ROOMS, *_HOMES])


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
