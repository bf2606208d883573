"""The `requirements.txt` of a bundle: what each file is used with, in the versions that were tested."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces.errors import InputError
from archscape.spaces.operators.opaque import Opaque, of_torch

from .fresh_process import Reader

if TYPE_CHECKING:
    from archscape.spaces import Network
    from archscape.spaces.codegen.formats.base import Format

ARRAYS = "numpy"
"""Samples and outputs of every runner are its arrays."""


def reader_of(form: Format, *, network: Network, folder: Path, runs_source: bool) -> Reader:
    """Return what a file of a format is used with.

    A source with modules that are not PyTorch's also needs what these come from.

    Args:
        form: The format.
        network: The network.
        folder: Where the files that the network uses lie.
        runs_source: Whether the file is run by the source.

    Raises:
        InputError: If a package is not installed.
    """
    packages, modules = dict.fromkeys(form.reader), list[str]()
    if runs_source:
        for name in sorted(foreign_modules(network)):
            own = folder / f"{name}.py"
            if own.is_file():
                modules.append(name)
                packages |= dict.fromkeys(_packages_of(_imported(own), own.name))
            else:
                packages |= dict.fromkeys(_packages_of([name], f"network {network.name}"))
    return Reader(
        runner=form.runner, packages=tuple(dict.fromkeys([*packages, ARRAYS])), modules=tuple(modules)
    )


def foreign_modules(network: Network) -> set[str]:
    """Return the modules of the classes in a network that are not PyTorch's, by the first part of a name."""
    paths = {node.op.path for node in network.graph.flatten().nodes if isinstance(node.op, Opaque)}
    modules = {path.rpartition(".")[0] for path in paths}
    return {module.partition(".")[0] for module in modules if not of_torch(module)}


def requirements_text(readers: Mapping[str, Reader]) -> str:
    """Return the text: a line a package, with the files that need it.

    Args:
        readers: What each file is used with, by its name.
    """
    versions: dict[str, str] = {}
    files: dict[str, list[str]] = {}
    for file, reader in readers.items():
        versions |= reader.versions
        for package in reader.packages:
            files.setdefault(package, []).append(file)
    lines = [f"{package}=={versions[package]}  # {', '.join(files[package])}" for package in files]
    head = "# What the files here are used with, as tested. Each needs its own packages alone."
    return "\n".join([head, *lines]) + "\n"


def _imported(file: Path) -> Iterator[str]:
    """Yield the modules that a Python file imports, by the first part of their names; nothing is run."""
    for node in ast.walk(ast.parse(file.read_bytes(), filename=file.name)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _packages_of(modules: Iterator[str] | list[str], whose: str) -> Iterator[str]:
    """Yield the packages that modules are installed with.

    Raises:
        InputError: If one comes from none.
    """
    known = packages_distributions()
    for module in modules:
        if module in sys.stdlib_module_names or module == "archscape":
            continue
        if module not in known:
            law = f"{whose} imports {module}, which no installed package has"
            raise InputError(f"{law}; a bundle has the files of `uses:` beside it and names packages")
        yield known[module][0]
