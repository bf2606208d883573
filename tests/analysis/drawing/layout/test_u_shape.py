"""U shapes: encoders go down, decoders up, and skips lead straight across."""

from __future__ import annotations

import pytest

from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.geometry import Box, Line
from archscape.spaces import load_network


@pytest.mark.parametrize(
    ("name", "skips"),
    [("unet", 4), ("unet3d", 3), ("pix2pix", 7), ("attention-unet", 4), ("fcn8s", 2), ("deconvnet", 5)],
)
def test_skips_lead_straight_across(name: str, skips: int) -> None:
    drawing = draw(load_network(name))
    across = [shape for shape in drawing.shapes if isinstance(shape, Line) and shape.kind == "skip"]
    heights = {line.points[0].y for line in across if len({point.y for point in line.points}) == 1}
    assert len(heights) == skips


def test_the_encoder_is_to_the_left_of_the_decoder() -> None:
    boxes = {shape.name: shape for shape in draw(load_network("unet")).shapes if isinstance(shape, Box)}
    assert boxes["level1.0"].x < boxes["up1.conv.0"].x
    assert boxes["level1.0"].y < boxes["level5.1"].y
    assert boxes["up4.conv.0"].y > boxes["up1.conv.0"].y


@pytest.mark.parametrize("name", ["vae", "resnet50", "conv-autoencoder", "fcn16s"])
def test_other_networks_are_no_u(name: str) -> None:
    lines = [shape for shape in draw(load_network(name)).shapes if isinstance(shape, Line)]
    ends = [line for line in lines if line.target and len(line.points) == 2]
    assert all(line.points[0].y < line.points[1].y for line in ends if line.points[0].x == line.points[1].x)
