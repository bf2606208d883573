"""Exporting ResNet-20 to a program of `torch.export` and to ONNX, against PyTorch's two exporters by hand.

Claim: `archscape export resnet20 --format pt2 --format onnx` takes at most 6 seconds of CPU time, everything
included: the start of the process, its imports, both files, and their comparison with the module at batches
of 1, 2 and 7.

Command: `python benchmarks/export.py [--repeats 5]`

What is compared, each in a process of its own, in turns, medians of user and system time of one thread:
`archscape` is the command. `by hand` builds the same module and calls `torch.export.export`,
`torch.export.save` and `torch.onnx.export(dynamo=True)` as PyTorch's pages show it: two traces, nothing
compared. `imports` only imports torch, `torch.export` and onnxscript, which both need.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

BY_HAND = """
import sys
import torch
from archscape import load

module, maps = load("resnet20").build().eval(), (torch.zeros(2, 3, 32, 32),)
shapes = ({0: torch.export.Dim("batch", min=1)},)
torch.export.save(torch.export.export(module, maps, dynamic_shapes=shapes), sys.argv[1] + "/hand.pt2")
torch.onnx.export(
    module, maps, sys.argv[1] + "/hand.onnx", dynamo=True, dynamic_shapes=shapes, external_data=False
)
"""
IMPORTS = "import torch, torch.export._trace, onnxscript"
COMMANDS: dict[str, Sequence[str]] = {
    "archscape": ("-m", "archscape", "export", "resnet20", "--format", "pt2", "--format", "onnx", "--out"),
    "by hand": ("-c", BY_HAND),
    "imports": ("-c", IMPORTS),
}


def cpu_seconds(arguments: Sequence[str]) -> float:
    """Return the CPU time of a process of Python that has ended well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *arguments], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with TemporaryDirectory() as folder:
        for number in range(repeats):
            for name, arguments in COMMANDS.items():
                out = Path(folder, f"{name}-{number}")
                out.mkdir()
                seconds[name].append(cpu_seconds([*arguments, str(out)]))
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "onnx", "onnxscript", "onnxruntime"))
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, {packages}"
    )
    print(f"CPU-seconds, median of {repeats} (least and greatest):")
    for name, values in seconds.items():
        print(f"  {name:10s} {median(values):5.2f}  ({min(values):.2f} to {max(values):.2f})")
    print(f"archscape / by hand: {median(seconds['archscape']) / median(seconds['by hand']):.2f}")


if __name__ == "__main__":
    main()
