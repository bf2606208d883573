"""A network as a program of `torch.export`: preprocessing, network and weights in one file; torch runs it."""

from __future__ import annotations

import io
import json
from pathlib import Path

from .base import Export, Format
from .properties import properties


def write(export: Export) -> Path:
    """Write the program, after it was compared with the module."""
    import torch

    from ..exported_program import exported_program
    from ..verification import verify

    program = exported_program(export)
    verify(export, program.module(), "the exported program")
    content = io.BytesIO()
    torch.export.save(
        program, content, extra_files={"archscape.json": json.dumps(properties(export), indent=2)}
    )
    return export.write(".pt2", content.getvalue())


PT2 = Format(
    summary="A network as a program of `torch.export`, with preprocessing and weights; torch alone runs it.",
    takes=frozenset({"preprocessing", "softmax", "fold"}),
    reader=("torch",),
    runner="pt2.py",
    write=write,
)
