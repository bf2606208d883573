"""Drawing: the figure of a network or a space, from its table and its graph alone; nothing is built."""

from __future__ import annotations

from archscape.spaces import Network, Space
from archscape.spaces.errors import CodeNotRun, InputError, suggest
from archscape.spaces.language.written import WrittenNetwork

from .blocks import plan_of
from .choices import diagram_of_space
from .geometry import Drawing
from .layout.figure import lay_out
from .rows import diagram_of_rows
from .summary import summary_of, summary_of_space
from .volumes import draw_volumes

STYLES = ("boxes", "volumes")
"""How a figure may look."""


def draw(table: Network | Space | WrittenNetwork, *, layers: bool = False, style: str = "boxes") -> Drawing:
    """Return the figure of a network, or of a space with its choices as alternatives.

    Of a network whose code was not run each row is a box, and what only the code could tell is named.

    Args:
        table: Nothing of it is built.
        layers: Whether every operator is a box of its own.
        style: `boxes`, blocks and the lines between them; or `volumes`, the maps of a network that is a chain
            as LeNet, AlexNet and VGG are known.

    Raises:
        InputError: If it cannot be drawn so.

    >>> from archscape.spaces import load_network
    >>> draw(load_network("lenet5")).title
    'lenet5'
    """
    if style not in STYLES:
        law = f"a figure is drawn as {' or '.join(STYLES)}"
        raise InputError(f"{law}, but got '{style}'{suggest(style, STYLES)}")
    if style == "volumes" and layers:
        raise InputError(
            "volumes are the maps between layers; every layer is drawn with the style boxes alone"
        )
    if isinstance(table, Space):
        if style == "volumes" or layers:
            what = "volumes" if style == "volumes" else "every layer"
            law = (
                f"{table.name} is a space, whose choices are drawn as boxes; {what} can be drawn of a network"
            )
            raise InputError(f"{law} (`archscape space {table.name} --sample 1` draws one)")
        return lay_out(diagram_of_space(table), title=table.name, summary=summary_of_space(table))
    if isinstance(table, WrittenNetwork):
        if style == "volumes" or layers:
            raise CodeNotRun(f"network {table.name}: {table.remedy}, or have its rows drawn as boxes")
        return lay_out(diagram_of_rows(table), title=table.name, summary=f"{table.note}.")
    if style == "volumes":
        return draw_volumes(table)
    diagram, panels = plan_of(table, layers=layers)
    return lay_out(diagram, panels, title=table.name, summary=summary_of(table))
