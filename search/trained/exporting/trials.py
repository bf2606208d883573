"""Trials of a search that are exported, each by itself: one that cannot be leaves the others alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from archscape.spaces.errors import ArchscapeError, ExportError, InputError

from ...study.trained import frontier_trials

if TYPE_CHECKING:
    from ...study.reader import StudyReader

FRONTIER = "frontier"


def export_trials(
    study: StudyReader, which: str, write: Callable[[str], None], note: Callable[[str], None]
) -> None:
    """Export a trial, or all of the frontier.

    Args:
        study: The study.
        which: `best`, a number, or `frontier`.
        write: Exports a trial by `best` or its number.
        note: Takes a line about each trial of the frontier that cannot be exported.

    Raises:
        InputError: If a trial cannot be exported; all others of the frontier have been.
        ExportError: If what is written of one gives something else than its network; likewise.
    """
    if which != FRONTIER:
        write(which)
        return
    front = [str(trial.number) for trial in frontier_trials(study)]
    failures: list[ArchscapeError] = []
    for number in front:
        try:
            write(number)
        except (InputError, ExportError) as error:
            note(f"archscape: {error}")
            failures.append(error)
    if failures:
        law = f"{len(failures)} of the {len(front)} trials of the frontier could not be exported"
        raise (InputError if all(isinstance(each, InputError) for each in failures) else ExportError)(law)
