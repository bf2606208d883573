"""What Optuna's samplers are shown of a history, whose size is bounded, and what is made of their answers."""

from __future__ import annotations

import doctest
import random
from collections.abc import Sequence

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState

from archscape.analysis.metrics import Objectives
from archscape.search.samplers import optuna_mirror
from archscape.search.samplers.optuna_mirror import MEMORY
from archscape.search.samplers.tpe import TpeSampler
from archscape.search.study.history import History, Record
from archscape.spaces import Space

BOTH: Objectives = {"accuracy": "maximize", "macs": "minimize"}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[FrozenTrial]:
    """The trials that Optuna is given to propose from, the latest proposal's alone."""
    trials: list[FrozenTrial] = []
    suggest = optuna.samplers.TPESampler.before_trial

    def note(self: optuna.samplers.TPESampler, study: optuna.Study, trial: FrozenTrial) -> None:
        trials[:] = study.get_trials()[:-1]
        suggest(self, study, trial)

    monkeypatch.setattr(optuna.samplers.TPESampler, "before_trial", note)
    return trials


def tried(space: Space, points: Sequence[tuple[float, float]]) -> list[Record]:
    rng = random.Random(0)
    return [
        Record(number=i, decisions=space.sample(rng).decisions, values=point)
        for i, point in enumerate(points)
    ]


def test_sees_the_best_and_the_latest_of_many(tiny: Space, shown: list[FrozenTrial]) -> None:
    """Of 1,000 trials whose first are the best it sees those and the end, and no more than its memory."""
    points = [(1.0 - i / 1000, 1.0 + i) for i in range(1000)]
    complete = tried(tiny, points)
    history = History(objectives=BOTH, complete=complete, hashes={str(i) for i in range(1000)})
    TpeSampler(startup=10).sample(tiny, history, random.Random(0))
    assert len(shown) == MEMORY
    values = {trial.values[0] for trial in shown}
    assert {1.0 - i / 1000 for i in range(MEMORY // 8)} <= values
    assert {1.0 - i / 1000 for i in range(1000 - MEMORY * 7 // 8, 1000)} <= values


def test_failed_and_stopped_count_as_worst_and_running_as_such(tiny: Space, shown: list[FrozenTrial]) -> None:
    complete, rest = tried(tiny, [(0.9, 5.0), (0.2, 1.0)]), tried(tiny, [(0.0, 0.0)] * 3)
    history = History(
        objectives=BOTH,
        complete=complete,
        failed=[Record(number=2, decisions=rest[0].decisions)],
        stopped={3: Record(number=3, decisions=rest[1].decisions, values=(0.95, 0.5), rung=1)},
        pending={4: Record(number=4, decisions=rest[2].decisions)},
        hashes={str(i) for i in range(5)},
    )
    TpeSampler(startup=0).sample(tiny, history, random.Random(0))
    assert [trial.state for trial in shown] == [TrialState.COMPLETE] * 4 + [TrialState.RUNNING]
    assert [trial.values for trial in shown[:4]] == [[0.9, 5.0], [0.2, 1.0], [0.2, 5.0], [0.2, 5.0]]


def test_models_a_logarithmic_range_as_one_and_takes_the_nearest_option(shown: list[FrozenTrial]) -> None:
    """The smaller the width the better, so that the estimator comes near the low end."""
    space = Space.from_yaml(
        "space: logs\ninput: 1x8x8\nlayers:\n"
        "  - conv: {width: 4..64 log}\n  - dropout: {rate: 0.01..0.5 log}\n  - linear: {width: 10}\n"
    )
    rng = random.Random(0)
    samples = [space.sample(rng) for _ in range(30)]
    complete = [
        Record(number=i, decisions=each.decisions, values=(-float(each.decisions["conv.width"]),))
        for i, each in enumerate(samples)
    ]
    history = History(objectives={"accuracy": "maximize"}, complete=complete, hashes={*map(str, range(30))})
    drawn = [TpeSampler().sample(space, history, random.Random(i)).decisions for i in range(10)]
    assert all(each[path] in space.paths[path] for each in drawn for path in space.paths)
    assert sum(float(each["conv.width"]) for each in drawn) / 10 < 16
    [span] = {trial.distributions["dropout.rate"] for trial in shown}
    assert span == FloatDistribution(0.01, 0.5, log=True)


def test_worked_example_holds() -> None:
    assert doctest.testmod(optuna_mirror) == (0, 1)
