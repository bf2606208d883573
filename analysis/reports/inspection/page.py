"""What is inside a trained network, as one HTML page."""

from __future__ import annotations

from pathlib import Path

from archscape.analysis.inspection.look import Look
from archscape.analysis.metrics import METRICS

from ..assets import Assets
from ..format import label, value
from ..page import write_page
from .section import look_section, look_specs


def write_look(look: Look, path: Path, *, assets: Assets = Assets.inline) -> Path:
    """Write a look as one HTML page.

    Raises:
        InputError: The folder is missing.
    """
    measured = [(name, number) for name, number in look.metrics.items() if name in METRICS][:3]
    numbers = [(label(name), value(name, number), "on the validation part") for name, number in measured]
    if look.embedding is not None:
        near = f"{look.embedding.neighbours:.1%}"
        numbers.append(
            ("Nearest is alike", near, "samples whose nearest other in features is of their class")
        )
    if look.worst:
        numbers.append(("Highest loss", f"{look.worst[0].loss:.3g}", f"of sample {look.worst[0].index}"))
    return write_page(
        path,
        "inspection/look.html",
        assets=assets,
        style="page/report.css",
        kicker="archscape look",
        title=look.title,
        summary=f"{look.network} on {look.data} ({look.task}), {look.part}.",
        numbers=numbers,
        sections=look_section(look),
        figures=look_specs(look),
    )
