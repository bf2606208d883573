"""The bars: what the samplers are to reach, and whether they do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from .estimates import Estimate, mean, middle, share
from .kept import Result

Results = Mapping[tuple[str, str], Mapping[int, Result]]
"""By bed and sampler, what each seed came to."""

BEST = "bayes"
DEVICES = tuple(f"nb201-{name}" for name in ("raspi4", "titanx_1", "2080ti_32", "gold_6226", "silver_4114"))
VOLUMES = {"macro-hypervolume", "cifar-energy", *DEVICES}
"""The beds of which more is better; on the others it is regret."""

OPTIMUM = 1e-6
"""A regret below this is that of the optimum."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A bar with what was measured; None where the searches for it are not there."""

    text: str
    estimate: Estimate | None
    is_met: bool = False

    def row(self) -> str:
        """Return the row of a table."""
        if self.estimate is None:
            return f"| {self.text} | not measured | | |"
        met = "met" if self.is_met else "**missed**"
        return f"| {self.text} | {self.estimate.text()} | {self.estimate.n} | {met} |"


def verdicts(results: Results) -> list[Verdict]:
    """Return the verdict on every bar that searches on beds decide."""
    return [*_regrets(results), *_volumes(results), *_against(results)]


def _regrets(results: Results) -> Iterator[Verdict]:
    yield _at_most(results, "macro", 50, 0.012)
    yield _reached_by(results, "macro", 20)
    yield _share_at(results, "macro", 100, OPTIMUM, 0.95, "the optimum by 100")
    yield _at_most(results, "macro-limited", 50, 0.012)
    yield _share_at(results, "macro-limited", 100, OPTIMUM, 0.95, "the optimum by 100")
    yield _at_most(results, "nb201-cifar100", 50, 0.18)
    yield _at_most(results, "nb201-cifar100", 100, 0.02)
    yield _reached_by(results, "nb201-cifar100", 26)
    worth = "regret <= .05 at 20 full trainings' worth"
    yield _share_at(results, "nb201-views-cifar100", 20, 0.05, 0.9, worth)
    yield _at_most(results, "macro-noisy", 50, 0.08)
    text = "macro-noisy: regret after 100 less that after 50 <= 0"
    yield _verdict(text, results, "macro-noisy", lambda r: r.scores[100] - r.scores[50], 0.0)


def _volumes(results: Results) -> Iterator[Verdict]:
    for number, bound in ((50, 0.955), (100, 0.988)):
        text = f"macro-hypervolume: {BEST} >= {bound} after {number}"
        yield _verdict(text, results, "macro-hypervolume", _score(number), bound, least=True)


def _score(number: int) -> Callable[[Result], float]:
    return lambda result: result.scores[number]


def _verdict(
    text: str,
    results: Results,
    bed: str,
    measure: Callable[[Result], float],
    bound: float,
    *,
    least: bool = False,
) -> Verdict:
    """Return whether a mean over the seeds is at most a bound, or at least."""
    runs = results.get((bed, BEST), {})
    if not runs:
        return Verdict(text=text, estimate=None)
    estimate = mean([measure(run) for run in runs.values()])
    met = estimate.value >= bound if least else estimate.value <= bound
    return Verdict(text=text, estimate=estimate, is_met=met)


def _at_most(results: Results, bed: str, number: int, bound: float) -> Verdict:
    text = f"{bed}: regret <= {bound} after {number}"
    return _verdict(text, results, bed, _score(number), bound)


def _reached_by(results: Results, bed: str, number: int) -> Verdict:
    text, runs = f"{bed}: top 0.1% within {number}, the median", results.get((bed, BEST), {})
    if not runs:
        return Verdict(text=text, estimate=None)
    estimate = middle([run.reached for run in runs.values()])
    return Verdict(text=text, estimate=estimate, is_met=estimate.value <= number)


def _share_at(results: Results, bed: str, number: int, bound: float, least: float, what: str) -> Verdict:
    text, runs = f"{bed}: {what} in {least:.0%} of seeds", results.get((bed, BEST), {})
    if not runs:
        return Verdict(text=text, estimate=None)
    estimate = share([run.scores[number] <= bound for run in runs.values()])
    return Verdict(text=text, estimate=estimate, is_met=estimate.value >= least)


def gains(results: Results, bed: str, other: str, number: int) -> list[float]:
    """Return by how much the best sampler is better than another after so many trainings, seed by seed."""
    ours, theirs = results.get((bed, BEST), {}), results.get((bed, other), {})
    sign = 1.0 if bed in VOLUMES else -1.0
    return [
        sign * (ours[seed].scores[number] - theirs[seed].scores[number])
        for seed in sorted(ours.keys() & theirs.keys())
    ]


def _against(results: Results) -> Iterator[Verdict]:
    for other in ("tpe", "nsga2", "optuna-tpe", "optuna-nsga2"):
        for number in (50, 100):
            yield _latency(results, other, number)
    for other in ("tpe", "random"):
        for number in (50, 100):
            text = f"cifar-energy: gain in hypervolume over {other} after {number} > 0"
            yield _gain(text, gains(results, "cifar-energy", other, number))
    yield from _against_gp(results)


def _latency(results: Results, other: str, number: int) -> Verdict:
    """Return whether the gain is above 0 on all devices, and .03 in their mean."""
    text = f"latency, 5 devices: gain over {other} after {number} > 0 on each, >= .03 in the mean"
    by_device = {device: gains(results, device, other, number) for device in DEVICES}
    if not all(by_device.values()):
        return Verdict(text=text, estimate=None)
    n = min(map(len, by_device.values()))
    estimate = mean([fmean(values[i] for values in by_device.values()) for i in range(n)])
    worst = min(fmean(values) for values in by_device.values())
    return Verdict(text=text, estimate=estimate, is_met=worst > 0 and estimate.value >= 0.03)


def _gain(text: str, values: Sequence[float], *, or_equal: bool = False) -> Verdict:
    """Return whether the mean gain is above 0; or its interval holds 0, where equal will do."""
    if not values:
        return Verdict(text=text, estimate=None)
    estimate = mean(values)
    is_met = estimate.value > 0 or (or_equal and estimate.high >= 0)
    return Verdict(text=text, estimate=estimate, is_met=is_met)


def _against_gp(results: Results) -> Iterator[Verdict]:
    for bed, sampler in sorted(results):
        if sampler != "optuna-gp":
            continue
        for number in (25, 50, 100):
            text = f"{bed}: gain over GPSampler after {number} >= 0, or the interval holds 0"
            yield _gain(text, gains(results, bed, sampler, number), or_equal=True)
        ours, theirs = results.get((bed, BEST), {}), results[bed, sampler]
        ratios = [ours[s].milliseconds / theirs[s].milliseconds for s in ours.keys() & theirs.keys()]
        text = f"{bed}: CPU time of a suggestion <= 0.2 of GPSampler's, the median"
        if ratios and not math.isnan(median(ratios)):
            estimate = middle(ratios)
            yield Verdict(text=text, estimate=estimate, is_met=estimate.value <= 0.2)
        else:
            yield Verdict(text=text, estimate=None)
