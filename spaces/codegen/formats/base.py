"""What a format of export is, and what it is given: the network, its weights, what surrounds them, a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from archscape.spaces.atomic import write_whole
from archscape.spaces.errors import CodeNotRun
from archscape.spaces.language.closed_table import ClosedTable
from archscape.spaces.language.written import WrittenNetwork

from ..folded_weights import fold_weights
from ..folding import folded

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """What is done to a sample of a data set before a network reads it: `(source - mean) / std`.

    Attributes:
        dtype: Of the samples in the data set, as NumPy names it: `uint8`, `int16`, `float32`.
        mean: Of each channel, in the units of the source.
        std: Likewise.
    """

    dtype: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Preprocessing | None:
        """Return that of weights, by what their file says of itself; None if they name no data.

        Earlier versions wrote no `dtype`: samples are float32 then, which the user converts to.
        """
        if not {"mean", "std"} <= metadata.keys():
            return None
        mean, std = (tuple(map(float, json.loads(metadata[name]))) for name in ("mean", "std"))
        return cls(dtype=metadata.get("dtype", "float32"), mean=mean, std=std)


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How a network is exported.

    Attributes:
        preprocessing: Whether files that compute by themselves read samples as the data set holds them.
        softmax: Whether they give probabilities in place of logits.
        fold: Whether batch norms are folded into the convolutions before them.
        int8: Whether weights and maps are quantised to 8 bits.
        max_drop: How much worse the score of the task may be for that, where it is measured: points of a
            share, percent of any other.
        opset: The version of ONNX's operators; 0 for the exporter's own.
    """

    preprocessing: bool = True
    softmax: bool = False
    fold: bool = False
    int8: bool = False
    max_drop: float = 1.0
    opset: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Export:
    """What a format writes, and where.

    Attributes:
        table: The network, or only how it is written if the code that it uses was not run.
        path: The file, without its suffix, in a folder that exists.
        uses: How the network names the user's own files, which lie beside what is written.
        weights: The state dict of a trained network, if there is one, as it was trained.
        metadata: What the weights' file says of itself, such as `mean` and `std` of the data.
        preprocessing: What its data set needs, if it was trained on one.
        samples: Samples of the training part as the data set holds them, (n, C, *spatial), to calibrate by.
        options: How it is exported.
    """

    table: ClosedTable | WrittenNetwork
    path: Path
    uses: Sequence[str] = ()
    weights: Mapping[str, Tensor] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    preprocessing: Preprocessing | None = None
    samples: np.ndarray | None = None
    options: ExportOptions = field(default_factory=ExportOptions)

    @cached_property
    def network(self) -> ClosedTable:
        """The network, for the formats that build it, folded if that is asked for.

        Raises:
            CodeNotRun: If it is only known how it is written.
        """
        if isinstance(self.table, WrittenNetwork):
            raise CodeNotRun(f"network {self.table.name}: {self.table.remedy}, or take `--format spec` alone")
        return folded(self.table) if self.options.fold else self.table

    @cached_property
    def state(self) -> Mapping[str, Tensor] | None:
        """The state dict of `network`, folded if that is asked for; None without trained weights.

        Raises:
            InputError: If the weights do not fit the network.
        """
        if self.weights is None or not self.options.fold:
            return self.weights
        assert isinstance(self.table, ClosedTable)
        return fold_weights(self.table, self.weights)

    def folded(self) -> Export:
        """Return the export with its batch norms folded; itself if they are."""
        return self if self.options.fold else replace(self, options=replace(self.options, fold=True))

    def write(self, suffix: str, content: str | bytes) -> Path:
        """Write the file, whole or not at all; a text is UTF-8 with the same line ends on every system."""
        path = self.path.with_name(self.path.name + suffix)
        write_whole(path, content)
        return path


Writer: TypeAlias = "Callable[[Export], Path]"
"""Writes an export and returns the file."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format of export.

    Attributes:
        summary: What it is, in a line.
        write: Writes it.
        trained: Whether only a trained network has it.
        takes: Which of `ExportOptions` it heeds.
        extra: The extra of archscape that writing it needs: `onnx` of `pip install 'archscape[onnx]'`.
        reader: The packages that a file of it is used with.
        runner: The file in `runners/` that runs it with these packages alone: what parity starts in a
            process of its own and a model card shows. "" for a format that computes nothing by itself.
        note: What is said once it was written.
    """

    summary: str
    write: Writer
    trained: bool = False
    takes: frozenset[str] = frozenset()
    extra: str = ""
    reader: tuple[str, ...] = ()
    runner: str = ""
    note: str = ""
