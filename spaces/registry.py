"""Lazy tables: names, and where each thing is, imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

from .errors import InputError, suggest

T = TypeVar("T")


class LazyTable(Collection[str], Generic[T]):
    """Things of one kind by name; the table is walked and asked for names without importing any of them.

    >>> ratios = LazyTable[type]("ratio", "fractions", {"exact": "fractions:Fraction"})
    >>> list(ratios), ratios.load("exact")
    (['exact'], <class 'fractions.Fraction'>)
    >>> ratios.missing("exat")
    "no ratio 'exat'; did you mean 'exact'?"
    """

    def __init__(
        self, what: str, package: str, homes: Mapping[str, str], *, error: type[InputError] = InputError
    ) -> None:
        """Make a table.

        Args:
            what: What it holds, for messages: `sampler`.
            package: What the modules of `homes` are relative to, where they start with a dot.
            homes: For each name `module:attribute`.
            error: Raised for an unknown name.
        """
        self.what = what
        self._package = package
        self._homes = dict(homes)
        self._error = error

    def __contains__(self, name: object) -> bool:
        """Whether there is such a name."""
        return isinstance(name, str) and name in self._homes

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._homes)

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._homes)

    @property
    def homes(self) -> Mapping[str, str]:
        """Where each thing is, by its name: `module:attribute`."""
        return self._homes

    def load(self, name: str) -> T:
        """Return the thing of a name.

        Raises:
            InputError: Of the table's own kind, if there is none.
        """
        if name not in self:
            raise self._error(self.missing(name))
        module, _, attribute = self._homes[name].partition(":")
        return cast("T", getattr(import_module(module, self._package), attribute))

    def missing(self, name: str) -> str:
        """Return the message that there is nothing of a name, with the nearest right one."""
        return f"no {self.what} '{name}'{suggest(name, self)}"
