"""Pictures of networks in the table of trials."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archscape.analysis.reports.page.grid import Column
from archscape.analysis.reports.results import grids
from archscape.analysis.reports.results.run import Digest, RunResults, digest


def strips(digested: Digest) -> Column:
    return next(column for column in grids.trials_grid(digested, {}).columns if column.kind == "strip")


def test_every_trial_of_a_short_search_has_one(synthetic: Callable[..., RunResults]) -> None:
    digested = digest(synthetic(12))
    column = strips(digested)
    has_network = [bool(text) for text in digested.trials["network"]]
    assert [address.startswith("data:image/svg+xml,") for address in column.values] == has_network
    assert any(has_network)
    assert {column.text(row) for row in range(12)} == {""}  # nothing that a filter would find


def test_of_a_long_one_those_that_are_on_screen_first_and_the_frontier(
    synthetic: Callable[..., RunResults], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grids, "DRAWN", 5)
    digested = digest(synthetic(40))
    drawn = {row for row, address in enumerate(strips(digested).values) if address}
    front = {row for row, is_on in enumerate(digested.trials["on_front"]) if is_on}
    assert max(front) >= 5
    assert drawn == {row for row in {*range(5), *front} if digested.trials["network"][row]}


def test_a_network_that_cannot_be_read_has_none(synthetic: Callable[..., RunResults]) -> None:
    results = synthetic(3)
    results.trials.loc[1, "network"] = '{"network": "later", "layers": [{"hyperconv": {}}]}'
    assert [bool(address) for address in strips(digest(results)).values] == [True, False, True]
