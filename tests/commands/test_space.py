"""`archscape space --suggest`: networks proposed from what a search tried."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from archscape.cli import main
from archscape.search.job import read_job
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import search_plan

Shown = Callable[..., tuple[int, str, str]]
TALKER = """
from archscape.search.samplers import Prediction, Proposal, Sampler

class Talker(Sampler):
    def proposals(self, space, history, rng):
        nothing = Prediction(float("nan"), 1.0, 0.5)
        yield Proposal(sample=space.sample(rng), reason="of two\\nlines", predicted={"accuracy": nothing})
"""
JOB = (
    "search: tried\nspace: digits\ndata: digits\nrecipe: {rate: 0.01..0.1 log}\nsampler: bayes\ntrials: 20\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that has ten results."""
    folder = tmp_path_factory.mktemp("tried")
    (folder / "job.yaml").write_text(JOB)
    (folder / "run").mkdir()
    job = read_job(folder / "job.yaml")
    facts, settings, plan = job.facts(), job.settings(), search_plan(job)
    with Study.open(folder / "run", name="tried", facts=facts, settings=settings) as study:
        for _ in range(10):
            lease = study.ask_unique(plan.propose, Owner.current(), trials=20)
            assert lease is not None
            metrics = {"accuracy": lease.costs["params"] / 1e6, **lease.costs}
            study.tell(Result(number=lease.number, hash=lease.hash, status="complete", metrics=metrics))
    return folder


@pytest.fixture
def shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> Shown:
    """Run `archscape space digits ... --from RUN`."""

    def run(*arguments: str, space: str = "digits", source: str = "run") -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            main(["space", space, *arguments, *(["--from", str(folder / source)] if source else [])])
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return run


def test_proposals_are_shown_with_what_is_expected_and_why(shown: Shown) -> None:
    status, out, err = shown("--suggest", "2")
    assert (status, err) == (0, "")
    first, second, _ = out.split("\n\n")
    costs, expected, trained, reason, *network = first.splitlines()
    assert costs.endswith(" activations")
    assert "accuracy " in expected
    assert "% expected; of the best trial " in expected
    assert trained.startswith("# recipe.rate: 0.")
    assert reason.startswith("# bayes: ")
    assert network[0] == "network: digits"
    assert second.splitlines()[0] != costs


def test_programs_read_them(shown: Shown) -> None:
    status, out, _ = shown("--suggest", "2", "--format", "json")
    assert status == 0
    rows = json.loads(out)
    assert len({row["hash"] for row in rows}) == 2
    assert {"params", "sampler", "reason", "predicted_accuracy", "incumbent_accuracy", "recipe.rate"} <= {
        *rows[0]
    }
    assert json.loads(rows[0]["network"])["network"] == "digits"


def test_what_a_sampler_of_the_users_says_stays_in_its_comment(shown: Shown, folder: Path) -> None:
    (folder / "talker.py").write_text(TALKER)
    status, out, _ = shown("--suggest", "1", "--sampler", f"{folder / 'talker.py'}:Talker")
    assert status == 0
    assert "# talker.py:Talker: of two lines\nnetwork: digits\n" in out
    assert "expected" not in out
    assert yaml.safe_load(out)["network"] == "digits"


def test_another_sampler_may_propose_with_its_settings(shown: Shown) -> None:
    status, out, _ = shown("--suggest", "1", "--sampler", "{rule: nsga2, startup: 0}", "--format", "csv")
    assert status == 0
    assert ",nsga2," in out


@pytest.mark.parametrize(
    ("arguments", "where", "message"),
    [
        (["--suggest", "1"], {"source": ""}, "--suggest N goes by what a search tried; give --from RUN"),
        (["--sampler", "tpe"], {"source": ""}, "--sampler goes with --suggest N"),
        ([], {}, "--from goes with --suggest N"),
        (
            ["--suggest", "1"],
            {"space": "cifar"},
            "--from: tried searches another space than cifar: its space",
        ),
        (
            ["--suggest", "1", "--sampler", "tpr"],
            {},
            "--sampler: sampler: no sampler 'tpr'; did you mean 'tpe'?",
        ),
        (["--suggest", "1"], {"source": "nowhere"}, "nowhere: no such folder"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    shown: Shown, arguments: list[str], where: dict[str, str], message: str
) -> None:
    status, out, err = shown(*arguments, **where)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
