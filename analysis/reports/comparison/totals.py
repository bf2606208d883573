"""The totals of a comparison: what each network costs in all, on one scale from zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..format import NONE, size, times
from .compared_network import ComparedNetwork


class Measure(NamedTuple):
    """One of the totals.

    Attributes:
        title: What it is.
        number: Returns it; None where it is not known.
        text: Writes it.
        exact: Returns what hovering over it tells: all bytes of it, or its interval.
    """

    title: str
    number: Callable[[ComparedNetwork], float | None]
    text: Callable[[float], str] = "{:,}".format
    exact: Callable[[ComparedNetwork], str] = lambda _: ""


class Total(NamedTuple):
    """The total of one network.

    Attributes:
        network: Its name.
        number: The total; None where it is not known.
        text: The total to read.
        exact: What hovering over it tells.
        share: Of the largest total.
        ratio: How many times the total of the first network it is, "" where that is not known.
    """

    network: str
    number: float | None
    text: str
    exact: str
    share: float
    ratio: str


def _megabytes(count: float) -> str:
    return size(int(count))


MEASURES = (
    Measure("Parameters", lambda network: network.costs.params),
    Measure("MACs", lambda network: network.costs.macs),
    Measure("FLOPs", lambda network: network.costs.flops),
    Measure("Activations", lambda network: network.costs.activations),
    Measure(
        "Inference memory",
        lambda network: network.inference.peak if network.inference else None,
        _megabytes,
        lambda network: f"{network.inference.peak:,} bytes" if network.inference else "",
    ),
    Measure(
        "Training memory",
        lambda network: network.training.peak if network.training else None,
        _megabytes,
        lambda network: f"{network.training.peak:,} bytes" if network.training else "",
    ),
    Measure("Receptive field", lambda network: max(network.field, default=None)),
    Measure("Convolutions, linear layers", lambda network: len(network.weighted)),
)
LATENCY = Measure(
    "Latency",
    lambda network: network.latency.seconds if network.latency else None,
    lambda seconds: f"{1e3 * seconds:.3g} ms",
    lambda network: (
        f"{1e3 * network.latency.low:.3g} to {1e3 * network.latency.high:.3g} ms" if network.latency else ""
    ),
)


def measures(networks: Sequence[ComparedNetwork]) -> list[Measure]:
    """Return the totals that are known: latency if it was asked for."""
    return [*MEASURES, *([LATENCY] if any(network.predictor for network in networks) else [])]


def totals(networks: Sequence[ComparedNetwork], measure: Measure) -> list[Total]:
    """Return one total of all networks in their order."""
    numbers = [measure.number(network) for network in networks]
    largest, first = max([number or 0 for number in numbers]), numbers[0]
    return [
        Total(
            network=network.name,
            number=number,
            text=NONE if number is None else measure.text(number),
            exact=measure.exact(network),
            share=(number or 0) / largest if largest else 0.0,
            ratio=times(number / first) if index and first and number is not None else "",
        )
        for index, (network, number) in enumerate(zip(networks, numbers, strict=True))
    ]


def highest_count(networks: Sequence[ComparedNetwork], cost: str) -> int:
    """Return the largest cost of one layer of all networks: the end of the scale that they share."""
    return max([getattr(layer, cost) for network in networks for layer in network.weighted], default=0)


def highest_bytes(networks: Sequence[ComparedNetwork]) -> int:
    """Return the most bytes of maps that any network holds, in mode eager: the end of the shared scale."""
    return max([moment.bytes for network in networks for moment in network.curve("eager")], default=0)
