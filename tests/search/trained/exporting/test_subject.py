"""What is known of a network that is exported: of a final training, of a function of the user's, of VAEs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from helpers.in_process import InProcess
from helpers.trained_networks import trained_on

from archscape.search import export
from archscape.search.datasets.dataset import load_dataset
from archscape.search.datasets.progress import no_progress
from archscape.search.datasets.settings import DataSettings
from archscape.search.job import read_job
from archscape.search.search import run as search
from archscape.search.study.study import Study
from archscape.search.trained.exporting.bundle import Bundle
from archscape.search.trained.exporting.card import Card
from archscape.search.trained.exporting.config import config_of
from archscape.search.trained.exporting.reference import reference_of
from archscape.search.trained.exporting.requirements import foreign_modules, reader_of
from archscape.search.trained.exporting.subject import Subject, subject_of_seed, subject_of_trial
from archscape.search.training.final.training import train_final
from archscape.search.training.recipe import Recipe
from archscape.spaces import Network, load_network
from archscape.spaces.codegen.formats import FORMATS
from archscape.spaces.codegen.formats.base import ExportOptions
from archscape.spaces.errors import InputError
from archscape.spaces.language import user_function, uses

SPACE = (
    "{space: own, input: 1x8x8, let: {w: {4, 6}}, layers: [conv: {width: $w}, avgpool, linear: {width: 10}]}"
)
FIT = """\
def fit(network, context):
    model = network.build()
    context.report(1, {"good": 0.5})
    context.save(model)
    return {"good": 0.5}
"""
JOB = """\
search: own
space: space.yaml
train: {call: only_fit.py:fit, epochs: 1}
objectives: {good: maximize}
sampler: random
trials: 1
device: cpu
"""
VAE = """\
space: v
input: 1x8x8
let: {w: {3, 4}}
layers:
  - conv:    {name: features, width: $w, stride: 2}
  - linear:  {name: mean, width: 3}
  - linear:  {name: logvar, from: features, width: 3}
  - reparameterise: {name: latent, from: mean, logvar: logvar}
  - linear:  {width: 64, act: relu}
  - reshape: {shape: [4, 4, 4]}
  - upconv:  {name: reconstruction, width: 1, kernel: 4, norm: none, act: sigmoid}
outputs: [reconstruction, mean, logvar]
"""
MODULE = """\
import yaml
from torch import nn


