"""The results of a study, and the known networks that a report shows beside those of a search."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...analysis.reports.results.run import RunResults
    from ...search.study.reader import StudyReader
    from ...spaces import Network, Space


def references(space: Space) -> Iterator[Network]:
    """Yield the networks of the catalog on a space's input with its number of classes, where they fit."""
    from ...spaces import SpaceError, catalog_networks

    classes = space.sample(Random(0)).network.body.shape[0]
    for network in catalog_networks():
        try:
            yield network.at(input=space.input, classes=classes)
        except SpaceError:
            continue  # its rows need a larger input or other axes, so it is no reference there


def results_of(study: StudyReader) -> RunResults:
    """Return the results of a study as its report shows them, references among them."""
    from ...search.folder import results
    from ...spaces import Space

    return results(study, references=references(Space.from_yaml(study.settings["space"])))
