"""A program: a declared table, ready to be walked, counted and listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .blocks import Block
from .graph import Style
from .rows import Call
from .slots import Choose, Draw, Paths, Slot


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One block with its slots; or a word that stands for one of several.

    Attributes:
        word: The block's word: an option where a word stands for several.
        block: The block, if it is one.
        slots: Its arguments that are given.
        style: Its norm, act and bias where they are set, by `defaults` or by the row.
        fixed_style: The same where nothing in it is open.
        inner: The alternatives of a word of its own.
    """

    word: str
    block: Block[Any] | None = None
    slots: Mapping[str, Slot] = field(default_factory=dict)
    style: Mapping[str, Slot] = field(default_factory=dict)
    fixed_style: Style | None = None
    inner: tuple[Alternative, ...] = ()

    def drawn(self, *, first: bool) -> Iterator[Slot]:
        """Yield the slots that one block draws; only the first one of a row has a stride."""
        for word, slot in self.slots.items():
            if first or word != "stride":
                yield slot
        yield from self.style.values()

    def reads(self) -> frozenset[str]:
        """Return the variables that it reads."""
        found = {name for slot in self.drawn(first=True) for name in slot.count().variables}
        return frozenset(found.union(*(alternative.reads() for alternative in self.inner)))

    def blocks(self) -> Iterator[Block[Any]]:
        """Yield every block it can come down to."""
        if self.block:
            yield self.block
        for alternative in self.inner:
            yield from alternative.blocks()


class Drawn(NamedTuple):
    """What a walk gives: the calls, and whether each row's name was given or its block drawn."""

    calls: list[Call]
    explicit: list[bool]


@dataclass(frozen=True, kw_only=True)
class RowProgram:
    """One row, ready to be drawn.

    Attributes:
        name: The row's name, the head of its paths.
        index: Its place in the table.
        depth: Number of blocks.
        per_block: Whether every block draws its own choices.
        alternatives: What the row's word stands for.
        word: The declared word, or nothing for a block's own word.
        named: Whether the name was given.
        deepest: The largest depth.
    """

    name: str
    index: int
    depth: Slot
    per_block: bool
    alternatives: tuple[Alternative, ...]
    word: str
    named: bool
    deepest: int = 1

    def block_name(self, number: int) -> str:
        """Return the name of one block of a row whose blocks draw their own choices."""
        return f"{self.name}_{number}"

    def opens_blocks(self) -> bool:
        """Tell whether a block after the first leaves anything open."""
        return any(True for _ in self.block_paths(self.name, first=False))

    def draw(self, draw: Draw, drawn: Drawn) -> None:
        """Append the row's calls."""
        depth = self.depth.draw(draw, self.name)
        assert isinstance(depth, int)
        explicit = self.named or bool(self.word)
        if not self.per_block:
            if depth:
                drawn.calls.append(self.call(draw, self.name, self.name, depth, first=True))
                drawn.explicit.append(explicit)
            return
        for number in range(1, depth + 1):
            name, prefix = self.block_name(number), f"{self.name}.{number}"
            drawn.calls.append(self.call(draw, prefix, name, 1, first=number == 1))
            drawn.explicit.append(True)

    def block(self, draw: Draw, number: int) -> Call | None:
        """Return the call of one step: the whole row, or the block of a number; None where it has none.

        The depth of a row whose blocks draw their own choices is noted in `draw` for the steps that follow.
        """
        key = f"{self.name}.depth"
        depth = draw.drawn[key] if number > 1 else self.depth.draw(draw, self.name)
        assert isinstance(depth, int)
        if not self.per_block:
            return self.call(draw, self.name, self.name, depth, first=True) if depth else None
        draw.drawn[key] = depth
        if number > depth:
            return None
        prefix = f"{self.name}.{number}"
        return self.call(draw, prefix, self.block_name(number), 1, first=number == 1)

    def call(self, draw: Draw, prefix: str, name: str, depth: int, *, first: bool) -> Call:
        """Return the call of a block that the row's word stands for."""
        chosen, path = self.alternatives, f"{prefix}.{self.word}"
        while len(chosen) > 1 or chosen[0].block is None:
            word = draw.choose(path, tuple([a.word for a in chosen])) if len(chosen) > 1 else chosen[0].word
            alternative = next(a for a in chosen if a.word == word)
            if alternative.block is not None:
                chosen = (alternative,)
                break
            chosen, path = alternative.inner, f"{path}.{word}"
        return self.fill(chosen[0], draw, prefix, name, depth, first=first)

    def fill(
        self, chosen: Alternative, draw: Draw, prefix: str, name: str, depth: int, *, first: bool
    ) -> Call:
        """Return the call of a block with its arguments drawn."""
        block = chosen.block
        assert block is not None
        slots = chosen.slots
        args = []
        for word, default in block.defaults:
            slot = slots.get(word)
            if slot is not None and (first or word != "stride"):
                args.append((word, slot.draw(draw, prefix)))
            elif word == "depth" and not block.repeats:
                args.append((word, depth))
            else:
                args.append((word, default))
        style = chosen.fixed_style
        if style is None:
            style = Style(**{key: slot.draw(draw, prefix) for key, slot in chosen.style.items()})  # type: ignore[arg-type]
        if not block.repeats and depth > 0:
            depth = 1
        return Call(block, name, tuple(args), depth, style, self.index)

    def paths(self) -> Paths:
        """Yield every path of the row, with its options."""
        yield from self.depth.paths(self.name)
        if not self.per_block:
            yield from self.block_paths(self.name, first=True)
            return
        for number in range(1, self.deepest + 1):
            yield from self.block_paths(f"{self.name}.{number}", first=number == 1)

    def reads(self) -> frozenset[str]:
        """Return the variables that the row reads, its depth included."""
        found = set(self.depth.count().variables)
        for alternative in self.alternatives:
            found |= alternative.reads()
        return frozenset(found)

    def block_paths(self, prefix: str, *, first: bool) -> Paths:
        """Yield the paths of one block; only the first one of a row has a stride."""
        yield from _paths(self.alternatives, prefix, f"{prefix}.{self.word}", first)


