"""A search that draws training choices with every network: its trials, their identity, their training."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess

import pandas as pd
import pytest
from helpers.in_process import InProcess, one_thread
from helpers.processes import popen
from rich.console import Console
from safetensors.torch import load_file
from torch import Tensor

from archscape.commands.options.trainings import find_training
from archscape.search.datasets.dataset import Dataset
from archscape.search.executors.ray.actor import ActorContext
from archscape.search.executors.ray.messages import TrialSpec
from archscape.search.folder import RunFolder
from archscape.search.job import Job, read_job
from archscape.search.job.adding import add_network
from archscape.search.job.keywords import make_job
from archscape.search.search import run
from archscape.search.study.lease import Lease, lease_of
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.training.choices import OpenRecipe
from archscape.search.training.choices.reading import read_any_recipe
from archscape.search.training.recipe import Recipe
from archscape.search.workers.cache import CachedEvaluator
from archscape.search.workers.evaluator import Context, TrainingEvaluator, evaluate_safely
from archscape.search.workers.setup import evaluation, load_data
from archscape.search.workers.trial_source import search_plan
from archscape.spaces import Space
from archscape.spaces.errors import InputError, JobError, StudyError

Run = Callable[..., "CompletedProcess[str]"]

SPACE = """\
space: small
input: 1x8x8
layers:
  - conv: {width: {4, 6, 8}, kernel: {1, 3}}
  - avgpool
  - linear: {width: 10}
"""
JOB = """\
search: drawn
space: small.yaml
data: digits
recipe:
  epochs: 1
  rate: 0.01..0.1 log
  weight_decay: {0, 1e-4}
  augment: {none, [shift]}
sampler: random
trials: 5
"""
FIRST = {
    "conv.width": 8,
    "conv.kernel": 3,
    "recipe.rate": "0.1",
    "recipe.weight_decay": 0,
    "recipe.augment": "none",
}


@pytest.fixture(scope="module", autouse=True)
def threads() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job and its run: two trials of one network, and three that are drawn."""
    folder = tmp_path_factory.mktemp("drawn")
    write_job(folder, f"enqueue: {json.dumps([FIRST, {**FIRST, 'recipe.rate': '0.01'}])}\n")
    search(read_job(folder / "job.yaml"), folder / "run")
    return folder


def write_job(folder: Path, more: str = "", job: str = JOB) -> Path:
    (folder / "small.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(job + more)
    return folder / "job.yaml"


def search(job: Job, out: Path) -> pd.DataFrame:
    return run(job, out=out, executor=InProcess(), console=Console(file=io.StringIO())).trials


def context_of(lease: Lease) -> Context:
    return Context(lease=lease, worker="w", log=lambda line: None, report=lambda epoch, metrics: True)


def weights(run_folder: Path, digest: str) -> dict[str, Tensor]:
    return load_file(RunFolder(run_folder).checkpoints / f"{digest}.safetensors")


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)


def test_every_trial_has_the_drawn_choices_as_columns(folder: Path) -> None:
    trials = pd.read_csv(folder / "run" / "trials.csv", dtype=str, keep_default_na=False)
    assert set(trials["status"]) == {"complete"}
    assert trials["decision.recipe.rate"][:2].tolist() == ["0.1", "0.01"]
    assert set(trials["decision.recipe.weight_decay"]) <= {"0", "0.0001"}
    assert set(trials["decision.recipe.augment"]) <= {"none", "[shift]"}
    page = (folder / "run" / "report.html").read_text()
    assert "recipe.rate" in page


def test_one_network_trained_in_two_ways_is_two_trials(folder: Path) -> None:
    with Study.open(folder / "run") as study:
        first, second = study.trials()[:2]
        assert first.network == second.network
        assert first.hash != second.hash
        assert first.seed == second.seed  # both begin with the same weights
        assert study.training_choices(first.decisions) == {k: v for k, v in FIRST.items() if "recipe" in k}
        assert study.weights_digest(first) != study.weights_digest(second)


