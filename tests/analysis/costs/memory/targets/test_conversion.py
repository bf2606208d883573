"""What operators become on TensorFlow Lite, each as litert-torch and ai-edge-quantizer 0.10.0 wrote it."""

from __future__ import annotations

import pytest

from archscape.analysis.costs.memory.targets import target_memory
from archscape.analysis.costs.memory.targets.rules import tflite_model
from archscape.spaces import Network, load_network

TABLE = """
network: probe
input: {input}
defaults: {{norm: none, act: none}}
layers:
{layers}
"""
PLAIN = "  - conv: {width: 4, kernel: 1}\n"


def codes(layers: str, *, shape: str = "4x8x8", dtype: str = "float32") -> list[str]:
    network = Network.from_yaml(TABLE.format(input=shape, layers=layers))
    return [step.code for step in tflite_model(network, dtype).steps]


CASES = {
    "same padding is the convolution's own": ("  - conv: {width: 8}", "CONV_2D"),
    "an even map at stride 2": ("  - conv: {width: 8, stride: 2}", "PAD CONV_2D"),
    "other padding": ("  - conv: {width: 8, kernel: 5, padding: 1}", "PAD CONV_2D"),
    "no padding": ("  - conv: {width: 8, kernel: 1, stride: 2}", "CONV_2D"),
    "dilation": ("  - conv: {width: 8, dilation: 2}", "CONV_2D"),
    "groups": ("  - conv: {width: 8, groups: 2}", "CONV_2D"),
    "as many groups as inputs": ("  - conv: {width: 8, groups: 4}", "DEPTHWISE_CONV_2D"),
    "norm and rectifier": (PLAIN + "  - conv: {width: 8, norm: batch, act: relu}", "CONV_2D CONV_2D"),
    "padding before": (
        PLAIN + "  - pad: {sides: 1}\n  - conv: {width: 4, padding: valid}",
        "CONV_2D CONV_2D",
    ),
    "a pool of same padding": (PLAIN + "  - maxpool: {kernel: 3, stride: 1}", "CONV_2D MAX_POOL_2D"),
    "a pool of least values": (PLAIN + "  - maxpool: {kernel: 3, stride: 2}", "CONV_2D PADV2 MAX_POOL_2D"),
    "zeros that count": (PLAIN + "  - avgpool: {kernel: 3, stride: 1}", "CONV_2D PAD AVERAGE_POOL_2D"),
    "a head": (PLAIN + "  - avgpool\n  - linear: {width: 3}", "CONV_2D MEAN FULLY_CONNECTED"),
    "a head of one position": (
        "  - conv: {width: 4, kernel: 8, padding: valid}\n  - avgpool\n  - dropout\n  - linear: {width: 3}",
        "CONV_2D SUM FULLY_CONNECTED",
    ),
    "a mean of one position": (
        "  - conv: {width: 4, kernel: 8, padding: valid}\n  - avgpool\n" + PLAIN,
        "CONV_2D CONV_2D",
    ),
    "a map as a vector": (PLAIN + "  - linear: {width: 3}", "CONV_2D TRANSPOSE RESHAPE FULLY_CONNECTED"),
    "silu is a product": (PLAIN + "  - conv: {width: 8, act: silu}", "CONV_2D CONV_2D LOGISTIC MUL"),
    "gelu": (PLAIN + "  - conv: {width: 8, act: gelu}", "CONV_2D CONV_2D GELU"),
    "a norm that nothing takes": (
        "  - maxpool: {kernel: 2}\n  - norm: {norm: batch}\n" + PLAIN,
        "MAX_POOL_2D SUB MUL MUL ADD CONV_2D",
    ),
}
"""Layers on a map 4x8x8, and the operators of the float file."""


@pytest.mark.parametrize(("layers", "expected"), CASES.values(), ids=CASES)
def test_each_operator_has_its_rule(layers: str, expected: str) -> None:
    assert codes(layers) == expected.split()


def test_what_is_not_quantised_reads_and_writes_floats() -> None:
    layers = "  - conv: {width: 4, act: leaky_relu}\n  - conv: {width: 4}"
    assert codes(layers) == ["CONV_2D", "LEAKY_RELU", "CONV_2D"]
    assert codes(layers, dtype="int8") == ["CONV_2D", "DEQUANTIZE", "LEAKY_RELU", "QUANTIZE", "CONV_2D"]


def test_a_map_that_others_read_too_is_copied_for_a_concatenation() -> None:
    """New features of a dense block take the scale of the whole; the old ones have readers of their own."""
    layers = "  - conv: {width: 4}\n  - dense: {growth: 4, norm: batch, act: relu}"
    assert codes(layers, dtype="int8").count("QUANTIZE") == codes(layers).count("CONCATENATION")


def test_a_concatenation_goes_into_the_one_that_alone_reads_it() -> None:
    conv = "conv: {width: 4, kernel: 1}"
    layers = f"  - concat:\n      - concat:\n          - {conv}\n          - {conv}\n      - {conv}"
    assert codes(layers) == ["CONV_2D"] * 3 + ["CONCATENATION"]


def test_windows_over_lines_are_windows_over_planes() -> None:
    """A 1-D map gets a height and goes channels last; what is no window, a norm here, reads it as it was."""
    layers = PLAIN + "  - conv: {width: 8, norm: batch}\n  - maxpool: {kernel: 2}\n  - linear: {width: 3}"
    assert codes(layers, shape="4x16") == [
        *("RESHAPE", "TRANSPOSE", "CONV_2D", "CONV_2D", "TRANSPOSE", "RESHAPE", "MUL", "ADD"),
        *("RESHAPE", "TRANSPOSE", "MAX_POOL_2D", "TRANSPOSE", "RESHAPE", "FULLY_CONNECTED"),
    ]


@pytest.mark.parametrize(("dtype", "item"), [("int8", 1), ("float32", 4)])
def test_weights_stand_in_the_flash_also_where_no_conversion_is_known(dtype: str, item: int) -> None:
    network = load_network("unet3d")
    assert target_memory(network, dtype=dtype).flash >= item * network.totals.params
