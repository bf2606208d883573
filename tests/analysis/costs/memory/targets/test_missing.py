"""Operators that a runtime of small devices lacks."""

from __future__ import annotations

import doctest

import pytest

from archscape.analysis.costs.memory import targets as module
from archscape.analysis.costs.memory.targets import missing_operators
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError


def missing(row: str, *, shape: str = "8x16x16") -> list[tuple[str, str]]:
    """Return what is missing of a row behind a map, by the runtime's names, and of what kind."""
    network = Network.from_yaml(f"network: n\ninput: {shape}\nlayers: [{row}]")
    return [(each.operator, each.kind) for each in missing_operators(network)]


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("row", "shape", "operator"),
    [
        ("conv: {width: 8, act: gelu}", "8x16x16", "GELU"),
        ("conv: {width: 8, act: mish}", "8x16x16", "SELECT"),
        ("lrn", "8x16x16", "LOCAL_RESPONSE_NORMALIZATION"),
        ("deform: {width: 8}", "8x16x16", "an operator that reads a map between its pixels"),
        ("upconv: {width: 8, groups: 2}", "8x16x16", "groups of TRANSPOSE_CONV"),
        ("conv: {width: 8}", "8x4x8x8", "CONV_3D"),
        ("upconv: {width: 8}", "8x4x8x8", "CONV_3D_TRANSPOSE"),
        ("maxpool", "8x4x8x8", "a 3-D maximum pooling"),
    ],
)
def test_what_the_runtime_lacks_is_named(row: str, shape: str, operator: str) -> None:
    assert (operator, "lacking") in missing(row, shape=shape)


@pytest.mark.parametrize(
    "row",
    [
        "conv: {width: 8, groups: 2, dilation: 2}",
        "separable: {width: 8, act: hardswish}",
        "upconv: {width: 8}",
        "inverted: {width: 8, expand: 2, se: 1/4}",
        "upsample: {scale: 2}",
    ],
)
def test_what_it_has_is_not(row: str) -> None:
    assert missing(row) == []


@pytest.mark.parametrize("norm", ["layer", "instance", "group"])
def test_norms_of_a_sample_are_composed(norm: str) -> None:
    style = "group(2)" if norm == "group" else norm
    assert missing(f"norm: {{norm: {style}}}") == [(f"{norm} norm", "composed")]


def test_what_no_conversion_is_known_of_is_told() -> None:
    assert missing("pad: {sides: 1, mode: circular}") == [("`pad` in 2-D", "unknown")]
    network = load_network("texture-network")
    sentence = next(missing_operators(network)).sentence("It")
    assert sentence.startswith("what `pad` in 2-D becomes on It is not known")


@pytest.mark.parametrize(("target", "dtype"), [("tflite", "int8"), ("tflm", "int4")])
def test_an_unknown_target_or_type_is_refused(target: str, dtype: str) -> None:
    with pytest.raises(InputError, match="did you mean"):
        list(missing_operators(load_network("lenet5"), target=target, dtype=dtype))