def test_a_drawn_recipe_trains_to_the_bits_of_the_same_recipe_for_all(folder: Path, tmp_path: Path) -> None:
    fixed = "recipe: {epochs: 1, rate: 0.1, weight_decay: 0}\n"
    job = re.sub(r"recipe:\n(  .*\n)+", fixed, JOB).replace("trials: 5", "trials: 1")
    write_job(
        tmp_path, f"enqueue: {json.dumps([{k: v for k, v in FIRST.items() if 'recipe' not in k}])}\n", job
    )
    search(read_job(tmp_path / "job.yaml"), tmp_path / "run")
    with Study.open(folder / "run") as drawn, Study.open(tmp_path / "run") as plain:
        [ours, theirs] = drawn.trials()[0], plain.trials()[0]
        assert plain.facts.get("choices") is None
    assert theirs.metrics["accuracy"] == ours.metrics["accuracy"]
    assert_same(weights(folder / "run", ours.hash), weights(tmp_path / "run", theirs.hash))


def test_the_job_of_a_run_has_the_choices_and_resumes_it(folder: Path) -> None:
    written = read_job(folder / "run" / "job.yaml", runs="nothing")
    assert written.recipe == read_job(folder / "job.yaml").recipe
    assert written.facts() == read_job(folder / "job.yaml").facts()
    assert len(search(replace(written, trials=6), folder / "run")) == 6
    other = JOB.replace("0.01..0.1", "0.01..0.2")
    (folder / "other.yaml").write_text(other)
    with pytest.raises(JobError, match=r"began with recipe \{rate: 0.01..0.1 log\}, but the job has"):
        search(read_job(folder / "other.yaml"), folder / "run")


def test_a_final_training_goes_by_the_recipe_of_its_trial(folder: Path) -> None:
    options = dict.fromkeys(("data", "recipe", "epochs", "device", "shapes"))
    recipes = [find_training(str(folder / "run"), trial, **options).recipe for trial in ("0", "1")]  # type: ignore[arg-type]
    assert recipes == [
        Recipe(epochs=1, rate=0.1, weight_decay=0.0),
        Recipe(epochs=1, rate=0.01, weight_decay=0.0),
    ]
    with pytest.raises(InputError, match="it leaves rate open, and one training has one recipe"):
        find_training(str(folder / "run"), "0", **{**options, "recipe": "{rate: 0.1..1 log}"})  # type: ignore[arg-type]


@pytest.mark.slow
def test_commands_export_and_train_such_a_trial(folder: Path, archscape: Run, tmp_path: Path) -> None:
    out = folder / "run"
    exported = archscape("export", out, "--trial", "1", "--format", "weights", "--out", tmp_path / "weights")
    assert exported.returncode == 0, exported.stderr
    trained = archscape("train", out, "--trial", "1", "--seeds", "1", "--out", tmp_path / "final")
    assert trained.returncode == 0, trained.stderr
    assert json.loads((tmp_path / "final" / "metrics.json").read_text())["recipe"]["rate"] == 0.01
    copied = archscape("study", "copy", out, "other")
    assert "other: a copy of drawn" in copied.stderr
    assert archscape("report", out, "--out", tmp_path / "report.html").returncode == 0
    assert "recipe.rate" in (tmp_path / "report.html").read_text()


# Identity


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Study]:
    """A study without a trial."""
    job = read_job(write_job(tmp_path))
    with Study.open(tmp_path, name="drawn", facts=job.facts(), settings=job.settings()) as study:
        yield study


def test_the_same_network_trained_in_the_same_way_is_a_duplicate(begun: Study) -> None:
    assert add_network(begun, json.dumps(FIRST)) == 0
    with pytest.raises(StudyError, match="trial 0 has this network, trained in this way"):
        add_network(begun, json.dumps(FIRST))
    assert add_network(begun, json.dumps({**FIRST, "recipe.rate": "0.01"})) == 1


