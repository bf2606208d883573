"""A fresh process that has only what an exported file needs: nothing else can be imported in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from archscape.spaces.codegen.formats import runners
from archscape.spaces.errors import ExportError

if TYPE_CHECKING:
    import numpy as np

RUNNERS = Path(runners.__file__).parent
PROGRAM = Path(__file__).with_name("isolated.py")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What an exported file is used with.

    Attributes:
        runner: The file in `runners/` that runs it.
        packages: Those that it needs, as package indexes name them.
        modules: Python files beside it that it imports.
    """

    runner: str
    packages: tuple[str, ...]
    modules: tuple[str, ...] = ()

    @property
    def versions(self) -> dict[str, str]:
        """The installed versions of the packages, without what only this build of them is called."""
        return {name: distribution(name).version.partition("+")[0] for name in self.packages}


def outputs_of(folder: Path, stem: str, reader: Reader, samples: Sequence[np.ndarray]) -> np.ndarray:
    """Return the first output of an exported file for samples, (n, ...), computed in a fresh process.

    Args:
        folder: The folder of the file.
        stem: Its name without the suffix.
        reader: What it is used with.
        samples: Of each input, (n, C, *spatial), as the file takes them.

    Raises:
        ExportError: If it does not run there.
    """
    import numpy as np

    with TemporaryDirectory(prefix="archscape-parity-") as scratch:
        request, taken, written = (
            Path(scratch, name) for name in ("request.json", "samples.npz", "outputs.npy")
        )
        np.savez(taken, *samples)
        facts = {
            "allowed": sorted(modules_of(reader.packages) | {stem, *reader.modules}),
            "runner": str(RUNNERS / reader.runner),
            "folder": str(folder.resolve()),
            "stem": stem,
            "samples": str(taken),
            "outputs": str(written),
        }
        request.write_text(json.dumps(facts), encoding="utf-8")
        command = [sys.executable, "-IB", str(PROGRAM), str(request)]
        ended = subprocess.run(command, cwd=scratch, capture_output=True, check=False)
        if ended.returncode:
            reason = (
                ended.stderr.decode(errors="replace").strip().splitlines()
                or [f"exit status {ended.returncode}"]
            )[-1]
            law = f"does not run with {', '.join(reader.packages)} alone"
            raise ExportError(f"{stem} by {reader.runner}: {law}: {reason}")
        outputs: np.ndarray = np.load(written)
        return outputs


def modules_of(packages: Iterable[str]) -> set[str]:
    """Return the modules of packages and of those that they require, as these are installed here.

    Raises:
        PackageNotFoundError: If one of the packages is not.
    """
    modules: set[str] = set()
    known = {name: distribution(name) for name in packages}
    open_packages = [*known.values()]
    while open_packages:
        package = open_packages.pop()
        modules |= _modules(package)
        for name in _required(package):
            if name not in known:
                try:
                    known[name] = distribution(name)
                except PackageNotFoundError:
                    continue  # of another system, or of another version of Python
                open_packages.append(known[name])
    return modules


def _modules(package: Distribution) -> set[str]:
    """Return the names that a package is imported by."""
    listed = package.read_text("top_level.txt")
    if listed is not None:
        return {*listed.split()}
    return {file.parts[0].partition(".")[0] for file in package.files or ()}


def _required(package: Distribution) -> Iterator[str]:
    """Yield the names of what a package requires, without its extras."""
    for requirement in package.requires or ():
        name, _, marker = requirement.partition(";")
        if "extra" not in marker and (match := re.match(r"[A-Za-z0-9._-]+", name)):
            yield match[0]