class Scale(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.norm(x)
"""


def unseen(words: str, done: float, total: float) -> None:
    pass


def card_of(subject: Subject, options: ExportOptions | None = None) -> str:
    options = options or ExportOptions()
    return Card(
        subject=subject,
        options=options,
        config=config_of(subject, options, {}),
        licence="mit",
        reference=reference_of(subject),
        readers={},
        parity=[],
    ).text()


@pytest.fixture(scope="module")
def final(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("final") / "trained"
    network = Network.from_yaml(
        "{network: n, input: 1x8x8, layers: [conv: {width: 4}, avgpool, linear: {width: 10}]}"
    )
    train_final(network, load_dataset("digits"), Recipe(epochs=1), out=folder, seeds=3)
    return folder


def test_a_seed_has_the_mean_and_the_spread_of_all(final: Path) -> None:
    known = json.loads((final / "metrics.json").read_text())
    best = max(known["seeds"], key=lambda seed: seed["metrics"]["accuracy"])
    subject = subject_of_seed(final, "best", data=None, note=pytest.fail, show=unseen)
    assert subject.facts == {"seed": best["seed"]}
    accuracy, tested = subject.measured
    assert (accuracy.name, accuracy.part, accuracy.trainings) == ("accuracy", "validation", 3)
    assert accuracy.value == fmean(seed["metrics"]["accuracy"] for seed in known["seeds"])
    assert accuracy.spread == known["std"]["accuracy"]
    assert accuracy.own == best["metrics"]["accuracy"]
    assert (tested.name, tested.part) == ("test_accuracy", "test")
    assert reference_of(subject).recorded == {"accuracy": accuracy.own} == reference_of(subject).metrics
    assert "over 3 trainings" in card_of(subject)


def test_a_final_training_has_no_frontier(final: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has seeds and no frontier; give --trial SEED"):
        export(final, tmp_path / "out", trial="frontier")


def test_of_a_function_of_the_users_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, text in (("space.yaml", SPACE), ("only_fit.py", FIT), ("job.yaml", JOB)):
        (tmp_path / name).write_text(text)
    search(read_job(tmp_path / "job.yaml"), out=tmp_path / "run", executor=InProcess())
    with Study.open(tmp_path / "run") as study:
        subject = subject_of_trial(study, "best", data=None, note=pytest.fail, show=unseen)
    assert subject.preprocessing is None
    assert reference_of(subject).recorded == {}
    card = card_of(subject)
    assert "The search named no data" in card
    assert "It was trained by only\\_fit.py:fit" in card
    assert "| good | as its function counts | 0.5 | one training |" in card
    assert "license: mit" in card
    assert "model-index" not in card


def test_data_that_were_moved_since_the_search_are_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples, classes = rng.integers(0, 255, (60, 1, 8, 8), np.uint8), np.arange(60) % 10
    np.savez(tmp_path / "a.npz", x_train=samples, y_train=classes)
    (tmp_path / "space.yaml").write_text(SPACE)
    job = "{search: own, space: space.yaml, data: a.npz, recipe: {preset: quick, epochs: 1}, trials: 1}"
    (tmp_path / "job.yaml").write_text(job)
    search(read_job(tmp_path / "job.yaml"), out=tmp_path / "run", executor=InProcess())
    moved = (tmp_path / "a.npz").rename(tmp_path / "b.npz")
    with Study.open(tmp_path / "run") as study:
        subject = subject_of_trial(
            study, "best", data=DataSettings(path=str(moved)), note=print, show=no_progress
        )
    assert subject.data_name == "b.npz"
    assert subject.trained is not None
    np.savez(tmp_path / "c.npz", x_train=samples // 2, y_train=classes)
    with (
        Study.open(tmp_path / "run") as study,
        pytest.raises(InputError, match=r"name the data that own was"),
    ):
        subject_of_trial(study, "best", data=str(tmp_path / "c.npz"), note=print, show=no_progress)


def test_a_vae_is_compared_at_the_mean_of_its_code(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(VAE)
    (tmp_path / "job.yaml").write_text(
        "{search: v, space: space.yaml, data: {path: digits, task: vae}, "
        "recipe: {preset: quick, epochs: 1}, sampler: random, trials: 1}"
    )
    search(read_job(tmp_path / "job.yaml"), out=tmp_path / "run", executor=InProcess())
    with Study.open(tmp_path / "run") as study:
        subject = subject_of_trial(study, "best", data=None, note=pytest.fail, show=unseen)
    reference = reference_of(subject)
    assert subject.trained is not None
    assert reference.recorded == {}  # of codes that were drawn
    assert reference.metrics["elbo"] > subject.trained.metrics["elbo"]
    assert "training measures with codes that are drawn" in card_of(subject)


def test_a_foreign_module_brings_its_file_and_the_packages_that_it_imports(tmp_path: Path) -> None:
    (tmp_path / "own_modules.py").write_text(MODULE)
    table = tmp_path / "mine.yaml"
    table.write_text("{network: mine, input: 1x8x8, uses: own_modules.py, layers: [Scale, avgpool]}")
    network = load_network(str(table), uses=[tmp_path / "own_modules.py"])
    assert foreign_modules(network) == {"own_modules"}
    weights = FORMATS.load("weights")
    reader = reader_of(weights, network=network, folder=tmp_path, runs_source=True)
    assert reader.modules == ("own_modules",)
    assert {*reader.packages} == {"torch", "safetensors", "numpy", "PyYAML"}
    program = reader_of(FORMATS.load("onnx"), network=network, folder=tmp_path, runs_source=False)
    assert program.packages == ("onnxruntime", "numpy")
    (tmp_path / "own_modules.py").write_text(MODULE.replace("import yaml", "import nowhere_at_all"))
    with pytest.raises(
        InputError, match=r"own_modules\.py imports nowhere_at_all, which no installed package"
    ):
        reader_of(weights, network=network, folder=tmp_path, runs_source=True)


@pytest.mark.full
@pytest.mark.parametrize(
    "options",
    [
        ExportOptions(),
        ExportOptions(preprocessing=False),
        ExportOptions(softmax=True),
        ExportOptions(fold=True),
        ExportOptions(opset=18),
    ],
)
def test_options_change_the_files_that_compute_and_parity_holds(
    final: Path, tmp_path: Path, options: ExportOptions
) -> None:
    (bundle,) = export(final, tmp_path / "out", options=options, note=pytest.fail)
    assert [each.file for each in bundle.parity] == ["model.safetensors", "model.pt2", "model.onnx"]
    assert len({each.metrics["accuracy"] for each in bundle.parity}) == 1
    if options == ExportOptions():
        _, tested = bundle.subject.measured
        assert tested.own == accuracy_of_test(bundle)


def accuracy_of_test(bundle: Bundle) -> float:
    """What onnxruntime alone gives for the test part as the data set holds it."""
    import onnxruntime

    assert bundle.subject.trained is not None
    arrays = bundle.subject.trained.arrays
    session = onnxruntime.InferenceSession(bundle.folder / "model.onnx", providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {session.get_inputs()[0].name: arrays["x_test"]})
    return float((outputs.argmax(1) == arrays["y_test"]).mean())


def test_of_images_that_were_scaled_it_says_what_is_not_inside() -> None:
    trained = trained_on("classification")
    subject = Subject(
        title="n",
        folder="n",
        network=trained.network,
        weights=trained.weights,
        trained=trained,
        data_settings={"path": "photos", "size": [8], "channels": "grey"},
    )
    cfg = config_of(subject, ExportOptions(), {})["pretrained_cfg"]
    assert (cfg["interpolation"], cfg["crop_pct"], cfg["crop_mode"]) == ("bilinear", 1.0, "center")
    card = card_of(subject)
    assert "Not inside: decoding, turning upright by EXIF, grey (`L`); scaled and cut to 8x8" in card
    assert "In go samples of 1x8x8 in uint8 as the data set holds them" in card


def test_where_programs_do_more_or_less_than_the_class_the_card_says_of_each_what_it_takes_and_gives() -> (
    None
):
    trained = trained_on("classification")
    subject = Subject(
        title="n", folder="n", network=trained.network, weights=trained.weights, trained=trained
    )
    card = card_of(subject, ExportOptions(preprocessing=False, softmax=True))
    assert "In go samples of 1x8x8 in float32, any number at once: `(sample - mean) / std`" in card
    assert (
        "`model.safetensors` does that itself, so into it go samples in uint8 as the data set holds them"
        in card
    )
    assert "`model.py` and the program for `model.safetensors` have no softmax" in card
    assert "have no softmax" not in card_of(subject)
