"""The program of an export: preprocessing, network, probabilities, as `torch.export` takes them once for all.

Formats that compute by themselves are written from it: `pt2` as it is, `onnx` and others by their converters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch.export import Dim, ExportedProgram

from archscape.spaces.errors import InputError, first_line

from .quiet_export import quiet_export
from .whole_module import Whole, samples, whole_module

if TYPE_CHECKING:
    from .formats.base import Export

BATCH = 2
"""Of what is traced: of 0 and 1 `torch.export` would make constants."""

_PROGRAMS: WeakKeyDictionary[Export, dict[int | None, ExportedProgram]] = WeakKeyDictionary()


def exported_program(export: Export, *, largest_batch: int | None = None) -> ExportedProgram:
    """Return what is exported as a program for a batch of any size, traced once for each export.

    Args:
        export: The network, its weights, and the options.
        largest_batch: The largest batch, for runtimes that plan their memory ahead.

    Raises:
        InputError: If the weights do not fit the network, or `torch.export` does not take it.
    """
    programs = _PROGRAMS.setdefault(export, {})
    if largest_batch not in programs:
        programs[largest_batch] = _traced(export, largest_batch)
    return programs[largest_batch]


def _traced(export: Export, largest_batch: int | None) -> ExportedProgram:
    """Return the program of a batch that is named `batch`."""
    module, maps = whole_module(export), samples(export, BATCH)
    batch = Dim("batch", min=1, max=largest_batch)
    shapes = tuple([{0: batch} for _ in maps])
    try:
        with quiet_export():
            program = torch.export.export(
                module, maps, dynamic_shapes=(shapes,) if isinstance(module, Whole) else shapes
            )
    except (RuntimeError, TypeError, ValueError) as error:  # a module of the user's may raise any of them
        cause = first_line(error)
        raise InputError(f"network {export.network.name}: torch.export does not take it: {cause}") from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names files of this machine
    return program
