"""Details of one trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers.dashboard import submit, submit_proposed

from archscape.search.dashboard.detail import LOG_BYTES, detail, tail
from archscape.search.study.proposal import Prediction
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan


def test_only_the_tail_of_a_long_log_is_sent(tmp_path: Path) -> None:
    log = tmp_path / "trial-00000.log"
    assert tail(log) is None
    log.write_text("short\n")
    assert tail(log) == "short\n"
    log.write_bytes(b"first\n" + b"x\xff\n" * LOG_BYTES + b"last\n")
    end = tail(log)
    assert end is not None
    assert end.startswith("x\ufffd\n")
    assert end.endswith("x\ufffd\nlast\n")


def test_a_trial_says_who_proposed_it_why_what_was_expected_and_what_came(
    study: Study, plan: SearchPlan, finished: Callable[..., Result], tmp_path: Path
) -> None:
    expected = {"accuracy": Prediction(mean=0.75, deviation=0.125, incumbent=0.5)}
    lease = submit_proposed(study, plan, sampler="bayes", reason="best of 812", predicted=expected)
    known = {"name": "accuracy", "mean": 0.75, "deviation": 0.125, "incumbent": 0.5}
    for measured in (None, 0.875):
        if measured:
            study.tell(finished(lease, measured))
        trial = detail(study, lease.number, tmp_path)
        assert trial is not None
        assert trial["proposal"] == {
            "sampler": "bayes",
            "reason": "best of 812",
            "predictions": [{**known, "measured": measured}],
        }


def test_of_a_trial_without_a_model_nothing_was_expected(
    study: Study, plan: SearchPlan, tmp_path: Path
) -> None:
    trial = detail(study, submit(study, plan).number, tmp_path)
    assert trial is not None
    assert trial["proposal"] == {"sampler": "random", "reason": "", "predictions": []}
