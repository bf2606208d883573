"""Export: a network as source one can read, as a spec one can edit, and as weights one can ship."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..language.closed_table import ClosedTable
from ..language.uses import used_name
from .formats import FORMATS
from .formats.export import Export

if TYPE_CHECKING:
    from torch import Tensor


def export(
    network: ClosedTable,
    out: Path,
    *,
    formats: Collection[str] = ("source", "spec"),
    weights: Mapping[str, Tensor] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> dict[str, Path]:
    """Write a network to a folder.

    Args:
        network: The network; its name, as an identifier, names the files.
        out: The folder; it is created.
        formats: Of `FORMATS`: `source`, a Python module that needs torch alone; `spec`, the table as YAML;
            `weights`, a safetensors file of the state dict of the source's class.
        weights: The state dict, where weights are asked for. It is checked against the network.
        metadata: What the weights' file says of itself, such as `mean` and `std` of the data.

    Returns:
        The file of each format, in the order of `FORMATS`.

    Raises:
        InputError: For an unknown format, or weights that are missing or do not fit.
    """
    writers = {name: FORMATS.load(name) for name in sorted(formats, key=[*FORMATS, *formats].index)}
    stem = module_name(network.name)
    if any(Path(used_name(use)).name == f"{stem}.py" for use in network.uses):
        raise InputError(f"network {network.name} uses {stem}.py, the name of its source; rename one of them")
    out.mkdir(parents=True, exist_ok=True)
    content = Export(
        network=network,
        path=out / stem,
        uses=_copy_used(network, out),
        weights=weights,
        metadata=metadata or {},
    )
    return {name: write(content) for name, write in writers.items()}


def _copy_used(network: ClosedTable, out: Path) -> list[str]:
    """Copy the Python files that a network uses beside what is written; return how it names them there."""
    names = []
    for use in map(used_name, network.uses):
        path = Path(use)
        if path.suffix == ".py":
            (out / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
        names.append(path.name if path.suffix == ".py" else use)
    return names


def module_name(name: str) -> str:
    """Return a network's name as that of a Python module: `resnext50-32x4d` is `resnext50_32x4d`."""
    return re.sub(r"\W", "_", name)
