"""Predicted latency of a network, from its graph. Nothing is built; no torch is needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import NamedTuple, cast

from archscape.spaces import Network, Row
from archscape.spaces.errors import InputError
from archscape.spaces.graph import Body, Op, Output, Shape
from archscape.spaces.printing import Printed, Printout

from .calibration import LEVEL, Calibration
from .cost_model import OTHER, Resource, Scale, Work, plain_work, resources_of, work_of
from .device_setup import DeviceSetup, this_machine
from .store import load

REMEMBERED = 50_000
"""Blocks and operators that a predictor remembers."""


class LayerLatency(NamedTuple):
    """The time of one operator.

    Attributes:
        name: Full name.
        kind: Its class.
        seconds: What it takes.
        guessed: Whether the calibration does not know its class: a call and the bytes of its maps alone.
        bound: What takes most of the time: `compute`, `memory`, or the `call` of a kernel.
    """

    name: str
    kind: str
    seconds: float
    guessed: bool
    bound: Resource


@dataclass(frozen=True, kw_only=True, repr=False)
class Latency(Printed):
    """The latency of a network.

    Attributes:
        network: Its name.
        seconds: One inference of the batch.
        low: Lower end of the interval.
        high: Upper end; nine of ten networks lie between them, as far as the calibration can tell.
        layers: What each operator takes, in order.
        setup: The device, and how the network runs on it.
        level: The share of networks that the interval is to hold.
    """

    network: str
    seconds: float
    low: float
    high: float
    layers: tuple[LayerLatency, ...]
    setup: DeviceSetup
    level: float = LEVEL

    def printout(self) -> Printout:
        """Return what each operator takes, and all of them."""
        rows = [(layer.name, layer.kind, 1e3 * layer.seconds) for layer in self.layers]
        interval = f"{1e3 * self.low:.3g} to {1e3 * self.high:.3g} ms"
        title = f"{self.network}, {interval} for {self.level:.0%} of networks; {self.setup.description}"
        total = ("total", "", 1e3 * self.seconds)
        return Printout(title=title, columns=("name", "class", "ms"), rows=[*rows, total])

    @property
    def guessed(self) -> tuple[str, ...]:
        """Classes of operators that the calibration does not know."""
        return tuple(sorted({layer.kind for layer in self.layers if layer.guessed}))


class _Cost(NamedTuple):
    """Seconds of a part of a network.

    Attributes:
        warm: With its weights in the cache.
        cold: What its weights take on top if they come from memory.
        weights: Their bytes.
    """

    warm: float
    cold: float
    weights: float


class Predictor:
    """Predicts with one calibration; blocks that were met before are remembered.

    Attributes:
        calibration: What the device takes.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        self._scale = Scale(calibration.setup.batch, calibration.setup.item)
        self._block = lru_cache(maxsize=REMEMBERED)(self._sum)
        self._operator = lru_cache(maxsize=REMEMBERED)(self._operator_cost)

    def seconds(self, network: Network) -> float:
        """Return the latency of a network in seconds."""
        cost = self._sum(network.body)
        return cost.warm + self._cold(cost.weights) * cost.cold

    def predict(self, network: Network) -> Latency:
        """Return the latency of a network, operator by operator."""
        flat = network.graph.flatten()
        parts = [
            (node, *self._work(cast("Op", node.op), flat.shapes(node), node.shape)) for node in flat.nodes
        ]
        cold = self._cold(sum([work.weights for node, work, _ in parts if not node.like]))
        layers = []
        for node, work, kind in parts:
            cost = self._cost(work)
            guessed = work.kind == OTHER
            bound = self._bound(cast("Op", node.op), work, cold * cost.cold)
            layers.append(LayerLatency(node.name, kind, cost.warm + cold * cost.cold, guessed, bound))
        seconds = sum([layer.seconds for layer in layers])
        quality = self.calibration.quality
        return Latency(
            network=network.name,
            seconds=seconds,
            low=quality.low * seconds,
            high=quality.high * seconds,
            layers=tuple(layers),
            setup=self.calibration.setup,
        )

    def _bound(self, op: Op, work: Work, cold: float) -> Resource:
        """Return what takes most of an operator's time; `cold` is that of weights from memory."""
        shares: dict[Resource, float] = {"compute": 0.0, "memory": cold, "call": 0.0}
        terms = zip(
            resources_of(op, work), work.amounts, self.calibration.rates[work.kind].seconds, strict=True
        )
        for resource, amount, unit in terms:
            shares[resource] += amount * unit
        return max(shares, key=lambda resource: shares[resource])

    def _cold(self, weights: float) -> float:
        return cold_share(weights, self.calibration.cache)

    def _sum(self, body: Body) -> _Cost:
        warm = cold = weights = 0.0
        for op, inputs, shape, _, like in body.nodes:
            if isinstance(op, Output):
                continue
            if isinstance(op, Body):
                part = self._block(op)
            else:
                part = self._operator(op, tuple([body.shape_of(value) for value in inputs]), shape)
            warm, cold = warm + part.warm, cold + part.cold
            weights += 0.0 if like else part.weights
        return _Cost(warm, cold, weights)

    def _operator_cost(self, op: Op, inputs: tuple[Shape, ...], shape: Shape) -> _Cost:
        work, _ = self._work(op, inputs, shape)
        return self._cost(work)

    def _work(self, op: Op, inputs: tuple[Shape, ...], shape: Shape) -> tuple[Work, str]:
        """Return what an operator takes time for, and its class, which the calibration need not know."""
        work = work_of(op, inputs, shape, self._scale)
        if work.kind in self.calibration.rates:
            return work, work.kind
        return plain_work(op, inputs, shape, self._scale), work.kind

    def _cost(self, work: Work) -> _Cost:
        rates = self.calibration.rates[work.kind]
        if len(rates.seconds) != len(work.amounts):
            setup = self.calibration.setup
            law = f"the calibration of {setup.description}: '{work.kind}' has {len(work.amounts)} terms"
            raise InputError(f"{law}, but got {len(rates.seconds)}; run `{setup.command()}`")
        return _Cost(rates.time(work), work.weights * rates.cold, work.weights)


