"""Freezing what was drawn from a space: the table of a network, with nothing left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import TypeVar

from ..blocks.idle import changing, idle_words
from ..graph import Style
from ..values import Term
from .calls import Call
from .composed import ComposedBlock
from .composed_row import of_table
from .expression_parts import words_in
from .expressions import Expr
from .names_read import kept
from .row_program import Drawn
from .rows import BEFORE, LIKE, Composed, Row, row_names
from .table import Table

T = TypeVar("T", bound=Table)


def freeze(drawn: Drawn, space: Table, into: type[T]) -> T:
    """Return the network that was drawn from a space, its names the same as in the space's paths.

    Its calls can be built; `into` is `Network`.
    """
    calls = [call._replace(style=changing(call.block, dict(call.args), call.style)) for call in drawn.calls]
    drawn = drawn._replace(calls=calls)
    style = _common_style([call for call in calls if call.depth])
    frozen = _Freezer(drawn, style, tuple(space.inputs))
    layers = tuple(frozen.rows(space.layers))
    defaults: dict[str, Expr] = {
        key: value for key, value in style._asdict().items() if value != getattr(Style(), key)
    }
    blocks = _used(space.composed, layers)
    let, functions = kept(layers, (*defaults.values(),), blocks, _drawn_of_let(drawn.calls), space.functions)
    return into(
        name=space.name,
        input=space.input,
        layers=layers,
        defaults=defaults,
        let=let,
        functions=functions,
        blocks=blocks,
        outputs=tuple(map(frozen.name, space.outputs)),
        uses=space.uses,
        alike=space.alike,
    )


def _drawn_of_let(calls: Iterable[Call]) -> dict[str, Expr]:
    """Return the constants that composed blocks have of what a space draws once."""
    return {
        name: dict(call.args)[of_table(name)]
        for call in calls
        if isinstance(call.block, ComposedBlock)
        for name in call.block.let
    }


def _common_style(calls: list[Call]) -> Style:
    """Return what most rows share, field by field; a bias only where each states one: it cannot be unsaid.

    A row that overrides nothing starts its weights as `defaults` say, so these do, and so does a row with an
    argument of that name.
    """
    styles = [call.style for call in calls if call.block.styled]
    plain = [call.style.init for call in calls if not call.block.styled]
    if not styles:
        return Style(init=plain[0] if plain else None)
    columns = zip(Style(), *styles, strict=True)
    common = Style(*[max(column[1:], key=column.count) for column in columns])
    if any(style.bias is None for style in styles):
        common = common._replace(bias=None)
    unsaid = {
        key: value
        for call in calls
        for key, value in call.style._asdict().items()
        if call.block.styled and key in call.block.parameters
    }
    if plain:
        unsaid["init"] = plain[0]
    return common._replace(**unsaid)


class _Freezer:
    """The rows of a space, frozen one by one in the order in which they are computed.

    Attributes:
        style: What the network says once for all its rows.
        names: The network's name of each row that others read; of a row whose blocks are rows of their own,
            the last one's.
        calls: The calls of each row, and whether they are named.
        taken: The names of all rows.
    """

    def __init__(self, drawn: Drawn, style: Style, inputs: tuple[str, ...]) -> None:
        self.style = style
        self.names = {bind: call.name for call in drawn.calls for bind in call.binds}
        self.calls: dict[int, list[tuple[Call, bool]]] = {}
        words = [call.block.word if call.depth else "identity" for call in drawn.calls]
        named = drawn.explicit | {call.like for call in drawn.calls}
        written = [call.name if call.name in named or call.binds else None for call in drawn.calls]
        names = [call.name for call in drawn.calls]
        self.taken = set(names)
        while (
            renumbered := row_names(words, written, inputs)
        ) != names:  # a name that is written may number others anew
            columns = zip(names, written, renumbered, strict=True)
            written = [name if old or name != new else None for name, old, new in columns]
        for call, name in zip(drawn.calls, written, strict=True):
            self.calls.setdefault(call.row, []).append((call, name is not None))
        self.index = -1

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield what rows of the space come down to."""
        for row in rows:
            branches = [
                tuple(self.rows(branch)) or (Row("identity"),) * bool(branch) for branch in row.branches
            ]
            self.index += 1
            for number, (call, named) in enumerate(self.calls.get(self.index, [])):
                yield self.frozen(call, row, branches, named=named, first=number == 0)

    def frozen(
        self, call: Call, row: Row, branches: list[tuple[Row, ...]], *, named: bool, first: bool
    ) -> Row:
        """Return one row of the network."""
        args: dict[str, Expr] = {"name": call.name} if named else {}
        if first and "from" in row.args and call.sources:
            args["from"] = self.name(call.sources[0])
        if call.depth == 0:
            return Row("identity", **args)
        again = call.block.variadic and not branches and len(set(call.sources)) < len(call.sources)
        if again:
            branches = [(Row("identity", name=self.fresh(), from_=self.name(name)),) for name in call.sources]
            args.pop("from", None)
        elif not branches:
            args.update(self.maps(call))
        if call.like:
            depth: dict[str, Expr] = {"depth": call.times} if call.times != 1 else {}
            return Row(call.block.word, **{**args, LIKE: call.like, **depth})
        parameters = call.block.parameters
        idle = idle_words(call.block, dict(call.args), call.style._asdict())
        for name, value in call.block.given(call.args):
            if parameters[name].required or (value != parameters[name].default and name not in idle):
                # A term without arguments is written, and read back, as a word.
                args[name] = value.word if isinstance(value, Term) and not value.args else value
        if call.depth != 1:
            args["depth"] = call.depth
        if call.block.styled:
            stated = call.style._asdict().items()
            unsaid = {*call.block.lacks, *call.block.parameters}
            unsaid |= idle.keys()
            changed = {k: v for k, v in stated if v != getattr(self.style, k) and k not in unsaid}
            args.update(changed)
        return Row(call.block.word, *branches, **args)

    def maps(self, call: Call) -> dict[str, Expr]:
        """Return the names of the maps that a call reads besides its input."""
        block, others = call.block, tuple(map(self.name, call.sources[1:]))
        named = [name for name in block.maps[1:] if name != BEFORE]
        others = others[1:] if BEFORE in block.maps else others
        sources: dict[str, Expr] = dict(zip(named, others, strict=False))
        rest = others[len(named) :]
        if block.variadic:
            sources["with"] = rest if len(rest) > 1 else (*rest, None)[0]
        return sources

    def fresh(self) -> str:
        """Return a name that no row has, for one of several branches that pass on the same map."""
        name = next(name for name in map("same{}".format, count(1)) if name not in self.taken)
        self.taken.add(name)
        return name

    def name(self, name: str) -> str:
        """Return the network's name of what a row reads: another row's, or an input's."""
        row, dot, output = name.partition(".")
        return f"{self.names.get(row, row)}{dot}{output}"


def _used(composed: Mapping[str, Composed], rows: Iterable[Row]) -> dict[str, Composed]:
    """Return the composed blocks that rows come down to."""
    used: set[str] = set()
    todo = list(rows)
    while todo:
        row = todo.pop()
        todo += [inner for branch in row.branches for inner in branch]
        for word in composed.keys() & {row.word, *words_in(row.args.values())} - used:
            used.add(word)
            todo += [*composed[word].rows, Row("", value=tuple(composed[word].defaults.values()))]
    return {word: definition for word, definition in composed.items() if word in used}
