"""Bundles as a command writes them: from what it is given to what it prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...output import Format, emit, log
from ...spaces.bundle_files import CARD, INDEX
from ...spaces.errors import InputError
from ...spaces.run_folder import is_run_folder
from ...waiting import progress
from .networks import find_network
from .studies import find_study

if TYPE_CHECKING:
    from ...search.trained.exporting.bundle import Bundle
    from ...spaces.codegen.formats.base import ExportOptions

BUNDLE = "bundle"
"""The format that is a folder: all others, a card and a proof."""

DataOption = Annotated[
    str | None,
    typer.Option(
        help="Of a bundle or --int8: the data, in place of what it was trained on, by name or path, or as "
        "`{path: ..., size: 64}`."
    ),
]
LicenceOption = Annotated[
    str, typer.Option("--license", metavar="NAME", help="Of a bundle: the licence that its card names.")
]


def export_bundles(
    source: str, trial: str, out: Path, *, data: str | None, licence: str, options: ExportOptions
) -> None:
    """Write bundles of a search, a final training or a network, and print what they gave."""
    from ...search.job import read_setting
    from ...search.shutdown import stopping_at_sigterm
    from ...search.trained.exporting.bundles import BundleWriter

    asked = None if data is None else read_setting("data", data)
    folder = Path(source)
    with stopping_at_sigterm(), progress() as show:
        writer = BundleWriter(data=asked, options=options, licence=licence, note=log, show=show)
        if is_run_folder(folder):
            with find_study(folder, "", "") as study:
                bundles = writer.of_study(study, trial, out)
        elif folder.is_dir():
            bundles = writer.of_folder(folder, trial, out)
        elif trial != "best":
            raise InputError(f"--trial {trial} needs the folder of a search, but got the network '{source}'")
        else:
            bundles = [writer.of_network(find_network(source, None), out)]
    _print(bundles, out, trial)


def check_single(data: str | None, licence: str) -> None:
    """Check that no option of a bundle is given to single formats.

    Raises:
        InputError: If one is.
    """
    for name, is_given in (("data", data is not None), ("license", bool(licence))):
        if is_given:
            raise InputError(f"--{name} is of a bundle; add --format bundle, or leave it out")


def _print(bundles: Sequence[Bundle], out: Path, trial: str) -> None:
    """Print a row a file that computes, and the folders."""
    from ...analysis.reports.format import label, plain_size, value

    names = sorted({name for bundle in bundles for each in bundle.parity for name in each.metrics})
    several = len(bundles) > 1
    heads = ["bundle"] * several + ["file", "size", "relative error", "same class", *map(label, names)]
    rows = [
        [bundle.folder.name] * several
        + [
            each.file,
            plain_size((bundle.folder / each.file).stat().st_size),
            f"{each.relative_error:.1e}",
            "" if each.agreement is None else f"{each.agreement:.2%}",
            *(value(name, each.metrics[name]) if name in each.metrics else "" for name in names),
        ]
        for bundle in bundles
        for each in bundle.parity
    ]
    emit(heads, rows, Format.table, names=1 + several)
    for bundle in bundles:
        if bundle.int8:
            emit(*bundle.int8.table(), Format.table)
        print(bundle.folder)
    page = f"open {out / INDEX}" if trial == "frontier" else f"read {out / CARD}"
    log(f"Next: {page}; the last line of a card hands its folder on to a model hub.")
