"""Operators that a runtime of small devices lacks."""

from __future__ import annotations

import doctest

import pytest
from helpers.catalog import NETWORKS

from archscape.analysis.costs.memory import targets as module
from archscape.analysis.costs.memory.targets import missing_operators
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError


def missing(row: str, *, shape: str = "8x16x16", dtype: str = "int8") -> list[str]:
    """Return what is missing of a row behind a map, by the runtime's names."""
    network = Network.from_yaml(f"network: n\ninput: {shape}\nlayers: [{row}]")
    return [at.missing.operator for at in missing_operators(network, dtype=dtype)]


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("row", "operator"),
    [
        ("conv: {width: 8, act: gelu}", "GELU"),
        ("conv: {width: 8, act: mish}", "EXP in int8, which `mish` needs"),
        ("lrn", "LOCAL_RESPONSE_NORMALIZATION"),
        ("deform: {width: 8}", "an operator that reads a map between its pixels"),
        ("upconv: {width: 8, groups: 2}", "groups of TRANSPOSE_CONV"),
    ],
)
def test_what_the_runtime_lacks_is_named(row: str, operator: str) -> None:
    assert operator in missing(row)


@pytest.mark.parametrize(
    "row",
    [
        "conv: {width: 8, groups: 2, dilation: 2}",
        "separable: {width: 8, act: hardswish}",
        "conv: {width: 8, act: elu}",
        "upconv: {width: 8}",
        "attention: {heads: 2}",
        "inverted: {width: 8, expand: 2, se: 1/4}",
        "upsample: {scale: 2}",
    ],
)
def test_what_it_has_is_not(row: str) -> None:
    assert missing(row) == []


def test_exponentials_are_missing_in_int8_alone() -> None:
    assert missing("conv: {width: 8, act: softplus}", dtype="float32") == []


def test_volumes_have_no_operator_and_sequences_have() -> None:
    assert missing("conv: {width: 8}", shape="8x4x8x8") == ["CONV_3D"]
    assert missing("maxpool", shape="8x4x8x8") == ["a 3-D maximum pooling"]
    assert missing("conv: {width: 8}", shape="8x32") == []


def test_norms_of_a_sample_are_composed() -> None:
    network = load_network("convnext-tiny")
    composed = {at.missing.operator[:12] for at in missing_operators(network) if at.missing.is_composed}
    assert composed == {"a layer norm"}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_catalog_is_looked_at(name: str) -> None:
    network = load_network(name)
    names = {node.name for node in network.graph.flatten().nodes}
    assert {at.name for at in missing_operators(network)} <= names


@pytest.mark.parametrize(("target", "dtype"), [("tflite", "int8"), ("tflm", "int4")])
def test_an_unknown_target_or_type_is_refused(target: str, dtype: str) -> None:
    with pytest.raises(InputError, match="did you mean"):
        list(missing_operators(load_network("lenet5"), target=target, dtype=dtype))
