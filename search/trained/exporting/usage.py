"""How a file of a bundle is used: the text of the very runner that parity was proved with, and an example."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .fresh_process import RUNNERS, Reader

if TYPE_CHECKING:
    from archscape.spaces.codegen.formats.base import ExportOptions

    from .subject import Subject


class Usage(NamedTuple):
    """How a file is used.

    Attributes:
        file: Its name.
        packages: What is installed for it, with the versions that were tested.
        code: A program that runs it in its folder.
    """

    file: str
    packages: str
    code: str


def usage(file: str, reader: Reader, subject: Subject, options: ExportOptions) -> Usage:
    """Return how a file is used.

    Args:
        file: Its name.
        reader: What it is used with.
        subject: The network.
        options: How it was exported.
    """
    packages = " ".join(f"{name}=={version}" for name, version in reader.versions.items())
    example = _example(file, reader, subject, options)
    return Usage(file, packages, f"{loader(reader.runner)}\n\n\n{example}")


def loader(runner: str) -> str:
    """Return the text of a runner without its docstring."""
    text = (RUNNERS / runner).read_text(encoding="utf-8")
    return text.partition("from __future__ import annotations\n")[2].strip()


def _example(file: str, reader: Reader, subject: Subject, options: ExportOptions) -> str:
    units = subject.preprocessing
    takes_raw = reader.runner == "source.py" or options.preprocessing
    dtype = units.dtype if units is not None and takes_raw else "float32"
    samples = [f"np.zeros({(1, *shape)}, np.{dtype})" for shape in subject.network.input_shapes]
    separator = ", " if len(samples) == 1 else ",\n    "
    has_classes = subject.trained is not None and subject.trained.data.task == "classification"
    lines = [
        f'predict = load(Path("."), "{Path(file).stem}")',
        f"outputs = predict({separator.join(samples)})  # put your samples here",
        "print(outputs.shape)",
    ]
    if has_classes:
        lines.append("print(outputs.argmax(1))  # the class of each sample")
    return "\n".join(lines)
