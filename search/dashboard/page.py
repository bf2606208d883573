"""The page and what it loads: everything comes from this server, nothing from any network."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import archscape.analysis.reports.page
from archscape._version import __version__
from archscape.analysis.reports.templating import render

SHARED = Path(archscape.analysis.reports.page.__file__).parent
HERE = Path(__file__).parent

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may do. Plotly.js writes styles of its own, so those may stand in the page."""
IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a picture of a network may do where it is opened by itself."""


@dataclass(frozen=True)
class Asset:
    """A file that the page loads."""

    kind: str
    text: str

    @cached_property
    def digest(self) -> str:
        """Hash of its content, for an address that a browser may cache for ever."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @cached_property
    def compressed(self) -> bytes:
        """Its content, compressed by gzip."""
        return gzip.compress(self.text.encode(), compresslevel=6, mtime=0)


def assets() -> dict[str, Asset]:
    """Return the files that the page loads, by their path; they share style and script with the report."""
    from plotly.offline import get_plotlyjs

    style = _texts(SHARED / "page.css", SHARED / "report.css", HERE / "dashboard.css")
    script = _texts(SHARED / "page.js", SHARED / "trial.js", HERE / "drawing.js", HERE / "dashboard.js")
    return {
        "/style.css": Asset("text/css", style),
        "/plotly.js": Asset("text/javascript", get_plotlyjs()),
        "/script.js": Asset("text/javascript", f'(() => {{\n"use strict";\n{script}}})();\n'),
    }


def page(study: str, files: Mapping[str, Asset]) -> Asset:
    """Return the page of a study; what changes comes to it as events."""
    addresses = {
        path.strip("/").partition(".")[0]: f"{path[1:]}?{file.digest}" for path, file in files.items()
    }
    text = render("search/dashboard/dashboard.html", title=study, version=__version__, **addresses)
    return Asset("text/html", text)


def _texts(*paths: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in paths)
