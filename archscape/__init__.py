"""Architecture search and analysis for convolutional networks.

::

    import archscape

    net = archscape.load("resnet50")             # a network of the catalog, or a YAML file
    print(archscape.profile(net).macs)           # what it costs, known before anything is built
    module = net.build()                         # a torch.nn.Module
    space = archscape.load_space("cifar")        # a table with choices left open
    results = archscape.search.search(archscape.search.read_job("job.yaml"))

Names are loaded when they are first used, so that importing archscape stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import analysis, search, spaces
    from .analysis.costs.memory import largest_batch, memory
    from .analysis.costs.memory.training import largest_training_batch, training_memory
    from .analysis.costs.profile import profile
    from .analysis.lint import lint
    from .spaces import Network, Row, Space, load, load_network, load_space, oneof, ref, span

_ROOMS = ("analysis", "search", "spaces")
_HOMES = (
    "spaces",
    "analysis.costs.profile",
    "analysis.costs.memory",
    "analysis.costs.memory.training",
    "analysis.lint",
)

__all__ = [
    "Network",
    "Row",
    "Space",
    "__version__",
    "analysis",
    "largest_batch",
    "largest_training_batch",
    "lint",
    "load",
    "load_network",
    "load_space",
    "memory",
    "oneof",
    "profile",
    "ref",
    "search",
    "spaces",
    "span",
    "training_memory",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    for home in _HOMES if name in __all__ else ():
        module = import_module(f".{home}", __name__)
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