class Step(NamedTuple):
    """One step of a walk: a row, or one block of a row whose blocks draw their own choices.

    Attributes:
        row: The row.
        number: The block, from 1.
        kept: What was drawn before or in it and is read after it: variables, and depths of such rows.
    """

    row: RowProgram
    number: int
    kept: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Program:
    """A table, ready to be drawn.

    Attributes:
        rows: Its rows.
        lets: The variables.
    """

    rows: tuple[RowProgram, ...]
    lets: Mapping[str, Slot]

    def draw(self, choose: Choose) -> Drawn:
        """Return the calls that a list of decisions gives."""
        draw = Draw(choose, self.lets)
        drawn = Drawn([], [])
        for row in self.rows:
            row.draw(draw, drawn)
        return drawn

    def steps(self) -> list[Step]:
        """Return a walk as steps."""
        last = self.last_reads()
        steps = []
        for row in self.rows:
            numbers = range(1, row.deepest + 1) if row.per_block else (1,)
            for number in numbers:
                over = number == numbers[-1]
                kept = {name for name, index in last.items() if index >= row.index + over}
                steps.append(Step(row, number, frozenset(kept if over else {*kept, f"{row.name}.depth"})))
        return steps

    def last_reads(self) -> dict[str, int]:
        """Return for every variable the last row that reads it."""
        return {name: row.index for row in self.rows for name in self.closure(row.reads())}

    def closure(self, names: frozenset[str]) -> frozenset[str]:
        """Return variables with all those that they read."""
        found: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo.extend(self.lets[name].count().variables)
        return frozenset(found)

    def each_path(self) -> Paths:
        """Yield every path with its options, variables first; a path may come more than once."""
        for slot in self.lets.values():
            yield from slot.paths("")
        for row in self.rows:
            yield from row.paths()


def _paths(alternatives: tuple[Alternative, ...], prefix: str, path: str, first: bool) -> Paths:
    if len(alternatives) > 1:
        yield path, tuple(a.word for a in alternatives)
    for alternative in alternatives:
        if alternative.block is None:
            yield from _paths(alternative.inner, prefix, f"{path}.{alternative.word}", first)
        for slot in alternative.drawn(first=first):
            yield from slot.paths(prefix)
