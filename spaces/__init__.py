"""What can be built: the language of networks and spaces, the graph, the blocks, the source.

::

    from archscape.spaces import Network, Row, Space, oneof, span, ref
"""

from __future__ import annotations

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
