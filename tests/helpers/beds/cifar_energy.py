"""A synthetic table over a space of 10^16 networks: accuracy and energy, both measured, both with noise.

The space is `cifar` of the catalog without its limits and its grouped convolutions, so that every network can
be built, and with up to five blocks in the last stage: 4.0e16 lists of decisions of conditional choices, with
stages of variable depth. What a network comes to is a formula of its decisions:

- the value v of a block is that of its kind plus those of its settings, each drawn once from a normal
  distribution of deviation 1 (kinds) or 0.5 (settings), half of the variance shared by the three stages;
- a stage is worth the sum of (1 + v_i) 0.6^(i - 1) over its blocks i, and each pair of neighbouring blocks
  adds what their kinds add together, of deviation 0.3;
- q is the sum over the stages plus a bonus for the width (0, 0.4, 0.6), and the accuracy in percent is
  60 + 36 / (1 + exp((6 - q) / 3));
- energy = (w / 16)^1.5 x the sum over the blocks of 0.2 exp(0.5 v + u) mJ, u made as v, of deviation 0.4
  (kinds) and 0.3 (settings): what is worth more costs more.

Noise: a training shows the accuracy plus a normal error of 0.2 points, and the energy times exp of one of
0.03. Both are drawn anew for each seed and network. Scored is the hypervolume that the true values of the
networks tried span, from the corner (70%, 20 mJ), energy in decades.

Optimum: the front is exact, by dynamic programming over the blocks: given the width, q and the energy are
sums along the chain of blocks, so of all chains that end in a kind of block only those on the front of (q,
energy) can go on to the front of the whole. It is 301 networks, up to 95.97% at 53.3 mJ; no sampler was
tuned to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.frontier import frontier
from archscape.spaces import Sample, Space

from .bed import Bed, Outcome, Values, Volume, noise

SPACE = """
space: cifar-energy
input: 3x32x32
choices:
  conv:   {standard, separable, dilated(2)}
  kernel: {3, 5, 7}
  se:     {none, 1/4, 1/16}
let:
  w: {16, 24, 32}
blocks:
  any:
    plain:      {conv: $conv, kernel: $kernel, se: $se}
    basic:      {conv: $conv, kernel: $kernel, se: $se}
    bottleneck: {conv: $conv, kernel: $kernel, se: $se, squeeze: {2, 4}}
    inverted:   {expand: {3, 6}, kernel: $kernel, se: $se}
    dense:      {growth: {8, 12, 16}, kernel: $kernel}
layers:
  - conv: {width: $w}
  - any:  {name: stage1, width: $w,      depth: 1..4}
  - any:  {name: stage2, width: 2 * $w,  depth: 1..4, stride: 2}
  - any:  {name: stage3, width: 4 * $w,  depth: 1..5, stride: 2, per: block}
  - avgpool
  - linear: {width: 10}
"""

OBJECTIVES: Objectives = {"accuracy": "maximize", "energy": "minimize"}
REFERENCE = {"accuracy": 70.0, "energy": 20.0}
WIDTHS = {16: 0.0, 24: 0.4, 32: 0.6}
DECAY, DEPTHS, LAST_DEPTH = 0.6, (1, 2, 3, 4), 5
ACCURACY_NOISE, ENERGY_NOISE = 0.2, 0.03

SETTINGS: dict[str, dict[str, tuple[object, ...]]] = {
    kind: {
        setting: options
        for setting, options in {
            "conv": ("standard", "separable", "dilated(2)"),
            "kernel": (3, 5, 7),
            "se": ("none", "1/4", "1/16"),
            "squeeze": (2, 4),
            "expand": (3, 6),
            "growth": (8, 12, 16),
        }.items()
        if setting in names
    }
    for kind, names in {
        "plain": ("conv", "kernel", "se"),
        "basic": ("conv", "kernel", "se"),
        "bottleneck": ("conv", "kernel", "se", "squeeze"),
        "inverted": ("expand", "kernel", "se"),
        "dense": ("growth", "kernel"),
    }.items()
}
"""The settings of each kind of block with their options, as the space has them."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block with its settings."""

    kind: str
    settings: tuple[tuple[str, object], ...]


@dataclass(frozen=True, kw_only=True)
class Chains:
    """Chains of blocks that end in one kind, as (chains, 2): q and energy at width 16."""

    points: NDArray[np.float64]

    def pruned(self) -> Chains:
        """Return those on the front."""
        table = {"accuracy": self.points[:, 0], "energy": self.points[:, 1]}
        return Chains(points=np.unique(self.points[frontier(table, OBJECTIVES)], axis=0))


def drawn(*names: object) -> float:
    """Return the standard normal number of a name."""
    return Random(f"cifar-energy:{names}").gauss(0.0, 1.0)


@cache
def effect(purpose: str, stage: int, name: str, option: object = "") -> float:
    """Return a standard normal effect, half of its variance shared by the stages."""
    return (drawn(purpose, name, option) + drawn(purpose, stage, name, option)) / math.sqrt(2)


@cache
def value(block: Block, stage: int) -> float:
    """Return the value v of a block in a stage."""
    settings = sum(effect("value", stage, name, option) for name, option in block.settings)
    return effect("value", stage, block.kind) + 0.5 * settings


