"""What the word of a row comes down to: a block with the slots of its arguments, or one of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..blocks import Block
from ..blocks.idle import idle_law, idle_words
from ..blocks.keeping import Keeping, as_option
from ..blocks.kinds import ANY, Kind
from ..errors import InputError
from ..graph import Style
from ..values import Value
from ..vocabulary import HOMONYMS
from .alternative import Alternative
from .composed import ComposedBlock
from .composed_row import Words, of_table
from .document import Document, Place
from .expressions import Expr, Ref
from .resolve import Resolver
from .rows import LIKE, Row
from .scope import argument_kinds, no_block
from .slots import Fixed, Slot
from .table import Table

ROW_WORDS = ("name", "from", "depth", "per")
BLOCK_WORDS = ("when", "unused")
"""What only the rows of a composed block may be given."""
PlacedArgs: TypeAlias = Mapping[str, tuple[Expr, Place]]
"""Arguments with their places."""


@dataclass(frozen=True, kw_only=True)
class WordCompiler:
    """Compiles the words of the rows of one table.

    Attributes:
        table: The table.
        resolver: Finds what its expressions stand for.
        words: Its blocks, composed ones too.
        style: The slots of its `defaults`.
        names: Those that rows are given, for messages.
    """

    table: Table
    resolver: Resolver
    words: Words
    style: Mapping[str, Slot]
    names: Sequence[str]

    @property
    def document(self) -> Document:
        """The document of the table."""
        return self.table.document

    def error(self, place: Place, law: str, *, at_key: bool = False) -> InputError:
        """Return an error with its place in the document."""
        return self.document.error(place, law, at_key=at_key)

    def compile(self, word: str, args: PlacedArgs, place: Place, chain: tuple[str, ...]) -> Alternative:
        """Return what a word stands for: one block, or one of several. `chain` is the path of words to it."""
        self.resolver.grow(place)
        words = self.words
        if word in words:
            self.resolver.used.add(("blocks", word))
            return self.alternative(words[word], args, place, "".join(f".{part}" for part in chain))
        if word not in self.table.alternatives:
            if word.startswith("$"):
                law = "a word is an argument only in a composed block; list the words under `blocks:`"
                raise self.error(place, law, at_key=True)
            known = [*words, *self.table.alternatives]
            raise self.error(place, no_block(word, place, self.names, known), at_key=True)
        chain = chain or (word,)
        if word in chain[:-1]:
            raise self.error(("blocks", word), f"'{word}' is defined by itself", at_key=True)
        self.resolver.check_chain(place, chain)
        self.resolver.used.add(("blocks", word))
        options: list[Alternative] = []
        for row in self.table.alternatives[word]:
            here: Place = ("blocks", word, row.word)
            if row.branches:
                law = "a word of `blocks` has no branches; give them to the row that uses it"
                raise self.error(here, law, at_key=True)
            merged = self.merged(args, row, here)
            options.append(self.compile(row.word, merged, here, (*chain, row.word)))
        if len({a.word for a in options}) < len(options):
            raise self.error(("blocks", word), f"'{word}' lists a block twice", at_key=True)
        return Alternative(word=word, inner=tuple(options))

    def merged(self, args: PlacedArgs, row: Row, here: Place) -> PlacedArgs:
        """Return what a word of `blocks` gives a block, with what the row gives."""
        merged = dict(args)
        for key, value in row.args.items():
            if key in ROW_WORDS:
                law = f"'{key}' belongs to a row, not to a word of `blocks`"
                raise self.error((*here, key), law, at_key=True)
            if key in args:
                law = f"'{key}' is given twice: here and in the row"
                raise self.error((*here, key), law, at_key=True)
            merged[key] = (value, (*here, key))
        return merged

    def alternative(self, block: Block[Any], args: PlacedArgs, place: Place, label: str) -> Alternative:
        """Return a block with its slots; `label` is the path of the words that led to it."""
        above = {key for key, (_, where) in args.items() if label and where[:-1] != place}
        block = as_option(block, above)
        if isinstance(block, Keeping):
            args = {key: args[key] for key in args if key not in above or key in dict(block.defaults)}
        slots: dict[str, Slot] = {}
        maps: dict[str, Slot] = {}
        # How weights start holds for every row, the rest of the style where a row may override it.
        style = {
            key: slot
            for key, slot in self.style.items()
            if (block.styled and key not in block.lacks) or key == "init"
        }
        of_defaults = {key for key in style if key not in args or key in block.parameters}
        for key, (value, where) in args.items():
            promised = isinstance(block, Keeping) and key in block.promised
            kind = ANY if promised else self.kind(block, key, where)
            # What the row gives is drawn under the row's name, what the word gives under the word's.
            path = f".{key}" if where[0] == "layers" and place[0] != "layers" else f"{label}.{key}"
            slot = self.resolver.checked(value, path, where, kind, key)
            if promised or key in block.parameters:
                slots[key] = slot
            elif key == "with" or key in block.maps:
                maps[key] = slot
            else:
                style[key] = slot
        known: dict[str, Value] = {key: slot.value for key, slot in slots.items() if isinstance(slot, Fixed)}
        values = {key: slot.value for key, slot in style.items() if isinstance(slot, Fixed)}
        whole = {key: value for key, value in block.defaults if key not in slots} | known
        idle = idle_words(block, whole, values)
        self.resolver.used |= {("defaults", key) for key in of_defaults.difference(idle)}
        own = {key for key, (_, where) in args.items() if not label or where[:-1] == place}
        said = {key: value for key, value in {**values, **known}.items() if key in own}
        if wrong := idle_law(block, said, whole, values):
            raise self.error(args[wrong[0]][1], wrong[1], at_key=True)
        if clash := block.clash({key: value for key, (value, _) in args.items()}):
            raise self.error(args[clash[0]][1], clash[1], at_key=True)
        if isinstance(block, ComposedBlock):
            slots |= {of_table(name): self.resolver.slot(Ref(name), "", place) for name in block.let}
        for parameter in block.parameters.values():
            if parameter.required and parameter.name not in (*slots, "depth"):
                law = f"{block.word} needs '{parameter.name}': {parameter.kind.law}{_homonym(block.word)}"
                raise self.error(place, law, at_key=True)
        fixed = Style(**values) if len(values) == len(style) else None  # type: ignore[arg-type]
        ordered = {key: maps[key] for key in (*block.maps[1:], "with") if key in maps}
        return Alternative(
            word=block.word, block=block, slots=slots, maps=ordered, style=style, fixed_style=fixed
        )

    def kind(self, block: Block[Any], key: str, where: Place) -> Kind:
        """Return the kind of values that a block takes under a key.

        Raises:
            SpaceError: If it takes none, or this belongs elsewhere.
        """
        kinds = argument_kinds(block)
        if key in kinds:
            return kinds[key]
        if key == LIKE and where[0] != "layers":
            raise self.error(where, "`like` belongs to a row, not to a word of `blocks`", at_key=True)
        if key in BLOCK_WORDS:
            raise self.error(where, f"`{key}` belongs to the rows of a composed block", at_key=True)
        known = [name for name in kinds if name != "depth"]
        if where[0] == "layers":
            known += ["name", "from", "per"]
            known += ["depth"] if block.repeats or "depth" in block.parameters else []
        remedy = _homonym(block.word)
        if isinstance(block, ComposedBlock) and not block.parameters and key in ("width", "kernel", "stride"):
            remedy = ": its rows stand one after the other; one of several blocks is a mapping, as in "
            remedy += f"`{block.word}: {{conv: {{kernel: 3}}, identity: }}`"
        raise self.document.unknown((*where[:-1], key), block.word, known, remedy=remedy)


def _homonym(word: str) -> str:
    """Return what to write for what a word means elsewhere, if it means something else there."""
    return f"; {HOMONYMS[word]}" if word in HOMONYMS else ""
