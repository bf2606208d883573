"""Data of each format goes from `archscape search` to report and export; a damaged one ends in a line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from helpers import data_files as files
from helpers.in_process import InProcess
from rich.console import Console
from safetensors import safe_open

from archscape.cli import main
from archscape.search.job import read_job
from archscape.search.search import run
from archscape.spaces.errors import InputError

SPACE = """\
space: small
input: {input}
layers:
  - conv: {{width: {{4, 6}}, stride: 2}}
{rows}
"""
CLASSIFIER = "  - avgpool\n  - linear: {width: 4}"
SEGMENTER = "  - upconv: {width: 4}\n  - conv: {width: 2, kernel: 1, norm: none, act: none}"

JOB = """\
search: own
space: space.yaml
data: {data}
recipe: {{epochs: 2, batch: 16, augment: none}}
objectives: {{{score}: maximize, macs: minimize}}
sampler: random
trials: 2
workers: {workers}
"""


def write_job(
    folder: Path, data: str, shape: tuple[int, ...], *, score: str = "accuracy", workers: int = 1
) -> Path:
    """Write a tiny job and its space."""
    rows = CLASSIFIER if score == "accuracy" else SEGMENTER
    (folder / "space.yaml").write_text(SPACE.format(input="x".join(map(str, shape)), rows=rows))
    job = folder / "job.yaml"
    job.write_text(JOB.format(data=data, score=score, workers=workers))
    return job


def search(folder: Path, job: Path) -> Path:
    """Search in this process, export the best network, and return the folder of the run."""
    out = folder / "run"
    results = run(read_job(job), out=out, executor=InProcess(), console=Console(quiet=True))
    assert results.trials["status"].tolist() == ["complete", "complete"]
    main_ = ["export", str(out), "--out", str(folder / "best")]
    with pytest.raises(SystemExit) as end:
        main(main_)
    assert not end.value.code
    return out


IMAGES = (3, 8, 8)

FORMATS: Mapping[str, tuple[str, tuple[int, ...], Callable[[Path, files.Arrays], object]]] = {
    "cifar": ("cifar-10-python.tar.gz", (3, 32, 32), files.write_cifar),
    "cifar-folder": ("cifar", (3, 32, 32), files.write_cifar),
    "idx": ("mnist", (1, 8, 8), files.write_idx),
    "images": ("{path: photos, size: 8}", IMAGES, files.write_images),
    "csv": ("{path: photos.csv, size: [8, 8], channels: grey}", (1, 8, 8), files.write_csv),
    "npz": ("set.npz", IMAGES, files.write_npz),
    "pt": ("{path: set.pt, seed: 1}", IMAGES, files.write_pt),
    "safetensors": ("set.safetensors", IMAGES, files.write_safetensors),
    "sounds": ("{path: sounds, size: 64}", (1, 64), files.write_sounds),
    "masks": ("scans", IMAGES, files.write_masks),
    "hugging-face": ("set", IMAGES, files.write_hugging_face),
    "function": ("own_data_maker.py:make", IMAGES, files.write_function),
    "datasets": ("own_datasets_maker.py:datasets", IMAGES, files.write_function),
}
"""Of each format: what the job says, the shape of a sample, and what writes it."""

NAMED = ("cifar", "cifar-folder", "images", "csv", "sounds", "hugging-face")
"""The formats that name their classes."""


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_a_search_on_it_comes_to_a_report_and_an_export(form: str, tmp_path: Path) -> None:
    data, shape, write = FORMATS[form]
    name = data.removeprefix("{path: ").split(",")[0].removesuffix("}").split(":")[0]
    write(tmp_path / name, files.some_arrays(*shape))
    score = "mean_iou" if form == "masks" else "accuracy"
    out = search(tmp_path, write_job(tmp_path, data, shape, score=score))
    report = (out / "report.html").read_text()
    environment = json.loads((out / "environment.json").read_text())
    (weights,) = (tmp_path / "best").glob("*.safetensors")
    with safe_open(str(weights), framework="numpy") as file:
        metadata = file.metadata()
    if form in NAMED:
        assert environment["classes"] == ", ".join(files.NAMES)
        assert json.loads(metadata["class_names"]) == [*files.NAMES]
        assert ", ".join(files.NAMES) in report
    else:
        assert "classes" not in environment
    assert len(environment["data_fingerprint"]) == 16


SITE = """\
import os, sys
def hear(event, arguments):
    if event == "open" and str(arguments[0]).startswith(os.environ["SOURCE"]):
        with open(os.environ["HEARD"], "a") as file:
            file.write(f"{arguments[0]}\\n")
