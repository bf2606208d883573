"""The program of one row: what is drawn for it, and the calls that this gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..blocks import BLOCKS
from ..graph import Style
from .alternative import Alternative
from .calls import Call
from .rows import BEFORE
from .scope import Line
from .slots import INDEX, Draw, Paths, Slot


class Drawn(NamedTuple):
    """What a draw gives.

    Attributes:
        explicit: Names of the calls whose row's name was given, or whose block was drawn.
        befores: For what a cell gives, the name of what that cell read.
    """

    calls: list[Call]
    explicit: set[str]
    befores: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class RowProgram:
    """One row, ready to be drawn.

    Attributes:
        line: The row among the others; its name is the head of its paths.
        index: Its place among the rows, branches before what joins them.
        source: The name of what it reads.
        binds: Whether another row, or the outputs, name it.
        per_block: Whether every block draws its own choices.
        unrolled: Whether every block is a call of its own: its arguments or what it reads differ.
        target: What the row's word stands for.
        word: The declared word, or nothing for a block's own word.
        deepest: The most blocks that it has.
        like: Index of the row whose weights it shares, if it does; its depth is how often it applies these.
    """

    line: Line
    index: int
    source: Slot
    binds: bool = False
    depth: Slot
    per_block: bool
    unrolled: bool = False
    target: Alternative
    word: str
    deepest: int = 1
    like: int | None = None

    @property
    def single(self) -> bool:
        """Whether every block is a call."""
        return self.per_block or self.unrolled

    @property
    def chained(self) -> bool:
        """Whether it reads what the row above gives, and nothing else, and gives one map."""
        several = any(block.outputs for block in self.target.blocks())
        tied = self.binds or self.unrolled or self.joins or self.like is not None
        return self.line.follows and not (tied or several)

    @property
    def joins(self) -> bool:
        """Whether it may read several maps."""
        return any(block.maps != ("x",) or block.variadic for block in self.target.blocks())

    def block_name(self, number: int) -> str:
        """Return the name of one block of a row whose blocks draw their own choices."""
        return f"{self.line.name}_{number}"

    def draw(self, draw: Draw, drawn: Drawn) -> None:
        """Append the row's calls."""
        source = self.source.draw(draw, self.line.name)
        depth = self.depth.draw(draw, self.line.name)
        assert isinstance(depth, int)
        assert isinstance(source, str)
        if self.like is not None:
            self.draw_sharing(draw, drawn, source, depth)
        elif depth == 0:
            self.pass_on(source, drawn)
        elif self.single:
            self.draw_blocks(draw, drawn, source, depth)
        else:
            call = self.call(draw, self.line.name, self.line.name, depth, first=True)
            self.append(call, drawn, source, explicit="name" in self.line.row.args or bool(self.word))

    def draw_sharing(self, draw: Draw, drawn: Drawn, source: str, times: int) -> None:
        """Append a call that shares the weights of another row's."""
        owner = next((call for call in drawn.calls if call.row == self.like and call.depth), None)
        if owner is None or times == 0:
            self.pass_on(source, drawn)
            return
        maps = self.map_names(self.target, draw, self.line.name)
        call = owner._replace(name=self.line.name, row=self.index, sources=maps, binds=(), like=owner.name)
        self.append(call._replace(times=times), drawn, source, explicit="name" in self.line.row.args)

    def pass_on(self, source: str, drawn: Drawn) -> None:
        """Append a call of no block, where something needs what the row gives."""
        if self.binds or not self.line.follows:
            binds = (self.line.name,) if self.binds else ()
            identity = BLOCKS["identity"]
            sources = () if self.line.follows else (source,)
            drawn.calls.append(Call(identity, self.line.name, (), 0, Style(), self.index, sources, binds))
            drawn.explicit.add(self.line.name)
            if source in drawn.befores:
                drawn.befores[self.line.name] = drawn.befores[source]

    def draw_blocks(self, draw: Draw, drawn: Drawn, source: str, depth: int) -> None:
        """Append a call a block; unless each draws its own choices, they share them."""
        if not self.per_block:
            draw = draw.remembering()
        for number in range(1, depth + 1):
            name = self.block_name(number)
            prefix = f"{self.line.name}.{number}" if self.per_block else self.line.name
            draw.drawn[INDEX] = number - 1
            call = self.call(draw, prefix, name, 1, first=number == 1)
            self.append(call, drawn, source, explicit=True, number=number, last=number == depth)
            source = name
        draw.drawn.pop(INDEX, None)  # the next row has blocks of its own

    def append(
        self, call: Call, drawn: Drawn, source: str, *, explicit: bool, number: int = 1, last: bool = True
    ) -> None:
        """Append a call with the names of what it reads and gives."""
        others = call.sources
        follows = self.line.follows or number > 1
        if self.line.ends:
            sources = self.line.joined if call.block.variadic else (source, *self.line.joined)
        elif call.block.maps[1:2] == (BEFORE,):
            sources = (source, drawn.befores.get(source, source), *others)
            drawn.befores[call.name] = source
            drawn.befores[self.line.name] = source
        else:
            sources = () if follows and not others else (source, *others)
        binds = ((call.name,) if self.unrolled else ()) + ((self.line.name,) if self.binds and last else ())
        drawn.calls.append(call._replace(sources=sources, binds=binds) if sources or binds else call)
        if explicit:
            drawn.explicit.add(call.name)

    def block(self, draw: Draw, number: int) -> Call | None:
        """Return the call of one step of a chain: the row, or the block of a number; None where it has none.

        The depth of a row whose blocks draw their own choices is noted in `draw` for the steps that follow.
        """
        key = f"{self.line.name}.depth"
        depth = draw.drawn[key] if number > 1 else self.depth.draw(draw, self.line.name)
        assert isinstance(depth, int)
        if not self.per_block:
            return self.call(draw, self.line.name, self.line.name, depth, first=True) if depth else None
        draw.drawn[key] = depth
        if number > depth:
            return None
        prefix = f"{self.line.name}.{number}"
        return self.call(draw, prefix, self.block_name(number), 1, first=number == 1)

    def call(self, draw: Draw, prefix: str, name: str, depth: int, *, first: bool) -> Call:
        """Return the call of a block that the row's word stands for; its sources are the maps it names."""
        chosen, path = self.target, f"{prefix}.{self.word}"
        while (block := chosen.block) is None:
            inner = chosen.inner
            word = draw.choose(path, tuple([a.word for a in inner])) if len(inner) > 1 else inner[0].word
            chosen, path = next(a for a in inner if a.word == word), f"{path}.{word}"
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
        maps = self.map_names(chosen, draw, prefix)
        style = chosen.fixed_style
        if style is None:
            style = Style(**{key: slot.draw(draw, prefix) for key, slot in chosen.style.items()})  # type: ignore[arg-type]
        if not block.repeats and depth > 0:
            depth = 1
        return Call(block, name, tuple(args), depth, style, self.index, maps)

    def map_names(self, chosen: Alternative, draw: Draw, prefix: str) -> tuple[str, ...]:
        """Return the names of the maps that a block reads besides its input."""
        maps: list[str] = []
        for slot in chosen.maps.values():
            names = slot.draw(draw, prefix)
            maps += names if isinstance(names, tuple) else (names,)  # type: ignore[arg-type]
        return tuple(maps)

    def paths(self) -> Paths:
        """Yield every path of the row, with its options."""
        yield from self.source.paths(self.line.name)
        yield from self.depth.paths(self.line.name)
        if not self.per_block:
            yield from self.block_paths(self.line.name, first=True)
            return
        for number in range(1, self.deepest + 1):
            yield from self.block_paths(f"{self.line.name}.{number}", first=number == 1)

    def reads(self) -> frozenset[str]:
        """Return the variables that the row reads, its depth included."""
        of_row = self.depth.count().variables | self.source.count().variables
        return of_row | self.target.reads()

    def block_paths(self, prefix: str, *, first: bool) -> Paths:
        """Yield the paths of one block; only the first one of a row has a stride."""
        return self.target.paths(prefix, f"{prefix}.{self.word}", first=first)
