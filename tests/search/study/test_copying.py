"""A copy of a study has its trials and goes on by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from helpers.postgres import Cluster

from archscape.search.study.copying import copy_study
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces.errors import InputError

Finished = Callable[..., Result]


def fill(study: Study, plan: SearchPlan, owner: Owner, finished: Finished) -> None:
    """Add a complete trial with weights, a failed one, one at work with an epoch."""
    leases = [study.ask_unique(plan.propose, owner, trials=9) for _ in range(3)]
    complete, failed, running = [lease for lease in leases if lease is not None]
    study.tell(finished(complete, 0.75, weights="ab", place={"host": "h", "folder": "/f"}))
    study.tell(finished(failed, status="failed", cause="error", message="x", metrics={}))
    study.report(running, {1: {"epoch": 1, "accuracy": 0.25}})


def test_copy_has_all_and_what_ran_waits(
    stored: Study, plan: SearchPlan, owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    fill(stored, plan, owner, finished)
    stored.change({"job": "search: stored\ntrials: 3\n", "trials": 3})
    assert copy_study(stored, "other", storage=str(tmp_path / "copy.db")) == 3
    with Study.open(tmp_path / "run", name="other", storage=str(tmp_path / "copy.db")) as copy:
        assert copy.counts() == {"complete": 1, "failed": 1, "waiting": 1}
        assert "search: other" in copy.settings["job"]
        assert (copy.facts, copy.epochs()) == (stored.facts, stored.epochs())
        assert copy.identity != stored.identity
        kept = ("number", "hash", "decisions", "network", "metrics", "cause", "seed", "started")
        for old, new in zip(stored.trials(), copy.trials(), strict=True):
            assert [getattr(old, name) for name in kept] == [getattr(new, name) for name in kept]
        assert copy.weights_digest(copy.trials()[0]) == "ab"
        assert copy.places() == stored.places()
        lease = copy.next_work(owner, trials=3).lease
        assert lease is not None
        assert copy.tell(finished(lease, 0.5))
    assert stored.counts() == {"complete": 1, "failed": 1, "running": 1}
    seen = optuna.load_study(study_name="other", storage=f"sqlite:///{tmp_path / 'copy.db'}").trials
    assert [trial.state.name for trial in seen] == ["COMPLETE", "FAIL", "COMPLETE"]
    assert seen[0].params == dict(stored.trials()[0].decisions)


def test_name_that_is_taken_is_refused(
    stored: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    fill(stored, plan, owner, finished)
    with pytest.raises(InputError, match="has a study 'stored'; choose another name"):
        copy_study(stored, "stored")


def test_copy_goes_from_a_file_to_a_server_and_back(
    study: Study,
    plan: SearchPlan,
    owner: Owner,
    finished: Finished,
    postgres: Cluster,
    tmp_path: Path,
) -> None:
    fill(study, plan, owner, finished)
    url = postgres.url("copies")
    copy_study(study, "copied", storage=url)
    with Study.open(tmp_path / "there", name="copied", storage=url) as there:
        assert there.counts() == {"complete": 1, "failed": 1, "waiting": 1}
        copy_study(there, "again", storage=str(study.address.target))
        there.delete()
    with Study.open(tmp_path / "here", name="again", storage=str(study.address.target)) as again:
        assert [trial.hash for trial in again.trials()] == [trial.hash for trial in study.trials()]
        assert again.epochs() == study.epochs()
