"""One table under networks and spaces: what both are given, compared, copied and named in messages."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from archscape.spaces import Limit, Network, Row, Space, SpaceError, oneof
from archscape.spaces.language.table import Table

ROWS = (Row("conv", width=4), Row("avgpool"), Row("linear", width=2))
OPEN_ROWS = (Row("conv", width=oneof(4, 8)), *ROWS[1:])


def network(**fields: Any) -> Network:
    return Network(**{"name": "net", "input": (1, 8, 8), "layers": ROWS, **fields})


def space(**fields: Any) -> Space:
    return Space(**{"name": "net", "input": (1, 8, 8), "layers": OPEN_ROWS, **fields})


@pytest.mark.parametrize("table", [network(), space(), space(within={"params": Limit(high=200)})])
def test_a_copy_is_equal(table: Table) -> None:
    for copy in (pickle.loads(pickle.dumps(table)), replace(table), replace(table, name=table.name)):
        assert copy == table
        assert hash(copy) == hash(table)
        assert type(copy) is type(table)
    assert replace(table, name="other") != table


def test_a_network_leaves_no_place_for_choices_and_limits() -> None:
    for section in ("choices", "within"):
        with pytest.raises(TypeError, match=section):
            network(**{section: {}})
        with pytest.raises(SpaceError, match=f"a network has no '{section}'"):
            Network.from_yaml(network().to_yaml() + f"{section}: {{}}\n")
    assert set(Space.settable()) - set(Network.settable()) == {"choices", "within"}


@pytest.mark.parametrize(("table", "name"), [(network(), "network net"), (space(), "space net")])
def test_without_a_document_messages_name_the_table(table: Table, name: str) -> None:
    assert table.document.name == name
    with pytest.raises(SpaceError, match=f"^{name}: outputs"):
        replace(table, outputs=("nowhere",))


def test_sequences_are_taken_as_they_come() -> None:
    tiny = network(input=[1, 8, 8], layers=list(ROWS), outputs=["linear"])
    assert (tiny.input, tiny.layers, tiny.outputs) == ((1, 8, 8), ROWS, ("linear",))
