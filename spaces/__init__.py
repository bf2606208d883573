"""What can be built: the language of networks and spaces, the graph, the blocks, the source.

::

    from archscape.spaces import Network, Row, Space, oneof, span, ref

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalog_files import catalog_names
    from .errors import ArchscapeError, Infeasible, InputError, JobError, ShapeError, SpaceError, StudyError
    from .graph import Graph, Style, Totals
    from .language.expressions import Arithmetic, Conditional, Function, oneof, ref, span
    from .language.limits import Limit
    from .language.rows import Composed, Row
    from .loading import catalog_networks, load, load_network, load_space
    from .network import Network
    from .space import Sample, Space
    from .values import Term

_HOMES = (
    *(
        "errors",
        "values",
        "graph",
        "catalog_files",
        "language.expressions",
        "language.limits",
        "language.rows",
    ),
    *("loading", "network", "space"),
)

__all__ = [
    "ArchscapeError",
    "Arithmetic",
    "Composed",
    "Conditional",
    "Function",
    "Graph",
    "Infeasible",
    "InputError",
    "JobError",
    "Limit",
    "Network",
    "Row",
    "Sample",
    "ShapeError",
    "Space",
    "SpaceError",
    "StudyError",
    "Style",
    "Term",
    "Totals",
    "catalog_names",
    "catalog_networks",
    "load",
    "load_network",
    "load_space",
    "oneof",
    "ref",
    "span",
]


def __getattr__(name: str) -> Any:
    for home in _HOMES if name in __all__ else ():
        module = import_module(f".{home}", __name__)
        if hasattr(module, name):
            return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
