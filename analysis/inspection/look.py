"""What was seen inside one trained network: numbers and samples, which a page and figures show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .confusion import Confusion
from .embedding import Embedding

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Map:
    """A map that stands beside a sample: what it should become, or has become.

    Attributes:
        values: Numbers (C, *spatial), or classes (*spatial).
        name: What it is, as `target`.
        kind: `numbers` in the units of samples, or `classes`.
    """

    values: Floats
    name: str
    kind: Literal["numbers", "classes"] = "numbers"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A sample, what it is and what the network says of it.

    Attributes:
        index: Its place in its part of the data.
        x: (C, *spatial), in the units of the source.
        loss: Of this sample alone.
        label: What it is, "" where its target is a map.
        given: What the network says that it is.
        is_right: Whether both are the same, where that can be said.
        maps: Its target and what the network made of it.
        boxes: The box that is there and the one given, by `is` and `given`.
    """

    index: int
    x: Floats
    loss: float
    label: str = ""
    given: str = ""
    is_right: bool | None = None
    maps: tuple[Map, ...] = ()
    boxes: Mapping[str, Box] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerFilters:
    """The filters of a convolution, (filters, channels, *kernel)."""

    layer: str
    weights: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerMaps:
    """What a layer gives for each of the samples that are shown, (samples, channels, *spatial)."""

    layer: str
    maps: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerPreferred:
    """The preferred inputs of units of a layer.

    Attributes:
        units: Which.
        names: What they are called, where they are classes; else ().
        inputs: (units, C, *spatial), standardised.
        before: Each unit on a grey input.
        after: On its preferred input.
    """

    layer: str
    units: tuple[int, ...]
    names: tuple[str, ...] = ()
    inputs: Floats
    before: Floats
    after: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Numbers that were to be told and those that were, both (n, k), in units of the source."""

    there: Floats
    given: Floats
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What was seen inside a network.

    Attributes:
        title: What is looked at, as `trial 7 of digits`.
        network: Name of the network.
        data: Name of the data.
        task: What it learned.
        part: In words, the samples that were measured.
        metrics: What they gave.
        range: The least and the greatest number of samples, by which they become brightness.
        samples: Those that were asked for.
        worst: Those with the highest loss.
        notes: What is left out and why, by section.
    """

    title: str
    network: str
    data: str
    task: str
    part: str
    metrics: Mapping[str, float]
    range: tuple[float, float]
    filters: tuple[LayerFilters, ...] = ()
    samples: tuple[Sample, ...] = ()
    maps: tuple[LayerMaps, ...] = ()
    preferred: tuple[LayerPreferred, ...] = ()
    embedding: Embedding | None = None
    confusion: Confusion | None = None
    predictions: Predictions | None = None
    worst: tuple[Sample, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
