"""`stop:` of a job: words, settings, and what fits the objectives and the recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search.job import Job, read_job
from archscape.search.pruners import PRUNERS, PrunerSettings
from archscape.search.pruners.halving import Asha, Halving
from archscape.search.pruners.hyperband import Hyperband
from archscape.search.pruners.median import Median
from archscape.search.training.recipe import Recipe
from archscape.spaces import Space
from archscape.spaces.errors import JobError

JOB = "search: a\nspace: digits\ndata: digits\nrecipe: {epochs: 9}\n"
ONE = "objectives: {accuracy: maximize}\n"


def job(tmp_path: Path, text: str) -> Job:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    return read_job(path)


def test_nothing_is_stopped_unless_asked_for(tmp_path: Path) -> None:
    assert job(tmp_path, JOB).stop is None
    assert job(tmp_path, JOB).pruner() is None
    assert job(tmp_path, JOB).facts()["stop"] is None


@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("stop: halving\n", Halving()),
        ("stop: {rule: halving}\n", Halving()),
        ("stop: {rule: halving, eta: 4, epochs: 2}\n", Halving(eta=4, epochs=2)),
        ("stop: {rule: hyperband, eta: 2}\n", Hyperband(eta=2)),
        (ONE + "stop: asha\n", Asha()),
        (ONE + "stop: {epochs: 2, rule: asha}\n", Asha(epochs=2)),
        (ONE + "stop: median\n", Median()),
        (ONE + "stop: {rule: median, trials: 9}\n", Median(trials=9)),
    ],
)
def test_a_rule_is_a_word_or_a_mapping(tmp_path: Path, text: str, stop: PrunerSettings) -> None:
    settings = job(tmp_path, JOB + text)
    assert settings.stop == stop
    rule = settings.pruner()
    assert rule is not None
    assert rule.name == stop.name


@pytest.mark.parametrize("word", PRUNERS)
def test_a_job_with_a_rule_is_written_so_that_it_reads_back(tmp_path: Path, word: str) -> None:
    settings = job(tmp_path, JOB + ONE + f"stop: {word}\n")
    (tmp_path / "space.yaml").write_text(settings.space.to_yaml())
    again = job(tmp_path, settings.to_yaml(space="space.yaml"))
    assert again == settings
    assert again.facts() == settings.facts()


def test_a_study_keeps_its_rule(tmp_path: Path) -> None:
    settings = job(tmp_path, JOB + "stop: halving\n")
    assert settings.facts()["stop"] == {"rule": "halving", "eta": 3}
    for stop in (None, Halving(eta=2), Median()):
        assert replace(settings, stop=stop).facts() != settings.facts()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stop: halfing\n", ":5:7: no rule of early stopping 'halfing'; did you mean 'halving'?"),
        (
            "stop: {rule: HyperbandPruner}\n",
            ":5:14: no rule of early stopping 'HyperbandPruner'; did you mean 'hyperband'?",
        ),
        (
            "stop: [halving]\n",
            ":5:7: a rule of early stopping is one word; it knows " + ", ".join(sorted(PRUNERS)),
        ),
        ("stop:\n", ":5:6: a rule of early stopping is one word"),
        ("stop: {eta: 3}\n", ":5:7: `stop:` needs its rule, as in {rule: " + next(iter(PRUNERS)) + "}"),
        ("stop: {rule: halving, eat: 3}\n", ":5:23: halving has no 'eat'; did you mean 'eta'?"),
        ("stop: {rule: halving, trials: 3}\n", ":5:23: halving has no 'trials'; it knows"),
        ("stop: {rule: halving, eta: 1}\n", ":5:28: eta is a whole number from 2, but got '1'"),
        ("stop: {rule: halving, eta: 2.5}\n", ":5:28: eta is a whole number from 2, but got '2.5'"),
        (
            "stop: {rule: halving, epochs: 0}\n",
            ":5:31: epochs is a whole number from 1, or none, but got '0'",
        ),
        (
            "stop: {rule: halving, epochs: 4}\n",
            ":5:7: nothing would be stopped: this rule needs a recipe of at least 12 epochs, and it has 9; "
            "raise those, or lower the rule's own `epochs:`",
        ),
        ("stop: asha\n", ":5:7: asha goes by one objective, but the job has accuracy, macs; `halving` ranks"),
        ("stop: median\n", ":5:7: median goes by one objective, but the job has accuracy, macs"),
        (
            "stop: halving\nobjectives: {macs: minimize, params: minimize}\n",
            ":6:13: a search has an objective of training",
        ),
    ],
)
def test_a_mistake_is_one_error_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(JobError) as caught:
        job(tmp_path, JOB + text)
    assert message in str(caught.value)


def test_the_job_of_the_page_reads(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "early-stopping.md"
    shown = page.read_text().split("```yaml\n")[1].split("```")[0]
    assert job(tmp_path, shown).stop == Halving()
    setting = "stop: {rule: halving, eta: 2, epochs: 3}"
    assert setting in page.read_text()
    assert job(tmp_path, JOB + setting).stop == Halving(eta=2, epochs=3)


def test_a_job_made_in_python_obeys_the_same_laws() -> None:
    made = Job(search="a", space=Space.load("digits"), data="digits", recipe=Recipe(epochs=1), stop=Halving())
    with pytest.raises(JobError, match="nothing would be stopped"):
        made.pruner()
    with pytest.raises(JobError, match="eta is a whole number from 2, but got True"):
        Halving(eta=True)
    with pytest.raises(JobError, match="trials is a whole number from 1"):
        Median(trials=0)
