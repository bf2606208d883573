"""One HTML page with everything about a run, which works offline and can be handed to anybody.

The page asks nothing of any network: plotly.js is embedded, and the page's own policy allows only its two
scripts, by their digests, and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from archscape._version import __version__

from . import page, plots
from .networks import Dossier, dossiers
from .results import Digest, RunResults, digest

__all__ = ["RunResults", "write_report"]


def write_report(results: RunResults, path: Path) -> Path:
    """Write the report of a run as one self-contained HTML page.

    Args:
        results: The run; with no finished trial, one objective or failures only it still gives a page.
        path: The file to write; its folder must exist.

    Returns:
        The path.

    Raises:
        InputError: A table of the results lacks a column, or holds what it must not.
    """
    from plotly.offline import get_plotlyjs

    found = digest(results)
    text = render(found, dossiers(found), plotly=get_plotlyjs())
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def render(found: Digest, networks: Mapping[int, Dossier], *, plotly: str) -> str:
    """Return the page.

    Args:
        found: What it says.
        networks: The networks to show, by the number of their trial.
        plotly: The text of plotly.js.
    """
    style, script = _part("report.css"), _part("report.js")
    figures = plots.figures(found)
    return Template(_part("report.html")).substitute(
        name=escape(found.results.name),
        lede=page.lede(found),
        tiles=page.tiles(found),
        frontier=page.frontier_section(found),
        progress_title="Hypervolume over time" if len(found.results.objectives) > 1 else "Best over time",
        progress=page.figure("progress", figures),
        curves=page.figure("curves", figures),
        networks=page.networks_section(found, networks),
        trials=page.trials_section(found, networks),
        repeat=page.repeat_section(found),
        version=escape(__version__),
        hashes=f"{_digest(plotly)} {_digest(script)}",
        style=style,
        figures=_embedded(figures),
        plotly=plotly,
        script=script,
    )


def _embedded(figures: Mapping[str, plots.Spec]) -> str:
    r"""Return JSON for a script element: no text can close it, since `<` is written `\u003c`."""
    text = json.dumps(figures, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _digest(script: str) -> str:
    """Return the source expression that allows this script and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _part(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