def cold_share(weights: float, cache: int) -> float:
    """Return the share of a network's weights that come from beyond the cache, inference after inference.

    None where they fill half of it, since maps need room too; all where they fill it, since each is read
    again only after all others.

    >>> cold_share(10, 32), cold_share(24, 32), cold_share(100, 32)
    (0.0, 0.5, 1.0)
    """
    return min(1.0, max(0.0, 2 * weights / cache - 1)) if cache else 1.0


def predict(network: Network, calibration: Calibration | None = None) -> Latency:
    """Return the latency of a network on a device that was calibrated.

    Args:
        network: The network.
        calibration: That of the device; by default the one that is kept for one thread of this machine's
            processor, batch 1, float32.

    Raises:
        InputError: If none is kept.
    """
    return Predictor(calibration or load(this_machine())).predict(network)


class Peaks(NamedTuple):
    """What a device does in a second, by layers that it is good at.

    Attributes:
        macs_per_second: Multiply-accumulates of a 3x3 convolution of 256 maps of 28x28.
        bytes_per_second: Weights that a linear layer reads from memory.
    """

    macs_per_second: float
    bytes_per_second: float


def peaks(calibration: Calibration) -> Peaks:
    """Return what a device does in a second."""
    convolution = Row("conv", width=256, kernel=3, norm=None, act=None, bias=False)
    computes = Network(name="computes", input=(256, 28, 28), layers=(convolution,))
    reads = Network(name="reads", input=(8192, 1), layers=(Row("linear", width=8192, bias=False),))
    predictor, setup = Predictor(calibration), calibration.setup
    return Peaks(
        setup.batch * computes.totals.macs / predictor.seconds(computes),
        setup.item * reads.totals.params / predictor.seconds(reads),
    )


def device_summary(calibration: Calibration) -> dict[str, float]:
    """Return figures of a device in the units of data sheets, by name: for layers that it is good at."""
    macs, read = peaks(calibration)
    call = median(rates.seconds[0] for rates in calibration.rates.values())
    return {
        "3x3 convolution of 256 maps of 28x28, GMAC/s": macs / 1e9,
        "weights of a linear layer read from memory, GB/s": read / 1e9,
        "call of an operator, median of the classes, us": call * 1e6,
        "operators timed": calibration.operators,
        "chains that PyTorch cannot run in this setting": calibration.left_out,
        "classes of operators": len(calibration.rates),
        "error on chains left out, median, %": 100 * calibration.quality.error,
        "interval begins, %": 100 * (calibration.quality.low - 1),
        "interval ends, %": 100 * (calibration.quality.high - 1),
        **_contention(calibration),
    }


def _contention(calibration: Calibration) -> dict[str, float]:
    if calibration.contention is None:
        return {}
    waited, others = calibration.contention.waited, calibration.contention.others
    known = {} if others is None else {"processors used by other programs, %": 100 * others}
    return {"time in which this process had no processor, %": 100 * waited, **known}
