"""What is compared: each number of a network once, as tables, pages and figures show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from archscape.spaces.language.limits import COSTS
from archscape.spaces.values import shape_text

from ..format import NONE, capital, label, size, times
from .compared_network import ComparedNetwork

Number: TypeAlias = "int | float | str | None"
MEGA = 10**6


class Measure(NamedTuple):
    """A number of a network.

    Attributes:
        head: Its head in a table for readers.
        plain: Its head in a table for programs.
        number: Returns it; None where it is not known.
        title: What it is, on a page and in a figure.
        unit: What readers see it in: bytes in megabytes, seconds in milliseconds.
        text: Writes it on a page.
        exact: Returns what hovering over it tells: all bytes of it, or its interval.
        cell: Returns it for a table, where that is not the number.
    """

    head: str
    plain: str
    number: Callable[[ComparedNetwork], float | None]
    title: str = ""
    unit: float = 1
    text: Callable[[float], str] = "{:,}".format
    exact: Callable[[ComparedNetwork], str] = lambda _: ""
    cell: Callable[[ComparedNetwork], Number] | None = None

    def table_cell(self, network: ComparedNetwork, *, plain: bool) -> Number:
        """Return what stands in a table, for programs if `plain`."""
        if self.cell is not None:
            return self.cell(network)
        number = self.number(network)
        return number if number is None or plain or self.unit == 1 else number / self.unit


class Total(NamedTuple):
    """The total of one network, by its name.

    Attributes:
        exact: What hovering over it tells.
        share: Of the largest total.
        ratio: How many times the total of the first network it is, "" where that is not known.
    """

    network: str
    text: str
    exact: str
    share: float
    ratio: str


def _count(cost: str) -> Measure:
    return Measure(cost, cost, lambda network: int(getattr(network.costs, cost)), capital(label(cost)))


def _part(of: str, part: str, network: ComparedNetwork) -> int | float | None:
    """Return a part of a network's memory or latency; None where that is not known."""
    number: int | float | None = getattr(getattr(network, of), part, None)
    return number


def _memory(head: str, of: str, part: str) -> Measure:
    number = partial(_part, of, part)
    return Measure(
        f"{head} MB", f"{head}_bytes", number, f"{head.capitalize()} memory", MEGA,
        text=lambda count: size(int(count)), exact=lambda network: f"{number(network):,} bytes",
    )  # fmt: skip


COLUMNS = {
    **{cost: _count(cost) for cost in COSTS},
    "weights": _memory("weights", "inference", "weights"),
    "inference": _memory("inference", "inference", "peak"),
    "training": _memory("training", "training", "peak"),
    "field": Measure(
        "field", "receptive_field", lambda network: max(network.field, default=None), "Receptive field",
        cell=lambda network: shape_text(network.field) + network.field_of if network.field else None,
    ),
    "layers": Measure("layers", "layers", lambda network: len(network.costs.layers)),
}  # fmt: skip
"""The columns of a table by their words on the command line."""
WEIGHTED = Measure(
    "weighted", "weighted", lambda network: len(network.weighted), "Convolutions, linear layers"
)
TOTALS = [*(COLUMNS[name] for name in COLUMNS if name not in ("weights", "layers")), WEIGHTED]
"""What a page and a figure show of each network."""
LATENCY = (
    Measure(
        "latency ms", "latency_seconds", partial(_part, "latency", "seconds"), "Latency", 1e-3,
        text=lambda seconds: f"{1e3 * seconds:.3g} ms",
        exact=lambda network: (
            f"{1e3 * latency.low:.3g} to {1e3 * latency.high:.3g} ms" if (latency := network.latency) else ""
        ),
    ),
    Measure("from", "latency_low", partial(_part, "latency", "low"), unit=1e-3),
    Measure("to", "latency_high", partial(_part, "latency", "high"), unit=1e-3),
)  # fmt: skip
"""What stands behind them where latency is asked for: the prediction, and the ends of its interval."""


def known_totals(networks: Sequence[ComparedNetwork]) -> list[Measure]:
    """Return the totals that are known: latency if it was asked for."""
    return [*TOTALS, *(LATENCY[:1] if any(network.predictor for network in networks) else [])]


def totals(networks: Sequence[ComparedNetwork], measure: Measure) -> list[Total]:
    """Return one total of all networks in their order."""
    numbers = [measure.number(network) for network in networks]
    largest, first = max([number or 0 for number in numbers]), numbers[0]
    return [
        Total(
            network=network.name,
            text=NONE if number is None else measure.text(number),
            exact="" if number is None else measure.exact(network),
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
