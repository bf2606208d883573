"""What the user says of a table's columns: which plays what part, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from archscape.analysis.metrics import Direction
from archscape.spaces.errors import InputError, suggest

WAYS: Mapping[str, Direction] = {
    "min": "minimize",
    "max": "maximize",
    "minimize": "minimize",
    "maximize": "maximize",
}


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """What the user says of the columns; "" or nothing where the names decide.

    Attributes:
        score: The score, as `COLUMN`, `COLUMN:min` or `COLUMN:max`; a column called the whole text wins.
        costs: The costs, in the same way.
    """

    score: str = ""
    costs: tuple[str, ...] = ()
    name: str = ""
    family: str = ""
    repeats: tuple[str, ...] = ()
    error: str = ""

    @property
    def columns(self) -> list[str]:
        """The columns that are named."""
        named = (self.score, *self.costs, self.name, self.family, *self.repeats, self.error)
        return [column for column in named if column]


def resolve(
    options: ColumnOptions, columns: Sequence[str], where: str
) -> tuple[ColumnOptions, dict[str, Direction]]:
    """Return the options with columns alone, and the directions that were said.

    >>> wanted, ways = resolve(ColumnOptions(score="rmse:max", costs=("a:b",)), ["rmse", "a:b"], "t.csv")
    >>> wanted.score, wanted.costs, ways
    ('rmse', ('a:b',), {'rmse': 'maximize'})

    Raises:
        InputError: There is no such column, or no such direction.
    """
    ways: dict[str, Direction] = {}
    bare = []
    for text in (options.score, *options.costs):
        column, way = _split(text, columns, where) if text else ("", None)
        bare.append(column)
        if way is not None:
            ways[column] = way
    score, *costs = bare
    options = replace(options, score=score, costs=tuple(costs))
    for column in options.columns:
        if column not in columns:
            raise _no_column(column, columns, where)
    return options, ways


def _split(text: str, columns: Sequence[str], where: str) -> tuple[str, Direction | None]:
    """Return a column and the direction after its last colon, if it is not the name of a column itself."""
    column, colon, word = text.rpartition(":")
    if text in columns or not colon:
        return text, None
    if word.lower() in WAYS:
        return column, WAYS[word.lower()]
    if column in columns:
        law = f"'{word}' is no direction{suggest(word, WAYS)}" if word else "a direction is min or max"
        raise InputError(f"{where}: {text}: {law}")
    return text, None


def _no_column(column: str, columns: Sequence[str], where: str) -> InputError:
    near = suggest(column, columns)
    hint = near if "did you mean" in near else ""
    return InputError(f"{where}: no column '{column}'{hint}; there are {', '.join(columns)}")
