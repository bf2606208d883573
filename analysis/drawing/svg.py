"""SVG: a figure as one text without scripts and other files, which reads on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape

from .geometry import Box, Drawing, Line, Point, Polygon, Shape, Text
from .paths import Step, corner_radius, head, rounded, straight
from .style import FONTS, INK, KINDS, PAPER, ROLES, STROKES, Ground, Stroke, shade


class Rule(NamedTuple):
    """A rule of the style sheet; a colour has a value for each ground."""

    selector: str
    properties: dict[str, str | Ground]


def to_svg(drawing: Drawing) -> str:
    """Return a figure as SVG, its size in points. The same figure gives the same text.

    >>> print(to_svg(Drawing(width=9, height=9, title="a < b")).splitlines()[1])
    <title>a &lt; b</title>
    """
    width, height = number(drawing.width), number(drawing.height)
    described = [f"<desc>{_escaped(drawing.summary)}</desc>"] if drawing.summary else []
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" role="img">',
        f"<title>{_escaped(drawing.title)}</title>",
        *described,
        f"<style>{_style(drawing.shapes)}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *map(_element, drawing.shapes),
        "</svg>\n",
    ]
    return "\n".join(lines)


def number(value: float) -> str:
    """Return a number of points with one decimal at most.

    >>> number(12.0), number(0.26), number(-0.04)
    ('12', '0.3', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _element(shape: Shape) -> str:
    match shape:
        case Box():
            return _box(shape)
        case Text():
            return _text(shape)
        case Line():
            return _line(shape)
        case Polygon():
            return _closed(f"{shape.kind} {shape.face}", shape.points, shape.name)


def _box(box: Box) -> str:
    attributes = (
        f'x="{number(box.x)}" y="{number(box.y)}" width="{number(box.width)}" height="{number(box.height)}"'
    )
    return _named(f'rect class="{box.kind}" {attributes} rx="{number(corner_radius(box))}"', "rect", box.name)


def _text(text: Text) -> str:
    attributes = f'x="{number(text.x)}" y="{number(text.y)}" font-size="{number(text.size)}"'
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    turn = f' transform="rotate(-90 {number(text.x)} {number(text.y)})"' if text.turned else ""
    return f'<text class="{text.role}" {attributes}{anchor}{turn}>{_escaped(text.text)}</text>'


def _line(line: Line) -> str:
    path = f'<path class="{line.kind}" d="{_steps(rounded(line))}"/>'
    return path + _closed(f"{line.kind} head", head(line), "") if line.arrow else path


def _closed(style: str, points: Sequence[Point], name: str) -> str:
    return _named(f'path class="{style}" d="{_steps(straight(points))}Z"', "path", name)


def _named(opening: str, tag: str, name: str) -> str:
    """Return an element that shows a name where the pointer rests."""
    return f"<{opening}><title>{_escaped(name)}</title></{tag}>" if name else f"<{opening}/>"


def _steps(steps: Iterable[Step]) -> str:
    return "".join(
        step.verb + " ".join(f"{number(point.x)},{number(point.y)}" for point in step.points)
        for step in steps
    )


def visible(text: str) -> str:
    """Return a text in one line, without what XML does not allow."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _escaped(text: str) -> str:
    return escape(visible(text))


def _style(shapes: Iterable[Shape]) -> str:
    """Return the style sheet of what is drawn: for light pages and paper, and for dark pages."""
    rules = _rules([*shapes])
    light = "".join(_rule(selector, properties, "light") for selector, properties in rules)
    colored = (
        (selector, {name: it for name, it in every.items() if isinstance(it, Ground)})
        for selector, every in rules
    )
    dark = "".join(_rule(selector, colors, "dark") for selector, colors in colored if colors)
    return f"{light}@media screen and (prefers-color-scheme:dark){{{dark}}}"


def _rule(selector: str, properties: Mapping[str, str | Ground], ground: Literal["light", "dark"]) -> str:
    texts = (
        f"{name}:{getattr(value, ground) if isinstance(value, Ground) else value}"
        for name, value in properties.items()
    )
    return f"{selector}{{{';'.join(texts)}}}"


def _rules(shapes: Sequence[Shape]) -> list[Rule]:
    """Return the rules for what is drawn, those that come later being the stronger."""
    kinds = dict.fromkeys(shape.kind for shape in shapes if isinstance(shape, Box | Polygon))
    faces = dict.fromkeys((shape.kind, shape.face) for shape in shapes if isinstance(shape, Polygon))
    strokes = dict.fromkeys(shape.kind for shape in shapes if isinstance(shape, Line))
    roles = dict.fromkeys(shape.role for shape in shapes if isinstance(shape, Text))
    rules: list[Rule] = [Rule("text", {"font-family": FONTS, "fill": INK}), Rule(".paper", {"fill": PAPER})]
    for kind in kinds:
        look = KINDS[kind]
        rules.append(Rule(f".{kind}", {"fill": look.fill or "none", **_stroke(look.stroke)}))
    for kind, face in faces:
        if (fill := KINDS[kind].fill) is not None and face != "front":
            rules.append(Rule(f".{kind}.{face}", {"fill": shade(fill, face)}))
    for kind in strokes:
        rules.append(Rule(f"path.{kind}", {"fill": "none", **_stroke(STROKES[kind])}))
        rules.append(Rule(f"path.{kind}.head", {"fill": STROKES[kind].color, "stroke": "none"}))
    for role in roles:
        weight: dict[str, str | Ground] = {"font-weight": "bold"} if ROLES[role].bold else {}
        rules.append(Rule(f".{role}", {"fill": ROLES[role].color, **weight}))
    return rules


def _stroke(stroke: Stroke) -> dict[str, str | Ground]:
    dashes = {"stroke-dasharray": " ".join(map(number, stroke.dashes))} if stroke.dashes else {}
    return {"stroke": stroke.color, "stroke-width": f"{stroke.width:g}", **dashes}
