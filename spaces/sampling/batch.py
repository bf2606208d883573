"""Batches of random networks: their decisions and costs as columns, nothing else made of them.

What a row of a chain does depends only on the map it reads, the variables drawn before it and its own
decisions. So its draws are remembered as a tree: a branch is a choice, a leaf what the row then costs and the
state it leaves. A network is a way from leaf to leaf that asks nothing but random numbers, the same ones in
the same order as `Space.sample` does; costs are added up over all networks together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import prod
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..graph import Shape
from ..language.calls import MAX_SIZE
from ..language.limits import COSTS, cost_of
from ..language.program import Variables
from ..values import Option
from .drawing import SampledTable
from .open_table import BaseSample

OPTIONS = 1000
"""Options of a choice; a tree does not branch wider."""
REMEMBERED = 2_000_000
"""Options of all choices that are remembered; beyond, the rows are asked again."""
LARGEST = 2**34
"""Elements of an input; of a larger one, costs are not added up in columns of 64 bits."""
LEAST, MOST = 256, 200_000
"""Draws of a round."""

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Networks as columns.

    Attributes:
        taken: By path: the number of the option that each network took, -1 where it was not asked.
        costs: `params`, `macs`, `flops`, `activations` of each network.
    """

    taken: Mapping[str, Integers]
    costs: Mapping[str, Integers]


class State(NamedTuple):
    """What a step depends on.

    Attributes:
        kept: Variables that are still to be read.
        shape: The map, or None once a row could not be built: what is left to decide is still asked for.
        built: Whether there was any layer.
    """

    kept: Variables
    shape: Shape | None
    built: bool


@dataclass(slots=True, eq=False)
class Branch:
    """A choice: what follows each option, None where no draw has been; the step, the state, the way there."""

    following: list[Branch | Leaf | None]
    step: int
    state: State
    way: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Leaf:
    """The end of a step: its number, the step and the state that follow, and what is there once known."""

    number: int
    step: int
    state: State
    after: Branch | Leaf | None = None


END: Final = Leaf(-1, 0, State((), None, False))
"""The end of a network."""
DEAD: Final = Leaf(-1, 0, State((), None, False))
"""The end of a network that cannot be built."""


def sample_many(space: SampledTable[BaseSample], number: int, rng: Random) -> Batch:
    """Return random networks within the limits: those that `Space.sample` gives one after the other.

    In a space without a chain of rows, or with narrow limits, it is `Space.sample` that draws them. Elsewhere
    more random numbers are used up than for as many calls of `Space.sample`.

    Raises:
        Infeasible: If none was found.
    """
    widest = max(map(len, space.paths.values()))
    large = max(prod(shape) for shape in space.input_shapes) > LARGEST  # costs may not fit the columns
    if not (space.program.chain and space.easy) or space.program.prunes or widest > OPTIONS or large:
        return _one_by_one(space, number, rng)
    return Forest(space).draw(number, rng)


class _Asked(Exception):  # noqa: N818 - it tells of a question, not of an error
    """A step asks for a decision."""

    def __init__(self, options: int) -> None:
        self.options = options