@cache
def millijoules(block: Block, stage: int) -> float:
    """Return the energy of a block in a stage at width 16."""
    settings = sum(effect("energy", stage, name, option) for name, option in block.settings)
    own = 0.4 * effect("energy", stage, block.kind) + 0.3 * settings
    return 0.2 * math.exp(0.5 * value(block, stage) + own)


@cache
def together(before: str, after: str) -> float:
    """Return what two neighbouring kinds of blocks add to each other."""
    return 0.3 * drawn("together", before, after)


def blocks_of(sample: Sample) -> list[tuple[int, Block]]:
    """Return the blocks of a sample with their stages, which count from 1."""
    chosen = sample.decisions
    return [
        (stage, _block(sample, f"stage{stage}.{i}.any" if stage == 3 else f"stage{stage}.any"))
        for stage in (1, 2, 3)
        for i in range(1, int(chosen[f"stage{stage}.depth"]) + 1)
    ]


def _block(sample: Sample, path: str) -> Block:
    kind = str(sample.decisions[path])
    names = SETTINGS[kind]
    return Block(
        kind=kind, settings=tuple((name, sample.decisions[f"{path}.{kind}.{name}"]) for name in names)
    )


def true_values(sample: Sample) -> Values:
    """Return accuracy and energy of a sample without noise."""
    quality, energy, position, last = 0.0, 0.0, 0, (0, "")
    for stage, block in blocks_of(sample):
        position = position + 1 if stage == last[0] else 0
        quality += (1 + value(block, stage)) * DECAY**position
        quality += together(last[1], block.kind) if last[1] else 0.0
        energy += millijoules(block, stage)
        last = stage, block.kind
    return finished(quality, energy, int(sample.decisions["w"]))


def finished(quality: float, energy: float, width: int) -> Values:
    """Return accuracy and energy of a whole chain at a width."""
    q = quality + WIDTHS[width]
    return 60 + 36 / (1 + math.exp((6 - q) / 3)), energy * (width / 16) ** 1.5


def all_blocks() -> Iterator[Block]:
    """Yield every block with every setting."""
    for kind, settings in SETTINGS.items():
        for options in product(*settings.values()):
            yield Block(kind=kind, settings=tuple(zip(settings, options, strict=True)))


def extended(chains: dict[str, Chains], steps: dict[str, list[tuple[float, float]]]) -> dict[str, Chains]:
    """Return the chains with one more step each, by the kind of block that they end in."""
    result = {}
    for kind, additions in steps.items():
        starts = [
            chain.points + np.array([together(before, kind) if before else 0.0, 0.0])
            for before, chain in chains.items()
        ]
        sums = np.vstack(starts)[:, None, :] + np.array(additions)[None, :, :]
        result[kind] = Chains(points=sums.reshape(-1, 2)).pruned()
    return result


def stages_alike(stage: int) -> dict[str, list[tuple[float, float]]]:
    """Return the steps that a whole stage of equal blocks is, by kind."""
    steps: dict[str, list[tuple[float, float]]] = {kind: [] for kind in SETTINGS}
    for block, depth in product(all_blocks(), DEPTHS):
        worth = (1 + value(block, stage)) * sum(DECAY**i for i in range(depth))
        worth += (depth - 1) * together(block.kind, block.kind)
        steps[block.kind].append((worth, depth * millijoules(block, stage)))
    return steps


def one_block(stage: int, position: int) -> dict[str, list[tuple[float, float]]]:
    """Return the steps that one more block of a stage is, by kind."""
    steps: dict[str, list[tuple[float, float]]] = {kind: [] for kind in SETTINGS}
    for block in all_blocks():
        worth = (1 + value(block, stage)) * DECAY**position
        steps[block.kind].append((worth, millijoules(block, stage)))
    return steps


@cache
def front() -> Sequence[Values]:
    """Return the exact front of the space without noise: accuracies and energies."""
    chains = {"": Chains(points=np.zeros((1, 2)))}
    for stage in (1, 2):
        chains = extended(chains, stages_alike(stage))
    ends = []
    for position in range(LAST_DEPTH):
        chains = extended(chains, one_block(3, position))
        ends += [chain.points for chain in chains.values()]
    best = Chains(points=np.vstack(ends)).pruned()
    points = [finished(q, energy, width) for q, energy in best.points for width in WIDTHS]
    on_front = frontier({"accuracy": [a for a, _ in points], "energy": [e for _, e in points]}, OBJECTIVES)
    return [point for point, best in zip(points, on_front, strict=True) if best]


def train(sample: Sample, seed: int) -> Outcome:
    """Return what a training shows, and what is true."""
    accuracy, energy = true_values(sample)
    rng = noise(seed, sample)
    shown = accuracy + rng.gauss(0, ACCURACY_NOISE), energy * math.exp(rng.gauss(0, ENERGY_NOISE))
    return Outcome(values=shown, truth=(accuracy, energy))


def space() -> Space:
    """Return the space."""
    return Space.from_yaml(SPACE)


def bed(tables: Path | None = None) -> Bed:
    """Return the bed; it needs no table."""
    return Bed(
        name="cifar-energy",
        title=__doc__ or "",
        space=space(),
        objectives=OBJECTIVES,
        train=train,
        score=Volume.of(front(), OBJECTIVES, REFERENCE, log=("energy",)),
    )
