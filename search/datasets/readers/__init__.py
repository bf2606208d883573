"""Readers of data, one format a file.

A new format is a file here with a `Reader` (base.py), and a line in `READERS`; what several of them need is
in `common/`.
"""

from __future__ import annotations

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .base import Reader

READERS: LazyTable[Reader] = LazyTable(
    "format of data",
    __name__,
    {
        "npz": ".npz:NPZ",
        "tensors": ".tensors:TENSORS",
        "csv": ".csv_table:CSV",
        "function": ".function:FUNCTION",
        "hugging-face": ".hugging_face:HUGGING_FACE",
        "masks": ".masks:MASKS",
        "cifar": ".cifar:CIFAR",
        "idx": ".idx:IDX",
        "images": ".image_folder:IMAGE_FOLDER",
        "sounds": ".sound_folder:SOUND_FOLDER",
    },
    error=JobError,
)
"""What reads a file or a folder; the first one that recognises it."""
