"""The rows of a network: settings, canonical operators, costs and memory of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archscape.analysis.costs.memory import memory_curve
from archscape.spaces import Network
from archscape.spaces.graph import Body, Output, Shape, Style, Totals
from archscape.spaces.hashing.steps import steps_of
from archscape.spaces.language.calls import Call, bind
from archscape.spaces.values import Value, text

NO_ROW = -1
"""The first input, where the index of a row is asked; the second is one less, and so on."""


class Origin(NamedTuple):
    """Where a map comes from: a row by its index and name, or an input, below 0."""

    row: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One row of a network, as it stands there.

    Attributes:
        word: The block.
        settings: What differs from the block's defaults and from the network's style, in words.
        all_settings: The same with all defaults.
        sources: Names of the rows that it reads, or of inputs; `input` is the one without a name.
        inputs: Shapes of what it reads.
        held: The most bytes of maps that are alive while it runs, in memory mode `graph`.
        key: What it computes, and on what shapes; two rows of one key do the same.
        blocks: The same of each block of the row.
        reads: The rows that it reads, by index; one below 0 is an input.
    """

    name: str
    word: str
    settings: Mapping[str, str]
    all_settings: Mapping[str, str]
    sources: tuple[str, ...]
    inputs: tuple[Shape, ...]
    shape: Shape
    totals: Totals
    held: int
    key: Hashable
    blocks: tuple[Hashable, ...]
    reads: tuple[int, ...]

    @property
    def shown(self) -> dict[str, str]:
        """The settings, after the row's name where that is not the word and a number."""
        named = {} if self.name.rstrip("0123456789") == self.word else {"name": self.name}
        return {**named, **self.settings}

    @property
    def text(self) -> str:
        """The row as the language writes it.

        >>> from archscape.spaces import load_network
        >>> parts_of(load_network("resnet50"))[2].text
        'bottleneck: {width: 256, depth: 3}'
        """
        settings = ", ".join(f"{name}: {text}" for name, text in self.shown.items())
        return f"{self.word}: {{{settings}}}" if settings else self.word


def style_of(network: Network) -> Style:
    """Return norm, activation and bias that most rows have: what `defaults:` says."""
    styles = Counter(call.style for call in network.calls if call.depth and call.block.styled)
    return max(styles, key=lambda style: styles[style], default=Style())


def parts_of(network: Network, *, batch: int = 1, dtype: str = "float32") -> list[Part]:
    """Return the rows of a network that do something, in order; their costs add up to the network's."""
    held = [moment.bytes for moment in memory_curve(network, batch=batch, dtype=dtype)]
    shapes, origins = (
        dict(network.inputs),
        {name: Origin(NO_ROW - at, name) for at, name in enumerate(network.inputs)},
    )
    shape, last, ran, style = network.input_shapes[0], next(iter(origins.values())), 0, style_of(network)
    parts: list[Part] = []
    owners: dict[str, Body] = {}
    for call in network.calls:
        inputs = tuple([shapes[name] for name in call.sources]) or (shape,)
        reads = tuple([origins[name] for name in call.sources]) or (last,)
        given, last = inputs[:1], reads[0]
        if call.depth:
            bodies = call.bodies(inputs, owners.get(call.like))
            owners[call.name] = bodies[0]
            count = sum(map(_operators, bodies))
            most = max(held[ran : ran + count + 1])
            ran += count
            given, last = bodies[-1].shapes, Origin(len(parts), call.name)
            parts.append(_part(call, bodies, style, most, reads))
        shape = given[0]
        for name in call.binds:
            bind(shapes, name, call.block, given)
            bind(origins, name, call.block, [last] * len(given))
    return parts


def _operators(body: Body) -> int:
    return sum(
        [
            _operators(node.op) if isinstance(node.op, Body) else not isinstance(node.op, Output)
            for node in body.nodes
        ]
    )


def _part(call: Call, bodies: Sequence[Body], style: Style, held: int, reads: tuple[Origin, ...]) -> Part:
    inner = [node.op for node in bodies[0].nodes if isinstance(node.op, Body)] if call.depth > 1 else []
    blocks = (inner or [bodies[0]]) * len(bodies)
    totals = [body.totals._replace(params=0) if call.like else body.totals for body in bodies]
    key: Hashable = tuple(map(_key, bodies)) if len(bodies) > 1 else _key(bodies[0])
    return Part(
        name=call.name,
        word=call.block.word,
        settings=_settings(call, style),
        all_settings=_texts(
            {"depth": call.depth, **call.style._asdict(), **dict(call.block.given(call.args))}
        ),
        sources=tuple([origin.name for origin in reads]),
        inputs=bodies[0].inputs,
        shape=bodies[-1].shape,
        totals=Totals(*map(sum, zip(*totals, strict=True))),
        held=held,
        key=(key, call.like) if call.like else key,
        blocks=tuple([_key(block) for block in blocks]),
        reads=tuple([origin.row for origin in reads]),
    )


def _settings(call: Call, common: Style) -> dict[str, str]:
    if call.like:
        return {"like": call.like, **({"depth": str(call.times)} if call.times != 1 else {})}
    defaults = dict(call.block.defaults)
    settings = {name: value for name, value in call.block.given(call.args) if defaults.get(name) != value}
    settings |= {"depth": call.depth} if call.depth != 1 else {}
    if call.block.styled:
        styles = zip(Style._fields, call.style, common, strict=True)
        settings |= {name: value for name, value, usual in styles if value != usual and name not in settings}
    return _texts(settings)


def _texts(values: Mapping[str, Value]) -> dict[str, str]:
    return {name: text(value) for name, value in values.items()}


def _key(body: Body) -> Hashable:
    """Return what a body computes; bodies of one key have the same operators and costs."""
    canonical = steps_of(body)
    steps = tuple([(step.text, step.inputs, step.shape) for step in canonical.steps])
    return body.inputs, steps, tuple(canonical.outputs), body.totals