def test_a_network_by_name_needs_its_training(begun: Study, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        SPACE.replace("space: small", "network: mine").replace("{4, 6, 8}", "6").replace("{1, 3}", "3")
    )
    mine = str(tmp_path / "mine.yaml")
    with pytest.raises(InputError, match=r"the recipe leaves 'recipe.rate' open; say it too, as in"):
        add_network(begun, mine)
    choices = {path: option for path, option in FIRST.items() if path.startswith("recipe")}
    assert add_network(begun, json.dumps({"network": mine, **choices})) == 0
    [trial] = begun.trials()
    assert trial.decisions == {"conv.width": 6, "conv.kernel": 3, **choices}


def test_what_is_enqueued_twice_is_refused_unless_it_is_trained_otherwise(tmp_path: Path) -> None:
    twice = [FIRST, {**FIRST, "recipe.weight_decay": "1e-4"}, FIRST]
    with pytest.raises(JobError, match="it gives the network of one above, trained in the same way"):
        read_job(write_job(tmp_path, f"enqueue: {json.dumps(twice)}\n"))
    assert len(read_job(write_job(tmp_path, f"enqueue: {json.dumps(twice[:2])}\n")).enqueued) == 2


def test_a_lost_trial_is_taken_up_with_what_was_drawn(
    begun: Study, gone: Callable[[int], Owner], owner: Owner, tmp_path: Path
) -> None:
    plan = search_plan(read_job(tmp_path / "job.yaml"))
    first = begun.ask_unique(plan.propose, gone(0), trials=5)
    assert first is not None
    assert first.choices
    again = begun.next_work(owner, trials=5).lease
    assert again is not None
    assert (again.number, again.hash, again.choices) == (first.number, first.hash, first.choices)


def test_an_actor_of_ray_gets_what_was_drawn(begun: Study, owner: Owner, tmp_path: Path) -> None:
    job = read_job(tmp_path / "job.yaml")
    lease = begun.ask_unique(search_plan(job).propose, owner, trials=5)
    assert lease is not None
    spec = TrialSpec.from_json(
        TrialSpec(number=0, hash=lease.hash, network=lease.network.to_json(), choices=lease.choices).to_json()
    )
    context = ActorContext(
        job=job,
        evaluate=lambda network, context: context.result(status="complete"),
        threads=1,
        spool=None,
        folders=(),
        checkpoints=tmp_path,
        rungs=(),
        device="cpu",
        data={},
    )
    assert context.lease(spec).choices == lease.choices
    with pytest.raises(StudyError, match="install the same version everywhere"):
        context.lease(replace(spec, choices={**spec.choices, "recipe.rate": "0.5"}))


# Training


def test_a_cache_is_shared_with_studies_of_the_same_recipe(tmp_path: Path) -> None:
    def key(job: Job, lease: Lease) -> str:
        evaluate = evaluation(
            replace(job, cache=str(tmp_path / "cache")), load_data(job), RunFolder(tmp_path), device="cpu"
        )
        assert isinstance(evaluate, CachedEvaluator)
        return evaluate.key(lease.network, context_of(lease))

    drawn, (fixed, other) = (
        read_job(write_job(tmp_path)),
        (
            make_job(
                space=Space.from_yaml(SPACE),
                data="digits",
                recipe={"epochs": 1, "rate": rate, "weight_decay": 0},
            )
            for rate in (0.1, 0.01)
        ),
    )
    network = drawn.trial_space.sample_of_texts(FIRST).network
    choices = {path: option for path, option in FIRST.items() if path.startswith("recipe")}
    plain = lease_of(0, network, Owner.current(), seed=0)
    of_trial = lease_of(0, network, Owner.current(), seed=0, choices=choices)
    assert key(drawn, of_trial) == key(fixed, plain) != key(other, plain)


