"""`archscape export`: a network as source, as its table, and as trained weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..output import log
from ..spaces.codegen.formats import FORMATS
from ..spaces.errors import InputError
from .options.networks import find_network
from .options.studies import find_study

EXAMPLES = (
    "archscape export runs/digits-frontier --out best",
    "archscape export resnet50 --format source --out exported",
)


def export(
    source: Annotated[
        str, typer.Argument(help="The folder of a search, or a network.", metavar="RUN|NETWORK")
    ],
    trial: Annotated[str, typer.Option(help="Of a search: `best`, or a trial's number.")] = "best",
    form: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"One of {', '.join(FORMATS)}; may be repeated. [default: all there are]",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to; it is created.")] = Path("exported"),
) -> None:
    """Export a network as PyTorch source, table and trained weights.

    The source needs torch alone. `best` is the complete trial with the best first objective.
    """
    from ..spaces.codegen.export import export as write

    if Path(source).is_dir():
        from ..search.folder import trained

        with find_study(Path(source), "", "") as study:
            _, network, weights, data = trained(study, trial)
        files = write(network, out, formats=form or [*FORMATS], weights=weights, metadata=data)
    else:
        if trial != "best":
            raise InputError(f"--trial {trial} needs the folder of a search, but got the network '{source}'")
        network = find_network(source, None)
        files = write(network, out, formats=form or [name for name in FORMATS if name != "weights"])
    for path in files.values():
        print(path)
    if {"source", "weights"} <= files.keys():
        from ..spaces.codegen.source import class_name

        file, name = files["source"], class_name(network)
        log(f"Load it, in {file.parent}:")
        log(f"  from {file.stem} import {name}; from safetensors.torch import load_file")
        log(f"  model = {name}().eval()")
        log(f"  model.load_state_dict(load_file({json.dumps(files['weights'].name)}))")
        log("It reads samples as it was trained on them: (source - mean) / std, channel by channel, with")
        log(f"  mean = {data['mean']}; std = {data['std']}  # of {data['data']}, in the file's metadata too")
