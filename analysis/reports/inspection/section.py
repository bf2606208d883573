"""What is inside a trained network, as sections of a page: of its own, or of the report of a search."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from archscape.analysis.inspection.look import LayerPreferred, Look, Sample
from archscape.analysis.landscape.first_layer import RULE

from ..figures.plotly_spec import spec
from ..page.specs import Spec
from ..templating import render
from .confusion import confusion_section
from .figures import look_figures
from .pictures import (
    MOST_CHANNELS,
    MOST_MAPS,
    Picture,
    captions,
    of_filters,
    of_map,
    of_maps,
    of_preferred,
    of_sample,
)

SILENT = "no input moves it"


class Tile(NamedTuple):
    """A picture and the lines below it."""

    picture: Picture
    lines: tuple[str, ...]
    is_wrong: bool = False


class Group(NamedTuple):
    """Pictures that belong together: a layer, or a sample with what stands beside it."""

    name: str
    tiles: list[Tile]


def look_specs(look: Look, before: str = "") -> dict[str, Spec]:
    """Return the figures by the names of their places, all of which begin with `before`."""
    return {f"{before}{name}": spec(figure) for name, figure in look_figures(look).items()}


def look_section(look: Look, before: str = "") -> Markup:
    """Return the sections of a look.

    Args:
        look: What was seen.
        before: What names of places begin with, so that two looks can stand in one page.
    """
    confusion = Markup()
    if look.confusion is not None:
        text = f"{look.part}: {look.confusion.accuracy:.2%} of the {look.confusion.unit} are right."
        confusion = confusion_section(
            look.confusion, heading="What is taken for what", text=text, anchor=f"{before}confusion"
        )
    figures = look_figures(look)
    return render(
        "inspection/section.html",
        look=look,
        before=before,
        rule=RULE,
        filters=filter_groups(look),
        maps=map_groups(look),
        preferred=preferred_groups(look),
        worst=[group_of(sample, look) for sample in look.worst],
        planes=[name for name in figures if name in ("pca", "tsne")],
        numbers=[name for name in figures if name.startswith("number")],
        confusion=confusion,
        most_maps=MOST_MAPS,
        most_channels=MOST_CHANNELS,
    )


def filter_groups(look: Look) -> list[Group]:
    """Return the filters of each layer."""
    return [
        Group(
            each.layer, [Tile(of_filters(each.weights, f"{len(each.weights)} filters of {each.layer}"), ())]
        )
        for each in look.filters
    ]


def map_groups(look: Look) -> list[Group]:
    """Return of each sample the input, then the maps of each layer."""
    groups = []
    for at, sample in enumerate(look.samples):
        tiles = group_of(sample, look).tiles
        tiles += [
            Tile(of_maps(each.maps[at], f"maps of {each.layer} for sample {sample.index}"), (each.layer,))
            for each in look.maps
        ]
        groups.append(Group(f"Sample {sample.index}", tiles))
    return groups


def preferred_groups(look: Look) -> list[Group]:
    """Return the preferred inputs of each layer's units."""
    return [
        Group(each.layer, [_preferred(each, at) for at in range(len(each.units))]) for each in look.preferred
    ]


def _preferred(each: LayerPreferred, at: int) -> Tile:
    name = each.names[at] if each.names else f"unit {each.units[at]}"
    moved = bool(each.inputs[at].any())
    raised = f"{each.before[at]:.2g} to {each.after[at]:.2g}" if moved else SILENT
    return Tile(of_preferred(each.inputs[at], f"preferred input of {name} of {each.layer}"), (name, raised))


def group_of(sample: Sample, look: Look) -> Group:
    """Return a sample, and what stands beside it."""
    tiles = [Tile(of_sample(sample, look.range), tuple(captions(sample)), sample.is_right is False)]
    tiles += [Tile(of_map(each, look.range), (each.name,)) for each in sample.maps]
    return Group(f"Sample {sample.index}", tiles)
