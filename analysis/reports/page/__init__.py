"""One HTML page that works offline and can be handed to anybody, and the parts that all pages share.

A page asks nothing of any network: plotly.js is embedded, and the page's own policy allows only its two
scripts, by their digests, and no request at all. Its HTML is made by templates, which escape what they show.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from archscape._version import __version__
from archscape.analysis.costs.profile import CONVENTION, UNCOUNTED
from archscape.spaces.errors import InputError

from ..templating import REPORTS, render
from .specs import Spec

NOTE = (
    f"Conventions. {CONVENTION}; activations: elements that convolutions and linear layers write. "
    f"Not counted: {'; '.join(UNCOUNTED)}."
)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page: its template, the values that this shows, and its figures.

    Attributes:
        template: The template of its body, which extends `page/page.html`; its path as `render` takes it.
        style: The file that adds to the style of all pages, as `template`; "" where there is none.
        scripts: The files that add to the script of all pages, in order.
        kicker: What the page is, above its title.
        title: Its title.
        summary: A sentence or two under the title.
        values: What the template names.
        figures: The figures that it has places for.
    """

    template: str
    style: str = ""
    scripts: tuple[str, ...] = ()
    kicker: str
    title: str
    summary: str
    values: Mapping[str, object]
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
    script = f'(() => {{\n"use strict";\n{_texts("page/page.js", *page.scripts)}}})();\n'
    return render(
        page.template,
        kicker=page.kicker,
        title=page.title,
        summary=page.summary,
        counting=NOTE,
        version=__version__,
        hashes=Markup(f"{_digest(plotly)} {_digest(script)}"),
        style=Markup(_texts("page/page.css", page.style)),
        figures=page.figures,
        plotly=Markup(plotly),
        script=Markup(script),
        **page.values,
    )


def _digest(script: str) -> str:
    """Return the source expression that allows this script and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _texts(*names: str) -> str:
    """Return files of these paths in `analysis/reports`, joined; "" names none."""
    return "".join((REPORTS / name).read_text(encoding="utf-8") for name in names if name)
