"""`archscape export`: a network as source, table and weights, as programs and ONNX, or all in a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import log
from ..spaces.codegen.formats import BASIC, FORMATS
from ..spaces.errors import InputError, suggest
from ..waiting import working
from .options.bundles import BUNDLE, DataOption, LicenceOption, check_single, export_bundles
from .options.checks import check_folder
from .options.exporting import (
    DropOption,
    Int8Option,
    OpsetOption,
    RawOption,
    SoftmaxOption,
    check_int8,
    export_int8,
)
from .options.loading import say_loading, say_samples
from .options.networks import UsesOption, find_network
from .options.studies import find_study

if TYPE_CHECKING:
    from torch import Tensor

    from ..search.study.reader import StudyReader
    from ..spaces import Network
    from ..spaces.codegen.formats.base import ExportOptions

EXAMPLES = (
    "archscape export runs/digits-frontier --out best",
    "archscape export runs/digits-frontier --format bundle --out best",
    "archscape export resnet50 --format source --out exported",
)


def export(
    source: Annotated[
        str,
        typer.Argument(
            help="The folder of a search or of `archscape train`, or a network.", metavar="RUN|NETWORK"
        ),
    ],
    trial: Annotated[
        str, typer.Option(help="`best`, a trial's number or a seed, or `frontier` for all on it.")
    ] = "best",
    form: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"One of {', '.join(FORMATS)}; may be repeated; or `{BUNDLE}`. "
            f"[default: {', '.join(BASIC)}]",
        ),
    ] = None,
    data: DataOption = None,
    fold: Annotated[
        bool, typer.Option("--fold", help="Fold batch norms into the layers before them.")
    ] = False,
    uses: UsesOption = None,
    out: Annotated[Path, typer.Option(help="The folder to write to; it is created.")] = Path("exported"),
    *,
    licence: LicenceOption = "",
    opset: OpsetOption = None,
    softmax: SoftmaxOption = False,
    int8: Int8Option = False,
    max_drop: DropOption = None,
    no_preprocessing: RawOption = False,
) -> None:
    """Export a network as PyTorch source, table and trained weights; by `--format` a bundle or ONNX.

    The source needs torch, and safetensors for the weights. `pt2` (torch alone) and `onnx` hold the weights,
    and of a search the preprocessing too. `best` is the complete trial with the best first objective. With
    `--fold`, all but the table are of the network without the batch norms that follow a convolution or a
    linear layer, whose outputs are the same. With `--format onnx --int8` a trained network gets weights and
    maps of 8 bits, and is measured on the validation part beside the float model.

    `bundle` writes all of these in a folder of its own, with a model card, once each file has given on
    samples of the validation part what the network gives, in a fresh process that has only what it needs.
    """
    from ..spaces.codegen.formats.base import ExportOptions

    options = ExportOptions(
        preprocessing=not no_preprocessing,
        softmax=softmax,
        fold=fold,
        int8=int8,
        max_drop=1.0 if max_drop is None else max_drop,
        opset=opset or 0,
    )
    check_int8(options, max_drop)
    check_folder(out, Path(source))
    _check_formats(form or [])
    if form and BUNDLE in form:
        if form != [BUNDLE]:
            raise InputError(f"--format {BUNDLE} holds the other formats; leave those out")
        export_bundles(source, trial, out, data=data, licence=licence or "unknown", options=options)
        return
    check_single(None if int8 else data, licence)
    if int8:
        form = _export_int8(Path(source), trial, out, form or [], data, options)
        if not form:
            return
        options = _heeded(options, form)
    if Path(source).is_dir():
        _export_folder(Path(source), trial, out, form, options)
        return
    if trial != "best":
        raise InputError(f"--trial {trial} needs the folder of a search, but got the network '{source}'")
    from ..spaces.codegen.export import export as write

    formats = form or [name for name in BASIC if name != "weights"]
    network = find_network(source, None)
    with working(f"writing {network.name} to {out}"):
        files = write(network, out, formats=formats, options=options)
    _print(files)
    _say_folded(network, options)


def _check_formats(formats: list[str]) -> None:
    """Check names of formats, a bundle's among them.

    Raises:
        InputError: If there is none of a name.
    """
    known = [*FORMATS, BUNDLE]
    for name in formats:
        if name not in known:
            raise InputError(f"no format '{name}'{suggest(name, known)}")


def _export_int8(
    source: Path, which: str, out: Path, formats: list[str], data: str | None, options: ExportOptions
) -> list[str]:
    """Export the ONNX file of 8 bits; return the other formats that are asked for.

    Raises:
        InputError: If ONNX is none of them.
    """
    if "onnx" not in formats:
        raise InputError("--int8 is of --format onnx or bundle; add it, or leave --int8 out")
    export_int8(source, which, out, data, options)
    return [name for name in formats if name != "onnx"]


def _heeded(options: ExportOptions, formats: list[str]) -> ExportOptions:
    """Return the options of formats, without those that the file of 8 bits alone has heeded."""
    takes = {option for form in formats for option in FORMATS.load(form).takes}
    defaults: dict[str, Any] = {each.name: each.default for each in fields(options) if each.name not in takes}
    return replace(options, **defaults)


def _export_folder(
    folder: Path, which: str, out: Path, formats: list[str] | None, options: ExportOptions
) -> None:
    """Export of a search or of a final training."""
    from ..search.trained.trained_network import ended_seed, is_training, network_of_seed

    if not is_training(folder):
        _export_run(folder, which, out, formats, options)
        return
    weights = ended_seed(folder, which, log).weights
    network = network_of_seed(folder, weights)
    _export_trained(network, weights.state, weights.metadata, out, formats or [*BASIC], options)


def _export_run(run: Path, which: str, out: Path, formats: list[str] | None, options: ExportOptions) -> None:
    """Export a trial of a search, or those of its frontier that can be exported."""
    from ..search.trained.exporting.trials import export_trials

    with find_study(run, "", "") as study:
        export_trials(study, which, lambda trial: _export_trial(study, trial, out, formats, options), log)


def _export_trial(
    study: StudyReader, number: str, out: Path, wanted: list[str] | None, options: ExportOptions
) -> None:
    """Export a trial, and say how it is loaded; of one whose code was not run there is the table alone."""
    from ..search.study.trained import complete_trial, network_of, trained, why_no_weights
    from ..spaces import Network
    from ..spaces.codegen.export import export as write

    trial, formats = complete_trial(study, number), wanted or [*BASIC]
    written = network_of(study, trial)
    if not wanted and (why := why_no_weights(study, trial)) and isinstance(written, Network):
        basic = [name for name in BASIC if name != "weights"]
        _print(write(written, out, formats=basic, options=options))
        log(f"without weights: {why}")
        return
    if not isinstance(written, Network) and formats == ["spec"]:
        _print(write(written, out, formats=formats, options=options))
        log(written.note)
        return
    _, network, weights, data = trained(study, number, note=log)
    _export_trained(network, weights, data, out, formats, options)


def _export_trained(
    network: Network,
    weights: Mapping[str, Tensor],
    data: Mapping[str, str],
    out: Path,
    formats: list[str],
    options: ExportOptions,
) -> None:
    """Export a trained network, and say how it is loaded."""
    from ..spaces.codegen.export import export as write
    from ..spaces.codegen.formats.base import Preprocessing

    units = Preprocessing.of(data)
    takes = {option for form in formats for option in FORMATS.load(form).takes}
    if units and "dtype" not in data and "preprocessing" in takes and options.preprocessing:
        log("the weights, of an earlier version, do not say which type samples have: files take float32")
    with working(f"writing {network.name} to {out}"):
        files = write(
            network,
            out,
            formats=formats,
            weights=weights,
            metadata=data,
            preprocessing=units,
            options=options,
        )
    _print(files)
    _say_folded(network, options)
    if {"source", "weights"} <= files.keys():
        say_loading(files["source"], network, files["weights"], data)
    if units and any(FORMATS.load(name).runner for name in {*files} - {*BASIC}):
        say_samples(network, units, inside=options.preprocessing)


def _say_folded(network: Network, options: ExportOptions) -> None:
    """Say how many batch norms are folded, and which are left."""
    from ..spaces.codegen.folding import fold_text

    if options.fold:
        log(fold_text(network))


def _print(files: Mapping[str, Path]) -> None:
    for name, path in files.items():
        print(path)
        if note := FORMATS.load(name).note:
            log(note)
