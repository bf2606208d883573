from __future__ import annotations

import doctest
import math

import pytest
import torch

from archscape.search.training import learning_rate as module
from archscape.search.training.learning_rate import LearningRate
from archscape.search.training.schedules import SCHEDULES, OneCycle, Plateau, ScheduleSettings, Step, Wsd

PATIENCE = Plateau().patience


def of(
    rule: str | ScheduleSettings, *, warmup: float, steps: int, rungs: tuple[int, ...] = ()
) -> LearningRate:
    """Return the rate by a schedule, or by that of a name."""
    rule = SCHEDULES.load(rule)() if isinstance(rule, str) else rule
    return LearningRate(schedule=rule, warmup=warmup, steps=steps, rungs=rungs)


def rates(rule: str | ScheduleSettings, *, warmup: float, steps: int) -> list[float]:
    schedule = of(rule, warmup=warmup, steps=steps)
    return [schedule.at(step) for step in range(steps)]


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("warmup", [0.0, 0.2, 0.33, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_a_rate_rises_to_the_peak_and_is_never_zero(name: str, warmup: float, steps: int) -> None:
    shares = rates(name, warmup=warmup, steps=steps)
    assert all(0 < share <= 1 for share in shares)
    peak = shares.index(max(shares))
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)


def test_linear_falls_along_a_line() -> None:
    assert rates("linear", warmup=0.0, steps=4) == [1.0, 0.75, 0.5, 0.25]


def test_cosine_falls_along_half_a_cosine() -> None:
    expected = [(1 + math.cos(math.pi * step / 8)) / 2 for step in range(8)]
    assert rates("cosine", warmup=0.0, steps=8) == pytest.approx(expected)


def test_plateau_takes_a_tenth_when_the_accuracy_stops_rising() -> None:
    schedule = of("plateau", warmup=0.0, steps=1000)
    for accuracy in (0.1, 0.2, 0.3, *[0.3] * (PATIENCE - 1)):
        schedule.epoch_ended(accuracy)
    assert schedule.at(50) == 1.0
    schedule.epoch_ended(0.25)
    assert schedule.at(51) == pytest.approx(0.1)
    for _ in range(PATIENCE):
        schedule.epoch_ended(0.3)
    assert schedule.at(52) == pytest.approx(0.01)


@pytest.mark.parametrize("warmup", [0.0, 0.2, 1.0])
def test_rungs_are_cosines_one_after_the_other(warmup: float) -> None:
    schedule = of("rungs", warmup=warmup, steps=100, rungs=(10, 40))
    cycles = [rates("cosine", warmup=warmup, steps=steps) for steps in (10, 30, 60)]
    assert [schedule.at(step) for step in range(100)] == [share for cycle in cycles for share in cycle]


def test_at_a_rung_the_rate_has_fallen_to_nearly_zero() -> None:
    schedule = of("rungs", warmup=0.2, steps=900, rungs=(100, 300))
    assert all(schedule.at(step) < 0.001 for step in (99, 299, 899))
    assert schedule.at(100) == pytest.approx(1 / 40)


def test_without_rungs_they_are_a_cosine() -> None:
    assert rates("rungs", warmup=0.2, steps=50) == rates("cosine", warmup=0.2, steps=50)


@pytest.mark.parametrize("name", sorted({*SCHEDULES} - {"rungs"}))
def test_other_schedules_heed_no_rungs(name: str) -> None:
    schedule = of(name, warmup=0.2, steps=50, rungs=(10, 20))
    assert [schedule.at(step) for step in range(50)] == rates(name, warmup=0.2, steps=50)


def test_a_schedule_goes_on_from_the_state_of_another() -> None:
    first, second = (of("plateau", warmup=0.0, steps=1000) for _ in range(2))
    for accuracy in (0.3, *[0.2] * (PATIENCE + 2)):
        first.epoch_ended(accuracy)
    second.restore(first.state())
    for schedule in (first, second):
        for _ in range(PATIENCE - 2):
            schedule.epoch_ended(0.25)
    assert second.at(500) == first.at(500) == pytest.approx(0.01)


def test_a_plateau_falls_as_its_settings_say() -> None:
    schedule = of(Plateau(patience=1, divisor=2), warmup=0.0, steps=10)
    for accuracy in (0.5, 0.4, 0.3):
        schedule.epoch_ended(accuracy)
    assert schedule.at(5) == 0.25


def test_steps_fall_after_every_third() -> None:
    assert rates("step", warmup=0.0, steps=6) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_steps_fall_after_so_many_epochs() -> None:
    schedule = LearningRate(schedule=Step(every=2, divisor=4), warmup=0.0, steps=12, per_epoch=2)
    assert [schedule.at(step) for step in range(12)] == [1] * 4 + [0.25] * 4 + [0.0625] * 4


def test_wsd_keeps_the_peak_and_falls_in_the_end() -> None:
    """Haegele et al. 2024, section 3: 1 - sqrt of the share of the fall that is done."""
    shares = rates(Wsd(decay=0.4), warmup=0.2, steps=10)
    assert shares == pytest.approx([0.5, 1, 1, 1, 1, 1, 1, 0.5, 1 - 0.5**0.5, 1 - 0.75**0.5])


@pytest.mark.parametrize("warmup", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("rule", [OneCycle(), OneCycle(start=10, end=100)])
def test_one_cycle_is_that_of_torch(rule: OneCycle, warmup: float) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1.0, 40, pct_start=warmup, div_factor=rule.start, final_div_factor=rule.end
    )
    expected = []
    for _ in range(40):
        expected.append(theirs.get_last_lr()[0])
        optimizer.step()
        if len(expected) < 40:
            theirs.step()
    assert rates(rule, warmup=warmup, steps=40) == pytest.approx(expected)
