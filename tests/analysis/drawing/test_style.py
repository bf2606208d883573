"""Colours: apart for every eye on both grounds, and in a grey print."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from archscape.analysis.drawing.style import INK, KINDS, PAPER, shade

EYES = {
    "every colour": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""What eyes make of linear RGB: Machado, Oliveira and Fernandes 2009, severity 1."""
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
FILLS = {name: kind.fill for name, kind in KINDS.items() if kind.fill not in (None, PAPER)}


def linear(color: str) -> np.ndarray:
    """Return linear RGB of a colour (IEC 61966-2-1)."""
    parts = np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIELAB of linear RGB: lightness, then two axes of hue."""
    x, y, z = np.cbrt(np.maximum(TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1), 0.0089))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("ground", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_every_eye_tells_the_kinds_apart(ground: str, eye: str) -> None:
    seen = {name: lab(EYES[eye] @ linear(getattr(fill, ground))) for name, fill in FILLS.items()}
    apart = {(a, b): np.linalg.norm(seen[a] - seen[b]) for a, b in combinations(seen, 2)}
    assert min(apart.values()) > 7, min(apart, key=lambda pair: apart[pair])


def luma(color: str) -> float:
    """Return the grey that programs make of a colour (ITU-R BT.601), in percent."""
    weights = (0.299, 0.587, 0.114)
    return sum(w * int(color[at : at + 2], 16) for w, at in zip(weights, (1, 3, 5), strict=True)) / 2.55


@pytest.mark.parametrize("grey", [lambda color: lab(linear(color))[0], luma])
def test_a_grey_print_tells_the_kinds_apart(grey: Callable[[str], float]) -> None:
    greys = sorted(grey(fill.light) for fill in (*FILLS.values(), PAPER) if fill)
    assert min(np.diff(greys)) > 3.5


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_letters_are_read_on_every_kind(ground: str) -> None:
    ink = linear(getattr(INK, ground)) @ TO_XYZ[1]
    for name, fill in FILLS.items():
        paper = linear(getattr(fill, ground)) @ TO_XYZ[1]
        contrast = (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05)
        assert contrast >= 4.5, name  # what WCAG 2.2 asks for small text


def test_faces_are_shaded_apart() -> None:
    for name, fill in FILLS.items():
        faces = {face: lab(linear(shade(fill, face).light))[0] for face in ("top", "front", "side")}
        assert faces["top"] - 1 > faces["front"] > faces["side"] + 4, name