def test_settings_that_do_not_fit_each_other_fail_the_trial_alone(digits: Dataset, tmp_path: Path) -> None:
    """Of very many combinations some are looked at when the job is read; the others when they are drawn."""
    open_recipe = read_any_recipe(
        {"batch": {"8": None, "48": None}, "accumulate": {"1": None, "5": None}}, check=False
    )
    network = Space.from_yaml(SPACE).sample_of_texts({"conv.width": 4, "conv.kernel": 1}).network
    choices = {"recipe.batch": 8, "recipe.accumulate": 5}
    lease = lease_of(0, network, Owner.current(), seed=0, choices=choices)
    evaluate = TrainingEvaluator(data=digits, recipe=open_recipe, device="cpu", checkpoints=tmp_path)
    result = evaluate_safely(evaluate, network, context_of(lease))
    assert (result.status, result.cause) == ("failed", "error")
    assert "a batch of 8 in 5 pieces leaves less than the 2 samples" in result.message


@pytest.mark.parametrize(
    ("settings", "law"),
    [
        (
            {
                "objectives": {"accuracy": "maximize", "training_memory": "minimize"},
                "recipe": {"batch": {"16": None, "48": None}},
            },
            "but `batch` is left open",
        ),
        (
            {
                "objectives": {"accuracy": "maximize", "training_memory": "minimize"},
                "recipe": {"ema": {"0": None, "0.99": None}},
            },
            "but `ema` is left open",
        ),
        ({"recipe": {"rate": "0.1..0.01 log"}}, "`0 < low < high` must hold"),
        ({"recipe": {"epochs": "1..3"}}, "`epochs` is no choice"),
    ],
)
def test_what_a_job_cannot_have_is_refused(settings: dict[str, object], law: str) -> None:
    with pytest.raises(JobError, match=re.escape(law)):
        make_job(**{"space": Space.from_yaml(SPACE), "data": "digits", **settings})  # type: ignore[arg-type]


def test_every_option_has_to_fit_the_data() -> None:
    space = Space.from_yaml(SPACE.replace("1x8x8", "1x16x16").replace("10}", "2}"))
    job = make_job(space=space, data="digit-positions", recipe={"augment": {"none": None, "[shift]": None}})
    with pytest.raises(JobError, match="augment: shift changes where things lie, which the targets"):
        load_data(job)


def test_halving_promotes_trials_with_what_was_drawn(tmp_path: Path) -> None:
    halving = JOB.replace("epochs: 1", "epochs: 4") + "stop: {rule: halving, eta: 2}\nworkers: 1\n"
    trials = search(read_job(write_job(tmp_path, job=halving)), tmp_path / "run")
    assert {"complete", "pruned"} == set(trials["status"])
    assert trials["hash"].nunique() == 5


@pytest.mark.slow
def test_killed_and_resumed_it_draws_what_it_would_have_drawn(folder: Path, tmp_path: Path) -> None:
    path = write_job(
        tmp_path, job=JOB.replace("trials: 5", "trials: 6") + f"enqueue: {json.dumps([FIRST])}\n"
    )
    command = [sys.executable, "-m", "archscape", "search", str(path), "--out", str(tmp_path / "run")]
    started = popen(command, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
    logs = tmp_path / "run" / "logs"
    try:
        while started.poll() is None and not any(
            "epoch 1" in log.read_text() for log in logs.glob("trial-*")
        ):
            time.sleep(0.02)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()
    trials = search(read_job(tmp_path / "run" / "job.yaml", runs="nothing"), tmp_path / "run")
    fresh = search(read_job(path), tmp_path / "fresh")
    assert set(trials["status"]) == {"complete"}
    assert trials["hash"].tolist() == fresh["hash"].tolist()
    assert trials["accuracy"].tolist() == fresh["accuracy"].tolist()
    for digest in trials["hash"]:
        assert_same(weights(tmp_path / "run", digest), weights(tmp_path / "fresh", digest))


def test_the_example_runs(tmp_path: Path) -> None:
    job = read_job(Path(__file__).parents[2] / "examples" / "training-choices.yaml")
    assert isinstance(job.recipe, OpenRecipe)
    trials = search(replace(job, trials=2, workers=1), tmp_path / "run")
    assert len(trials) == 2
    assert trials["decision.recipe.rate"].notna().all()
