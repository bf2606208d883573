"""The history that samplers read: what is known of each trial, brought up to date from what changed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter

import pytest
from sqlalchemy import Connection, event, text

from archscape.search.pruners import Pruner
from archscape.search.study.history import History, Record
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.rung_rows import RungRows
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

Finished = Callable[..., Result]


class Goes:
    """A rule with three rungs that stops those whose accuracy is below one half."""

    name = "goes"
    rungs = (1, 3, 9)

    def decide(self, rung, result, results):  # type: ignore[no-untyped-def]
        from archscape.search.pruners import Decision

        return Decision(promote=result.values[0] >= 0.5, reason="by its accuracy")

    def promotable(self, rung, results):  # type: ignore[no-untyped-def]
        return next((result.number for result in results if not result.passed), None)


RULE: Pruner = Goes()


@pytest.fixture
def ask(stored: Study, plan: SearchPlan, owner: Owner) -> Callable[[], Lease]:
    def ask() -> Lease:
        lease = stored.ask_unique(plan.propose, owner, trials=24)
        assert lease is not None
        return lease

    return ask


def reach(study: Study, lease: Lease, rung: int, accuracy: float) -> None:
    """Let a trial reach a rung, and leave it if it is stopped there."""
    decision = study.report(lease, {rung: {"accuracy": accuracy}}, pruner=RULE)
    if decision is not None and not decision.promote:
        study.release(lease)


def records(history: History) -> list[Record]:
    return sorted(
        (*history.complete, *history.failed, *history.stopped.values(), *history.pending.values()),
        key=attrgetter("number"),
    )


def anew(study: Study) -> History:
    """Return the history as a process that has just opened the study reads it."""
    address = study.address
    with Study.open(address.folder, name=study.name, storage=address.storage) as other:
        return other.history()


def test_records_know_their_costs_before_they_have_results(
    stored: Study, ask: Callable[[], Lease], finished: Finished
) -> None:
    lease = ask()
    [record] = records(stored.history())
    assert (record.hash, record.metrics) == (lease.hash, lease.costs)
    stored.tell(finished(lease, 0.25))
    [record] = records(stored.history())
    assert record.metrics == {**lease.costs, **finished(lease, 0.25).metrics}


def test_records_have_their_objectives_at_each_rung_that_they_reached(
    stored: Study, ask: Callable[[], Lease], finished: Finished
) -> None:
    first, second, third = ask(), ask(), ask()
    costs = [float(lease.costs["macs"]) for lease in (first, second, third)]
    for rung, accuracy in ((1, 0.6), (3, 0.75)):
        reach(stored, first, rung, accuracy)
    reach(stored, second, 1, 0.25)
    reach(stored, third, 1, 0.5)
    stored.tell(finished(third))
    assert [record.views for record in records(stored.history())] == [
        {1: (0.6, costs[0]), 3: (0.75, costs[0])},
        {1: (0.25, costs[1])},
        {1: (0.5, costs[2])},
    ]
    reach(stored, first, 9, 0.8)
    pending = stored.history().pending[0]
    assert list(pending.views.items())[-1] == (9, (0.8, costs[0]))
    assert pending.values is None


def test_views_of_a_trial_that_is_tried_again_are_its_new_ones(
    stored: Study, ask: Callable[[], Lease], owner: Owner, finished: Finished
) -> None:
    """Its place at the rung may by then be that of another."""
    lease = ask()
    reach(stored, lease, 1, 0.6)
    stored.history()
    stored.tell(finished(lease, status="failed", cause="error", metrics={}))
    stored.retry()
    other = ask()
    reach(stored, other, 1, 0.75)
    history = stored.history()
    assert [record.views for record in records(history)] == [{}, {1: (0.75, other.costs["macs"])}]
    assert history == anew(stored)


def test_deterministic_proposals_see_the_views_of_what_had_to_end_alone(
    stored: Study, ask: Callable[[], Lease], finished: Finished
) -> None:
    leases = [ask() for _ in range(4)]
    for lease, accuracy in zip(leases, (0.6, 0.25, 0.6, 0.25), strict=True):
        reach(stored, lease, 1, accuracy)
    stored.tell(finished(leases[0]))
    seen = stored.history().until(2)
    assert [bool(record.views) for record in records(seen)] == [True, True, False, False]
    running = [Record(number=n, decisions=seen.pending[n].decisions) for n in (2, 3)]
    expected = [
        replace(record, hash=lease.hash, metrics=lease.costs)
        for record, lease in zip(running, leases[2:], strict=True)
    ]
    assert [*seen.pending.values()] == expected


@pytest.mark.parametrize("seed", range(3))
def test_history_that_was_kept_up_to_date_is_the_one_that_is_read_anew(
    stored: Study, ask: Callable[[], Lease], owner: Owner, finished: Finished, seed: int
) -> None:
    """Whatever happens to trials between two looks: rungs, ends, failures, retries, drops, promotions."""
    rng, held = random.Random(seed), dict[int, tuple[Lease, list[int]]]()
    for _ in range(60):
        action = rng.choice(("ask", "reach", "reach", "reach", "end", "fail", "retry", "drop", "go on"))
        number = rng.choice([*held]) if held else None
        if action == "ask" and len(held) < 5:
            lease = ask()
            held[lease.number] = lease, [*RULE.rungs]
        elif action == "retry":
            stored.retry()
        elif action == "drop":
            stored.drop(rng.randrange(24))
        elif action == "go on":
            work = stored.next_work(owner, trials=24, pruner=RULE, busy=[*held])
            if work.lease is not None:
                held[work.lease.number] = work.lease, [*RULE.rungs]
        elif number is not None:
            lease, left = held[number]
            if action == "reach" and left:
                reach(stored, lease, left.pop(0), rng.choice((0.25, 0.75)))
                if stored.trials()[number].state == "paused":
                    del held[number]
            elif action in ("end", "fail"):
                failed = {"status": "failed", "cause": "error", "metrics": {}} if action == "fail" else {}
                stored.tell(finished(lease, **failed))
                del held[number]
        if rng.random() < 0.5:
            stored.history()
    assert any(record.views for record in records(stored.history()))
    expected, kept = anew(stored), stored.history()
    assert records(kept) == records(expected)
    assert (kept.hashes, kept.next_number) == (expected.hashes, expected.next_number)


def test_only_what_came_to_the_rungs_since_is_read(study: Study, plan: SearchPlan, owner: Owner) -> None:
    """Through an index, so that a proposal costs the same in a study of ten trials and of ten thousand."""
    for _ in range(4):
        lease = study.ask_unique(plan.propose, owner, trials=9)
        assert lease is not None
        reach(study, lease, 1, 0.75)
        reach(study, lease, 3, 0.75)

    def step(connection: Connection) -> tuple[list[tuple[int, int]], str]:
        statements: list[str] = []
        rows = RungRows(connection=connection, study_id=study.key)
        event.listen(
            connection, "before_cursor_execute", lambda *args: statements.append(_bound(args[2], args[3]))
        )
        arrivals = rows.arrivals(since={1: 2, 3: 3}, of=[0])
        plans = connection.execute(text(f"EXPLAIN QUERY PLAN {statements[0]}")).all()
        return [(arrival.rung, arrival.number) for arrival in arrivals], "\n".join(map(str, plans))

    found, how = study.database.read(step)
    assert found == [(1, 0), (1, 3), (3, 0)]
    assert "SCAN" not in how


def _bound(statement: str, values: tuple[object, ...]) -> str:
    """Return a statement with its values in place."""
    for value in values:
        statement = statement.replace("?", str(value), 1)
    return statement
