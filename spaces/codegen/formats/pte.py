"""A network as a program of ExecuTorch, for phones and small machines, its layers computed by XNNPACK."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from archscape.spaces.errors import InputError, first_line

from ..quiet_export import quiet_export
from .base import Export, Format
from .extras import needing

if TYPE_CHECKING:
    from torch import Tensor

LOGGERS = ("torchao", "torch.utils._pytree", "executorch")
LARGEST_BATCH = 64
"""ExecuTorch plans its memory ahead, for the largest batch that it will see."""


def write(export: Export) -> Path:
    """Write the program, after ExecuTorch's runtime was compared with the module.

    Raises:
        InputError: If the extra is not installed, or the network has operators that ExecuTorch lacks.
        ExportError: If it computes something else than the module.
    """
    name = export.network.name
    with quiet_export(*LOGGERS), needing("executorch", name):
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower
    from ..exported_program import exported_program
    from ..verification import verify

    program = exported_program(export, largest_batch=LARGEST_BATCH)
    try:
        with quiet_export(*LOGGERS):
            edge = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
            content: bytes = edge.to_executorch().buffer
    except RuntimeError as error:
        cause = first_line(error)
        raise InputError(f"network {name}: ExecuTorch does not take it: {cause}") from error
    with TemporaryDirectory(prefix="archscape-executorch-") as folder:
        path = Path(folder, "program.pte")
        path.write_bytes(content)
        verify(export, _runner(path), "the ExecuTorch program")
    return export.write(".pte", content)


def _runner(path: Path) -> Any:
    """Return what runs a program on tensors, as a function."""
    with quiet_export(*LOGGERS), _quiet_library():
        from executorch.runtime import Runtime

        method = Runtime.get().load_program(path).load_method("forward")

    def run(*maps: Tensor) -> list[Tensor]:
        return [each.clone() for each in method.execute([each.contiguous() for each in maps])]

    return run


@contextmanager
def _quiet_library() -> Iterator[None]:
    """Keep from the terminal what the runtime's library writes there of files on phones that it looks for."""
    sys.stderr.flush()
    before, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


PTE = Format(
    summary="A network as a program of ExecuTorch, with preprocessing and weights; up to 64 samples at once.",
    takes=frozenset({"preprocessing", "softmax", "fold"}),
    extra="executorch",
    reader=("executorch", "torch"),
    runner="pte.py",
    write=write,
)
