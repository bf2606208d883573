"""The rows of a network: settings, canonical operators, costs and memory of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from archscape.analysis.costs.memory import memory_curve
from archscape.spaces import Network
from archscape.spaces.graph import Body, Shape, Style, Totals
from archscape.spaces.hashing.canonical import steps_of
from archscape.spaces.language.calls import Call
from archscape.spaces.language.rows import INPUT
from archscape.spaces.values import Value, text

NO_ROW = -1
"""The input, where the index of a row is asked."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One row of a network, as it stands there.

    Attributes:
        word: The block.
        settings: What differs from the block's defaults and from the network's style, in words.
        all_settings: The same with all defaults.
        sources: Names of the rows that it reads; `input` where it reads that.
        inputs: Shapes of what it reads.
        held: The most bytes of maps that are alive while it runs, in memory mode `graph`.
        key: What it computes, and on what shapes; two rows of one key do the same.
        blocks: The same of each block of the row.
        reads: The rows that it reads, by index; `NO_ROW` is the input.
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
    shapes, rows = {INPUT: network.input}, {INPUT: NO_ROW}
    shape, last, ran, style = network.input, NO_ROW, 0, style_of(network)
    parts: list[Part] = []
    for call in network.calls:
        inputs = tuple([shapes[name] for name in call.sources]) or (shape,)
        reads = tuple([rows[name] for name in call.sources]) or (last,)
        shape, last = inputs[0], reads[0]
        if call.depth:
            body = call.body(inputs)
            count = _operators(body)
            most = max(held[ran : ran + count + 1])
            ran += count
            shape, last = body.shape, len(parts)
            names = tuple([parts[row].name if row != NO_ROW else INPUT for row in reads])
            parts.append(_part(call, body, style, most, reads, names))
        for name in call.binds:
            shapes[name], rows[name] = shape, last
    return parts


def _operators(body: Body) -> int:
    return sum([_operators(node.op) if isinstance(node.op, Body) else 1 for node in body.nodes])


def _part(
    call: Call, body: Body, style: Style, held: int, reads: tuple[int, ...], sources: tuple[str, ...]
) -> Part:
    inner = [node.op for node in body.nodes if isinstance(node.op, Body)] if call.depth > 1 else []
    return Part(
        name=call.name,
        word=call.block.word,
        settings=_settings(call, style),
        all_settings=_texts({"depth": call.depth, **call.style._asdict(), **dict(call.args)}),
        sources=sources,
        inputs=body.inputs,
        shape=body.shape,
        totals=body.totals,
        held=held,
        key=_key(body),
        blocks=tuple([_key(block) for block in inner]) or (_key(body),),
        reads=reads,
    )


def _settings(call: Call, common: Style) -> dict[str, str]:
    defaults = dict(call.block.defaults)
    settings = {name: value for name, value in call.args if defaults.get(name) != value}
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
