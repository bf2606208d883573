"""One HTML page that works offline and can be handed to anybody, and the parts that all pages share.

A page asks nothing of any network: plotly.js is embedded, or lies beside the page once for all pages of a
folder. The page's own policy allows these two scripts, embedded ones by their digests, and no other request.
Its HTML is made by templates, which escape what they show.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from archscape._version import __version__
from archscape.analysis.costs.profile import CONVENTION, UNCOUNTED
from archscape.spaces.atomic import write_whole
from archscape.spaces.errors import InputError

from ..assets import Assets, plotly, share_plotly
from ..templating import REPORTS, render
from .specs import Spec

NOTE = (
    f"Conventions. {CONVENTION}; activations: elements that convolutions and linear layers write. "
    f"Not counted: {'; '.join(UNCOUNTED)}."
)
BESIDE = "'self' file:"
"""The source expression that allows a script from the folder of a page, on a server or not."""


def write_page(
    path: Path,
    template: str,
    *,
    assets: Assets = Assets.inline,
    style: str = "",
    scripts: Sequence[str] = (),
    kicker: str,
    title: str,
    summary: str,
    figures: Mapping[str, Spec],
    **values: object,
) -> Path:
    """Write a page as one HTML document, self-contained unless its plotly.js is shared.

    `assets` says whether plotly.js (4.8 MB) is in the page, or in `assets/` beside it for all pages of the
    folder. `template` extends `page/page.html`; `style` and `scripts` add to those of all pages. All three
    are paths as `render` takes them. The `kicker` stands above the title, the `summary` under it; `figures`
    are those that the page has places for, and `values` what its template names.

    Raises:
        InputError: The folder of the file is missing.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder")
    asset = share_plotly(path.parent) if assets is Assets.shared else ""
    embedded = "" if asset else plotly()
    script = f'(() => {{\n"use strict";\n{_texts("page/page.js", *scripts)}}})();\n'
    text = render(
        template,
        kicker=kicker,
        title=title,
        summary=summary,
        counting=NOTE,
        version=__version__,
        asset=asset,
        sources=Markup(f"{_digest(embedded) if embedded else BESIDE} {_digest(script)}"),
        style=Markup(_texts("page/page.css", style)),
        figures=figures,
        plotly=Markup(embedded),
        script=Markup(script),
        **values,
    )
    write_whole(path, text)
    return path


def _digest(script: str) -> str:
    """Return the source expression that allows this script and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _texts(*names: str) -> str:
    """Return files of these paths in `analysis/reports`, joined; "" names none."""
    return "".join((REPORTS / name).read_text(encoding="utf-8") for name in names if name)
