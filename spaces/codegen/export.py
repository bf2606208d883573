"""Export: a network as source one can read, as a spec one can edit, and as weights one can ship."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, suggest
from ..language.closed_table import ClosedTable
from ..language.uses import used_name
from ..language.writing import to_yaml
from .source import source

if TYPE_CHECKING:
    from torch import Tensor

FORMATS = ("source", "spec", "weights")


def export(
    network: ClosedTable,
    out: Path,
    *,
    formats: Collection[str] = ("source", "spec"),
    weights: dict[str, Tensor] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> dict[str, Path]:
    """Write a network to a folder.

    Args:
        network: The network; its name, as an identifier, names the files.
        out: The folder; it is created.
        formats: `source`, a Python module that needs torch alone; `spec`, the table as YAML; `weights`, a
            safetensors file of the state dict of the source's class.
        weights: The state dict, where weights are asked for. It is checked against the network.
        metadata: What the weights' file says of itself, such as `mean` and `std` of the data.

    Returns:
        The file of each format.

    Raises:
        InputError: For an unknown format, or weights that are missing or do not fit.
    """
    for form in formats:
        if form not in FORMATS:
            raise InputError(f"there is no format '{form}'{suggest(form, FORMATS)}")
    stem = module_name(network.name)
    if any(Path(used_name(use)).name == f"{stem}.py" for use in network.uses):
        raise InputError(f"network {network.name} uses {stem}.py, the name of its source; rename one of them")
    files: dict[str, Path] = {}
    out.mkdir(parents=True, exist_ok=True)
    names = _copy_used(network, out)
    if "source" in formats:
        files["source"] = _write(out / f"{stem}.py", source(network))
    if "spec" in formats:
        files["spec"] = _write(out / f"{stem}.yaml", to_yaml(network, uses=names))
    if "weights" in formats:
        files["weights"] = _write_weights(out / f"{stem}.safetensors", network, weights, metadata or {})
    return files


def _copy_used(network: ClosedTable, out: Path) -> list[str]:
    """Copy the Python files that a network uses beside what is written; return how it names them there."""
    names = []
    for use in map(used_name, network.uses):
        path = Path(use)
        if path.suffix == ".py":
            _write(out / path.name, path.read_text(encoding="utf-8"))
        names.append(path.name if path.suffix == ".py" else use)
    return names


def module_name(name: str) -> str:
    """Return a network's name as that of a Python module: `resnext50-32x4d` is `resnext50_32x4d`."""
    return re.sub(r"\W", "_", name)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _write_weights(
    path: Path, network: ClosedTable, weights: dict[str, Tensor] | None, metadata: Mapping[str, str]
) -> Path:
    from safetensors.torch import save_file

    from .build import build

    if weights is None:
        raise InputError(f"network {network.name} has no trained weights; a trial of a run has")
    try:
        build(network).load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise InputError(
            f"the weights do not fit network {network.name}: {str(error).splitlines()[-1].strip()}"
        ) from None
    save_file(
        {key: value.contiguous() for key, value in weights.items()},
        path,
        metadata={"format": "pt", **metadata},
    )
    return path
