"""`Embedded`: what a data set that comes with archscape is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..arrays import Arrays, Source


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A data set that comes with archscape.

    Attributes:
        what: What it is, as `archscape list data` has it.
        arrays: Makes its arrays, the same bits on every machine.
        task: What is learned; known before the arrays are made.
        class_names: Of the labels from 0, if they have names.
        greatest: What a byte of a sample could be at most.
    """

    what: str
    arrays: Callable[[], Arrays]
    task: str = "classification"
    class_names: tuple[str, ...] = ()
    greatest: int = 255

    def source(self) -> Source:
        """Make the arrays, and say what they are."""
        return Source(
            arrays=self.arrays(), task=self.task, class_names=self.class_names, greatest=self.greatest
        )
