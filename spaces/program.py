"""A program: a declared table, ready to be walked, counted and listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .blocks import Block
from .graph import Style
from .rows import Call
from .slots import ONE, Choose, Count, Draw, Paths, Slot, walk
from .values import Option, Value


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

    def opens_blocks(self) -> bool:
        """Whether anything is open besides the depth."""
        return any(True for _ in self.block_paths(self.name)) or len(self.alternatives) > 1

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
            name = f"{self.name}_{number}"
            prefix = f"{self.name}.{number}"
            drawn.calls.append(self.call(draw, prefix, name, 1, first=number == 1))
            drawn.explicit.append(True)

    def call(self, draw: Draw, prefix: str, name: str, depth: int, *, first: bool) -> Call:
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

    def count(self, lets: Mapping[str, Slot], fixed: Mapping[str, Value]) -> Count:
        """Return the number of ways to draw the row, given the variables that its depth reads."""
        block = _count(self.alternatives)
        total = Count()
        depths = walk(lambda choose: self.depth.draw(Draw(choose, lets, fixed), ""))
        for depth in depths:
            assert isinstance(depth, int)
            ways = ONE
            for _ in range(depth if self.per_block else min(depth, 1)):
                ways = ways * block
            total = total + ways
        return total

    def paths(self) -> Paths:
        """Yield every path of the row, with its options."""
        yield from self.depth.paths(self.name)
        for number in range(1, self.deepest + 1) if self.per_block else (0,):
            yield from self.block_paths(f"{self.name}.{number}" if number else self.name)

    def block_paths(self, prefix: str) -> Paths:
        """Yield the paths of one block."""
        yield from _paths(self.alternatives, prefix, f"{prefix}.{self.word}")


@dataclass(frozen=True, kw_only=True)
class Program:
    """A table, ready to be drawn.

    Attributes:
        rows: Its rows.
        lets: The variables.
        defaults: What `defaults:` sets.
    """

    rows: tuple[RowProgram, ...]
    lets: Mapping[str, Slot]
    defaults: Mapping[str, Slot]

    def draw(self, choose: Choose) -> Drawn:
        """Return the calls that a list of decisions gives."""
        draw = Draw(choose, self.lets)
        drawn = Drawn([], [])
        for row in self.rows:
            row.draw(draw, drawn)
        return drawn

    def paths(self) -> dict[str, tuple[Option, ...]]:
        """Return every path with its options, variables first."""
        found: dict[str, tuple[Option, ...]] = {}
        for slot in self.lets.values():
            found.update((path, tuple(options)) for path, options in slot.paths(""))
        for row in self.rows:
            found.update((path, tuple(options)) for path, options in row.paths())
        return found

    def count(self) -> int:
        """Return the number of decision lists, exactly.

        A variable multiplies in once, and only into the lists that read it. Variables that a depth reads are fixed
        one value after the other, because the number of blocks depends on them.
        """
        structural = self.closure(
            name for row in self.rows for slot in [row.depth] for name in _variables(slot)
        )

        def once(choose: Choose) -> int:
            draw = Draw(choose, self.lets)
            for name in sorted(structural):
                draw.let(name)
            total = ONE
            for row in self.rows:
                total = total * row.count(self.lets, draw.drawn)
            return sum(ways * self.options(read - structural, structural) for read, ways in total.items())

        return sum(walk(once))

    def closure(self, names: Iterator[str]) -> frozenset[str]:
        """Return variables with all those that they read."""
        found: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo.extend(_variables(self.lets[name]))
        return frozenset(found)

    def options(self, read: frozenset[str], fixed: frozenset[str]) -> int:
        """Return the number of values that variables take together, those they read included."""
        total = 1
        for name in self.closure(iter(read)) - fixed:
            total *= sum(self.lets[name].count().values())
        return total


def _variables(slot: Slot) -> set[str]:
    return {name for read in slot.count() for name in read}


def _count(alternatives: tuple[Alternative, ...]) -> Count:
    total = Count()
    for alternative in alternatives:
        if alternative.block is None:
            total = total + _count(alternative.inner)
            continue
        ways = ONE
        for slot in (*alternative.slots.values(), *alternative.style.values()):
            ways = ways * slot.count()
        total = total + ways
    return total


def _paths(alternatives: tuple[Alternative, ...], prefix: str, path: str) -> Paths:
    if len(alternatives) > 1:
        yield path, tuple(a.word for a in alternatives)
    for alternative in alternatives:
        if alternative.block is None:
            yield from _paths(alternative.inner, prefix, f"{path}.{alternative.word}")
        for slot in (*alternative.slots.values(), *alternative.style.values()):
            yield from slot.paths(prefix)
