"""Model files that are not ours, as tables of costs: each format is a file here and a line in `READERS`.

They are read and never run: no file is unpickled, and no code in one is loaded. Layers, parameters and
products are counted by our own conventions, whatever the file's operators are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape
from archscape.spaces.registry import LazyTable

if TYPE_CHECKING:
    from .table import FileProfile

Reader: TypeAlias = "Callable[[Path, Mapping[str, Shape]], FileProfile]"
"""Reads a file; open sizes of its inputs are as shapes of samples say, by name, "" that of the only one."""

READERS: LazyTable[Reader] = LazyTable(
    "format of model files", __name__, {".onnx": ".onnx:read", ".pt2": ".pt2:read"}
)
"""What reads a file, by its suffix."""

_PICKLE = (
    "a file of pickles, which run code as they are read; name what makes the module, as in `net.py:factory`, "
    "or write it as .pt2 by torch.export.save, or as .onnx"
)
_COMPILED = (
    "a file for a runtime, without the shapes of its layers; name the .onnx or .pt2 that it was made from"
)
_NUMBERS = "weights without a network; name its table, or a bundle, which has both"
UNREAD = {
    **dict.fromkeys((".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".ptl", ".torchscript"), _PICKLE),
    **dict.fromkeys((".pte", ".tflite", ".mlmodel", ".mlpackage", ".engine", ".plan", ".xml"), _COMPILED),
    **dict.fromkeys((".h5", ".keras", ".pb"), "a file of TensorFlow; write it as .onnx, by tf2onnx"),
    **dict.fromkeys((".safetensors", ".npz"), _NUMBERS),
}
"""Why other files are not read, and what to name in their place, by suffix."""


def suffix_of(name: str | Path) -> str:
    """Return the suffix of a file in small letters."""
    return Path(name).suffix.lower()


def profile_file(path: str | Path, *, input: Mapping[str, Shape] | Shape | None = None) -> FileProfile:  # noqa: A002 - the language's word
    """Return what the network in a model file costs. Nothing of it is run.

    Args:
        path: The file, of a suffix in `READERS`.
        input: The shape of a sample, or of each input by name, where the file leaves sizes open.

    Raises:
        InputError: If it is of another format, cannot be read, or leaves sizes open.
    """
    suffix = suffix_of(path)
    if suffix in UNREAD:
        raise InputError(f"{path}: not read: {UNREAD[suffix]}")
    if suffix not in READERS:
        raise InputError(f"{path}: {READERS.missing(suffix)}")
    shapes = input if isinstance(input, Mapping) else {"": tuple(input)} if input else {}
    return READERS.load(suffix)(Path(path), shapes)
