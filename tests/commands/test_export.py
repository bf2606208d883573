"""`archscape export RUN`: what is exported is what was trained, or nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import torch
from helpers.in_process import InProcess

from archscape.cli import main
from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.job import read_job
from archscape.search.search import run as search
from archscape.search.study.study import Study
from archscape.search.study.trained import frontier_trials
from archscape.search.study.trial import Trial
from archscape.search.trained.exporting.trials import export_trials
from archscape.search.trained.inspection.landscape import TrainedTrial
from archscape.search.training.final.training import train_final
from archscape.search.training.recipe import Recipe
from archscape.spaces import load_network
from archscape.spaces.errors import ExportError, InputError

SPACE = """\
space: small
input: 1x8x8
let: {w: {2, 4, 8, 16}}
layers:
  - conv: {width: $w, stride: 2}
  - avgpool
  - linear: {width: 10}
"""
JOB = """\
search: small
space: space.yaml
data: digits
recipe: {preset: quick, epochs: 1}
sampler: random
trials: 3
"""
Said = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    (folder / "space.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    search(read_job(folder / "job.yaml"), out=folder / "run", executor=InProcess())
    with closing(sqlite3.connect(folder / "run" / "study.db")) as database, database:
        # The more MACs, the better: all are on the frontier.
        better = "json_set(metrics, '$.accuracy', json_extract(metrics, '$.macs') / 1e9)"
        database.execute(f"update archscape_trials set metrics = {better}")
    return (folder / "run").rename(folder / "moved")  # the study knows no other place of its weights


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    return shutil.copytree(searched, tmp_path / "run")


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    """Export to a folder `out`; return the status and what was said."""

    def said(run: Path, *arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status: object = 0
        try:
            main(["export", str(run), *arguments, "--out", str(tmp_path / "out")])
        except SystemExit as error:
            status = error.code or 0
        assert isinstance(status, int)
        return status, *capsys.readouterr()

    return said


def trials(run: Path) -> list[Trial]:
    with Study.open(run) as study:
        return study.trials()


def weights(run: Path, trial: Trial) -> Path:
    return run / "checkpoints" / f"{trial.hash}.safetensors"


def zeroed(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50] + bytes(50))


def swapped(path: Path, other: Path) -> None:
    shutil.copy(other, path)


def cut(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def empty(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path, other: Path) -> None:
    path.unlink()
    path.mkdir()


def missing(path: Path, other: Path) -> None:
    path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("fault", [zeroed, swapped, cut, empty, folder, missing])
@pytest.mark.parametrize("formats", [(), ("weights",), ("source",)])
def test_damaged_weights_are_not_exported(
    run: Path, said: Said, tmp_path: Path, fault: Callable[[Path, Path], None], formats: tuple[str, ...]
) -> None:
    first, second, _ = trials(run)
    fault(weights(run, first), weights(run, second))
    status, out, err = said(run, "--trial", "0", *(f"--format={form}" for form in formats))
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert f"{weights(run, first)}: the weights of trial 0 are " in err
    absent = fault in (folder, missing)
    assert ("run this there, or copy them" if absent else "choose another trial with --trial") in err
    assert not (tmp_path / "out").exists()


def test_other_trials_of_the_frontier_are_exported(run: Path, said: Said, tmp_path: Path) -> None:
    with Study.open(run) as study:
        front = frontier_trials(study)
    assert len(front) == 3
    zeroed(weights(run, front[1]), weights(run, front[0]))
    status, _, err = said(run, "--trial", "frontier", "--format", "weights")
    assert status == 2
    assert "1 of the 3 trials of the frontier could not be exported" in err
    exported = {path.name for path in (tmp_path / "out").iterdir()}
    assert exported == {f"small_{trial.number}.safetensors" for trial in (front[0], front[2])}


def test_a_trial_whose_file_is_wrong_leaves_the_others_of_the_frontier_alone(searched: Path) -> None:
    with Study.open(searched) as study:
        first, *others = [str(trial.number) for trial in frontier_trials(study)]
        exported, notes = list[str](), list[str]()

        def write(trial: str) -> None:
            if trial == first:
                raise ExportError("other outputs")
            exported.append(trial)

        with pytest.raises(ExportError, match="1 of the 3 trials of the frontier could not be exported"):
            export_trials(study, "frontier", write, notes.append)
    assert (exported, notes) == (others, ["archscape: other outputs"])


def test_a_landscape_is_of_the_weights_that_were_trained(run: Path) -> None:
    first, second, _ = trials(run)
    swapped(weights(run, first), weights(run, second))
    with Study.open(run) as study, pytest.raises(InputError, match="the weights of trial 0 are damaged"):
        TrainedTrial.of(study, "0", lambda *progress: None, note=print)


def test_weights_without_a_digest_are_exported_and_said_to_be_unchecked(run: Path, said: Said) -> None:
    with closing(sqlite3.connect(run / "study.db")) as database, database:
        removed = database.execute("update archscape_weights set digest = ''").rowcount
    assert removed == 3
    status, out, err = said(run, "--trial", "0", "--format", "weights")
    assert status == 0
    assert out.endswith("small_0.safetensors\n")
    unchecked = "trial 0: no digest of its weights is kept: weights not checked"
    assert unchecked in err
    notes: list[str] = []
    with Study.open(run) as study:
        TrainedTrial.of(study, "0", lambda *progress: None, note=notes.append)
    assert notes == [unchecked]


def test_optuna_reads_the_digests_too(run: Path) -> None:
    with closing(sqlite3.connect(run / "study.db")) as database:
        rows = database.execute("select value_json from trial_user_attributes where key = 'weights'")
        assert all(len(json.loads(text)) == 64 for (text,) in rows)


def test_folded_batch_norms_are_told_and_gone(said: Said, tmp_path: Path) -> None:
    status, _, told = said(Path("amoebanet-a"), "--format", "source", "--fold")
    assert (status, told) == (0, "207 batch norms folded; 2 stay (behind Concat): normal2.0.h1.norm, ...\n")
    assert "nn.BatchNorm2d" in (source := (tmp_path / "out" / "amoebanet_a.py").read_text())
    assert "h0_norm" not in source


@pytest.mark.parametrize(
    ("arguments", "law"),
    [
        (("--format", "bundle", "--format", "onnx"), "bundle holds the other formats; leave those out"),
        (("--license", "mit"), "--license is of a bundle; add --format bundle, or leave it out"),
        (("--data", "digits"), "--data is of a bundle; add --format bundle, or leave it out"),
    ],
)
def test_options_that_a_bundle_or_a_format_has_not_are_refused(
    run: Path, said: Said, tmp_path: Path, arguments: tuple[str, ...], law: str
) -> None:
    status, out, err = said(run, *arguments)
    assert (status, out) == (2, "")
    assert law in err
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(said: Said, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    for more in ((), ("--format", "onnx"), ("--format", "bundle")):
        status, _, err = said(Path("lenet5"), *more)
        assert status == 2
        assert "is no folder; name another folder with --out, or move it" in err
    assert (tmp_path / "out").read_text() == "mine"


def test_data_are_not_named_for_a_network_that_nobody_trained(said: Said, tmp_path: Path) -> None:
    status, out, err = said(Path("lenet5"), "--format", "bundle", "--data", "digits")
    assert (status, out) == (2, "")
    assert "data are of a trained network, and lenet5 is not" in err
    assert not (tmp_path / "out").exists()


def test_a_bundle_of_weights_that_were_damaged_is_not_written(run: Path, said: Said, tmp_path: Path) -> None:
    first, second, _ = trials(run)
    swapped(weights(run, first), weights(run, second))
    status, out, err = said(run, "--trial", "0", "--format", "bundle")
    assert (status, out) == (2, "")
    assert "the weights of trial 0 are damaged" in err
    assert not (tmp_path / "out").exists()


def test_a_bundle_whose_metric_is_not_the_recorded_one_is_not_written(
    searched: Path, said: Said, tmp_path: Path
) -> None:
    status, out, err = said(searched, "--trial", "0", "--format", "bundle")  # the fixture changed accuracies
    assert status == 1
    assert "was recorded when it was trained" in err
    assert (out, [*tmp_path.glob("*out*")]) == ("", [])


def test_a_seed_of_a_final_training_is_exported(said: Said, tmp_path: Path) -> None:
    network = load_network("lenet5").at(input=(1, 16, 16))
    final = tmp_path / "trained"
    train_final(network, load_dataset("cluttered-digits"), Recipe(epochs=1), out=final, seeds=1)
    status, out, err = said(final)
    assert status == 0
    assert [Path(line).name for line in out.splitlines()] == [
        "lenet5.py",
        "lenet5.yaml",
        "lenet5.safetensors",
    ]
    assert "model.load_state_dict" in err
    assert "no seed '7' has ended" in said(final, "--trial", "7")[2]


def test_files_of_a_study_of_an_earlier_version_take_float32(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Dataset.card
    monkeypatch.setattr(
        Dataset, "card", lambda data: {k: value for k, value in card(data).items() if k != "dtype"}
    )
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "job.yaml").write_text(JOB.replace("trials: 3", "trials: 1"))
    search(read_job(tmp_path / "job.yaml"), out=tmp_path / "run", executor=InProcess())
    status, _, log = said(tmp_path / "run", "--format", "pt2")
    assert status == 0
    assert "do not say which type samples have: files take float32" in log
    assert "In go samples of 1x8x8 as the data have them, float32; mean and std are inside." in log
    (file,) = (tmp_path / "out").glob("*.pt2")
    (images, *_) = torch.export.load(file).example_inputs[0]
    assert images.dtype is torch.float32


def test_a_program_without_preprocessing_is_said_to_read_what_is_standardised(
    searched: Path, said: Said
) -> None:
    status, _, log = said(searched, "--trial", "0", "--format", "pt2", "--no-preprocessing")
    assert status == 0
    assert "In go samples of 1x8x8, float32: (source - mean) / std, with\n  mean = [" in log


def test_a_bundle_is_told_from_the_folder_of_a_search(said: Said, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"format": "archscape-bundle", "version": 1}')
    status, _, log = said(tmp_path)
    assert status == 2
    assert "a bundle, not the folder of a search; name that which it was exported from" in log
