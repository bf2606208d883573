"""TensorFlow Lite Micro: what its recorder told of networks that LiteRT converted, and what we say of them.

`benchmarks/tflm_fixtures.py` recorded the numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.catalog import NETWORKS

from archscape.analysis.costs.memory.targets import DTYPES, missing_operators, target_memory
from archscape.analysis.costs.memory.targets.rules import tflite_model
from archscape.spaces import Network, load_network

FIXTURE = Path(__file__).parents[4] / "fixtures" / "tflm.json"
RECORDS = json.loads(FIXTURE.read_text(encoding="utf-8"))["networks"]


def network_of(record: dict[str, Any]) -> Network:
    if "table" in record:
        return Network.from_yaml(record["table"])
    return load_network(record["network"]).at(input=tuple(map(int, record["input"].split("x"))))


def cases() -> Iterator[Any]:
    for record in RECORDS:
        for dtype in DTYPES:
            name = record.get("network") or Network.from_yaml(record["table"]).name
            yield pytest.param(network_of(record), dtype, record[dtype], id=f"{name}-{dtype}")


CASES = [*cases()]


def steps_of(network: Network, dtype: str) -> list[str]:
    model = tflite_model(network, dtype)
    return [f"{step.code} {model.tensors[step.output].elements}" for step in model.steps]


def test_at_least_ten_networks_were_recorded() -> None:
    assert len(RECORDS) >= 10


@pytest.mark.parametrize(("network", "dtype", "recorded"), CASES)
def test_the_planned_part_is_equal_to_the_byte(
    network: Network, dtype: str, recorded: dict[str, Any]
) -> None:
    assert target_memory(network, dtype=dtype).arena == recorded["arena"]


@pytest.mark.parametrize(("network", "dtype", "recorded"), CASES)
def test_all_else_is_an_upper_bound_within_a_tenth(
    network: Network, dtype: str, recorded: dict[str, Any]
) -> None:
    memory = target_memory(network, dtype=dtype)
    assert recorded["persistent"] <= memory.persistent <= 1.1 * recorded["persistent"]
    assert recorded["smallest"] <= memory.sram <= 1.1 * recorded["smallest"]
    assert recorded["file"] <= memory.flash <= 1.1 * recorded["file"]


@pytest.mark.parametrize(("network", "dtype", "recorded"), CASES)
def test_the_operators_are_those_of_the_converted_file(
    network: Network, dtype: str, recorded: dict[str, Any]
) -> None:
    """Copies for a concatenation apart, which fall away where two scales happen to be the same."""
    steps = steps_of(network, dtype)
    assert without_copies(steps) == without_copies(recorded["steps"])
    assert len(steps) >= len(recorded["steps"])


def without_copies(steps: list[str]) -> list[str]:
    return [step for step in steps if not step.startswith("QUANTIZE")]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_catalog_is_counted(name: str) -> None:
    """Whatever the runtime lacks is named."""
    network = load_network(name)
    memory = target_memory(network)
    assert memory.arena > 0
    assert [missing.name for missing in missing_operators(network)] == [*memory.unsupported]


def test_very_small_networks_start_with_more_than_they_run_with() -> None:
    """Lifetimes of all tensors stand in the arena while it is planned, and these maps are smaller."""
    (record,) = [record for record in RECORDS if "network: small\n" in record.get("table", "")]
    small = target_memory(network_of(record))
    assert small.sram == record["int8"]["smallest"] > small.arena + small.persistent


def test_a_network_without_operators_holds_its_input() -> None:
    nothing = Network.from_yaml("network: nothing\ninput: 3x8x8\nlayers:\n  - dropout: {rate: 0.5}\n")
    assert [target_memory(nothing, dtype=dtype).arena for dtype in DTYPES] == [192, 768]
