"""How a network is exported, as options of a command."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ...output import Format, emit, log
from ...spaces.errors import InputError
from ...waiting import working
from .studies import find_study

if TYPE_CHECKING:
    from ...search.trained.exporting.subject import Subject
    from ...spaces.codegen.formats.base import ExportOptions

OpsetOption: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Of onnx: the version of ONNX's operators. [default: 20]", show_default=False),
]
SoftmaxOption: TypeAlias = Annotated[
    bool, typer.Option("--softmax", help="Of pt2 and onnx: give probabilities in place of logits.")
]
Int8Option: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--int8", help="Of onnx, for a trained network: weights and maps of 8 bits, as `NAME.int8.onnx`."
    ),
]
DropOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--max-drop",
        min=0,
        metavar="POINTS",
        help="Of --int8: how much worse the score may be; percent, if it is no share. [default: 1]",
        show_default=False,
    ),
]
RawOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-preprocessing",
        help="Of pt2 and onnx: take standardised samples, not those of the data set.",
    ),
]


def check_int8(options: ExportOptions, max_drop: float | None) -> None:
    """Check that a limit of --int8 is not given without it.

    Raises:
        InputError: If it is.
    """
    if max_drop is not None and not options.int8:
        raise InputError("--max-drop is of --int8; add --int8, or leave it out")


def export_int8(source: Path, which: str, out: Path, data: str | None, options: ExportOptions) -> None:
    """Write ONNX files of 8 bits of a search or a final training, each measured beside the float one.

    Raises:
        InputError: If a network cannot be exported so.
        ExportError: If its score drops by more than `options.max_drop`; the others have been written.
    """
    from ...search.job import read_setting
    from ...search.trained.exporting.subject import subject_of_seed, subject_of_trial
    from ...search.trained.exporting.trials import export_trials
    from ...search.trained.trained_network import is_training

    if not source.is_dir():
        law = "--int8 needs a trained network with its data, to calibrate by and to measure"
        raise InputError(f"{source}: {law}; name the folder of a search or of a final training")
    asked = None if data is None else read_setting("data", data)
    if is_training(source):
        _write_int8(partial(subject_of_seed, source, which, data=asked), out, options)
        return
    with find_study(source, "", "") as study:
        export_trials(
            study,
            which,
            lambda trial: _write_int8(partial(subject_of_trial, study, trial, data=asked), out, options),
            log,
        )


def _write_int8(find: Callable[..., Subject], out: Path, options: ExportOptions) -> None:
    """Write one, and print its file and the table of both."""
    from ...search.datasets.progress import no_progress
    from ...search.trained.exporting.smaller import write_int8

    with working(f"writing to {out}"):
        subject = find(note=log, show=no_progress)
        file, made = write_int8(subject, out, options)
    print(file)
    emit(*made.table(), Format.table)