sys.addaudithook(hear)
"""
"""Runs in every Python process: it writes which files of the source are opened."""


@pytest.mark.slow
def test_2000_jpegs_are_opened_once_whatever_the_trials_and_workers(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    files.write_images(source, files.some_arrays(3, 12, 10, train=1600, val=200, test=200), suffix=".jpg")
    job = write_job(tmp_path, "{path: photos, size: 8}", IMAGES, workers=2)
    job.write_text(job.read_text().replace("trials: 2", "trials: 4"))
    space = tmp_path / "space.yaml"
    space.write_text(space.read_text().replace("{4, 6}", "{4, 6, 8, 10}"))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE)
    heard = tmp_path / "heard"
    environment = os.environ | {
        "SOURCE": str(source),
        "HEARD": str(heard),
        "ARCHSCAPE_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "archscape", "search", str(job), "--out", str(tmp_path / "run")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    opened = [line for line in heard.read_text().splitlines() if line.endswith(".jpg")]
    # The first one is looked at for the size and the colours before.
    assert len(opened) == 2001
    assert len({*opened}) == 2000
    assert f"{source}: 2,000 samples are decoded once, to {tmp_path / 'cache'}" in done.stderr
    trials = (tmp_path / "run" / "trials.csv").read_text()
    assert trials.count(",complete,") == 4


def arrays_with(**changes: np.ndarray) -> Callable[[Path], object]:
    """Return what writes an archive in which some arrays are others."""
    return lambda folder: files.write_npz(folder / "set.npz", files.some_arrays(*IMAGES) | changes)


def photos_with(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """Return what writes images by class, and changes the folder."""
    return lambda folder: change(files.write_images(folder / "set", files.some_arrays(*IMAGES)))


X, Y = files.some_arrays(*IMAGES)["x_train"], files.some_arrays(*IMAGES)["y_train"]
LAST = {f"x_{part}": X.transpose(0, 2, 3, 1) for part in ("train", "val", "test")}
FLAT = {f"x_{part}": X[:, 0] for part in ("train", "val", "test")}
Y_ALL = {f"y_{part}": Y for part in ("train", "val", "test")}

FAULTS: dict[str, tuple[str, Callable[[Path], object], str, str]] = {
    "channels last": (
        "set.npz",
        arrays_with(**LAST, **Y_ALL),
        "",
        "channels stand first, as after `np.moveaxis(x, -1, 1)`",
    ),
    "no channel axis": (
        "set.npz",
        arrays_with(**FLAT, **Y_ALL),
        "1x8x8",
        "it lacks the axis of the channels: `x[:, None]`",
    ),
    "float labels": (
        "set.npz",
        arrays_with(y_train=Y + 0.5),
        "",
        "y_train[0] is 0.5, but a label is a whole number",
    ),
    "a label is missing": (
        "set.npz",
        arrays_with(y_val=np.array([0, np.nan] * 5)),
        "",
        "y_val[1] is nan: its label is missing; leave",
    ),
    "too few labels": ("set.npz", arrays_with(y_train=Y[:-1]), "", "one for each of x_train, but is (39,)"),
    "NaN in a sample": ("set.npz", arrays_with(x_train=np.full(X.shape, np.nan)), "", "x[0, 0, 0, 0] is nan"),
    "a class of one part": (
        "set.npz",
        arrays_with(y_val=np.arange(10)),
        "",
        "class 4 of the part 'val' is not in the training part",
    ),
    "0 bytes": (
        "set",
        photos_with(lambda at: (at / "train/cat/00000.png").write_bytes(b"")),
        "",
        "train/cat/00000.png: it is empty (0 bytes); replace it",
    ),
    "no image": (
        "set",
        photos_with(lambda at: (at / "val/dog/00001.png").write_text("")),
        "",
        "val/dog/00001.png: it is empty",
    ),
    "classes differ": (
        "set",
        photos_with(lambda at: (at / "test/cat").rename(at / "test/cats")),
        "",
        "the class 'cats', which the training part has not; did you mean 'cat'?",
    ),
    "other sizes": (
        "set",
        photos_with(lambda at: files.image(X[0][:, :7]).save(at / "val/dog/00001.png")),
        "",
        "set one, as in `data: {path: ..., size: 64}`",
    ),
    "other classes": (
        "set",
        photos_with(lambda at: None),
        "3x8x8",
        "let its last row be `linear: {width: 4}`",
    ),
    "another mask": (
        "scans",
        lambda at: wrong_mask(at / "scans"),
        "",
        "a mask has the size of its image; it has 5x5, but 0.png has 8x8",
    ),
}


def wrong_mask(folder: Path) -> None:
    files.write_masks(folder, files.some_arrays(*IMAGES))
    files.image(np.zeros((1, 5, 5), np.uint8)).save(folder / "val" / "masks" / "0.png")


@pytest.mark.slow
@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_ends_in_one_line_with_its_place_and_the_mend(case: str, tmp_path: Path) -> None:
    data, write, shape, message = FAULTS[case]
    write(tmp_path)
    path = write_job(tmp_path, data, tuple(map(int, shape.split("x"))) if shape else IMAGES)
    if case == "other classes":
        space = tmp_path / "space.yaml"
        space.write_text(space.read_text().replace("linear: {width: 4}", "linear: {width: 3}"))
    job = read_job(path)
    with pytest.raises(InputError) as caught, job.placing():
        run(job, out=tmp_path / "run", executor=InProcess(), console=Console(quiet=True))
    first, line, mark = str(caught.value).splitlines()
    assert first.startswith(f"{path}:3:7: ")
    assert message in first
    assert (line.strip(), mark.strip()) == (f"data: {data}", "^")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_damaged_image_ends_the_search_in_a_line_before_a_trial_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files.write_images(tmp_path / "photos", files.some_arrays(*IMAGES))
    bad = tmp_path / "photos" / "train" / "dog" / "00001.png"
    bad.write_bytes(bad.read_bytes()[:60])
    job = write_job(tmp_path, "photos", IMAGES)
    with pytest.raises(SystemExit) as end:
        main(["search", str(job), "--out", str(tmp_path / "run")])
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert f"job.yaml:3:7: {bad}: a damaged image" in error
    assert "Traceback" not in error
    assert not (tmp_path / "run").exists()
