"""How a page is written: on its own, or with what it shares with other pages beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...analysis.reports.assets import Assets
from ...spaces.errors import InputError

AssetsOption = Annotated[
    Assets,
    typer.Option(
        "--assets",
        metavar="WHERE",
        help="Of a page: `inline` has plotly.js (4.8 MB) in it; `shared` puts it once beside all pages of a "
        "folder, in assets/.",
    ),
]


def check_assets(assets: Assets, out: Path | None) -> None:
    """Raise InputError if no page is written whose assets could be shared."""
    if assets is Assets.shared and (out is None or out.suffix.lower() != ".html"):
        raise InputError("--assets shared is of a page: give --out FILE.html as well")
