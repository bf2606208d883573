"""Declaring: a table is checked whole and becomes a program that draws its rows.

Everything that can be known to be wrong is found here, with its place: unknown words and parameters, values of the
wrong kind, names that nothing uses, choices that leave nothing open.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

from .blocks import BLOCKS, Block, Parameter
from .blocks.kinds import DEPTH, PER, Kind
from .document import Document, Place
from .errors import InputError, SpaceError, suggest
from .expressions import Arithmetic, Choice, Expr, Range, Ref, expression_text, is_open, parts
from .graph import Shape, Style
from .program import Alternative, Program, RowProgram
from .rows import STYLE, Call, Row, check_name, row_names
from .slots import Checked, Draw, Fixed, OneOf, Several, Slot, Variable, arithmetic, walk
from .values import NAME, Option, Term, Value, option, shape_text
from .writing import inline

if TYPE_CHECKING:
    from .network import Network
    from .space import Space

MAX_ROWS = 1000
MAX_DEPTH = 1000
MAX_EXTENT = 65_536
PROBES = 2000
"""Assignments tried when an expression's values are checked at declaration."""

ROW_WORDS = ("name", "depth", "per")


def check_network(network: Network) -> tuple[Call, ...]:
    """Return the calls of a network.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    declaration = _Declaration(network.name, network.input, network.layers, network.defaults, network.origin)
    for index, row in enumerate(network.layers):
        for key, value in row.args.items():
            if is_open(value):
                raise declaration.error(
                    ("layers", index, row.word, key),
                    f"a network leaves nothing open, but '{key}' does; declare a `space:`",
                )
    for key, value in network.defaults.items():
        if is_open(value):
            raise declaration.error(("defaults", key), f"a network leaves nothing open, but '{key}' does")
    return tuple(declaration.program().draw(_closed).calls)


def check_space(space: Space) -> Program:
    """Return the program that draws a space.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    declaration = _Declaration(
        space.name,
        space.input,
        space.layers,
        space.defaults,
        space.origin,
        space.choices,
        space.let,
        space.blocks,
    )
    return declaration.program()


def _closed(path: str, options: object) -> Option:
    raise AssertionError(f"a network asked for {path}")


