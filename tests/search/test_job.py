"""Jobs: read with the place of every mistake, written whole, and changed by the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search.datasets.dataset import load_dataset
from archscape.search.job import Job, read_job
from archscape.search.pruners.halving import Halving
from archscape.search.samplers import NAMES, SAMPLERS, Sampler
from archscape.search.samplers.nsga2 import Nsga2Sampler
from archscape.search.samplers.tpe import TpeSampler
from archscape.search.training.device import resolve_device
from archscape.search.training.recipe import Recipe
from archscape.spaces import Limit, Space
from archscape.spaces.errors import InputError, JobError

FULL = """\
search: digits-frontier
space: digits                  # catalog name or file
data: cluttered-digits         # embedded name or path
recipe: {preset: quick, epochs: 5}
objectives: {accuracy: maximize, macs: minimize}
within: {params: ..200k}       # tightens the space's own limits
sampler: tpe
trials: 12
workers: 2
seed: 7
device: cpu
stop: {rule: halving, eta: 2}
repeats: 3
lease: 90
cache: results
"""

SHORT = "search: a\nspace: digits\ndata: digits\n"


def job(tmp_path: Path, text: str) -> Job:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    return read_job(path)


def test_reads_every_setting(tmp_path: Path) -> None:
    assert job(tmp_path, FULL) == Job(
        search="digits-frontier",
        space=Space.load("digits"),
        data="cluttered-digits",
        recipe=Recipe(epochs=5),
        objectives={"accuracy": "maximize", "macs": "minimize"},
        within={"params": Limit(high=200_000)},
        sampler="tpe",
        trials=12,
        workers=2,
        seed=7,
        device="cpu",
        stop=Halving(eta=2),
        repeats=3,
        lease=90,
        cache=str(tmp_path / "results"),
    )


def test_fills_in_what_is_left_out(tmp_path: Path) -> None:
    short = job(tmp_path, SHORT)
    assert short == Job(search="a", space=Space.load("digits"), data="digits")
    assert (short.sampler, short.trials, short.workers, short.seed) == ("", 30, 1, 0)
    assert (short.stop, short.repeats, short.lease, short.cache) == (None, 1, 60, "")
    assert short.recipe == Recipe()
    assert list(short.objectives.items()) == [("accuracy", "maximize"), ("macs", "minimize")]


def test_is_written_so_that_it_reads_back(tmp_path: Path) -> None:
    full = job(tmp_path, FULL)
    (tmp_path / "space.yaml").write_text(full.space.to_yaml())
    assert job(tmp_path, full.to_yaml(space="space.yaml")) == full


@pytest.mark.parametrize(
    ("written", "sampler"),
    [
        ("nsga2", "nsga2"),
        ("{rule: nsga2}", "nsga2"),
        ("{rule: nsga2, population: 20}", "nsga2"),
        ("{rule: nsga2, population: 30}", Nsga2Sampler(population=30)),
        ("{startup: 0, rule: tpe}", TpeSampler(startup=0)),
        ("{rule: random}", "random"),
    ],
)
def test_a_sampler_is_a_word_or_a_mapping(tmp_path: Path, written: str, sampler: str | Sampler) -> None:
    first = job(tmp_path, SHORT + f"sampler: {written}\n")
    assert first.sampler == sampler
    (tmp_path / "space.yaml").write_text(first.space.to_yaml())
    text = first.to_yaml(space="space.yaml")
    assert ("\nsampler: " + sampler in text) if isinstance(sampler, str) else "rule: " in text
    assert job(tmp_path, text) == first


def test_a_job_without_settings_of_a_sampler_is_read_without_it(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(SHORT + "sampler: tpe\n")
    code = f"""
import sys
from archscape.search.job import read_job
assert read_job({str(tmp_path / "job.yaml")!r}).sampler == "tpe"
loaded = {{"optuna", "torch", "ray", "pandas", "sqlalchemy", "archscape.search.samplers.tpe"}}
print(sorted(loaded & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_job_made_in_python_obeys_the_same_laws() -> None:
    with pytest.raises(JobError, match="job: trials is a whole number from 1 to 1,000,000, but got 0"):
        Job(search="a", space=Space.load("digits"), data="digits", trials=0)
    with pytest.raises(JobError, match="job: device is auto, cpu, cuda, cuda:N or mps, but got 'gpu'"):
        Job(search="a", space=Space.load("digits"), data="digits", device="gpu")


def test_order_of_objectives_stays(tmp_path: Path) -> None:
    settings = job(
        tmp_path, SHORT + "objectives: {seconds: minimize, accuracy: maximize, params: minimize}\n"
    )
    (tmp_path / "space.yaml").write_text(settings.space.to_yaml())
    assert list(job(tmp_path, settings.to_yaml(space="space.yaml")).objectives) == [
        "seconds",
        "accuracy",
        "params",
    ]


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine.yaml").write_text(Space.load("digits").to_yaml())
    (tmp_path / "here" / "x.npz").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "here"))
    for folder in ("", "~/"):  # or to the home folder
        text = f"search: a\nspace: {folder}mine.yaml\ndata: {folder}x.npz\ncache: {folder}kept\n"
        settings = job(tmp_path / "here", text)
        assert settings.space.name == "digits"
        assert settings.data == str(tmp_path / "here" / "x.npz")
        assert settings.cache == str(tmp_path / "here" / "kept")


