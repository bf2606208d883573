"""`Reader`: what a format of data is; and `Samples`, what it finds in a source before that is decoded.

A reader says which files there are without opening any, so that a cache is found by them, and how many
samples with which labels; the samples themselves come in blocks, once, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from archscape.spaces.errors import JobError

from ..arrays import SPLITS, Parts
from ..settings import DataSettings

HOW = ("size", "channels", "task")
"""Settings about decoding, which not every format knows."""

BLOCK_BYTES = 4 * 2**20
"""About how much is decoded at once."""

MOST_DEFLATED = 1100
"""More than the bytes that one compressed byte can stand for: a header that claims more is a lie."""

Block: TypeAlias = tuple[np.ndarray, np.ndarray | None]
"""Samples (n, C, *spatial), and their targets where these are decoded with them: masks (n, *spatial)."""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What a reader finds in a source.

    Attributes:
        source: Its name, for messages.
        count: How many samples there are.
        blocks: Yields them in their order; shape and type are those of the first block throughout.
        targets: Labels (N,), or numbers (N, k); None where they are decoded with the samples.
        parts: Which one each sample is in; None if the source has no parts.
        names: Of each sample, for lists of files; empty if they have none.
        columns: More that is known of each sample, for groups.
        class_names: By label; empty if they have none.
        task: What they are for; "" follows from the targets.
        notes: What was converted, in lines to be said.
        files: Files that it depends on beside those of the reader, which are only known once it is read.
        light_bytes: How large they are, where reading them costs no more than reading what they would be
            decoded to; 0 where decoding is work.
    """

    source: str
    count: int
    blocks: Callable[[], Iterator[Block]]
    targets: np.ndarray | None
    parts: Parts | None = None
    names: Sequence[str] = ()
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    task: str = ""
    notes: tuple[str, ...] = ()
    files: Sequence[Path] = ()
    light_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A format of data.

    Attributes:
        what: What it reads, as `archscape list data` has it.
        example: How a path of it looks.
        recognises: Whether a path, which exists, is of this format; opens no file.
        files: Returns all files that the samples depend on; opens none.
        read: Returns what there is.
        takes: Those of `HOW` that it knows.
        task: What is learned from all data of this format; "" where that shows when they are read.
        code: Returns the SHA-256 of files of Python that are run for the samples, wherever they lie.
    """

    what: str
    example: str
    recognises: Callable[[Path], bool]
    files: Callable[[Path], Sequence[Path]]
    read: Callable[[Path, DataSettings], Samples]
    takes: tuple[str, ...] = ()
    task: str = ""
    code: Callable[[Path], Mapping[str, str]] = lambda path: {}


def check_taken(settings: DataSettings, takes: Collection[str], what: str) -> None:
    """Check that no setting about decoding is given that a format does not know.

    Raises:
        JobError: If one is.
    """
    for name in settings.named:
        if name in HOW and name not in takes:
            raise JobError(f"{settings.path}: this is {what}, for which `{name}:` says nothing")


def parts_of(counts: Mapping[str, int]) -> Parts:
    """Return the part of each sample, where those of one part stand together: so many of each."""
    return np.repeat([SPLITS.index(part) for part in counts], [*counts.values()]).astype(np.int8)
