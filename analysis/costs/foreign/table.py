"""The cost table of a model file that is not ours: what it holds, what was counted, and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape
from archscape.spaces.language.limits import COSTS
from archscape.spaces.values import shape_text

from ..layers import Layer, LayerTable
from .rules import Call, Rule, UnknownShapeError

WRAPPER = "network."
"""What stands before the names of layers where we export a network behind its preprocessing."""
NAME = 120
"""Characters of a name out of a file that are shown."""


class FileCoverage(NamedTuple):
    """How a file was counted.

    Attributes:
        unknown: Operators that may hold products and were not counted, with the layers that have them.
        uncounted: Operators whose arithmetic is not in the flops, likewise.
        constants: Numbers that are no parameters by their place: statistics, means and deviations of inputs,
            fixed factors; with how many elements each has.
    """

    unknown: Mapping[str, tuple[str, ...]]
    uncounted: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, int]

    def as_dict(self) -> dict[str, object]:
        """Return it as plain lists and mappings, for JSON."""
        return {
            "by reading the file": ["params", "macs", "flops", "activations"],
            "unknown": {name: list(layers) for name, layers in self.unknown.items()},
            "not counted": {name: list(layers) for name, layers in self.uncounted.items()},
            "constants": dict(self.constants),
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class FileProfile(LayerTable):
    """The costs of a model file, which was read and not run.

    Attributes:
        name: The file's name.
        format: What it is, as `ONNX, opset 20`.
        inputs: The shape of one sample of each input, by name.
        coverage: What was counted, and what was not.
        notes: What is to be known of the file, a sentence each.
        has_all_parameters: Whether all parameters are counted, whatever else is not.
    """

    name: str
    format: str
    inputs: Mapping[str, Shape]
    coverage: FileCoverage
    notes: tuple[str, ...] = ()
    has_all_parameters: bool = True

    @property
    def about(self) -> str:
        """What it is, in a sentence."""
        return (
            f"Known by a file alone ({self.format}); it was read, not run, and has no table of rows to count."
        )

    @property
    def title(self) -> str:
        """What it is of, for a reader."""
        bounds = f"; lower bounds: {', '.join(self.lower_bounds)}" if self.lower_bounds else ""
        return f"{self.name} ({self.format}), input {self.input_text}{bounds}"

    @property
    def input_text(self) -> str:
        """What it reads, in words."""
        texts = {name: shape_text(shape) or "scalar" for name, shape in self.inputs.items()}
        return ", ".join(
            texts.values() if len(texts) == 1 else [f"{name}={text}" for name, text in texts.items()]
        )

    @property
    def lower_bounds(self) -> tuple[str, ...]:
        """Which costs are lower bounds, because an operator is not counted in them."""
        if self.coverage.unknown:
            return ("macs", "flops", "activations") if self.has_all_parameters else COSTS
        return ("flops",) if self.coverage.uncounted else ()


class Counted(NamedTuple):
    """A layer of a file, and whether all of it was counted.

    Attributes:
        missing: `unknown` if it may hold products that were not counted, `uncounted` if other arithmetic was
            not; "" if all of it was.
    """

    layer: Layer
    missing: str


def counted(call: Call, rule: Rule | None, *, name: str, params: int, shape: Shape) -> Counted:
    """Return what an operator costs; `rule` is None where nobody knows how it is counted."""
    name, missing = printable(name.removeprefix(WRAPPER)), ""
    macs = other = written = 0
    if rule is None:
        missing = "unknown"
    else:
        try:
            macs = rule.macs(call) if rule.macs else 0
            other = rule.other(call) if rule.other else 0
            written = rule.activations(call) if rule.activations else 0
        except (UnknownShapeError, IndexError):
            missing = "unknown" if rule.macs else "uncounted"
            macs = other = 0
        if rule.uncounted:
            missing = "uncounted"
    return Counted(Layer(name, printable(call.op), shape, params, macs, 2 * macs + other, written), missing)


def coverage(layers: Iterable[Counted], constants: Mapping[str, int]) -> FileCoverage:
    """Return how layers were counted, by operator."""
    names: dict[str, dict[str, list[str]]] = {"unknown": {}, "uncounted": {}}
    for layer, missing in layers:
        if missing:
            names[missing].setdefault(layer.op, []).append(layer.name)
    unknown, uncounted = ({op: tuple(found) for op, found in sorted(names[kind].items())} for kind in names)
    return FileCoverage(unknown, uncounted, {printable(name): size for name, size in constants.items()})


def sample_shape(shape: Sequence[int] | None, batch: int) -> Shape:
    """Return the shape of one sample: without the batch where it stands in front; () if it is not known."""
    if not shape:
        return ()
    return tuple(shape[1:]) if len(shape) > 1 and shape[0] == batch else tuple(shape)


def check_file(path: Path) -> None:
    """Raise InputError if a path names a pipe or a device, which may never come to its end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path}: cannot be read: it is no file")


def printable(name: str) -> str:
    r"""Return a name out of a file without what would break a terminal's line, cut where it is very long.

    >>> printable("conv\x1b[2J")
    'conv\\x1b[2J'
    """
    short = name if len(name) <= NAME else f"{name[:NAME]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