class _Declaration:
    """What is declared around the rows, and the names used so far."""

    def __init__(
        self,
        name: str,
        shape: Shape,
        layers: tuple[Row, ...],
        defaults: Mapping[str, Expr],
        origin: Document | None,
        choices: Mapping[str, Expr] | None = None,
        let: Mapping[str, Expr] | None = None,
        blocks: Mapping[str, tuple[Row, ...]] | None = None,
    ) -> None:
        self.document = origin or Document(tree=None, name=name)
        self.name, self.input, self.layers, self.defaults = name, shape, layers, defaults
        self.choices, self.let, self.blocks = choices or {}, let or {}, blocks or {}
        self.used: set[str] = set()
        self.lets: dict[str, Slot] = {}
        self.style: dict[str, Slot] = {}

    def error(self, place: Place, message: str, *, at_key: bool = False) -> InputError:
        return self.document.error(place, message, at_key=at_key)

    def program(self) -> Program:
        self.check_head()
        for name in self.let:
            self.variable(name, ())
        self.style = {key: self.default(key) for key in self.defaults}
        names = self.names()
        rows = tuple(self.row(index, row, names[index]) for index, row in enumerate(self.layers))
        for section, table in (("let", self.let), ("choices", self.choices), ("blocks", self.blocks)):
            for name in table:
                if name not in self.used:
                    place = (section, name)
                    raise self.error(place, f"nothing uses '{name}'; use it or take it out", at_key=True)
        return Program(rows=rows, lets=self.lets, defaults=self.style)

    def check_head(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise self.error(
                (),
                f"a name is letters, digits, '.', '_', '-', at most 64, and starts with a letter, not {self.name!r}",
            )
        extents = self.input
        if not 2 <= len(extents) <= 4 or not all(
            isinstance(n, int) and 1 <= n <= MAX_EXTENT for n in extents
        ):
            raise self.error(
                ("input",),
                "an input is channels and one to three extents, each from 1 to "
                f"{MAX_EXTENT:,}, as in 3x224x224, but got {shape_text(extents)}",
            )
        if not 1 <= len(self.layers) <= MAX_ROWS:
            raise self.error(("layers",), f"a table has 1 to {MAX_ROWS:,} rows, but got {len(self.layers)}")
        taken: dict[str, str] = {}
        for section, table in (("choices", self.choices), ("let", self.let), ("blocks", self.blocks)):
            for name in table:
                self.check_declared(section, name, taken)

    def check_declared(self, section: str, name: str, taken: dict[str, str]) -> None:
        place = (section, name)
        if not name.isidentifier() or not name.isascii():
            raise self.error(place, f"a name is letters, digits and '_', but got '{name}'", at_key=True)
        if name in taken:
            raise self.error(place, f"'{name}' is declared in `{taken[name]}` already", at_key=True)
        if section == "blocks" and name in BLOCKS:
            raise self.error(place, f"'{name}' is a block already; choose another word", at_key=True)
        taken[name] = section

    def names(self) -> list[str]:
        given: list[str | None] = []
        for index, row in enumerate(self.layers):
            name = row.args.get("name")
            place = ("layers", index, row.word, "name")
            if name is not None:
                if not isinstance(name, str):
                    raise self.error(place, f"a name is a word, but got '{_show(name)}'")
                try:
                    check_name(name)
                except SpaceError as error:
                    raise self.error(place, str(error)) from None
            given.append(name)
        names = row_names([row.word for row in self.layers], given)
        for index, name in enumerate(names):
            if name in names[:index]:
                place = ("layers", index, self.layers[index].word, "name")
                raise self.error(place, f"two rows have the name '{name}'; name them apart")
        return names

    def variable(self, name: str, chain: tuple[str, ...]) -> None:
        """Declare a variable after those it reads."""
        if name in self.lets:
            return
        place: Place = ("let", name)
        if name in chain:
            raise self.error(
                place, f"'{name}' is defined by itself: {' -> '.join([*chain, name])}", at_key=True
            )
        for part in parts(self.let[name]):
            if isinstance(part, Ref) and part.name in self.let:
                self.variable(part.name, (*chain, name))
        self.lets[name] = self.slot(self.let[name], name, place)

    def default(self, key: str) -> Slot:
        place: Place = ("defaults", key)
        if key not in STYLE:
            raise self.document.unknown(place, "defaults", STYLE)
        slot = self.checked(self.defaults[key], f"defaults.{key}", place, STYLE[key], key)
        if isinstance(slot, Fixed):
            return slot
        name = f"defaults.{key}"
        self.lets[name] = slot
        return Variable(name)

    def row(self, index: int, row: Row, name: str) -> RowProgram:
        place: Place = ("layers", index)
        inner: Place = (*place, row.word)
        args = {key: (value, (*inner, key)) for key, value in row.args.items() if key not in ROW_WORDS}
        depth = (
            self.checked(row.args["depth"], ".depth", (*inner, "depth"), DEPTH, "depth")
            if "depth" in row.args
            else None
        )
        per = self.per(row, inner)
        alternatives = self.alternatives(row.word, args, place, ())
        if depth is not None:
            self.check_repeats(alternatives, inner)
        program = RowProgram(
            name=name,
            index=index,
            depth=depth or Fixed(1),
            per_block=per,
            alternatives=alternatives,
            word=row.word if row.word in self.blocks else "",
            named="name" in row.args,
        )
        self.check_depth(program, inner)
        return program

    def per(self, row: Row, inner: Place) -> bool:
        value = row.args.get("per", "row")
        try:
            return PER.accept(value) == "block"  # type: ignore[arg-type]
        except ValueError as law:
            raise self.error((*inner, "per"), f"per is {law}, but got '{_show(value)}'") from None

    def check_repeats(self, alternatives: tuple[Alternative, ...], inner: Place) -> None:
        for block in [block for alternative in alternatives for block in alternative.blocks()]:
            if not block.repeats and "depth" not in block.parameters:
                raise self.error(
                    (*inner, "depth"), f"{block.word} stands once; it has no 'depth'", at_key=True
                )

    def check_depth(self, program: RowProgram, inner: Place) -> None:
        depths = self.possible(program.depth)
        deepest = max((d for d in depths if isinstance(d, int)), default=1)
        if deepest > MAX_DEPTH:
            raise self.error(
                (*inner, "depth"), f"a row has at most {MAX_DEPTH:,} blocks, but got {deepest:,}"
            )
        object.__setattr__(program, "deepest", deepest)
        if program.per_block and (deepest < 2 or not program.opens_blocks()):
            why = "the row has one block" if deepest < 2 else "the row leaves nothing open"
            raise self.error(
                (*inner, "per"), f"`per: block` changes nothing: {why}; take it out", at_key=True
            )

    def alternatives(
        self,
        word: str,
        args: Mapping[str, tuple[Expr, Place]],
        place: Place,
        chain: tuple[str, ...],
    ) -> tuple[Alternative, ...]:
        """Return what a word stands for: one block, or one of several. `chain` is the path of words to it."""
        if word in BLOCKS:
            return (self.alternative(BLOCKS[word], args, place, "".join(f".{part}" for part in chain)),)
        if word not in self.blocks:
            raise self.error(place, f"there is no block '{word}'{suggest(word, [*BLOCKS, *self.blocks])}")
        chain = chain or (word,)
        if word in chain[:-1]:
            raise self.error(("blocks", word), f"'{word}' is defined by itself", at_key=True)
        self.used.add(word)
        found: list[Alternative] = []
        for row in self.blocks[word]:
            here: Place = ("blocks", word, row.word)
            merged = dict(args)
            for key, value in row.args.items():
                if key in ROW_WORDS:
                    raise self.error(
                        (*here, key), f"'{key}' belongs to a row, not to a word of `blocks`", at_key=True
                    )
                if key in args:
                    raise self.error(
                        (*here, key), f"'{key}' is given twice: here and in the row", at_key=True
                    )
                merged[key] = (value, (*here, key))
            inner = self.alternatives(row.word, merged, here, (*chain, row.word))
            found.append(inner[0] if len(inner) == 1 else Alternative(word=row.word, inner=inner))
        if len({a.word for a in found}) < len(found):
            raise self.error(("blocks", word), f"'{word}' lists a block twice", at_key=True)
        return tuple(found)

    def alternative(
        self,
        block: Block[Any],
        args: Mapping[str, tuple[Expr, Place]],
        place: Place,
        label: str,
    ) -> Alternative:
        slots: dict[str, Slot] = {}
        style = dict(self.style) if block.styled else {}
        for key, (value, where) in args.items():
            kind = self.kind(block, key, where)
            # What the row gives is drawn under the row's name, what the word gives under the word's.
            path = f".{key}" if where[0] == "layers" and place[0] != "layers" else f"{label}.{key}"
            slot = self.checked(value, path, where, kind, key)
            (slots if key in block.parameters else style)[key] = slot
        own_depth = "depth" in block.parameters
        for parameter in block.parameters.values():
            if (
                parameter.required
                and parameter.name not in slots
                and not (own_depth and parameter.name == "depth")
            ):
                raise self.error(place, f"{block.word} needs '{parameter.name}'{_example(parameter)}")
        values = {key: slot.value for key, slot in style.items() if isinstance(slot, Fixed)}
        fixed = Style(**values) if len(values) == len(style) else None  # type: ignore[arg-type]
        return Alternative(word=block.word, block=block, slots=slots, style=style, fixed_style=fixed)

    def kind(self, block: Block[Any], key: str, where: Place) -> Kind:
        if key in block.parameters and key != "depth":
            return block.parameters[key].kind
        if block.styled and key in STYLE:
            return STYLE[key]
        known = [p for p in block.parameters if p != "depth"] + (list(STYLE) if block.styled else [])
        known += ["name", "per"] + (["depth"] if block.repeats or "depth" in block.parameters else [])
        raise self.document.unknown((*where[:-1], key), block.word, known)

    def checked(self, value: Expr, label: str, place: Place, kind: Kind, name: str) -> Slot:
        """Return the slot of a value that must be of a kind; all its values are checked now where they are few."""

        def fail(message: str) -> Exception:
            return self.error(place, f"{name} {message}")

        if not is_open(value):
            try:
                return Fixed(kind.accept(value))  # type: ignore[arg-type]
            except ValueError as law:
                raise fail(f"is {law}, but got '{inline(value)}'") from None
        inner = self.slot(value, label, place)
        slot = Checked(inner, kind, fail)
        values = self.possible(slot)
        if (
            isinstance(inner, OneOf)
            and inner.values
            and all(isinstance(s, Fixed) for s in inner.values.values())
        ):
            # Normal forms are worked out once, so that a draw only looks them up.
            normal = {key: Fixed(value) for key, value in zip(inner.options, values, strict=True)}
            return OneOf(inner.label, inner.options, normal)
        if isinstance(inner, OneOf) and inner.values is None:
            return inner if all(isinstance(v, int) for v in values) else slot
        return slot

    def possible(self, slot: Slot) -> list[Value]:
        """Return the values of a slot, the first `PROBES` of them."""
        lets = self.lets
        return list(islice(walk(lambda choose: slot.draw(Draw(choose, lets), "")), PROBES))

    def slot(self, value: Expr, label: str, place: Place) -> Slot:
        if isinstance(value, Ref):
            return self.reference(value, label, place)
        if isinstance(value, Choice):
            return self.choice(value, label, place)
        if isinstance(value, Range):
            return OneOf(label, value.numbers, None)
        if isinstance(value, Arithmetic):
            several = sum(self.draws_anew(side) for side in (value.left, value.right)) > 1
            left = self.slot(value.left, f"{label}.left" if several else label, place)
            right = self.slot(value.right, f"{label}.right" if several else label, place)
            return arithmetic(value.operator, left, right)
        if isinstance(value, tuple):
            items = tuple(self.slot(item, f"{label}.{i}", (*place, i)) for i, item in enumerate(value))
            if all(isinstance(item, Fixed) for item in items):
                return Fixed(tuple(item.value for item in items if isinstance(item, Fixed)))
            return Several(items)
        if not (value is None or isinstance(value, int | str | Fraction | Term)):
            raise self.error(place, f"{value!r} is not a value of the language")
        return Fixed(value)

    def draws_anew(self, value: Expr) -> bool:
        return any(
            isinstance(p, Choice | Range) or (isinstance(p, Ref) and p.name in self.choices)
            for p in parts(value)
        )

    def reference(self, value: Ref, label: str, place: Place) -> Slot:
        self.used.add(value.name)
        if value.name in self.let:
            return Variable(value.name)
        if value.name not in self.choices:
            known = [*self.let, *self.choices]
            raise self.error(place, f"nothing is named '${value.name}'{suggest(value.name, known)}")
        self.check_cycle(value.name, ())
        return self.slot(self.choices[value.name], label, ("choices", value.name))

    def check_cycle(self, name: str, chain: tuple[str, ...]) -> None:
        if name in chain:
            raise self.error(("choices", name), f"'{name}' is defined by itself", at_key=True)
        for part in parts(self.choices[name]):
            if isinstance(part, Ref) and part.name in self.choices:
                self.check_cycle(part.name, (*chain, name))

    def choice(self, value: Choice, label: str, place: Place) -> Slot:
        if len(value.options) < 2:
            raise self.error(place, "a choice of one leaves nothing open; write the value itself")
        slots: dict[Option, Slot] = {}
        for item in value.options:
            key = _option(item)
            if key in slots:
                raise self.error(place, f"the choice lists '{key}' twice")
            slots[key] = self.slot(item, f"{label}.{key}" if self.draws_anew(item) else label, place)
        return OneOf(label, tuple(slots), slots)


def _option(item: Expr) -> Option:
    return expression_text(item) if is_open(item) else option(item)  # type: ignore[arg-type]


def _show(value: Expr) -> str:
    return inline(value)


def _example(parameter: Parameter) -> str:
    return f": {parameter.kind.law}"