def test_limits_tighten_those_of_the_space(tmp_path: Path) -> None:
    settings = job(tmp_path, SHORT + "within: {params: ..50k, activations: ..9k}\n")
    limits = {name: str(limit) for name, limit in settings.limited_space.within.items()}
    assert limits == {"params": "..50k", "macs": "..5M", "activations": "..9k"}


def test_facts_are_what_a_resumed_search_may_not_change(tmp_path: Path) -> None:
    first = job(tmp_path, FULL)
    free = {"trials": 99, "workers": 9, "sampler": "random", "device": "auto", "lease": 9, "cache": ""}
    assert first.facts() == replace(first, **free).facts()  # type: ignore[arg-type]
    changes = [
        {"seed": 1},
        {"recipe": Recipe()},
        {"objectives": {"accuracy": "maximize"}},
        {"within": {"params": Limit(high=50_000)}},
        {"stop": None},
        {"repeats": 1},
    ]
    for change in [*changes, {"data": "digits"}]:
        assert first.facts() != replace(first, **change).facts()  # type: ignore[arg-type]


def test_settings_are_what_a_worker_elsewhere_needs(tmp_path: Path) -> None:
    """The job and its space as text make the same job in another folder, whatever lies there."""
    first = job(tmp_path, FULL)
    settings = json.loads(json.dumps(first.settings()))
    assert (settings["lease"], settings["trials"]) == (90, 12)
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "space.yaml").write_text(settings["space"])
    assert job(tmp_path / "second", settings["job"]) == first


