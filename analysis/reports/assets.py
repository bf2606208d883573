"""plotly.js of a page: in the page itself, or once beside all pages of a folder."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from archscape.spaces.atomic import write_whole


class Assets(StrEnum):
    """Where the plotly.js of a page is."""

    inline = "inline"
    shared = "shared"


def plotly() -> str:
    """Return the text of plotly.js."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def share_plotly(folder: Path) -> str:
    """Return the address of plotly.js beside the pages of a folder; it is written unless it is there."""
    from plotly.offline import get_plotlyjs_version

    address = f"assets/plotly-{get_plotlyjs_version()}.min.js"
    file, content = folder / address, plotly().encode()
    if not file.is_file() or file.stat().st_size != len(content):
        file.parent.mkdir(exist_ok=True)
        write_whole(file, content)
    return address
