"""Run an exported file on samples where only the packages of its format can be found.

Started as a program by `fresh_process.py`, as `python -IB isolated.py request.json`; it imports nothing of
archscape, and neither can what it runs.
"""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Collection, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

BATCH = 64
OF_PYTHON = "_sysconfigdata_"
"""How a module of Python's own begins that `sys.stdlib_module_names` has not: the system is in its name."""


class Allowing:
    """A finder of modules in which all others are missing than those that are allowed, and Python's own."""

    def __init__(self, finder: Any, allowed: Collection[str]) -> None:
        self.finder = finder
        self.allowed = {*allowed, *sys.stdlib_module_names}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is; None if it is missing here."""
        if path is None and fullname not in self.allowed and not fullname.startswith(OF_PYTHON):
            return None
        spec: ModuleSpec | None = self.finder.find_spec(fullname, path, target)
        return spec

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finder, name)


def main() -> None:
    """Read a request: allowed modules, the runner, what it loads, the samples; write the outputs."""
    request = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    sys.meta_path[:] = [Allowing(finder, request["allowed"]) for finder in sys.meta_path]
    import numpy as np

    load = runpy.run_path(request["runner"])["load"]
    predict = load(Path(request["folder"]), request["stem"])
    with np.load(request["samples"]) as arrays:
        samples = [arrays[name] for name in arrays.files]
    starts = range(0, len(samples[0]), BATCH)
    outputs = [predict(*[each[start : start + BATCH] for each in samples]) for start in starts]
    np.save(request["outputs"], np.concatenate(outputs))


if __name__ == "__main__":
    main()
