"""One description, rendered for the page and for the paper."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path
from typing import Any

import pytest

from archscape.analysis.reports.figures import description, paper
from archscape.analysis.reports.figures.description import (
    FAMILY_COLORS,
    SYMBOLS,
    Annotation,
    Axis,
    Figure,
    Level,
    Segment,
    Series,
    Upright,
)
from archscape.analysis.reports.figures.paper import PALETTE, write_figure
from archscape.analysis.reports.figures.plotly_spec import spec, views

X, Y = [1e6, 4e6, 1.6e7], [0.7, 0.8, 0.9]


def figure(**changes: Any) -> Figure:
    """Return a figure with every kind of series and everything around them."""
    settings: dict[str, Any] = {
        "x": Axis(label="MACs <b>", scale="log", ticks="short", extent=(1e6, 1.6e7)),
        "y": Axis(label="accuracy", ticks="share"),
        "series": [
            Series(
                kind="points",
                name="a $x$ <b>",
                x=X,
                y=Y,
                y_error=[0.1] * 3,
                labels=["p", "q", "r"],
                ids=[4, 5, 6],
            ),
            Series(
                kind="line",
                name="steps",
                x=X,
                y=Y,
                shape="hv",
                symbol="square",
                color="family-8",
                hover=["h"] * 3,
            ),
            Series(kind="band", x=X, y=Y, low=[0.6, 0.7, 0.8], shape="hv", opacity=0.2, group="a"),
            Series(kind="points", x=[4e6], y=[0.8], symbol="circle-open", color="reference"),
        ],
        "uprights": [Upright(x=2e6, name="known $")],
        "annotations": [Annotation(x=4e6, y=0.8, text="knee", shift=(-30, 30))],
        "strip": [Segment(low=1e6, high=4e6, name="resnet", color="family-1", hover="leads")],
    }
    return Figure(**{**settings, **changes})


def test_its_examples_hold() -> None:
    for module in (description, paper):
        assert doctest.testmod(module).failed == 0


def test_the_page_has_the_very_numbers_and_escaped_names() -> None:
    drawn: Any = json.loads(json.dumps(spec(figure()), allow_nan=False))
    points, steps, band, ring, leaders = drawn["data"]
    assert (points["x"], points["y"], points["customdata"]) == (X, Y, [4, 5, 6])
    assert points["name"] == "a $x$ &lt;b&gt;"
    assert steps["hovertext"] == ["h"] * 3
    assert band["y"] == [0.7, 0.8, 0.9, 0.8, 0.7, 0.6]
    assert ring["showlegend"] is False
    assert leaders["hovertext"] == ["leads"]
    assert drawn["layout"]["xaxis"]["title"]["text"] == "MACs &lt;b&gt;"
    assert [text["text"] for text in drawn["layout"]["annotations"]] == ["known $", "knee", "resnet"]


def test_a_view_lies_over_what_all_views_share() -> None:
    other = figure(x=Axis(label="seconds", extent=(0, 2)))
    drawn: Any = views({"macs": figure(), "seconds": other})
    assert "x" not in drawn["data"][0]
    assert drawn["data"][0]["y"] == Y
    assert drawn["views"]["macs"]["data"][0] == {"x": [int(x) for x in X]}
    assert drawn["views"]["macs"]["data"][3] == {"x": [4_000_000], "y": [0.8]}
    assert drawn["views"]["macs"]["log"][0] < 6 < 7.2 < drawn["views"]["macs"]["log"][1]
    assert drawn["views"]["seconds"]["log"] is None


def test_the_paper_names_what_the_page_names(tmp_path: Path) -> None:
    path = write_figure(figure(title="one"), tmp_path / "a.svg", title="all")
    texts = re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"))
    for text in ("MACs &lt;b&gt;", "accuracy", "steps", "knee", "p", "one", "all"):
        assert text in texts
    assert (
        write_figure(figure(title="one"), tmp_path / "b.svg", title="all").read_bytes() == path.read_bytes()
    )


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_rows_of_panels_become_what_the_suffix_says(suffix: str, start: bytes, tmp_path: Path) -> None:
    bars = Figure(x=Axis(names=["a", "b"]), y=Axis(), series=[Series(kind="bars", x=[0, 1], y=[2, 3])])
    assert write_figure([[figure(), bars], [bars]], tmp_path / f"a{suffix}").read_bytes().startswith(start)


def test_every_role_has_its_colour_on_the_page_and_on_paper() -> None:
    style = Path(paper.__file__).parents[1] / "page" / "page.css"
    text = style.read_text(encoding="utf-8")
    assert {name: re.search(rf"--{name}: (#\w+);", text)[1] for name in PALETTE} == PALETTE  # type: ignore[index]
    assert set(FAMILY_COLORS) <= set(PALETTE)
    assert set(SYMBOLS) == set(paper.MARKERS)


def rows() -> Figure:
    """Return a figure of rows with names where they stand, and of all that names its points by itself."""
    return Figure(
        x=Axis(names=["conv", "fc <b>"], places=[0.5, 3]),
        y=Axis(scale="log", ticks="bytes", range=(1, 100)),
        series=[
            Series(kind="bars", x=[0, 1, 3], y=[1, 2, 3], hatched=[False, False, True], hover=["h"] * 3),
            Series(kind="line", x=[0, 1], y=[1, 2], fill="grid"),
            Series(kind="points", x=[1, 2], y=[3, 4], labels=["a", "b"], sides=["left", "top"]),
        ],
        levels=[Level(y=10, name="input 10")],
        annotations=[Annotation(x=3, y=100, text="most", shift=(-2, 12), has_line=False)],
        legend=False,
    )


def test_a_page_names_rows_where_they_stand_and_points_beside_them() -> None:
    drawn: Any = json.loads(json.dumps(spec(rows(), margin={"b": 90}), allow_nan=False))
    bars, line, points = drawn["data"]
    layout = drawn["layout"]
    assert bars["marker"]["pattern"]["shape"] == ["", "", "/"]
    assert "width" not in bars
    assert (line["fill"], line["fillcolor"]) == ("tozeroy", "--grid")
    assert points["textposition"] == ["middle left", "top center"]
    assert (layout["xaxis"]["tickvals"], layout["xaxis"]["ticktext"]) == ([0.5, 3], ["conv", "fc &lt;b&gt;"])
    assert layout["yaxis"]["range"] == [0, 2]
    assert layout["yaxis"]["ticksuffix"] == "B"
    assert (layout["margin"]["b"], layout["margin"]["l"]) == (90, 62)
    assert layout["shapes"][0]["y0"] == 10
    (text,) = layout["annotations"]
    assert (text["y"], text["xanchor"], text["showarrow"]) == (2, "right", False)


def test_a_paper_names_them_too(tmp_path: Path) -> None:
    text = write_figure(rows(), tmp_path / "rows.svg").read_text()
    names = re.findall(r"<!-- (.*?) -->", text)
    assert {"conv", "a", "b", "input 10", "most"} <= {*names}
