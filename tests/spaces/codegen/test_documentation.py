"""Docstrings of generated classes: true of what stands below them."""

from __future__ import annotations

import ast

import pytest

from archscape.spaces import Network
from archscape.spaces.codegen.source import source


def written(blocks: str, layers: str, shape: str = "16x8x8") -> str:
    """Return the source of a network of one block."""
    return source(
        Network.from_yaml(f"network: one\ninput: {shape}\nblocks: {{{blocks}}}\nlayers: [{layers}]")
    )


def docstring(text: str, name: str) -> str:
    """Return the docstring of a class, on one line."""
    tree = ast.parse(text).body
    found = next(node for node in tree if isinstance(node, ast.ClassDef) and node.name == name)
    return " ".join((ast.get_docstring(found) or "").split())


def test_a_row_that_shares_weights_has_the_kernel_of_the_other() -> None:
    text = written("b: [conv: {name: squeeze, width: $in, kernel: 1}, conv: {like: squeeze}]", "b")
    assert docstring(text, "B") == "B: 1x1 convolution, then 1x1 convolution with the weights of squeeze."


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("16x8", "depthwise convolution of kernel 3 of dilation 2"),
        ("16x8x8", "depthwise 3x3 convolution of dilation 2"),
        ("16x8x8x8", "depthwise 3x3x3 convolution of dilation 2"),
    ],
)
def test_a_kernel_has_the_axes_of_the_map(shape: str, said: str) -> None:
    text = written("b: [conv: {width: $in, groups: $in, dilation: 2}, add: {with: input}]", "b", shape)
    assert docstring(text, "B").startswith(f"B: {said}, then sum ")


def test_arithmetic_has_its_nouns() -> None:
    text = written("b: [subtract: [[conv: {width: $in}], identity], scale: {by: 0.1}, conv: {width: 4}]", "b")
    assert docstring(text, "B").startswith("B: the difference of 3x3 convolution and identity, factor 1/10, ")


def test_a_block_keeps_the_capitals_of_its_name() -> None:
    assert docstring(written("incA: [conv: {width: $in}, add: {with: input}]", "incA"), "IncA").startswith(
        "IncA: "
    )


def test_conditions_are_in_the_names_of_the_source() -> None:
    optional = "conv: {width: $width, when: $width == $in and $stride == 1}"
    rows = f"[conv: {{width: $width, stride: $stride}}, {optional}, norm: {{act: none}}, act]"
    text = written(f'"b(width, stride = 1)": {rows}', "b: {width: 8, stride: 2}, b: {width: 8}")
    assert "3x3 convolution (if width == inputs and stride == 1), norm" in docstring(text, "B")


DROPPED = """"b(drop = 0)": [residual: {droppath: $drop, rows: [conv: {width: $in, act: none}]}, act]"""


def test_a_drop_path_is_no_shortcut() -> None:
    """x is added in every use; only the drop path is missing in some."""
    text = written(DROPPED, "b: {depth: 2}, b: {drop: 0.1, depth: 2}")
    assert "whether" not in docstring(text, "B")
    assert "self.residual = DropPath(drop) if drop > 0 else nn.Identity()" in text
    assert "F.relu(y + x)" in text


def test_a_factor_of_one_is_left_out_by_its_number() -> None:
    rows = "[residual: {droppath: $drop, scale: $scale, rows: [conv: {width: $in, act: none}]}, act]"
    text = written(
        f'"b(drop, scale = 1)": {rows}', "b: {drop: 0}, b: {drop: 0.1}, b: {drop: 0.2, scale: 0.5}"
    )
    assert "whether" not in docstring(text, "B")
    assert "self.has_scale = scale != 1" in text
    assert "if self.has_scale:\n            y = y * self.scale\n" in text
