"""The page that compares the bundles of a frontier: thumbnails, metrics, costs, files."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from archscape._version import __version__
from archscape.analysis.metrics import METRICS
from archscape.analysis.reports.format import NONE, label, size, value
from archscape.analysis.reports.page import NOTE
from archscape.analysis.reports.templating import REPORTS, render
from archscape.spaces.atomic import write_whole
from archscape.spaces.bundle_files import CARD, DRAWING, INDEX
from archscape.spaces.errors import InputError

if TYPE_CHECKING:
    from .bundle import Bundle

COSTS = ("params", "macs")
KICKER = "archscape export"
TEMPLATE = "search/trained/exporting/index.html"


class File(NamedTuple):
    """A file to link to."""

    name: str
    size: str


class Row(NamedTuple):
    """A bundle of the page."""

    folder: str
    name: str
    title: str
    figure: Markup
    cells: Sequence[str]
    files: Sequence[File]


def check_index(out: Path) -> None:
    """Check that the page takes the place of no other.

    Raises:
        InputError: If there is one that bundles have not.
    """
    page = out / INDEX
    if page.exists() and f'class="kicker">{KICKER}<' not in page.read_text("utf-8", "replace"):
        raise InputError(f"{page}: is not of bundles; name another folder with --out, or move it")


def write_index(out: Path, bundles: Sequence[Bundle], *, objectives: Mapping[str, str]) -> Path:
    """Write the page beside the folders of bundles; return its file.

    It works offline and asks nothing of any network; its links lead into the folders.

    Args:
        out: The folder that they lie in.
        bundles: Those of one search.
        objectives: Which way each objective of the search is better; the best in the first come first.
    """
    first, way = next(iter(objectives.items()))
    ordered = sorted(bundles, key=lambda each: _known(each).get(first, 0.0), reverse=way == "maximize")
    measured = {name for each in bundles for name in _measured(each)}
    own = [name for name in objectives if name not in COSTS]
    names = [*dict.fromkeys([*own, *sorted(measured)]), *COSTS]
    (study,) = {str(bundle.subject.facts["study"]) for bundle in bundles}
    text = render(
        TEMPLATE,
        kicker=KICKER,
        title=f"The frontier of {study}",
        summary=f"{len(bundles)} networks that no other dominates by "
        + " and ".join(f"{label(name)} ({way})" for name, way in objectives.items())
        + ".",
        lead="Each is a bundle in a folder of its own. Metrics of several trainings are their means; "
        "relative error: the largest of a file, compared with the network over its validation part.",
        heads=[*map(label, names), "relative error"],
        rows=[_row(each, names) for each in ordered],
        drawing=DRAWING,
        counting=NOTE,
        version=__version__,
        asset="",
        sources="'none'",
        style=Markup((REPORTS / "page/page.css").read_text("utf-8") + _own_style()),
    )
    write_whole(out / INDEX, text)
    return out / INDEX


def _row(bundle: Bundle, names: Sequence[str]) -> Row:
    known, errors = _known(bundle), [each.relative_error for each in bundle.parity]
    cells = [value(name, known[name]) if name in known else NONE for name in names]
    svg = (bundle.folder / DRAWING).read_bytes()
    return Row(
        folder=bundle.folder.name,
        name=bundle.subject.network.name,
        title=bundle.subject.title,
        figure=Markup("data:image/svg+xml;base64,") + b64encode(svg).decode(),
        cells=[*cells, f"{max(errors):.1e}"],
        files=[*_files(bundle)],
    )


def _files(bundle: Bundle) -> Iterator[File]:
    smaller = [bundle.int8.small.file] if bundle.int8 else []
    for name in (CARD, *(each.file for each in bundle.parity), *smaller):
        yield File(name, size((bundle.folder / name).stat().st_size))


def _known(bundle: Bundle) -> dict[str, float]:
    totals = bundle.subject.network.totals
    counted = {name: metric.count(totals) for name, metric in METRICS.items() if metric.count}
    return {**counted, **bundle.subject.known_costs, **_measured(bundle)}


def _measured(bundle: Bundle) -> dict[str, float]:
    return {each.name: each.value for each in bundle.subject.measured}


def _own_style() -> str:
    return Path(__file__).with_name("index.css").read_text("utf-8")
