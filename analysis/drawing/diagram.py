"""Diagrams: what a figure shows before anything has a place, as blocks that read each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from archscape.spaces.graph import Shape


class Source(NamedTuple):
    """A value in a diagram: one of its inputs, or what a block gives.

    Attributes:
        value: Inputs are numbered first, then blocks, as in `archscape.spaces.graph.Body`.
        output: Which one of a block's values; of a block that is repeated, 1 is what the last but one gives.
    """

    value: int
    output: int = 0


@dataclass(frozen=True, kw_only=True)
class Block:
    """A box of a figure: a layer, a frame around a diagram, or a choice of several.

    Attributes:
        kind: Of `KINDS` in `style.py`.
        label: What stands in it, in lines, or above it if it is a frame.
        name: Of its row or layer.
        sources: What it reads.
        shape: Of what it gives: channels, then extents; nothing where that is open.
        repeat: How often it stands one after the other, such as `×4`; nothing for once.
        inside: What it frames.
        alternatives: Of which one is chosen, drawn side by side; they read what the block reads.
    """

    kind: str
    label: str = ""
    name: str = ""
    sources: tuple[Source, ...] = ()
    shape: Shape = ()
    repeat: str = ""
    inside: Diagram | None = None
    alternatives: tuple[Diagram, ...] = ()

    @property
    def is_framed(self) -> bool:
        """Whether it is drawn as a frame."""
        return self.inside is not None or bool(self.alternatives)

    @cached_property
    def look(self) -> tuple[object, ...]:
        """What two blocks share if they look the same, whatever they read and are called."""
        inside = self.inside and self.inside.look
        options = tuple([option.look for option in self.alternatives])
        return self.kind, self.label, self.shape[1:], self.repeat, inside, options


@dataclass(frozen=True, kw_only=True)
class Diagram:
    """Blocks in the order in which they are computed.

    Attributes:
        inputs: Number of values that it reads from around it.
        blocks: Each reads inputs and blocks before it.
        outputs: What it gives.
        names: Of its inputs, where it has several.
    """

    inputs: int = 0
    blocks: tuple[Block, ...] = ()
    outputs: tuple[Source, ...] = field(default_factory=tuple)
    names: tuple[str, ...] = ()

    @cached_property
    def look(self) -> tuple[object, ...]:
        """What two diagrams share if they look the same."""
        return self.inputs, self.outputs, tuple([(*block.look, block.sources) for block in self.blocks])

    def readers(self) -> dict[Source, list[int]]:
        """Return the values of the blocks that read each value, once for each time that they read it."""
        readers: dict[Source, list[int]] = {}
        for value, block in enumerate(self.blocks, self.inputs):
            for source in block.sources:
                readers.setdefault(source, []).append(value)
        return readers

    def needed(self, values: Iterable[int]) -> set[int]:
        """Return some values and all that they depend on."""
        needed: set[int] = set()
        waiting = [*values]
        while waiting:
            if (value := waiting.pop()) not in needed:
                needed.add(value)
                if value >= self.inputs:
                    waiting.extend([source.value for source in self.blocks[value - self.inputs].sources])
        return needed

    def read_inputs(self) -> list[int]:
        """Return the inputs that anything reads."""
        read = {*self.readers(), *self.outputs}
        return [value for value in range(self.inputs) if Source(value) in read]

    def with_inputs(self, kept: list[int]) -> Diagram:
        """Return the diagram with some of its inputs, which are all that anything reads."""
        moved = {value: new for new, value in enumerate(kept)}

        def inner(source: Source) -> Source:
            value = moved.get(source.value, source.value + len(kept) - self.inputs)
            return source._replace(value=value)

        blocks = [replace(block, sources=tuple(map(inner, block.sources))) for block in self.blocks]
        names = tuple([self.names[value] for value in kept]) if self.names else ()
        outputs = tuple(map(inner, self.outputs))
        return Diagram(inputs=len(kept), blocks=tuple(blocks), outputs=outputs, names=names)

    def opened(self, value: int) -> Diagram:
        """Return the diagram with what a block frames in place of the frame."""
        index = value - self.inputs
        frame = self.blocks[index]
        inside = frame.inside or Diagram()

        def within(source: Source) -> Source:
            if source.value < inside.inputs:
                return frame.sources[source.value]
            return source._replace(value=source.value - inside.inputs + value)

        def after(source: Source) -> Source:
            if source.value < value:
                return source
            if source.value == value:
                return within(inside.outputs[source.output])
            return source._replace(value=source.value + len(inside.blocks) - 1)

        blocks = (
            *self.blocks[:index],
            *(
                replace(block, name=f"{frame.name}.{block.name}", sources=tuple(map(within, block.sources)))
                for block in inside.blocks
            ),
            *(replace(block, sources=tuple(map(after, block.sources))) for block in self.blocks[index + 1 :]),
        )
        return replace(self, blocks=blocks, outputs=tuple(map(after, self.outputs)))
