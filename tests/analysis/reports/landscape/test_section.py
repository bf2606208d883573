"""The section of a report that shows landscapes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from archscape.analysis.landscape.file import Landscape
from archscape.analysis.landscape.surface import DEFINITIONS
from archscape.analysis.reports.landscape.section import landscape_figures, landscape_section
from archscape.analysis.reports.results.page import Extra, RunResults, write_report

if TYPE_CHECKING:
    from helpers.browser import Browser

    from tests.analysis.conftest import Page


Make = Callable[..., Landscape]
Synthetic = Callable[..., RunResults]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;"


def written(results: RunResults, folder: Path, *landscapes: Landscape) -> Path:
    extra = Extra(html=landscape_section(landscapes), figures=landscape_figures(landscapes))
    return write_report(results, folder / "report.html", extras=[extra])


def test_a_report_without_landscapes_says_nothing_of_them(
    synthetic: Synthetic, read_page: Callable[[Path], Page], tmp_path: Path
) -> None:
    assert landscape_section(()) == ""
    page = read_page(written(synthetic(), tmp_path))
    assert not page.find("section", id="landscapes")


def test_each_surface_has_a_place_and_all_its_points(
    synthetic: Synthetic, explored_trial: Make, read_page: Callable[[Path], Page], tmp_path: Path
) -> None:
    first, second = explored_trial(trial=3), explored_trial(trial=8, plain=False)
    page = read_page(written(synthetic(), tmp_path, first, second))
    names = ["landscape-3", "landscape-3-plain", "landscape-8"]
    assert [name for name in page.figures if name.startswith("landscape")] == names
    assert all(len(page.find("div", id=f"plot-{name}")) == 1 for name in names)
    levels, points, _ = page.figures["landscape-3"]["data"]
    losses = first.trained.surface.losses
    np.testing.assert_allclose(np.array(levels["z"]), np.log10(losses))
    assert len(points["x"]) == len(points["hovertext"]) == losses.size
    at = points["hovertext"].index(f"<b>loss {losses[0, 1]:.4g}</b><br>accuracy 27.8%<br>at -0.5, -1")
    assert (points["x"][at], points["y"][at]) == (-0.5, -1)


def test_both_networks_of_a_trial_share_their_colours(explored_trial: Make) -> None:
    figures: dict[str, Any] = landscape_figures([explored_trial()])
    first, second = (figures[name]["data"][0] for name in ("landscape-7", "landscape-7-plain"))
    assert (first["zmin"], first["zmax"]) == (second["zmin"], second["zmax"])
    assert first["colorbar"] == second["colorbar"]


def test_losses_beyond_the_colours_are_told(explored_trial: Make) -> None:
    landscape = explored_trial()
    assert "share the last colour" not in landscape_section([landscape])
    assert landscape.plain is not None
    landscape.plain.surface.losses[0, 0] = 1e9
    assert "Losses above 1e+03 share the last colour." in landscape_section([landscape])


def test_what_is_not_finite_is_a_cross_that_says_so(explored_trial: Make) -> None:
    landscape = explored_trial(plain=False)
    landscape.trained.surface.losses[0, :2] = np.nan, np.inf
    figures: dict[str, Any] = landscape_figures([landscape])
    levels, points, _ = figures["landscape-7"]["data"]
    json.dumps(figures, allow_nan=False)
    assert levels["z"][0][:3] == [None, None, pytest.approx(np.log10(2.1))]
    assert points["hovertext"][1].startswith("<b>the loss is not finite</b>")
    assert points["marker"]["symbol"][:3] == ["x-thin-open", "x-thin-open", "circle"]
    assert points["marker"]["opacity"][:3] == [1, 1, 0]
    assert '<td class="number">2</td>' in landscape_section([landscape])


def test_the_numbers_stand_beside_their_definitions(explored_trial: Make) -> None:
    text = landscape_section([explored_trial()])
    assert all(words.split(":")[0] in text for words in DEFINITIONS.values())
    assert "256 of 1,197 training samples of digits" in text
    assert re.search(r'<th scope="row">loss</th><td class="number">0.1</td><td class="number">0.1</td>', text)
    assert '<th scope="row">gate</th><td>1x4</td>' in text
    assert "–</td></tr>" in text  # the gate started at zero


def test_the_filters_are_images_that_the_page_holds(explored_trial: Make) -> None:
    from matplotlib.image import imread

    from archscape.analysis.landscape.first_layer import contact_sheet

    landscape = explored_trial()
    assert landscape.filters is not None
    images = re.findall(r'src="data:image/png;base64,([^"]+)"', landscape_section([landscape]))
    for image, filters in zip(images, (landscape.filters.before, landscape.filters.after), strict=True):
        pixels = imread(BytesIO(base64.b64decode(image)))
        assert np.array_equal((pixels * 255).round(), contact_sheet(filters))
    assert "<img" not in landscape_section([replace(landscape, filters=None)])


def test_texts_are_escaped(explored_trial: Make) -> None:
    landscape = explored_trial()
    trained = replace(landscape.trained, network=HOSTILE)
    changes = tuple(replace(change, layer=HOSTILE) for change in landscape.changes)
    assert landscape.filters is not None
    filters = replace(landscape.filters, layer=HOSTILE)
    hostile = replace(
        landscape, trained=trained, changes=changes, filters=filters, data=HOSTILE, part=HOSTILE
    )
    text = landscape_section([hostile])
    assert "<script" not in text
    assert "<img src=x" not in text


def test_a_browser_draws_it_and_leads_through_it(
    browser: Browser, synthetic: Synthetic, explored_trial: Make, tmp_path: Path
) -> None:
    landscape = explored_trial()
    landscape.trained.surface.losses[0, 0] = np.inf
    file = written(synthetic(), tmp_path, landscape)
    page = browser.page()
    for width in (1400, 400):
        page.resize(width, dark=width < 1000)
        page.go(file.as_uri())
        page.wait("document.querySelectorAll('#plot-landscape-7-plain .contour').length")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        overhang = page.evaluate(
            "Math.max(...[...document.querySelectorAll('#landscapes .defined')].map((cell) => "
            "cell.getBoundingClientRect().right - cell.closest('.scroll').getBoundingClientRect().right))"
        )
        assert overhang <= 0
        assert page.evaluate(
            "[...document.images].every(image => image.loading === 'lazy' || image.naturalWidth > 0)"
        )
        page.evaluate("document.getElementById('plot-landscape-7').focus()")
        page.press("ArrowRight")
        spoken = "document.getElementById('spoken').textContent"
        page.wait(f"{spoken} == 'the loss is not finite, accuracy 19.6%, at -1, -1'")
        page.wait("document.querySelectorAll('#plot-landscape-7 .hovertext').length == 1")
    assert page.problems == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []
