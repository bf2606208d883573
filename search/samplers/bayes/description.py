"""What a model sees of networks: their decisions as codes, their costs as features, their operators as words.

A description depends on the space alone and on the network: features are standardised, and words chosen, by
a fixed sample of the space. So two processes, and a sampler that is made anew, describe alike.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archscape.analysis.costs.receptive_field.last_map import last_map_field
from archscape.spaces.sampling.open_table import Decisions, is_ordered
from archscape.spaces.values import Option

from .words import Vocabulary, words_of

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

INACTIVE = -1
"""The code of a path that was not asked for."""
FEATURES = ("params", "macs", "activations", "depth", "receptive_field")
"""The features of every network, each as a logarithm but for the depth."""
REFERENCE = 500
"""Networks that features are standardised over, and that words are chosen from."""
SLOW_REFERENCE = 200
"""The same where rows form no chain, so that a random network takes milliseconds."""


class Path(NamedTuple):
    """A path of a space.

    Attributes:
        name: The path.
        options: How many options it has.
        ordered: Whether these are numbers, in order.
    """

    name: str
    options: int
    ordered: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Description:
    """Networks as rows of numbers.

    Attributes:
        codes: The number of the option that was taken on each path, `INACTIVE` where it was not asked;
            (networks, paths).
        features: Costs, depth and receptive field, standardised; (networks, features).
        words: Weights of words: the mean squared distance of two networks of the space is 2;
            (networks, words).
    """

    codes: Integers
    features: Floats
    words: Floats

    def __len__(self) -> int:
        """Return the number of networks."""
        return len(self.codes)

    def __getitem__(self, rows: slice | Sequence[int] | NDArray[np.generic]) -> Description:
        """Return some networks."""
        return Description(codes=self.codes[rows], features=self.features[rows], words=self.words[rows])


def joined(descriptions: Sequence[Description]) -> Description:
    """Return the networks of several descriptions, one after the other."""
    return Description(
        codes=np.concatenate([each.codes for each in descriptions]),
        features=np.concatenate([each.features for each in descriptions]),
        words=np.concatenate([each.words for each in descriptions]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Describer:
    """Describes the networks of a space; each once.

    Attributes:
        space: The space.
        further: Names of positive costs known before training that are features too, such as `latency`.
        costs_of: Returns such costs of a network by name.
    """

    space: Space
    further: tuple[str, ...] = ()
    costs_of: Callable[[Sample], Mapping[str, float]] = lambda sample: {}

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The paths of the space, in the order of the codes."""
        options = self.space.paths.items()
        return tuple([Path(name, len(taken), is_ordered(taken)) for name, taken in options])

    @cached_property
    def reference(self) -> tuple[Sample, ...]:
        """The fixed sample of the space that networks are held against.

        Raises:
            Infeasible: If no network within the limits of the space was found.
        """
        rng = random.Random(0)
        number = REFERENCE if self.space.program.chain and self.space.easy else SLOW_REFERENCE
        return tuple([self.space.sample(rng) for _ in range(number)])

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features that are not the same for all networks, in the order of the columns."""
        names = (*FEATURES, *self.further)
        return tuple([names[column] for column in self._reference.columns])

    def describe(self, samples: Iterable[Sample]) -> Description:
        """Return networks as rows, in their order.

        Raises:
            ShapeError: If one cannot be built.
        """
        codes, features, words = [], [], []
        for sample in samples:
            codes.append(self._codes(sample.decisions))
            seen = self._seen(sample)
            features.append(seen.features)
            words.append(seen.words)
        mean, deviation, columns, vocabulary = self._reference
        raw = np.array(features, dtype=np.float64).reshape(len(features), len(FEATURES) + len(self.further))
        return Description(
            codes=np.array(codes, dtype=np.int64).reshape(len(codes), len(self.paths)),
            features=(raw[:, columns] - mean) / deviation,
            words=vocabulary.weights(words),
        )

    def describe_decisions(self, decisions: Iterable[Decisions]) -> Description:
        """Return the networks of some lists of decisions as rows, in their order; each is remembered.

        Raises:
            SpaceError: If the space has no such decisions, or the network cannot be built.
        """
        keys = [tuple(each.items()) for each in decisions]
        fresh = [key for key in dict.fromkeys(keys) if key not in self._known]
        described = self.describe(self.space.replay(dict(key)) for key in fresh)
        self._known.update((key, described[row : row + 1]) for row, key in enumerate(fresh))
        return joined([self._known[key] for key in keys]) if keys else described

    @cached_property
    def _known(self) -> dict[tuple[tuple[str, Option], ...], Description]:
        return {}

    @cached_property
    def _numbers(self) -> list[dict[Option, int]]:
        """The number of every option of every path."""
        return [{option: at for at, option in enumerate(taken)} for taken in self.space.paths.values()]

    def _codes(self, decisions: Decisions) -> list[int]:
        return [
            numbers[decisions[path.name]] if path.name in decisions else INACTIVE
            for path, numbers in zip(self.paths, self._numbers, strict=True)
        ]

    def _seen(self, sample: Sample) -> _Seen:
        body, totals = sample.lower(), sample.totals
        words = words_of(body)
        costs = self.costs_of(sample) if self.further else {}
        features = (
            log(max(1, totals.params)),
            log(max(1, totals.macs)),
            log(max(1, totals.activations)),
            words.depth,
            log(max(1, last_map_field(body))),
            *(log(costs[name]) for name in self.further),
        )
        return _Seen(features, words.rows)

    @cached_property
    def _reference(self) -> _Reference:
        """What a fixed sample of the space tells."""
        seen = [self._seen(sample) for sample in self.reference]
        raw = np.array([each.features for each in seen], dtype=np.float64)
        columns = np.flatnonzero(np.ptp(raw, axis=0) > 0)
        mean, deviation = raw[:, columns].mean(axis=0), raw[:, columns].std(axis=0)
        return _Reference(mean, deviation, columns, Vocabulary.of([each.words for each in seen]))


class _Seen(NamedTuple):
    """A network before it is held against others: its features as they are, and the words of its rows."""

    features: tuple[float, ...]
    words: list[Counter[str]]


class _Reference(NamedTuple):
    """What a sample of the space tells.

    Attributes:
        mean: Mean of each feature that is not the same for all.
        deviation: Its standard deviation.
        columns: Which features these are.
        vocabulary: The words that count.
    """

    mean: Floats
    deviation: Floats
    columns: NDArray[np.intp]
    vocabulary: Vocabulary
