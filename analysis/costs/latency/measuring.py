"""Measured latency: how long inference takes on this machine, in eager PyTorch.

What is measured is the module of `Network.build()`, in evaluation mode, without gradients, weights and maps
laid out channels last. Networks take turns in rounds, so that what disturbs the machine disturbs all; in each
round a network first runs unmeasured until it is steady. On a GPU, events in its stream tell the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles
from typing import TYPE_CHECKING

from archscape.spaces import Network
from archscape.spaces.errors import InputError
from archscape.spaces.printing import Printed, Printout

from .contention import Contention, watch_contention
from .device_setup import LAYOUT, DeviceSetup, this_machine
from .energy import Meter, meter_of

if TYPE_CHECKING:
    from .execution import Clock

ROUNDS = 7
STEADY = 1.05
"""A run is steady when it takes at most this much longer than the shortest before it."""
WARM_RUNS = 20
"""Runs without a measurement in a round, at most."""
ROUND_SECONDS = 0.05
"""How long a network runs in a round, at least once."""
JOULE_SECONDS = 0.5
"""How long it runs for its energy: meters are read some ten times a second."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Measurement(Printed):
    """How long one inference took.

    Attributes:
        name: The network's name.
        seconds: Median of all runs, for the whole batch.
        low: Their lower quartile.
        high: Their upper quartile.
        runs: How many there were.
        joules: Energy of one inference; None where no meter of the machine can be read.
        meter: What told the energy; "" for none.
        setup: The device, and how the network ran on it.
        layout: How maps lay in memory.
        contention: What else ran meanwhile: the times of a busy machine are too long.
    """

    name: str
    seconds: float
    low: float
    high: float
    runs: int
    joules: float | None
    meter: str
    setup: DeviceSetup
    layout: str = LAYOUT
    contention: Contention | None = None

    def printout(self) -> Printout:
        """Return the median and the quartiles."""
        times = {"median": self.seconds, "lower quartile": self.low, "upper quartile": self.high}
        rows = [(name, 1e3 * seconds) for name, seconds in times.items()]
        title = f"{self.name}, {self.runs} runs; {self.setup.description}"
        return Printout(title=title, columns=("measured", "ms"), rows=rows)


def measure(
    networks: Iterable[Network],
    *,
    batch: int = 1,
    threads: int = 1,
    device: str = "cpu",
    dtype: str = "float32",
    rounds: int = ROUNDS,
) -> list[Measurement]:
    """Measure networks side by side; all of them are built, and held, at once.

    Args:
        networks: The networks.
        batch: Inputs at once.
        threads: CPU threads of PyTorch.
        device: `cpu` or `cuda`.
        dtype: `float32`, `bfloat16` or `float16`.
        rounds: How many turns each network has.

    Raises:
        InputError: If there is no such device, an argument is out of range, PyTorch cannot run a network, or
            two have one name.
    """
    from .execution import clock_of, image, inference_threads, to_device

    setup = this_machine(device=device, threads=threads, batch=batch, dtype=dtype)
    calls: dict[str, Callable[[], object]] = {}
    for network in networks:
        if network.name in calls:
            raise InputError(f"{network.name}: two networks have this name, and names tell them apart")
        with _refused(network.name, setup):
            shapes = network.input_shapes
            module = to_device(network.build(), max(map(len, shapes)) - 1, setup)
            calls[network.name] = partial(module, *[image(shape, setup) for shape in shapes])
    with inference_threads(setup):
        for name, call in calls.items():
            with _refused(name, setup):
                call()
        clock, meter = clock_of(setup), meter_of(device)
        runs: dict[str, list[float]] = {name: [] for name in calls}
        contention_since = watch_contention(device)
        for _ in range(rounds):
            for name, call in calls.items():
                warm_up(call, clock)
                runs[name] += _turn(call, clock)
        contention = contention_since()
        joules = {name: _joules(call, clock, meter) for name, call in calls.items()}
    measurements = []
    for name, seconds in runs.items():
        low, _, high = quantiles(seconds, n=4) if len(seconds) > 1 else (seconds[0],) * 3
        measurements.append(
            Measurement(
                name=name,
                seconds=median(seconds),
                low=low,
                high=high,
                runs=len(seconds),
                joules=joules[name],
                meter=meter.name if meter else "",
                setup=setup,
                contention=contention,
            )
        )
    return measurements


@contextmanager
def _refused(name: str, setup: DeviceSetup) -> Iterator[None]:
    """Say which network PyTorch cannot run: it does not know the type, or has not the memory."""
    try:
        yield
    except RuntimeError as error:
        raise InputError(f"{name}: PyTorch cannot run it on {setup.description}: {error}") from None


def warm_up(call: Callable[[], object], clock: Clock) -> None:
    """Run until a run is steady, or it will not be."""
    shortest = once(call, clock)
    for _ in range(WARM_RUNS):
        seconds = once(call, clock)
        if seconds <= STEADY * shortest:
            return
        shortest = min(shortest, seconds)


def once(call: Callable[[], object], clock: Clock) -> float:
    """Return the seconds of one run."""
    clock.mark()
    call()
    clock.mark()
    return clock.seconds()[0]


def _turn(call: Callable[[], object], clock: Clock) -> list[float]:
    seconds = [once(call, clock)]
    while sum(seconds) < ROUND_SECONDS:
        seconds.append(once(call, clock))
    return seconds


def _joules(call: Callable[[], object], clock: Clock, meter: Meter | None) -> float | None:
    if meter is None:
        return None
    runs, passed, before = 0, 0.0, meter.joules()
    while passed < JOULE_SECONDS:
        passed += once(call, clock)
        runs += 1
    return meter.since(before) / runs
