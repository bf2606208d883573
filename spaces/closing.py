"""Closing: what a walk through a space drew, as the table of a network."""

from __future__ import annotations

from .document import Document
from .errors import ShapeError
from .expressions import Expr
from .graph import Shape, Style
from .network import Network
from .program import Drawn
from .rows import Call, Row, RowShapeError, bodies, row_names
from .values import Term


def network_of(drawn: Drawn, *, name: str, shape: Shape, origin: Document | None) -> Network:
    """Return the network of a walk, its names the same as in the space's paths.

    Raises:
        ShapeError: If it cannot be built, with the place in the space's document.
    """
    style = _common_style([call.style for call in drawn.calls if call.block.styled])
    calls = drawn.calls
    try:
        bodies(calls, shape)
    except RowShapeError as error:
        document = origin or Document(tree=None, name=f"space {name}")
        raise document.error(("layers", error.row), str(error), kind=ShapeError) from None
    given = [call.name if explicit else None for call, explicit in zip(calls, drawn.explicit, strict=True)]
    names = row_names([call.block.word for call in calls], given)
    rows = [
        _row(call, style, named=explicit or call.name != found)
        for call, found, explicit in zip(calls, names, drawn.explicit, strict=True)
    ]
    return Network(
        name=name,
        input=shape,
        layers=tuple(rows),
        defaults={key: value for key, value in style._asdict().items() if value != getattr(Style(), key)},
    )


def _common_style(styles: list[Style]) -> Style:
    """Return what most rows share, field by field; a bias only where each states one: it cannot be unsaid."""
    if not styles:
        return Style()
    columns = [max(column, key=column.count) for column in zip(*styles, strict=True)]
    if any(style.bias is None for style in styles):
        columns[2] = None
    return Style(*columns)


def _row(call: Call, style: Style, *, named: bool) -> Row:
    args: dict[str, Expr] = {"name": call.name} if named else {}
    parameters = call.block.parameters
    for name, value in call.args:
        if parameters[name].required or value != parameters[name].default:
            # A term without arguments is written, and read back, as a word.
            args[name] = value.word if isinstance(value, Term) and not value.args else value
    if call.depth != 1:
        args["depth"] = call.depth
    if call.block.styled:
        changed = {k: v for k, v in call.style._asdict().items() if v != getattr(style, k)}
        args.update(changed)
    return Row(call.block.word, **args)
