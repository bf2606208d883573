"""One HTML page that works offline and can be handed to anybody, and the parts that all pages share.

A page asks nothing of any network: plotly.js is embedded, and the page's own policy allows only its two
scripts, by their digests, and no request at all. Its HTML is made by templates, which escape what they show.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
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


def write_page(
    path: Path,
    template: str,
    *,
    style: str = "",
    scripts: Sequence[str] = (),
    kicker: str,
    title: str,
    summary: str,
    figures: Mapping[str, Spec],
    **values: object,
) -> Path:
    """Write a page as one self-contained HTML document.

    `template` extends `page/page.html`; `style` and `scripts` add to those of all pages. All are paths as
    `render` takes them. The `kicker` stands above the title, the `summary` under it; `figures` are those that
    the page has places for, and `values` what its template names.

    Raises:
        InputError: The folder of the file is missing.
    """
    from plotly.offline import get_plotlyjs

    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder")
    plotly = get_plotlyjs()
    script = f'(() => {{\n"use strict";\n{_texts("page/page.js", *scripts)}}})();\n'
    text = render(
        template,
        kicker=kicker,
        title=title,
        summary=summary,
        counting=NOTE,
        version=__version__,
        hashes=Markup(f"{_digest(plotly)} {_digest(script)}"),
        style=Markup(_texts("page/page.css", style)),
        figures=figures,
        plotly=Markup(plotly),
        script=Markup(script),
        **values,
    )
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _digest(script: str) -> str:
    """Return the source expression that allows this script and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _texts(*names: str) -> str:
    """Return files of these paths in `analysis/reports`, joined; "" names none."""
    return "".join((REPORTS / name).read_text(encoding="utf-8") for name in names if name)
