"""What a search keeps of what its trials confuse: beside their weights, from training to the report."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.in_process import InProcess

from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.folder import load
from archscape.search.job import read_job
from archscape.search.search import run
from archscape.search.study.confusions import confusions
from archscape.search.study.reader import StudyReader
from archscape.search.study.study import Study
from archscape.search.study.trained import trained
from archscape.search.training.device import resolve_device, to_channels_last
from archscape.search.training.recipe import Recipe
from archscape.search.training.train import train
from archscape.spaces import Network

SPACE = """\
space: small
input: 1x8x8
let: {w: {4, 6}}
layers: [conv: {width: $w, stride: 2}, avgpool, linear: {width: 10}]
"""
JOB = """\
search: small
space: space.yaml
data: digits
recipe: {preset: quick, epochs: 1}
repeats: 2
trials: 2
"""
MASKS = """\
network: masks
input: 1x16x16
layers: [conv: {width: 4}, conv: {width: 2, kernel: 1, norm: none, act: none}]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    (folder / "space.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    run(read_job(folder / "job.yaml"), out=folder / "run", executor=InProcess())
    return folder / "run"


def by_loop(module: torch.nn.Module, data: Dataset, classes: int) -> list[list[int]]:
    """Count one sample after the other."""
    counts = [[0] * (classes + 1) for _ in range(classes)]
    for x, y in zip(data.val.x, data.val.y, strict=True):
        given = module(x[None])[0].argmax(0)
        for is_class, class_given in zip(y.reshape(-1).tolist(), given.reshape(-1).tolist(), strict=True):
            if is_class != 255:
                counts[is_class][class_given] += 1
    return counts


def test_it_equals_a_plain_loop_over_the_kept_weights(folder: Path) -> None:
    data = load_dataset("digits")
    with StudyReader.open(folder) as study:
        confusion_of = confusions(study)
        _, network, weights, _ = trained(study, "1", note=print)
    confusion = confusion_of(1)
    assert confusion is not None
    module = to_channels_last(network.build(), data.val, resolve_device("cpu")).eval()
    module.load_state_dict(weights)
    with torch.inference_mode():
        assert confusion.counts.tolist() == by_loop(module, data, 10)
    assert confusion.unit == "samples"


def test_pixels_are_counted_of_the_last_epoch() -> None:
    data, network = load_dataset("digit-masks"), Network.from_yaml(MASKS)
    outcome = train(network.build, data, Recipe(epochs=2), seed=0, device="cpu")
    assert outcome.state is not None
    module = to_channels_last(network.build(), data.val, resolve_device("cpu")).eval()
    module.load_state_dict(outcome.state)
    with torch.inference_mode():
        assert outcome.confusion == by_loop(module, data, data.classes)


def test_a_training_that_resumes_after_its_last_epoch_counts_again(tmp_path: Path) -> None:
    data = load_dataset("digits")
    network = Network.from_yaml(
        SPACE.replace("space:", "network:").replace("let: {w: {4, 6}}\n", "").replace("$w", "4")
    )
    settings = {"seed": 0, "device": "cpu"}
    whole = train(network.build, data, Recipe(epochs=2), **settings)  # type: ignore[arg-type]
    stopped = {"checkpoint": tmp_path / "partial", "report": lambda epoch, row: epoch < 2}
    pruned = train(network.build, data, Recipe(epochs=2), **settings, **stopped)  # type: ignore[arg-type]
    assert pruned.status == "pruned"
    resumed = train(network.build, data, Recipe(epochs=2), **settings, checkpoint=tmp_path / "partial")  # type: ignore[arg-type]
    assert resumed.status == "complete"
    assert resumed.confusion == whole.confusion is not None


def test_the_results_of_a_run_give_it_after_the_study_is_closed(folder: Path) -> None:
    results = load(folder)
    best = results.best
    assert best is not None
    confusion = results.confusion_of(int(best["number"]))
    assert confusion is not None
    assert confusion.support.sum() == 300
    assert results.confusion_of(99) is None
    assert "The best trial, class by class" in (folder / "report.html").read_text()


def test_weights_without_it_say_nothing_and_damaged_ones_are_reported(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from safetensors.numpy import save_file

    with Study.open(folder) as study:
        confusion_of = confusions(study)
        file = folder / "checkpoints" / f"{study.trials()[0].hash}.safetensors"
    before = file.read_bytes()
    save_file({"w": np.zeros(1)}, file, metadata={"data": "digits"})
    assert confusion_of(0) is None
    with caplog.at_level(logging.WARNING):
        save_file({"w": np.zeros(1)}, file, metadata={"confusion": "[{"})
        assert confusion_of(0) is None
    assert "its confusion matrix cannot be read and is not shown" in caplog.text
    file.unlink()
    assert confusion_of(0) is None
    file.write_bytes(before)


def test_weights_of_the_same_hash_in_the_current_folder_are_not_taken_for_those_of_a_trial(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a trial that was added, for one, it is not known that weights lie anywhere."""
    monkeypatch.chdir(tmp_path)
    with Study.open(folder) as study:
        monkeypatch.setattr(study, "places", dict)
        file = folder / "checkpoints" / f"{study.trials()[0].hash}.safetensors"
        file.rename(tmp_path / file.name)
        try:
            assert confusions(study)(0) is None
        finally:
            (tmp_path / file.name).rename(file)
