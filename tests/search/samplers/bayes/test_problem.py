"""What a study asks for: which trials a model of some of them should see first."""

from __future__ import annotations

from archscape.analysis.metrics import Objectives
from archscape.search.samplers.bayes.problem import Problem
from archscape.search.study.history import History, Record

ACCURACY: Objectives = {"accuracy": "maximize"}


def record(number: int, value: float, **others: float) -> Record:
    return Record(number=number, decisions={}, values=(value,), **others)


def test_trials_within_the_limits_come_before_better_ones_beyond() -> None:
    records = [record(0, 0.9, violation=0.2), record(1, 0.1), record(2, 0.8, violation=0.1), record(3, 0.3)]
    assert Problem(history=History(objectives=ACCURACY)).best_first(records) == [3, 1, 2, 0]


def test_at_a_rung_running_trials_count_by_what_they_came_to_there() -> None:
    runs = [Record(number=i, decisions={}, views={1: (value,)}) for i, value in enumerate((0.2, 0.5, 0.1))]
    problem = Problem(history=History(objectives=ACCURACY), rung=1)
    assert problem.best_first(runs) == [1, 0, 2]
