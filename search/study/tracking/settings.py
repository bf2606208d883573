"""What a tracker is told of its search, and the settings of those that come with archscape."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from archscape.spaces.errors import JobError
from archscape.spaces.language.settings import RuleSettings
from archscape.spaces.language.user_function import UserFunction


@dataclass(frozen=True, kw_only=True)
class TrackedSearch:
    """The search that a tracker follows.

    Attributes:
        name: Its name.
        identity: The id of its study, which no other has: the same after a restart.
        folder: The folder of the run.
        objectives: The direction of each objective, the most important first.
        trials: How many trials the study was asked to hold; 0 if any number.
    """

    name: str
    identity: str
    folder: Path
    objectives: Mapping[str, str]
    trials: int


Open = Callable[[TrackedSearch], object]
"""Makes a tracker."""


@dataclass(frozen=True, kw_only=True)
class TrackerSettings(RuleSettings):
    """The settings of a tracker.

    Attributes:
        needs: The package that it writes with, and the extra of archscape that brings it.
    """

    needs: ClassVar[tuple[str, str]]

    @abstractmethod
    def open(self, search: TrackedSearch) -> object:
        """Return the tracker of a search."""

    def check(self) -> None:
        """Check that its package is installed.

        Raises:
            JobError: If it is not.
        """
        package, extra = self.needs
        if find_spec(package) is None:
            law = f"track: {self.name} needs the package {package}, which is not installed"
            raise JobError(f"{law}: pip install 'archscape[{extra}]'")


def opened_by(track: UserFunction | TrackerSettings) -> Open:
    """Return what makes the tracker of a setting; the user's file is imported.

    Raises:
        InputError: If it cannot be imported, or a package is missing.
    """
    if isinstance(track, TrackerSettings):
        track.check()
        return track.open
    return track.load()
