"""Architecture search and analysis for convolutional networks.

::

    import archscape

    net = archscape.load("resnet50")             # a network of the catalog, or a YAML file
    print(archscape.profile(net).macs)           # what it costs, known before anything is built
    module = net.build()                         # a torch.nn.Module
    space = archscape.load_space("cifar")        # a table with choices left open
    results = archscape.search.run(archscape.search.read_job("job.yaml"))

Names are loaded when they are first used, so that importing archscape stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import analysis, search, spaces
    from .analysis.cost import profile
    from .spaces import Network, Row, Space, load, load_network, load_space, oneof, ref, span

_HOMES = {
    "Network": "spaces",
    "Row": "spaces",
    "Space": "spaces",
    "load": "spaces",
    "load_network": "spaces",
    "load_space": "spaces",
    "oneof": "spaces",
    "profile": "analysis.cost",
    "ref": "spaces",
    "span": "spaces",
}
_ROOMS = ("analysis", "search", "spaces")

__all__ = [
    "Network",
    "Row",
    "Space",
    "__version__",
    "analysis",
    "load",
    "load_network",
    "load_space",
    "oneof",
    "profile",
    "ref",
    "search",
    "spaces",
    "span",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
