"""The words of a network: what its operators are, and what they read, as a bag that networks are compared by.

Word 0 of an operator of the simplified graph is what it does, where: its kind, kernel, stride, groups and the
extent of its map, without its channels. Word 1 is word 0 with the words of what it reads, in order. A block
with several ways through it, such as a cell, has a word for each way too. So networks that compute alike
share words, whatever the decisions that gave them (Weisfeiler-Lehman features, as in Ru et al. 2021,
"Interpretable neural architecture search via Bayesian optimisation with Weisfeiler-Lehman kernels").

A network is seen as its rows: the words of a row depend on its body and on the words that it reads, and are
remembered. What is simplified is simplified within a block.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archscape.spaces.graph import Body, Op, Shape
from archscape.spaces.graph.body import through_rows
from archscape.spaces.hashing.simplified import SimpleBody, simplified
from archscape.spaces.values import shape_text, text

MOST_WORDS = 1024
"""Words that networks are compared by, so that thousands are compared in milliseconds."""
MOST_WAYS = 128
"""Ways through a block; the words of more would drown all others."""
OF_CHANNELS = {
    *("inputs", "outputs", "channels", "groups", "bias", "init", "padding", "ceil"),
    *("eps", "momentum", "affine"),
}
"""Attributes that no word has: how many channels there are, and what hardly changes between networks."""

Floats: TypeAlias = NDArray[np.float64]
Ways: TypeAlias = tuple[int | None, ...]
"""For each input of a body, the longest way from it in convolutions and linear layers; None without one."""


class Seen(NamedTuple):
    """What stands for a map within a network.

    Attributes:
        word: Word 0 of the operator that gives it.
        depth: Convolutions and linear layers on the longest way to it.
    """

    word: str
    depth: int


class _Row(NamedTuple):
    """What a row does on maps of some words.

    Attributes:
        words: Its words, and how many of each.
        outputs: Word 0 of what gives each output.
        depths: The longest ways to each output.
    """

    words: Counter[str]
    outputs: tuple[str, ...]
    depths: tuple[Ways, ...]


class Words(NamedTuple):
    """The words of a network.

    Attributes:
        rows: Those of each row, with their number; the same object for the same row on the same maps.
        depth: Convolutions and linear layers on the longest way through the network.
    """

    rows: list[Counter[str]]
    depth: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Vocabulary:
    """The words that networks of a space are compared by.

    Attributes:
        columns: The column of each word.
        scale: What log(1 + count) is divided by.
    """

    columns: Mapping[str, int]
    scale: float

    @classmethod
    def of(cls, networks: Sequence[Sequence[Counter[str]]]) -> Vocabulary:
        """Return the words of some networks that tell them apart, the weights so that distances are 2.

        A word that fewer than two networks have is left out, and so is one that all have as often. Of very
        many words, those stay whose weights vary most.
        """
        met = Counter(word for rows in networks for word in set().union(*rows))
        shared = sorted(word for word, times in met.items() if times > 1)
        everything = cls(columns={word: column for column, word in enumerate(shared)}, scale=1.0)
        variance = everything.weights(networks).var(axis=0, ddof=1)
        varied = np.argsort(-variance, kind="stable")[:MOST_WORDS]
        chosen = sorted(varied[variance[varied] > 0].tolist())
        columns = {shared[word]: column for column, word in enumerate(chosen)}
        # The mean squared distance of two draws of a word's weight is twice its variance.
        return cls(columns=columns, scale=math.sqrt(variance[chosen].sum()) if chosen else 1.0)

    def weights(self, networks: Sequence[Sequence[Counter[str]]]) -> Floats:
        """Return log(1 + count) of each word in networks, scaled; (networks, words)."""
        counts = np.zeros((len(networks), len(self.columns)))
        for network, rows in zip(counts, networks, strict=True):
            for words in rows:
                if id(words) not in self._rows:
                    self._rows[id(words)] = self._row(words)
                _, columns, times = self._rows[id(words)]
                network[columns] += times
        return np.log1p(counts) / self.scale

    @cached_property
    def _rows(self) -> dict[int, tuple[Counter[str], NDArray[np.intp], Floats]]:
        """Columns and counts by the identity of the words of a row, which it holds."""
        return {}

    def _row(self, words: Counter[str]) -> tuple[Counter[str], NDArray[np.intp], Floats]:
        known = [(self.columns[word], times) for word, times in words.items() if word in self.columns]
        columns, times = zip(*known, strict=True) if known else ((), ())
        return words, np.array(columns, dtype=np.intp), np.array(times, dtype=np.float64)


def words_of(body: Body) -> Words:
    """Return the words of a network, row by row."""
    rows: list[Counter[str]] = []

    def row(part: Body, inputs: tuple[Seen, ...]) -> tuple[Seen, ...]:
        known = _row(part, tuple([seen.word for seen in inputs]))
        rows.append(known.words)
        return tuple(map(_after, known.outputs, known.depths, [inputs] * len(known.outputs)))

    starts = [Seen(f"input {shape_text(shape[1:])}", 0) for shape in body.inputs]
    outputs = through_rows(body, starts, row)
    return Words(rows, max(seen.depth for seen in outputs))


def _after(word: str, depths: Ways, inputs: Sequence[Seen]) -> Seen:
    ways = [seen.depth + more for seen, more in zip(inputs, depths, strict=True) if more is not None]
    return Seen(word, max(ways, default=0))


@lru_cache(maxsize=65536)
def _row(body: Body, inputs: tuple[str, ...]) -> _Row:
    """Return what a row, or a list of blocks, does on maps of some words; remembered."""
    if body.listed and any(isinstance(node.op, Body) for node in body.nodes):
        return _listed(body, inputs)
    simple = _simplified(body)
    firsts = dict(enumerate(inputs)) | {
        value: _word(op, shape) for value, (op, shape, _) in simple.values.items()
    }
    words = Counter(firsts[value] for value in simple.values)
    for value, (_, _, sources) in simple.values.items():
        words[f"{firsts[value]} < {', '.join(sorted([firsts[source] for source in sources]))}"] += 1
    words.update(_ways(simple, firsts, len(inputs)))
    return _Row(words, tuple([firsts[value] for value in simple.outputs]), _depths(simple, len(inputs)))


@lru_cache(maxsize=65536)
def _simplified(body: Body) -> SimpleBody:
    return simplified(body)


def _listed(body: Body, inputs: tuple[str, ...]) -> _Row:
    """Return what a list of blocks does, one after the other."""
    words: Counter[str] = Counter()

    def block(part: Body, read: tuple[tuple[str, Ways], ...]) -> list[tuple[str, Ways]]:
        known = _row(part, tuple([word for word, _ in read]))
        words.update(known.words)
        ways = [
            tuple([_longest(depths, tuple([way[start] for _, way in read])) for start in range(len(inputs))])
            for depths in known.depths
        ]
        return list(zip(known.outputs, ways, strict=True))

    starts = [
        (word, tuple([0 if at == number else None for at in range(len(inputs))]))
        for number, word in enumerate(inputs)
    ]
    outputs = through_rows(body, starts, block)
    return _Row(words, tuple([word for word, _ in outputs]), tuple([ways for _, ways in outputs]))


def _longest(depths: Ways, ways: Ways) -> int | None:
    """Return the longest way: one to an input, and on from there."""
    sums = [a + b for a, b in zip(depths, ways, strict=True) if a is not None and b is not None]
    return max(sums, default=None)


@lru_cache(maxsize=65536)
def _word(op: Op, shape: Shape) -> str:
    """Return word 0 of an operator."""
    attributes = op.attributes()
    shown = {name: value for name, value in attributes.items() if name not in OF_CHANNELS}
    groups = attributes.get("groups", 1)
    if groups != 1:
        shown["groups"] = "all" if groups == attributes.get("inputs") else groups
    parts = [type(op).__name__, *(f"{name}={text(value)}" for name, value in shown.items())]
    return " ".join([*parts, shape_text(shape[1:])]).rstrip()


def _ways(simple: SimpleBody, firsts: Mapping[int, str], inputs: int) -> list[str]:
    """Return a word for each way through a block, from an input to an output, where there are several."""
    ways: dict[int, list[str]] = {value: [f"{value}:"] for value in range(inputs)}
    for value, (_, _, sources) in simple.values.items():
        ways[value] = [f"{way} > {firsts[value]}" for source in sources for way in ways[source]]
        if len(ways[value]) > MOST_WAYS:
            return []
    through = [way for output in simple.outputs for way in ways[output]]
    return through if len(through) > 1 else []


def _depths(simple: SimpleBody, inputs: int) -> tuple[Ways, ...]:
    depths: dict[int, list[int | None]] = {
        value: [0 if at == value else None for at in range(inputs)] for value in range(inputs)
    }
    for value, (op, _, sources) in simple.values.items():
        columns = zip(*[depths[source] for source in sources], strict=True) if sources else [()] * inputs
        longest = [max([way for way in ways if way is not None], default=None) for ways in columns]
        depths[value] = [None if way is None else way + op.weighted for way in longest]
    return tuple([tuple(depths[output]) for output in simple.outputs])
