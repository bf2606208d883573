"""The last line of a search: what was trained, how far the study is, and where its weights lie."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archscape.analysis.limits import MetricLimit
from archscape.search.closing import closing, stopped
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.trained import weights_file
from archscape.search.workers.evaluator import place_of
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces.errors import InputError

FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize"}, "seed": 0}


def open_study(folder: Path) -> Study:
    (folder / "checkpoints").mkdir(parents=True)
    return Study.open(folder, name="tiny", storage=str(folder.parent / "shared.db"), facts=FACTS)


def train(study: Study, plan: SearchPlan, finished: Callable[..., Result], **where: str) -> None:
    """Bring a trial to its end, with weights in the folder of the study, or elsewhere."""
    lease = study.ask_unique(plan.propose, Owner.current(), trials=9)
    assert lease is not None
    checkpoints = study.address.folder / "checkpoints"
    (checkpoints / f"{lease.hash}.safetensors").touch()
    study.tell(replace(finished(lease), place=place_of(checkpoints) | where))


def test_tells_this_search_from_the_study(
    tmp_path: Path, plan: SearchPlan, finished: Callable[..., Result]
) -> None:
    with open_study(tmp_path / "a") as study:
        train(study, plan, finished)
        assert closing(study, {}, trials=3) == (
            f"1 network trained: 1 of 3 trials complete in study tiny; weights in {tmp_path}/a/checkpoints"
        )
        before = study.counts()
        train(study, plan, finished)
        train(study, plan, finished)
        assert closing(study, before, trials=3).startswith("2 networks trained: 3 of 3 trials complete")
        assert closing(study, study.counts(), trials=3).startswith("nothing left to train: 3 of 3 trials")
        lease = study.ask_unique(plan.propose, Owner.current(), trials=4)
        assert lease is not None
        study.tell(finished(lease, status="pruned"))
        assert closing(study, before, trials=4).startswith(
            "2 networks trained: 3 of 4 trials complete, 1 stopped early, in study tiny;"
        )
        study.limits = {"accuracy": MetricLimit(high=0.0)}
        assert "3 of 4 trials complete, 3 of them beyond accuracy ..0, 1 stopped early, in study" in closing(
            study, before, trials=4
        )


def test_counts_the_trials_of_the_study_that_a_stop_leaves(
    tmp_path: Path, plan: SearchPlan, finished: Callable[..., Result]
) -> None:
    with open_study(tmp_path / "a") as study:
        train(study, plan, finished)
        assert stopped(study, trials=24) == "stopped after 1 of 24 trials"
        study.ask_unique(plan.propose, Owner.current(), trials=9)
        assert stopped(study, trials=24) == "stopped after 1 of 24 trials, and 1 more begun"


def test_weights_are_found_from_another_folder_of_the_study(
    tmp_path: Path, plan: SearchPlan, finished: Callable[..., Result]
) -> None:
    with open_study(tmp_path / "a") as study:
        train(study, plan, finished)
    with open_study(tmp_path / "b") as study:
        (trial,) = study.trials()
        file = tmp_path / "a" / "checkpoints" / f"{trial.hash}.safetensors"
        assert weights_file(study, trial) == file
        assert closing(study, study.counts(), trials=1).endswith(f"weights in {file.parent}")
        (tmp_path / "a").rename(tmp_path / "moved")
        with pytest.raises(InputError) as caught:
            weights_file(study, trial)
        assert f"they were written on {socket.gethostname()} to {file}" in str(caught.value)
    (tmp_path / "moved" / "study.json").write_text(
        json.dumps({"storage": str(tmp_path / "shared.db"), "study": "tiny"})
    )
    with Study.open(tmp_path / "moved") as study:
        assert weights_file(study, trial).parent.parent == tmp_path / "moved"
        assert closing(study, study.counts(), trials=1).endswith(f"weights in {tmp_path}/moved/checkpoints")


def test_weights_on_another_machine_are_told_with_its_name(
    tmp_path: Path, plan: SearchPlan, finished: Callable[..., Result]
) -> None:
    with open_study(tmp_path / "a") as study:
        train(study, plan, finished, host="node7", folder="/scratch/run/checkpoints")
        for file in (tmp_path / "a" / "checkpoints").iterdir():
            file.unlink()
        (trial,) = study.trials()
        with pytest.raises(InputError, match=r"on node7 to /scratch/run/checkpoints/\w+\.safetensors"):
            weights_file(study, trial)
        assert closing(study, {}, trials=1).endswith("weights in node7:/scratch/run/checkpoints")
