"""What can be built: the language of networks and spaces, the graph, the blocks, the source.

::

    from archscape.spaces import Network, Row, Space, oneof, span, ref

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalog_files import catalog_names as catalog_names
    from .errors import ArchscapeError as ArchscapeError
    from .errors import Infeasible as Infeasible
    from .errors import InputError as InputError
    from .errors import JobError as JobError
    from .errors import ShapeError as ShapeError
    from .errors import SpaceError as SpaceError
    from .errors import StudyError as StudyError
    from .family import Family as Family
    from .graph import Graph as Graph
    from .graph import Style as Style
    from .graph import Totals as Totals
    from .language.expressions import Arithmetic as Arithmetic
    from .language.expressions import Conditional as Conditional
    from .language.expressions import Function as Function
    from .language.expressions import oneof as oneof
    from .language.expressions import ref as ref
    from .language.expressions import span as span
    from .language.functions import Formula as Formula
    from .language.limits import Limit as Limit
    from .language.rows import Composed as Composed
    from .language.rows import Row as Row
    from .loading import catalog_networks as catalog_networks
    from .loading import load as load
    from .loading import load_network as load_network
    from .loading import load_space as load_space
    from .network import Network as Network
    from .space import Sample as Sample
    from .space import Space as Space
    from .values import Term as Term

_NAMES = {
    "catalog_files": ("catalog_names",),
    "errors": (
        "ArchscapeError",
        "Infeasible",
        "InputError",
        "JobError",
        "ShapeError",
        "SpaceError",
        "StudyError",
    ),
    "family": ("Family",),
    "graph": ("Graph", "Style", "Totals"),
    "language.expressions": ("Arithmetic", "Conditional", "Function", "oneof", "ref", "span"),
    "language.functions": ("Formula",),
    "language.limits": ("Limit",),
    "language.rows": ("Composed", "Row"),
    "loading": ("catalog_networks", "load", "load_network", "load_space"),
    "network": ("Network",),
    "space": ("Sample", "Space"),
    "values": ("Term",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return globals().setdefault(name, getattr(import_module(f".{_HOMES[name]}", __name__), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