class Forest:
    """The trees of a space, one a step and state, grown by the draws through them."""

    def __init__(self, space: SampledTable[BaseSample]) -> None:
        self.space = space
        self.steps = space.program.steps()
        self.decisions: list[tuple[tuple[str, Option], ...]] = []
        self.costs: list[tuple[int, ...]] = []
        self.roots: dict[tuple[int, State], Branch | Leaf] = {}
        self.room = REMEMBERED
        self.start = self._root(0, State((), space.input_shapes[0], False))

    def draw(self, number: int, rng: Random) -> Batch:
        """Return so many networks within the limits."""
        parts: list[Integers] = []
        missing, drawn, kept = number, 0, 0
        while missing > 0:
            # As many draws as should do, so that rounds stay few where limits are narrow.
            draws = min(MOST, max(LEAST, missing * (drawn + 1) // (kept + 1)))
            trails = [trail for _ in range(draws) if (trail := self._draw(rng.random)) is not None]
            leaves = np.array(trails, dtype=np.int64).reshape(len(trails), len(self.steps))
            parts.append(leaves[self._feasible(leaves)])
            drawn, kept, missing = drawn + draws, kept + len(parts[-1]), missing - len(parts[-1])
        return self._batch(np.concatenate(parts)[:number] if parts else np.empty((0, len(self.steps)), int))

    def _draw(self, random: Any) -> list[int] | None:
        """Return the numbers of the leaves of a draw, or None where it cannot be built."""
        trail: list[int] = []
        node = self.start
        while True:
            if isinstance(node, Branch):
                following = node.following
                at = int(random() * len(following))
                node = following[at] or self._explore(node, at, random)
            else:
                trail.append(node.number)
                node = node.after or self._after(node)
                if node is END:
                    return trail
                if node is DEAD:
                    return None

    def _root(self, step: int, state: State) -> Branch | Leaf:
        """Return the tree of a step on a state: a leaf where nothing is asked."""
        if (step, state) in self.roots:
            return self.roots[step, state]

        def choose(path: str, options: Sequence[Option]) -> Option:
            raise _Asked(len(options))

        root: Branch | Leaf
        try:
            root = self._run(step, state, choose, ())
        except _Asked as asked:
            root = Branch([None] * asked.options, step, state, ())
            self.room -= asked.options
        if self.room > 0:
            self.roots[step, state] = root
        return root

    def _after(self, leaf: Leaf) -> Branch | Leaf:
        """Return what follows a leaf."""
        if leaf.step < len(self.steps):
            leaf.after = self._root(leaf.step, leaf.state)
        else:
            leaf.after = END if leaf.state.built and leaf.state.shape is not None else DEAD
        return leaf.after

    def _explore(self, branch: Branch, at: int, random: Any) -> Leaf:
        """Draw on from a branch where no draw has been, up to the leaf, and remember the way."""
        step, state, way = branch.step, branch.state, (*branch.way, at)
        taken: list[tuple[str, Option]] = []
        further: list[tuple[int, int]] = []

        def choose(path: str, options: Sequence[Option]) -> Option:
            if len(taken) < len(way):
                option = options[way[len(taken)]]
            else:
                further.append((len(options), int(random() * len(options))))
                option = options[further[-1][1]]
            taken.append((path, option))
            return option

        leaf = self._run(step, state, choose, taken)
        self.room -= sum(options for options, _ in further)
        if self.room > 0:
            for options, number in further:
                following = Branch([None] * options, step, state, way)
                branch.following[at] = following
                branch, at, way = following, number, (*way, number)
            branch.following[at] = leaf
        return leaf

    def _run(self, step: int, state: State, choose: Any, taken: Sequence[tuple[str, Option]]) -> Leaf:
        """Run a step and return its leaf; `taken` holds its decisions then."""
        result = self.space.program.run(self.steps[step], state.kept, state.shape, choose)
        self.decisions.append(tuple(taken))
        self.costs.append((*(cost_of(result.totals, name) for name in COSTS), result.size))
        after = State(result.kept, result.shape, state.built or result.built)
        return Leaf(len(self.costs) - 1, step + 1, after)

    def _sums(self, leaves: Integers) -> Integers:
        """Return the costs of networks, and the size of their composed blocks, a column a network."""
        costs = np.array(self.costs, dtype=np.int64).T
        return sum((costs[:, column] for column in leaves.T), np.zeros((len(COSTS) + 1, len(leaves)), int))

    def _feasible(self, leaves: Integers) -> NDArray[np.bool_]:
        """Return which networks meet the limits."""
        *sums, sizes = self._sums(leaves)
        costs = dict(zip(COSTS, sums, strict=True))
        met: NDArray[np.bool_] = sizes <= MAX_SIZE
        for name, limit in self.space.within.items():
            if limit.low is not None:
                met &= costs[name] >= limit.low
            if limit.high is not None:
                met &= costs[name] <= limit.high
        return met

    def _batch(self, leaves: Integers) -> Batch:
        """Return networks as columns."""
        options = _numbers(self.space)
        by_leaf = {path: np.full(len(self.decisions), -1, dtype=np.int64) for path in options}
        steps: dict[str, set[int]] = {path: set() for path in options}
        step_of = np.zeros(len(self.decisions), dtype=np.int64)
        for step, column in enumerate(leaves.T):
            step_of[column] = step
        for number, (decisions, step) in enumerate(zip(self.decisions, step_of.tolist(), strict=True)):
            for path, option in decisions:
                by_leaf[path][number] = options[path][option]
                steps[path].add(step)
        nothing = np.full(len(leaves), -1, dtype=np.int64)
        taken = {
            path: np.maximum.reduce([nothing, *(by_leaf[path][leaves[:, step]] for step in at)])
            for path, at in steps.items()
        }
        return Batch(taken=taken, costs=dict(zip(COSTS, self._sums(leaves), strict=False)))


def _one_by_one(space: SampledTable[BaseSample], number: int, rng: Random) -> Batch:
    """Return networks that `Space.sample` drew."""
    options = _numbers(space)
    samples = [space.sample(rng) for _ in repeat(None, number)]
    totals = [sample.totals for sample in samples]
    taken = {
        path: np.array(
            [numbers[s.decisions[path]] if path in s.decisions else -1 for s in samples], dtype=np.int64
        )
        for path, numbers in options.items()
    }
    return Batch(taken=taken, costs={name: _column([cost_of(t, name) for t in totals]) for name in COSTS})


def _column(costs: list[int]) -> Integers:
    """Return costs as integers of 64 bits, or of Python where one is larger."""
    fits = max(costs, default=0) < 2**63
    return np.array(costs, dtype=np.int64 if fits else object)


def _numbers(space: SampledTable[BaseSample]) -> dict[str, dict[Option, int]]:
    """Return the number of every option of every path."""
    return {path: {option: at for at, option in enumerate(options)} for path, options in space.paths.items()}
