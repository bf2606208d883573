"""One HTML page that works offline and can be handed to anybody, and the parts that all pages share.

A page asks nothing of any network: plotly.js is embedded, and the page's own policy allows only its two
scripts, by their digests, and no request at all. Its HTML is made by templates, which escape what they show.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from archscape._version import __version__
from archscape.analysis.costs.profile import CONVENTION, UNCOUNTED
from archscape.spaces.errors import InputError

from ..templating import macro, render
from .networks import NetworkDetails
from .specs import Spec
from .tables import Html

NOTE = (
    f"Conventions. {CONVENTION}; activations: elements that convolutions and linear layers write. "
    f"Not counted: {'; '.join(UNCOUNTED)}."
)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What one page says.

    Attributes:
        template: The template of its body, which extends `page/page.html`; its path as `render` takes it.
        style: The file that adds to the style of all pages, "" where there is none.
        scripts: The files that add to the script of all pages, in order.
        kicker: What the page is, above its title.
        title: Its title.
        summary: A sentence or two under the title.
        values: What the template names.
        parts: The same as HTML.
        figures: The figures that it has places for.
    """

    template: str
    style: str = ""
    scripts: tuple[str, ...] = ()
    kicker: str
    title: str
    summary: str
    values: Mapping[str, object] = field(default_factory=dict)
    parts: Mapping[str, Html] = field(default_factory=dict)
    figures: Mapping[str, Spec]


def write_page(page: Page, path: Path) -> Path:
    """Write a page as one self-contained file.

    Raises:
        InputError: The folder of the file is missing.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder")
    path.write_text(page_text(page), encoding="utf-8", newline="\n")
    return path


def page_text(page: Page) -> str:
    """Return a page as one HTML document."""
    from plotly.offline import get_plotlyjs

    plotly = get_plotlyjs()
    script = f'(() => {{\n"use strict";\n{_texts("page.js", *page.scripts)}}})();\n'
    return render(
        page.template,
        kicker=page.kicker,
        title=page.title,
        summary=page.summary,
        counting=NOTE,
        version=__version__,
        hashes=Markup(f"{_digest(plotly)} {_digest(script)}"),
        style=Markup(_texts("page.css", page.style)),
        figures=page.figures,
        plotly=Markup(plotly),
        script=Markup(script),
        **page.values,
        **{name: Markup(part) for name, part in page.parts.items()},
    )


def place(name: str, about: str) -> Html:
    """Return the place of a figure; `about` says what it shows to those who do not see it."""
    return str(macro("place", name, about))


def empty(text: str) -> Html:
    """Return a box that says why there is nothing to show."""
    return str(macro("empty", text))


def network_details(
    details: NetworkDetails, *, anchor: str, title: str, facts: Iterable[str], code: str, is_open: bool
) -> Html:
    """Return a network to unfold: its table and the costs of its layers."""
    return str(macro("network_details", details, anchor, title, facts, code, is_open))


def _digest(script: str) -> str:
    """Return the source expression that allows this script and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _texts(*names: str) -> str:
    """Return the files of these names beside this one, joined; "" names none."""
    folder = Path(__file__).parent
    return "".join((folder / name).read_text(encoding="utf-8") for name in names if name)
