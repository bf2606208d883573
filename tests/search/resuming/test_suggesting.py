"""Networks proposed from what a study has tried: those that its search tries next; nothing is written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search.job import Job, read_job
from archscape.search.resuming.suggesting import check_space, suggest
from archscape.search.samplers.base import Exhausted
from archscape.search.samplers.nsga2 import Nsga2Sampler
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import search_plan
from archscape.spaces import Space
from archscape.spaces.errors import InputError, JobError
from archscape.spaces.language import user_function, uses

Finished = Callable[..., Result]
MINE = "class Mine:\n    def sample(self, space, history, rng):\n        return space.sample(rng)\n"


@pytest.fixture
def job(job_file: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "suggester", raising=False)
    (job_file.parent / "suggester.py").write_text(MINE)
    return replace(read_job(job_file), sampler=Nsga2Sampler(startup=2), seed=3)


@pytest.fixture
def tried(job: Job, tmp_path: Path, owner: Owner, finished: Finished) -> Iterator[Study]:
    """A study with a few results."""
    yield from _tried(job, tmp_path, owner, finished)


def _tried(job: Job, folder: Path, owner: Owner, finished: Finished) -> Iterator[Study]:
    (folder / "run").mkdir()
    facts, settings = job.facts(), job.settings()
    with Study.open(folder / "run", name=job.search, facts=facts, settings=settings) as study:
        for accuracy in (0.3, 0.5, 0.4):
            lease = study.ask_unique(search_plan(job).propose, owner, trials=8)
            assert lease is not None
            study.tell(finished(lease, accuracy))
        yield study


def test_they_are_what_the_search_tries_next_while_no_trial_ends(
    tried: Study, job: Job, owner: Owner
) -> None:
    hashes = [proposal.sample.hash() for proposal in suggest(tried, 3)]
    leases = [tried.ask_unique(search_plan(job).propose, owner, trials=8) for _ in range(3)]
    assert hashes == [lease and lease.hash for lease in leases]


def test_in_a_deterministic_study_they_do_not_see_how_the_latest_trials_ended(
    job: Job, tmp_path: Path, owner: Owner, finished: Finished
) -> None:
    for study in _tried(replace(job, deterministic=True, workers=2), tmp_path, owner, finished):
        hashes = [proposal.sample.hash() for proposal in suggest(study, 3)][:2]
        leases = [study.ask_unique(search_plan(job).propose, owner, trials=8) for _ in range(3)]
        assert leases.pop() is None  # the search waits for the first of them
        assert hashes == [lease and lease.hash for lease in leases]


def test_nothing_is_written(tried: Study) -> None:
    before = tried.trials()
    assert [*suggest(tried, 2)]
    assert tried.trials() == before
    assert (tried.history().pending, tried.history().next_number) == ({}, 3)


def test_sampler_and_seed_may_be_others(tried: Study) -> None:
    own = [proposal.sample.hash() for proposal in suggest(tried, 2)]
    others = [*suggest(tried, 2, sampler="random", seed=4)]
    assert [proposal.sampler for proposal in others] == ["random", "random"]
    assert own != [proposal.sample.hash() for proposal in others]
    assert next(suggest(tried, 1, sampler="auto")).sampler == search_plan_of_auto(tried)


def search_plan_of_auto(study: Study) -> str:
    """Return the sampler that auto chooses for a new search like that of a study."""
    job = read_job(study.address.folder.parent / "job.yaml")
    return str(replace(job, sampler="auto").with_sampler()[0].sampler)


def test_they_end_with_the_space(job: Job, tmp_path: Path, owner: Owner, finished: Finished) -> None:
    small = replace(job, space=job.space.tighten({"params": "..2k"}), sampler="random")
    total = small.space.count_distinct()
    assert total is not None
    assert total > 3
    for study in _tried(small, tmp_path, owner, finished):
        proposals = suggest(study, total)
        assert len({next(proposals).sample.hash() for _ in range(total - 3)}) == total - 3
        with pytest.raises(Exhausted):
            next(proposals)


def test_class_of_the_users_proposes_while_it_is_the_one_that_the_study_knows(
    job: Job, job_file: Path, tmp_path: Path, owner: Owner, finished: Finished
) -> None:
    job_file.write_text(job_file.read_text().replace("sampler: random", "sampler: suggester.py:Mine"))
    for study in _tried(read_job(job_file), tmp_path, owner, finished):
        uses._vouched.clear()  # as in a new process
        assert next(suggest(study, 1)).sampler == "suggester.py:Mine"
        (job_file.parent / "suggester.py").write_text(f"{MINE}# other\n")
        with pytest.raises(JobError, match="has changed since the study sampled with it"):
            next(suggest(study, 1))


def test_another_space_than_the_studys_is_refused(tried: Study, job: Job) -> None:
    check_space(tried, job.space, "tiny.yaml")
    other = Space.from_yaml(job.space.to_yaml().replace("{3, 5}", "{3, 7}", 1))
    with pytest.raises(InputError, match=r"another space than other\.yaml: its space `.*3, 5.*there `.*3, 7"):
        check_space(tried, other, "other.yaml")
