"""Calibration of a device: operators are timed on it for about a minute, and what they take is fitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Flat

from .calibration import LEVEL, Calibration, Quality
from .contention import Contention, watch_contention
from .cost_model import Scale, Work, works
from .device_setup import DeviceSetup, this_machine
from .fit import Rates, Row, fit
from .prediction import cold_share
from .synthetic_graphs import synthetic_graph

if TYPE_CHECKING:
    from .execution import OperatorTimer

GRAPHS = 240
SECONDS = 60.0
"""How long graphs run; their making comes on top, some seconds."""
FOLDS = 6
TOGETHER = 3
DRAWS = 4000
FEWEST_ROUNDS = 3
CACHE = 32 * 2**20
"""Bytes of the last cache where the system does not tell."""
_UNITS = {"K": 2**10, "M": 2**20}
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")

Progress = Callable[[str, float], None]


class TimedGraph(NamedTuple):
    """A graph that was timed.

    Attributes:
        works: What its operators take time for.
        warm: Seconds of each, run once more right after itself.
        cold: Seconds of each, run after all other graphs.
    """

    works: list[Work]
    warm: list[float]
    cold: list[float]


def calibrate(
    *,
    device: str = "cpu",
    threads: int = 1,
    batch: int = 1,
    dtype: str = "float32",
    seconds: float = SECONDS,
    graphs: int = GRAPHS,
    progress: Progress = lambda words, share: None,
) -> Calibration:
    """Time operators on this machine and fit what its classes of operators take.

    Its `contention` tells whether other programs were in the way; `store.save` then refuses it.

    Args:
        device: `cpu` or `cuda`.
        threads: CPU threads of PyTorch.
        batch: Inputs at once.
        dtype: `float32`, `bfloat16` or `float16`.
        seconds: How long to time, at most but for the first rounds.
        graphs: How many graphs of operators to time.
        progress: Told what is being done, and the share of it that is done.

    Raises:
        InputError: If there is no such device, or an argument is out of range.
    """
    setup = this_machine(device=device, threads=threads, batch=batch, dtype=dtype)
    cache = cache_bytes(device)
    flats = [synthetic_graph(seed, batch=batch) for seed in range(graphs)]
    timed, contention = _time(flats, setup, seconds, progress)
    fitted = calibration_of(timed, setup=setup, cache=cache, left_out=graphs - len(timed))
    return replace(fitted, contention=contention)


def calibration_of(
    timed: Sequence[TimedGraph], *, setup: DeviceSetup, cache: int, left_out: int = 0
) -> Calibration:
    """Return the calibration that timed graphs give, and how well it would have told each from the others."""
    return Calibration(
        setup=setup,
        rates=fit(rows_of(timed, cache)),
        cache=cache,
        quality=_quality(timed, cache),
        operators=sum(len(graph.works) for graph in timed),
        left_out=left_out,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def rows_of(timed: Sequence[TimedGraph], cache: int) -> list[Row]:
    """Return a row an operator, and one more for weights that came from memory."""
    rows = []
    for works_, warm, cold in timed:
        share = cold_share(sum([work.weights for work in works_]), cache)
        rows += [Row(work, share, seconds) for work, seconds in zip(works_, warm, strict=True)]
        rows += [Row(work, 1.0, seconds) for work, seconds in zip(works_, cold, strict=True) if work.weights]
    return rows


def _quality(timed: Sequence[TimedGraph], cache: int) -> Quality:
    """Return how well graphs are predicted by the others: a cross-validation in which each is left out once.

    The interval is that of sums of `TOGETHER` graphs drawn at random, since a network has about so many
    operators and the errors of its parts make up for each other in part.
    """
    pairs = []
    for fold in range(FOLDS):
        rates = fit(rows_of([graph for i, graph in enumerate(timed) if i % FOLDS != fold], cache))
        pairs += [_predicted(graph, rates, cache) for i, graph in enumerate(timed) if i % FOLDS == fold]
    rng = Random("interval")
    ratios = []
    for _ in range(DRAWS):
        drawn = rng.choices(pairs, k=TOGETHER)
        ratios.append(sum([taken for _, taken in drawn]) / sum([predicted for predicted, _ in drawn]))
    ends = quantiles(ratios, n=round(2 / (1 - LEVEL)))
    error = median(abs(predicted / taken - 1) for predicted, taken in pairs)
    return Quality(error=error, low=min(1.0, ends[0]), high=max(1.0, ends[-1]))


def _predicted(graph: TimedGraph, rates: dict[str, Rates], cache: int) -> tuple[float, float]:
    """Return the seconds that rates predict of a graph, and those that it took."""
    share = cold_share(sum([work.weights for work in graph.works]), cache)
    known = [
        (work, rates.get(work.kind), seconds) for work, seconds in zip(graph.works, graph.warm, strict=True)
    ]
    pairs = [(r.time(work) + share * work.weights * r.cold, seconds) for work, r, seconds in known if r]
    return sum([predicted for predicted, _ in pairs]), sum([seconds for _, seconds in pairs])


def _time(
    flats: Sequence[Flat], setup: DeviceSetup, seconds: float, progress: Progress
) -> tuple[list[TimedGraph], Contention]:
    """Run the graphs in turns until the time is over: once cold, then warm twice; watch what else runs."""
    from .execution import inference_threads

    with inference_threads(setup):
        timers = _timers(flats, setup, progress)
        runs: dict[int, tuple[list[list[float]], list[list[float]]]] = {i: ([], []) for i in timers}
        started, rounds = time.perf_counter(), 0
        contention_since = watch_contention(setup.device)
        while rounds < FEWEST_ROUNDS or (time.perf_counter() - started) * (rounds + 1) / rounds <= seconds:
            for i, timer in timers.items():
                cold, *warm = [timer.run() for _ in range(3)]
                runs[i][0].extend(warm)
                runs[i][1].append(cold)
            rounds += 1
            progress("timing operators", min(1.0, (time.perf_counter() - started) / seconds))
        contention = contention_since()
    scale = Scale(setup.batch, setup.item)
    # The first round pays for memory that PyTorch has not asked for yet.
    timed = [
        TimedGraph(works(flats[i], scale), _medians(warm[2:]), _medians(cold[1:]))
        for i, (warm, cold) in runs.items()
    ]
    return timed, contention


def _medians(runs: Sequence[Sequence[float]]) -> list[float]:
    return [median(column) for column in zip(*runs, strict=True)]


def _timers(flats: Sequence[Flat], setup: DeviceSetup, progress: Progress) -> dict[int, OperatorTimer]:
    """Return the graphs that PyTorch can run in a setup, by number; types are not known everywhere."""
    from .execution import OperatorTimer

    timers: dict[int, OperatorTimer] = {}
    for i, flat in enumerate(flats):
        progress("making operators", i / len(flats))
        with suppress(NotImplementedError, RuntimeError):
            timer = OperatorTimer(flat, setup)
            timer.run()
            timers[i] = timer
    if len(timers) < len(flats) // 2:
        raise InputError(f"{setup.description}: PyTorch cannot run most operators in this setting")
    return timers


def cache_bytes(device: str) -> int:
    """Return the size of a device's last cache."""
    if device == "cuda":
        import torch

        return int(torch.cuda.get_device_properties(0).L2_cache_size)
    sizes = [path.read_text().strip() for path in sorted(_CACHES.glob("index*/size"))]
    known = [int(size[:-1]) * _UNITS[size[-1]] for size in sizes if size[-1:] in _UNITS]
    return max(known, default=CACHE)
