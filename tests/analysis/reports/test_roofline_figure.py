"""The figure of a roofline."""

from __future__ import annotations

from pathlib import Path

import pytest

from archscape.analysis.costs.latency import Calibration
from archscape.analysis.costs.latency.prediction import peaks, predict
from archscape.analysis.costs.roofline import traffic
from archscape.analysis.reports.roofline_figure import draw_roofline, roofline_figure
from archscape.spaces import load_network


def test_each_layer_that_computes_is_one_point(calibration: Calibration) -> None:
    network = load_network("lenet5")
    roof, *series = roofline_figure(network, calibration).series
    points = sorted((x, y) for each in series for x, y in zip(each.x, each.y, strict=True))
    layers = zip(traffic(network), predict(network, calibration).layers, strict=True)
    expected = [(moved.macs_per_byte, moved.macs / layer.seconds) for moved, layer in layers if moved.macs]
    assert points == sorted(expected)
    assert len(points) == 5
    assert roof.name.startswith("roof, ridge at ")


def test_the_roof_bends_where_computing_takes_as_long_as_reading(calibration: Calibration) -> None:
    roof, *_ = roofline_figure(load_network("lenet5"), calibration).series
    most, read = peaks(calibration)
    low, ridge, high = roof.x
    assert ridge == pytest.approx(most / read)
    assert list(roof.y) == pytest.approx([low * read, most, most])
    assert low < ridge < high


def test_it_is_drawn_alike_each_time(calibration: Calibration, tmp_path: Path) -> None:
    files = [draw_roofline(load_network("lenet5"), calibration, tmp_path / f"{at}.svg") for at in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"MACs per byte moved" in files[0].read_bytes()
