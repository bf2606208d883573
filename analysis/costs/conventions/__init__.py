"""Conventions: what a network costs as each of eight tools and papers would say it, from one layer table.

"4.1 GFLOPs" is not a number: the tools differ in what they count (bias, norms, activations, pooling) and how
(a norm is 0, 1, 2, 4 or 5 operations for each element). Each convention states its rule for every operator,
and its totals are those of the tool itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from archscape.spaces import Network
from archscape.spaces.errors import InputError, suggest
from archscape.spaces.graph import Flat, Op
from archscape.spaces.operators import Reparameterise

from .convention import Convention, Rule, Use
from .tools import FVCORE, MACS, NASBENCH201, PTFLOPS, PYCLS, THOP, TORCHINFO

__all__ = ["CONVENTIONS", "Convention", "Count", "Rule", "Use", "convention", "count", "side_by_side"]

CONVENTIONS = {each.name: each for each in (MACS, FVCORE, THOP, PTFLOPS, TORCHINFO, PYCLS, NASBENCH201)}
"""Every convention by its name, our own first."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """What a network counts in a convention.

    Attributes:
        convention: The convention.
        layers: What each operator counts, in the order of `Profile.layers`; 0 where it has no rule.
        params: Parameters as the convention counts them.
        uncounted: Words of the operators that do arithmetic or hold parameters and are not counted, with how
            many of them the network has.
    """

    convention: Convention
    layers: tuple[int, ...]
    params: int
    uncounted: dict[str, int]

    @property
    def total(self) -> int:
        """What the network counts."""
        return sum(self.layers)


def convention(name: str) -> Convention:
    """Return a convention by its name.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in CONVENTIONS:
        raise InputError(f"there is no convention '{name}'{suggest(name, [*CONVENTIONS, 'all'])}")
    return CONVENTIONS[name]


def count(network: Network, by: str | Convention) -> Count:
    """Count a network in a convention, layer by layer. Nothing is built, and no tool is needed.

    Raises:
        InputError: If there is no convention of that name.

    >>> from archscape.spaces import load_network
    >>> [count(load_network("lenet5"), name).total for name in ("macs", "ptflops", "torchinfo")]
    [416520, 429342, 423038]
    """
    rules = convention(by) if isinstance(by, str) else by
    flat = network.graph.flatten()
    needed = _needed(flat) if rules.traced else set(range(len(flat.nodes)))
    layers: list[int] = []
    uncounted: dict[str, int] = {}
    params = 0
    for index, node in enumerate(flat.nodes):
        assert isinstance(node.op, Op)
        inputs = flat.shapes(node)
        costs = node.op.costs(inputs, node.shape)
        counted = rules.count(Use(node.op, inputs, node.shape, costs))
        if counted is None and (costs.macs or costs.other or costs.params):
            uncounted[node.op.kind] = uncounted.get(node.op.kind, 0) + 1
        layers.append(counted if counted and index in needed else 0)
        elsewhere = node.like or (counted is None and rules.params_of_counted)
        params += 0 if elsewhere else costs.params
    return Count(convention=rules, layers=tuple(layers), params=params, uncounted=uncounted)


def side_by_side(network: Network) -> list[Count]:
    """Return what a network counts in every convention, our own first."""
    return [count(network, each) for each in CONVENTIONS.values()]


def _needed(flat: Flat) -> set[int]:
    """Return the nodes that the outputs need at inference, where a latent is its mean."""
    needed = set(flat.outputs)
    for value in range(flat.start + len(flat.nodes) - 1, flat.start - 1, -1):
        if value in needed:
            node = flat.nodes[value - flat.start]
            needed.update(node.inputs[:1] if isinstance(node.op, Reparameterise) else node.inputs)
    return {value - flat.start for value in needed}
