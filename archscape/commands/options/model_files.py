"""Model files that are not ours, as an argument of a command: an ONNX file, or a `.pt2` of PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...spaces.errors import InputError
from ...spaces.values import shape_text
from ...waiting import working

if TYPE_CHECKING:
    from ...analysis.costs.foreign.table import FileProfile
    from ...spaces.graph import Shape
    from .costs import Reads

FILE_CONVENTION = (
    "every operator of the file, batch 1; macs: convolutions, linear and recurrent layers, attention and "
    "matrix products, no bias; flops: 2 x macs + all other arithmetic, as our own operators count it; "
    "activations: what convolutions and linear layers write"
)


def is_model_file(name: str) -> bool:
    """Tell whether a name is that of a file that has a table of costs of its own."""
    from ...analysis.costs.foreign import READERS, suffix_of

    return suffix_of(name) in READERS


def has_costs_alone(name: str) -> bool:
    """Tell whether a name is that of a model file, or of a bundle whose code was not run."""
    from ...analysis.costs.foreign.unrun_bundle import is_unrun

    return is_model_file(name) or is_unrun(name)


def check_readable(name: str) -> None:
    """Raise InputError where only costs of a file are known and more is needed, or nothing of it is read."""
    from ...analysis.costs.foreign import UNREAD, suffix_of

    if is_model_file(name):
        law = "only `archscape profile` and `compare` read such a file"
        raise InputError(f"{name}: {law}; a table is needed here, or the bundle that it lies in")
    if suffix_of(name) in UNREAD:
        raise InputError(f"{name}: not read: {UNREAD[suffix_of(name)]}")


def profile_model_file(name: str, shapes: Sequence[str] | None) -> FileProfile:
    """Return what the network in a file costs; `shapes` are `3x224x224`, or `image=3x224x224` of several.

    Raises:
        InputError: If it cannot be read, or leaves sizes open that are not given.
    """
    from ...analysis.costs.foreign import profile_file
    from ...analysis.costs.foreign.unrun_bundle import is_unrun, profile_unrun

    with working(f"reading {name}"):
        if is_unrun(name):
            if shapes:
                raise InputError(
                    f"--input: the code of {name} was not run, so its costs are known on its own input"
                )
            return profile_unrun(name)
        return profile_file(name, input=_wanted(shapes or ()))


def _wanted(texts: Sequence[str]) -> dict[str, Shape]:
    wanted: dict[str, Shape] = {}
    for text in texts:
        which, _, sizes = text.rpartition("=")
        parts = sizes.split("x")
        if not all(part.isdecimal() and int(part) for part in parts):
            raise InputError(
                f"--input of a file is [NAME=]SIZES of one sample, as in 3x224x224, but got '{text}'"
            )
        if which in wanted:
            raise InputError(f"--input {which or text} is given twice")
        wanted[which] = tuple(map(int, parts))
    return wanted


def file_reads(costs: FileProfile) -> Reads:
    """Return what a file reads: the sizes of its one input, or each input by name."""
    shapes = costs.inputs
    if len(shapes) == 1:
        return next(iter(shapes.values()))
    return {name: shape_text(shape) for name, shape in shapes.items()}
