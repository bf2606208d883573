"""Source: the PyTorch text of a network, as one would write it by hand.

Blocks of one word become one class, or as few as can be read: numbers that differ between its uses, and parts
that some of them lack, become parameters of the class (`classes`, `topology`, `parameters`). The text depends
on torch alone; `build` compiles it.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from textwrap import wrap

from ..errors import SpaceError
from ..graph import Body
from ..language.closed_table import ClosedTable
from ..naming import IMPORTED
from ..values import shape_text
from .class_text import SourceWriter
from .classes import TAKEN, bodies, camel, helpers, imported, operators
from .forward import Statement
from .helpers import definitions


def source(network: ClosedTable) -> str:
    """Return a module's text whose one public class is the network.

    It imports torch alone, and the user's own modules. `state_dict` keys are the names of the graph.
    """
    title = f"{network.name} for inputs of {network.input_text}."
    lines = SourceWriter(network.body).lines(class_name(network), title)
    written_classes = ["\n".join(written) for written in lines]
    classes = [*definitions(helpers(network.body)), *written_classes]
    parts = [f"{_header(network)}\n\n{_imports(network.body, classes)}", *classes]
    return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def statements(network: ClosedTable) -> Callable[[Body], Sequence[Statement]]:
    """Return what says of a body of the network how the source takes its steps; a sequence is in no class."""
    return SourceWriter(network.body).statements


def class_name(network: ClosedTable) -> str:
    """Return the name of the network's class; `Network` is added where that name is taken."""
    name = "".join(part[:1].upper() + part[1:] for part in _words(network.name))
    name = f"Network{name}" if name[:1].isdigit() else name
    words = [camel(body.word) for body in bodies(network.body)]
    taken = {*TAKEN, *helpers(network.body), *imported(network.body), *words}
    while name in taken or keyword.iskeyword(name):
        name += "Network"
    return name


def _header(network: ClosedTable) -> str:
    totals = network.totals
    results = ", ".join(map(shape_text, network.body.shapes))
    counts = (
        f"{totals.params:,} parameters; {totals.macs:,} multiply-accumulates of convolutions and "
        "linear layers for one input, without bias. Written by archscape."
    )
    lines = [f"{network.name}: {network.input_text} -> {results}.", "", *wrap(counts, 80)]
    return '"""' + "\n".join(lines) + '\n"""'


def _imports(body: Body, classes: Sequence[str]) -> str:
    text = "".join(classes)
    lines = ["import torch"] if "torch." in text else []
    lines += ["import torch.nn.functional as F"] if "F." in text else []
    imports = sorted({line for op in operators(body) for line in op.imports()})
    if hidden := {*IMPORTED, *helpers(body)} & {*imported(body)}:
        law = "is a name that the source of this network uses itself; call the class otherwise"
        raise SpaceError(f"'{min(hidden)}' {law}")
    return "\n".join([*lines, "from torch import Tensor, nn", *([""] if imports else []), *imports])


def _words(name: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in name).split()
