"""The roofline of a device with the layers of a network below it (Williams et al. 2009)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from archscape.spaces import Network

from ..costs.latency.calibration import Calibration
from ..costs.latency.prediction import peaks, predict
from ..costs.roofline import traffic
from .figures.description import Axis, Figure, Series
from .figures.paper import write_figure

_MARKS = {"compute": ("family-1", "circle"), "memory": ("family-2", "square"), "call": ("rest", "x")}
"""Colour and mark of layers, by what bounds them."""


class _Point(NamedTuple):
    intensity: float
    rate: float
    bound: str


def draw_roofline(network: Network, calibration: Calibration, path: Path) -> Path:
    """Draw the roof of a device and each layer that computes: its MACs per byte, and its predicted rate.

    Args:
        network: The network.
        calibration: That of the device and its setup.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
    """
    return write_figure(roofline_figure(network, calibration), path, size=(6.4, 4.2))


def roofline_figure(network: Network, calibration: Calibration) -> Figure:
    """Return the figure of a roofline: what `draw_roofline` draws."""
    points, roof = _points(network, calibration), peaks(calibration)
    ridge = roof.macs_per_second / roof.bytes_per_second
    ends = sorted([*(point.intensity for point in points), ridge / 4, ridge * 4])
    corners = (ends[0], ridge, ends[-1])
    lines = Series(
        kind="line",
        name=f"roof, ridge at {ridge:.3g} MACs per byte",
        x=corners,
        y=[min(roof.macs_per_second, x * roof.bytes_per_second) for x in corners],
        color="ink",
    )
    return Figure(
        x=Axis(label="MACs per byte moved", scale="log"),
        y=Axis(label="MACs per second, predicted", scale="log", ticks="short"),
        series=[
            lines,
            *(_series(points, bound) for bound in _MARKS if any(p.bound == bound for p in points)),
        ],
        title=f"{network.name} on {calibration.setup.description}",
    )


def _points(network: Network, calibration: Calibration) -> list[_Point]:
    """Return the layers that compute; those without multiply-accumulates have no place in such a figure."""
    setup = calibration.setup
    layers = zip(
        traffic(network, batch=setup.batch, dtype=setup.dtype),
        predict(network, calibration).layers,
        strict=True,
    )
    return [
        _Point(moved.macs / moved.bytes_moved, moved.macs / layer.seconds, layer.bound)
        for moved, layer in layers
        if moved.macs and moved.bytes_moved
    ]


def _series(points: list[_Point], bound: str) -> Series:
    color, symbol = _MARKS[bound]
    chosen = [point for point in points if point.bound == bound]
    return Series(
        kind="points",
        name=f"bound by {bound}",
        x=[point.intensity for point in chosen],
        y=[point.rate for point in chosen],
        color=color,
        symbol=symbol,
        size=7,
        opacity=0.8,
    )
