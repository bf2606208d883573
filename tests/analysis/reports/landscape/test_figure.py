"""Figures of landscapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archscape.analysis.landscape.file import Landscape
from archscape.analysis.landscape.first_layer import Change
from archscape.analysis.reports.landscape.figure import draw_surfaces, draw_training
from archscape.analysis.reports.landscape.scale import scale, ticks

Make = Callable[..., Landscape]
MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", MAGIC)
@pytest.mark.parametrize("plain", [True, False])
def test_every_kind_is_written(explored_trial: Make, tmp_path: Path, suffix: str, plain: bool) -> None:
    landscape = explored_trial(plain=plain)
    for draw in (draw_surfaces, draw_training):
        assert draw(landscape, tmp_path / f"a{suffix}").read_bytes().startswith(MAGIC[suffix])


def test_the_same_landscape_gives_the_same_bytes(explored_trial: Make, tmp_path: Path) -> None:
    for draw in (draw_surfaces, draw_training):
        first, second = (draw(explored_trial(), tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
        assert first == second


def text_of(path: Path) -> str:
    """Return the texts of an SVG, which stand beside their outlines as comments."""
    return "\n".join(re.findall(r"<!-- (.*?) -->", path.read_text(), re.DOTALL))


def test_the_figure_says_what_it_shows(explored_trial: Make, tmp_path: Path) -> None:
    landscape = explored_trial()
    landscape.trained.surface.losses[0, :2] = np.inf, np.nan
    text = text_of(draw_surfaces(landscape, tmp_path / "a.svg"))
    assert "Loss on 256 of 1,197 training samples of digits" in text
    assert "loss 0.1, validation accuracy 90.0%; x: not finite, 2 points" in text
    assert "net-without-skips" in text
    assert "loss, log scale" in text


def test_layers_are_named_where_there_is_room(explored_trial: Make, tmp_path: Path) -> None:
    landscape = explored_trial()
    assert "gate" in text_of(draw_training(landscape, tmp_path / "a.svg"))
    many = tuple(Change(layer=f"l{i}", shape=(1, 1), before=1, after=1, moved=i) for i in range(40))
    deep = replace(landscape, changes=many, filters=None)
    assert "layers, l0 to l39" in text_of(draw_training(deep, tmp_path / "b.svg"))


def test_the_colours_span_all_networks_but_four_decades_at_most(explored_trial: Make) -> None:
    landscape = explored_trial()
    assert landscape.plain is not None
    surfaces = [landscape.trained.surface, landscape.plain.surface]
    assert scale(surfaces) == pytest.approx((0.1, 40.1))
    landscape.plain.surface.losses[0, :3] = 1e12, np.inf, np.nan
    assert scale(surfaces) == pytest.approx((0.1, 1000))
    for surface in surfaces:
        surface.losses[:] = np.nan
    assert scale(surfaces) == (0.1, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("losses", [0.0, 0.3, 1e-9, 1e20, np.nan])
def test_a_flat_surface_is_drawn(explored_trial: Make, tmp_path: Path, losses: float) -> None:
    landscape = explored_trial(plain=False)
    landscape.trained.surface.losses[:] = losses
    assert draw_surfaces(landscape, tmp_path / "a.png").stat().st_size > 1000


def test_ticks_are_round() -> None:
    assert ticks(0.15, 3.0) == pytest.approx([0.2, 0.5, 1.0, 2.0])
    assert ticks(0.003, 30.0) == pytest.approx([0.01, 0.1, 1.0, 10.0])