def test_data_may_lie_elsewhere_on_another_machine(tmp_path: Path) -> None:
    (tmp_path / "here.npz").touch()
    path = tmp_path / "job.yaml"
    path.write_text(SHORT.replace("data: digits", "data: /there/x.npz"))
    assert read_job(path, data=str(tmp_path / "here.npz")).data == str(tmp_path / "here.npz")
    with pytest.raises(JobError, match="neither embedded data nor a file"):
        read_job(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": 0}, "job: trials is a whole number from 1"),
        ({"sampler": "nope"}, "job: no sampler 'nope'"),
        ({"sampler": "bayesian"}, "did you mean 'bayes'?"),
        ({"objectives": {}}, "an objective of training"),
        ({"objectives": {"macs": "minimize"}}, "costs alone"),
        ({"objectives": {"accuracy": "minimize"}}, "write `accuracy: maximize`"),
        ({"objectives": {"acc": "maximize"}}, "did you mean 'accuracy'?"),
        ({"objectives": {"accuracy": "max"}}, "did you mean 'maximize'?"),
        ({"within": {"params": "..50k"}}, "a limit is a Limit"),
        ({"within": {"parameters": Limit(high=3)}}, "did you mean 'params'?"),
    ],
)
def test_a_job_made_in_python_is_held_to_the_same_laws(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Job(**{"search": "a", "space": Space.load("digits"), "data": "digits"} | change)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_an_error_that_is_found_later_stands_at_its_line(tmp_path: Path) -> None:
    read = job(tmp_path, SHORT + "device: cuda:7\n")
    with (
        pytest.raises(InputError, match=r"job\.yaml:4:9: device: 'cuda:7' is not on this machine"),
        read.placing(),
    ):
        resolve_device(read.device)
    with pytest.raises(InputError, match=r"job\.yaml:3:7: data: 'gone' is neither"), read.placing():
        load_dataset("gone")
    with pytest.raises(InputError, match=r"^of no setting$"), read.placing():
        raise InputError("of no setting")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("space: a\ninput: 1x8x8\nlayers: []\n", ":1:8: this is a space; a job is needed here"),
        ("network: a\ninput: 1x8x8\nlayers: []\n", ":1:10: this is a network; a job is needed here"),
        (SHORT + "objectives: {accuracy: minimize}\n", ":4:24: accuracy is not an objective to minimize"),
        (SHORT + "objectives: {accuracy: maximize, macs: maximize}\n", ":4:40: macs is not an objective to"),
        (SHORT + "objectives: {macs: minimize, params: minimize}\n", ":4:13: a search has an objective of"),
        (SHORT + "n_trials: 3\n", ":4:1: a job has no 'n_trials'; did you mean 'trials'?"),
        (SHORT + "pruner: asha\n", ":4:1: a job has no 'pruner'; did you mean 'stop'?"),
        (SHORT + "lr: 0.1\n", ":4:1: a job has no 'lr'; the recipe has it: `recipe: {rate: ...}`"),
        (SHORT + "recipe: {device: cpu}\n", ":4:10: a recipe has no 'device'; the job has it"),
        (
            SHORT + "storage: a.db\n",
            ":4:1: a job has no 'storage'; it is an option of the command: --storage",
        ),
        (SHORT + "sampler: TPESampler\n", ":4:10: no sampler 'TPESampler'; did you mean 'tpe'?"),
        (
            SHORT + "stop: {rule: halving, reduction_factor: 3}\n",
            ":4:23: halving has no 'reduction_factor'; did",
        ),
        (SHORT + "recipe: {lr: 0.1}\n", ":4:10: a recipe has no 'lr'; did you mean 'rate'?"),
        (SHORT + "recipe: {batch_size: 8}\n", ":4:10: a recipe has no 'batch_size'; did you mean 'batch'?"),
        ("[a]", ":1:1: a job is a mapping"),
        ("search: a\nspace: digits\n", "a job needs `data:`"),
        (SHORT + "trails: 5\n", ":4:1: a job has no 'trails'; did you mean 'trials'?"),
        (SHORT + "trials: many\n", ":4:9: trials is a whole number from 1 to 1,000,000, but got 'many'"),
        (SHORT + "trials: 0\n", ":4:9: trials is a whole number from 1 to 1,000,000, but got '0'"),
        (SHORT + "trials: [3]\n", ":4:9: trials is a whole number from 1 to 1,000,000, but got ['3']"),
        (SHORT + "workers: -1\n", ":4:10: workers is a whole number from 1 to 1,024, but got '-1'"),
        (SHORT + "seed: 1.5\n", ":4:7: seed is a whole number"),
        (SHORT + "seed: 99999999999\n", ":4:7: seed is a whole number"),
        (SHORT + "sampler: nsga3\n", ":4:10: no sampler 'nsga3'; did you mean 'nsga2'?"),
        (SHORT + "sampler: [tpe]\n", ":4:10: a sampler is one word; it knows " + ", ".join(sorted(NAMES))),
        (SHORT + "cache: /dev/null\n", ":4:8: `cache:` is a folder, but /dev/null is none"),
        (
            SHORT + "sampler: {population: 3}\n",
            ":4:10: `sampler:` needs its rule, as in {rule: " + next(iter(SAMPLERS)) + "}",
        ),
        (SHORT + "sampler: {rule: tpe, population: 3}\n", ":4:22: tpe has no 'population'"),
        (
            SHORT + "sampler: {rule: nsga2, population: 1}\n",
            ":4:36: population is a whole number from 2, but got '1'",
        ),
        (SHORT + "device: gpu\n", ":4:9: device is auto, cpu, cuda, cuda:N or mps, but got 'gpu'"),
        (
            SHORT + "objectives: {acuracy: maximize}\n",
            ":4:14: a search has no 'acuracy'; did you mean 'accuracy'?",
        ),
        (
            SHORT + "objectives: {accuracy: maximise}\n",
            ":4:24: accuracy is maximize or minimize, but got 'maximise'; did you mean 'maximize'?",
        ),
        (
            SHORT + "objectives: {accuracy}\n",
            ":4:22: accuracy is maximize or minimize, but got None",
        ),
        (SHORT + "objectives: {}\n", ":4:13: a search has an objective of training"),
        (SHORT + "objectives: accuracy\n", ":4:13: `objectives:` is a mapping"),
        (SHORT + "within: {param: ..1k}\n", ":4:10: within has no 'param'; did you mean 'params'?"),
        (SHORT + "within: {params: 1k}\n", ":4:18: a limit is low..high"),
        (SHORT + "recipe: quik\n", ":4:9: preset is one of"),
        (SHORT + "recipe: {epoch: 3}\n", ":4:10: a recipe has no 'epoch'; did you mean 'epochs'?"),
        (
            "search: a/b\nspace: digits\ndata: digits\n",
            ":1:9: search is the name of a folder and of what is exported: letters, digits",
        ),
        ("search: a\nspace: digit\ndata: digits\n", ":2:8: the catalog has no 'digit'"),
        ("search: a\nspace: resnet50\ndata: digits\n", ":2:8: resnet50 is a network"),
        ("search: a\nspace: digits\ndata: digit\n", ":3:7: 'digit' is neither embedded data nor a file"),
        (SHORT + "lease: 0\n", ":4:8: lease is a whole number from 1 to 86,400, but got '0'"),
        (SHORT + "repeats: 101\n", ":4:10: repeats is a whole number from 1 to 100, but got '101'"),
        ("search: a\nsearch: b\n", "'search' stands twice"),
        ("search: 'a", "not YAML"),
    ],
)
def test_mistake_is_one_error_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(JobError) as caught:
        job(tmp_path, text)
    assert message in str(caught.value)
    assert str(tmp_path / "job.yaml") in str(caught.value)


def test_mistake_in_the_space_has_its_place_there(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("space: mine\ninput: 1x8x8\nlayers:\n  - konv: {width: {1, 2}}\n")
    with pytest.raises(InputError, match=r"mine\.yaml:4:5: "):
        job(tmp_path, "search: a\nspace: mine.yaml\ndata: digits\n")


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no such file"):
        read_job(tmp_path / "none.yaml")
