"""Export: a network as source one can read, as a spec one can edit, and as weights one can ship."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic import write_whole
from ..errors import InputError
from ..language.closed_table import ClosedTable
from ..language.uses import find_used, used_name
from ..language.writing import to_yaml
from ..language.written import WrittenNetwork
from ..module_names import hides, module_name
from .formats import FORMATS
from .formats.base import Export, ExportOptions, Format, Preprocessing
from .quiet_export import collector_paused

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@collector_paused()
def export(
    network: ClosedTable | WrittenNetwork,
    out: Path,
    *,
    formats: Collection[str] = ("source", "spec"),
    weights: Mapping[str, Tensor] | None = None,
    metadata: Mapping[str, str] | None = None,
    preprocessing: Preprocessing | None = None,
    samples: np.ndarray | None = None,
    options: ExportOptions | None = None,
) -> dict[str, Path]:
    """Write a network to a folder.

    Args:
        network: The network; its name names the files, as `module_name` says. Of one that is only known as it
            is written, since what it uses was not run, there is a `spec` alone.
        out: The folder; it is created.
        formats: Of `FORMATS`: `source`, a Python module that needs torch alone; `spec`, the table as YAML;
            `weights`, a safetensors file of the state dict of the source's class.
        weights: The state dict, where weights are asked for. It is checked against the network.
        metadata: What the weights' file says of itself, such as `mean` and `std` of the data.
        preprocessing: What samples of its data need, if it was trained on any.
        samples: Some of the training part as the data set holds them, to calibrate by.
        options: How it is exported.

    Returns:
        The file of each format, in the order of `FORMATS`.

    Raises:
        InputError: For an unknown format, options that none of the formats heeds, weights that are missing
            or do not fit, or a folder where another network has these files.
        CodeNotRun: If a format needs code that was not run.
    """
    chosen = {name: FORMATS.load(name) for name in sorted(formats, key=[*FORMATS, *formats].index)}
    options = options or ExportOptions()
    _check_heeded(options, chosen)
    stem = module_name(network.name)
    if any(Path(used_name(use)).name == f"{stem}.py" for use in network.uses):
        raise InputError(f"network {network.name} uses {stem}.py, the name of its source; rename one of them")
    _check_free(out / stem, network.name)
    out.mkdir(parents=True, exist_ok=True)
    content = Export(
        table=network,
        path=out / stem,
        uses=copy_used(network, out),
        weights=weights,
        metadata=metadata or {},
        preprocessing=preprocessing,
        samples=samples,
        options=options,
    )
    if "spec" in formats:
        _check_own(network, content)
    return {name: form.write(content) for name, form in chosen.items()}


def _check_heeded(options: ExportOptions, chosen: Mapping[str, Format]) -> None:
    """Raise if an option would change nothing in any of the files."""
    for each in fields(options):
        changed = getattr(options, each.name) != each.default
        if changed and not any(each.name in form.takes for form in chosen.values()):
            takers = [name for name in FORMATS if each.name in FORMATS.load(name).takes]
            law = f"--{'no-' if each.default is True else ''}{each.name} changes none of {', '.join(chosen)}"
            raise InputError(f"{law}; add --format {' or '.join(takers)}, or leave it out")


def _check_free(path: Path, name: str) -> None:
    """Raise if the files of a network would take the place of others: `a-b` and `a.b` are both `a_b`."""
    heads = {".py": rf'"""{re.escape(name)}: ', ".yaml": rf"network: {re.escape(name)}$"}
    for suffix, head in heads.items():
        file = path.with_name(path.name + suffix)
        if file.is_file() and not re.search(f"^{head}", file.read_text("utf-8", "replace"), re.MULTILINE):
            raise InputError(f"{file} is not of network {name}: name another folder with --out, or move it")


def _check_own(network: ClosedTable | WrittenNetwork, content: Export) -> None:
    """Raise if the table would be written anew over the very file that it was read from."""
    file, origin = content.path.with_name(f"{content.path.name}.yaml"), network.origin
    if origin is None or not (file.is_file() and Path(origin.name).is_file() and file.samefile(origin.name)):
        return
    if file.read_text(encoding="utf-8") != to_yaml(network, uses=content.uses):
        law = f"network {network.name} is read from it, and what it says beside the table would be lost"
        raise InputError(f"{file}: {law}; name another folder with --out")


def copy_used(network: ClosedTable | WrittenNetwork, out: Path) -> list[str]:
    """Copy the Python files that a network uses beside what is written; return how it names them there.

    Of those that were not run there is no copy: they keep their names.
    """
    if isinstance(network, WrittenNetwork):
        return list(map(used_name, network.uses))
    names = []
    for use in map(used_name, network.uses):
        path = Path(find_used(use) or use)
        if path.suffix == ".py":
            if path.stem.isidentifier() and (hidden := hides(path.stem)):
                raise InputError(f"a copy of {path.name} in {out} would hide {hidden}; rename the file")
            write_whole(out / path.name, path.read_text(encoding="utf-8"))
        names.append(path.name if path.suffix == ".py" else use)
    return names
