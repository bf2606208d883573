"""The latency predictor against real inference, on catalog networks that no part of it has seen.

Claim: on this CPU, the median error of the predicted latency is at most 15% and its rank correlation
(Spearman) with the measured one at least 0.95, on the networks of the catalog, all of which are left out of
the calibration; and the intervals hold nine of ten.

Command: `python benchmarks/latency.py` (about three minutes; writes benchmarks/results/latency-DATE.md)

What is compared. `archscape calibrate` times some 3,000 operators of generic shapes in random chains, drawn
from a seed, for a minute. Then every network of the catalog is built and run: eager PyTorch, one thread,
batch 1, float32, channels last, in inference mode; groups of networks take turns, each warmed up before it is
measured; medians and quartiles of all runs. The prediction is made from the graph alone. Its own time is that
of a network of the `cifar` space whose rows were read already, first new ones, then the same again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from statistics import median

from results import write_results
from scipy.stats import spearmanr

from archscape.analysis.costs.latency import Calibration, Latency, Measurement, Predictor, calibrate, measure
from archscape.spaces import Network, Space, catalog_names, load

GROUP_PARAMS = 150_000_000
ROUNDS = 4
LARGE_ROUNDS, LARGE_MACS = 2, 5_000_000_000


def groups(networks: list[Network]) -> Iterator[list[Network]]:
    """Yield networks of like size together, as many as memory holds at ease."""
    group: list[Network] = []
    for network in sorted(networks, key=lambda network: network.totals.macs):
        if group and sum(n.totals.params for n in [*group, network]) > GROUP_PARAMS:
            yield group
            group = []
        group.append(network)
    yield group


def measured(networks: list[Network]) -> list[Measurement]:
    measurements = []
    for group in groups(networks):
        large = max(network.totals.macs for network in group) > LARGE_MACS
        measurements += measure(group, rounds=LARGE_ROUNDS if large else ROUNDS)
    return measurements


def own_time(calibration: Calibration, count: int = 300) -> tuple[float, float]:
    """Return the seconds of a prediction: of new networks of a space, and of known ones."""
    predictor, space, rng = Predictor(calibration), Space.load("cifar"), Random(0)
    networks = [space.sample(rng).network for _ in range(count)]
    times = []
    for _ in range(2):
        start = time.perf_counter()
        for network in networks:
            predictor.seconds(network)
        times.append((time.perf_counter() - start) / count)
    return times[0], times[1]


def table(pairs: list[tuple[Measurement, Latency]]) -> list[str]:
    lines = ["| network | measured ms | quartiles | runs | predicted ms | error | interval holds |"]
    lines.append("|:--|--:|:-:|--:|--:|--:|:-:|")
    for measurement, prediction in pairs:
        held = "yes" if prediction.low <= measurement.seconds <= prediction.high else "no"
        took = f"{measurement.seconds * 1e3:,.3f}"
        quartiles = f"{measurement.low * 1e3:,.3f} to {measurement.high * 1e3:,.3f}"
        predicted = f"{prediction.seconds * 1e3:,.3f}"
        error = f"{prediction.seconds / measurement.seconds - 1:+.1%}"
        cells = (measurement.name, took, quartiles, measurement.runs, predicted, error, held)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def main() -> None:
    networks = [network for name in catalog_names() if isinstance(network := load(name), Network)]
    start = time.perf_counter()
    calibration = calibrate()
    spent = time.perf_counter() - start
    predictor = Predictor(calibration)
    by_name = {network.name: network for network in networks}
    pairs = [
        (measurement, predictor.predict(by_name[measurement.name])) for measurement in measured(networks)
    ]
    errors = [abs(prediction.seconds / measurement.seconds - 1) for measurement, prediction in pairs]
    ranks = spearmanr([f.seconds for f, _ in pairs], [t.seconds for _, t in pairs]).statistic
    held = sum(prediction.low <= measurement.seconds <= prediction.high for measurement, prediction in pairs)
    quality = calibration.quality
    new, known = own_time(calibration)
    lines = [
        f"**Median error {median(errors):.1%}, Spearman {ranks:.4f}, on {len(pairs)} networks.** "
        f"{sum(error <= 0.15 for error in errors)} of them are within 15%, {held} within their intervals.",
        "",
        f"Calibration: {calibration.operators:,} operators in {spent:.0f} s. By its cross-validation the",
        f"median error of a chain is {quality.error:.1%}, and the interval of a network is",
        f"{quality.low - 1:+.0%} to {quality.high - 1:+.0%}. Setting: {calibration.setup.description}.",
        f"Energy: {pairs[0][0].meter or 'no meter that can be read'}.",
        "",
        f"A prediction takes {new * 1e6:.0f} us for a network of `cifar` that is new, "
        f"{known * 1e6:.1f} us for one met before.",
        "",
        *table(sorted(pairs, key=lambda pair: pair[0].seconds)),
    ]
    write_results("latency", __doc__ or "", lines)


if __name__ == "__main__":
    main()
