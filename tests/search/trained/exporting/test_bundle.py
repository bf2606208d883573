"""Bundles of a search: what is in the folder is proved, says what it is, and is whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from helpers.in_process import InProcess
from helpers.processes import popen

from archscape import load
from archscape.search import export
from archscape.search.job import read_job
from archscape.search.search import run as search
from archscape.search.study.study import Study
from archscape.search.study.trained import frontier_trials
from archscape.search.trained.exporting import isolated
from archscape.search.trained.exporting.bundle import Bundle, write_bundle
from archscape.search.trained.exporting.fresh_process import modules_of
from archscape.search.trained.exporting.index import check_index, write_index
from archscape.search.trained.exporting.smaller import Int8, MeasuredFile
from archscape.search.trained.exporting.subject import Subject, subject_of_trial
from archscape.spaces.bundle_files import CONFIG, DIGESTS, FILES, is_bundle, read_config
from archscape.spaces.errors import ExportError, InputError

SPACE = """\
space: small
input: 1x16x16
let: {w: {4, 6}}
layers:
  - conv: {width: $w, stride: 2}
  - avgpool
  - linear: {width: 10}
"""
JOB = """\
search: small
space: space.yaml
data: cluttered-digits
recipe: {preset: quick, epochs: 1}
sampler: random
trials: 2
repeats: 2
"""


def unseen(words: str, done: float, total: float) -> None:
    pass


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    (folder / "space.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    search(read_job(folder / "job.yaml"), out=folder / "run", executor=InProcess())
    return folder / "run"


@pytest.fixture(scope="module")
def bundles(run: Path) -> list[Bundle]:
    """Those of the frontier."""
    return export(run, run.parent / "front", trial="frontier", note=pytest.fail)


@pytest.fixture
def bundle(bundles: list[Bundle]) -> Bundle:
    return bundles[0]


@pytest.fixture
def subject(run: Path) -> Subject:
    with Study.open(run) as study:
        return subject_of_trial(study, "best", data=None, note=pytest.fail, show=unseen)


def test_all_files_are_there_and_are_those_that_the_config_knows(bundle: Bundle) -> None:
    names = {path.name for path in bundle.folder.iterdir()}
    assert names == {*FILES}
    digests = {
        name: hashlib.sha256((bundle.folder / name).read_bytes()).hexdigest() for name in names - {CONFIG}
    }
    assert read_config(bundle.folder)[DIGESTS] == digests


def test_files_have_the_mode_of_the_umask(bundle: Bundle) -> None:
    umask = os.umask(0)
    os.umask(umask)
    assert {path.stat().st_mode & 0o777 for path in bundle.folder.iterdir()} == {0o666 & ~umask}
    assert bundle.folder.stat().st_mode & 0o777 == 0o777 & ~umask


def test_every_file_gives_the_recorded_metric_of_the_kept_repeat(bundle: Bundle, run: Path) -> None:
    with Study.open(run) as study:
        trial = study.trials()[int(bundle.subject.facts["trial"])]
        kept = trial.metrics["kept_repeat"]
        (recorded,) = [row["accuracy"] for row in study.epochs(trial.number) if row["repeat"] == kept]
    assert recorded != trial.metrics["accuracy"]  # the mean of two
    parity = json.loads((bundle.folder / "parity.json").read_text())
    assert parity["network"]["recorded"] == {"accuracy": recorded}
    assert {file["metrics"]["accuracy"] for file in parity["files"].values()} == {recorded}
    assert [*parity["files"]] == ["model.safetensors", "model.pt2", "model.onnx"]
    assert max(file["relative_error"] for file in parity["files"].values()) < 1e-5
    assert parity["samples"] == {"of": "validation part", "count": 300, "there_are": 300}


def test_the_config_has_the_keys_of_timm_and_ours(bundle: Bundle) -> None:
    config, subject = read_config(bundle.folder), bundle.subject
    assert subject.trained is not None
    cfg, data = config["pretrained_cfg"], subject.trained.data
    assert (config["architecture"], config["num_classes"]) == (f"Small{subject.facts['trial']}", 10)
    assert cfg["input_size"] == [1, 16, 16]
    assert cfg["mean"] == [pytest.approx(data.mean[0] / 255)]  # of samples from 0 to 1
    assert (cfg["first_conv"], cfg["classifier"]) == ("conv.conv1", "linear")
    assert config["preprocessing"]["mean"] == [data.mean[0]]
    assert config["data"]["fingerprint"] == data.fingerprint
    assert config["costs"]["params"] == subject.network.totals.params
    assert "no bias" in config["costs"]["convention"]
    latency, machine = config["costs"]["latency"].split(" ms, measured on ")
    assert float(latency) > 0
    assert "1 thread, batch 1, float32, torch " in machine
    assert config["recipe"]["epochs"] == 1


def test_the_table_and_the_weights_make_the_same_module(bundle: Bundle) -> None:
    import torch

    trained = bundle.subject.trained
    assert trained is not None
    there, here = load(str(bundle.folder)).build(weights=True).eval(), trained.network.build().eval()
    here.load_state_dict(trained.weights)
    x = trained.data.val.x[:8]
    with torch.inference_mode():
        assert torch.equal(there(x), here(x))


def test_the_card_begins_with_front_matter_and_ends_with_the_upload(bundle: Bundle) -> None:
    _, front, body = (bundle.folder / "README.md").read_text().split("---\n", 2)
    known = yaml.safe_load(front)
    assert known["license"] == "unknown"
    assert known["pipeline_tag"] == "image-classification"
    assert known["datasets"] == ["cluttered-digits"]
    validation, test = known["model-index"][0]["results"]
    assert (validation["dataset"]["split"], test["dataset"]["split"]) == ("validation", "test")
    assert body.rstrip().endswith(f"```bash\nhf upload USER/{bundle.subject.network.name} .\n```")
    assert str(bundle.folder.parent) not in front + body  # no place of this machine


@pytest.mark.parametrize(
    ("file", "packages"),
    [
        ("model.onnx", ("onnxruntime", "numpy")),
        pytest.param("model.safetensors", ("torch", "safetensors", "numpy"), marks=pytest.mark.full),
        pytest.param("model.pt2", ("torch", "numpy"), marks=pytest.mark.full),
    ],
)
def test_the_program_in_the_card_runs_with_the_packages_it_names(
    bundle: Bundle, file: str, packages: tuple[str, ...]
) -> None:
    card = (bundle.folder / "README.md").read_text()
    match = re.search(rf"### {file}\n.*?pip install (.*?)\n.*?```python\n(.*?)```", card, re.DOTALL)
    assert match is not None
    assert tuple(each.partition("==")[0] for each in match[1].split()) == packages
    allowed = sorted(modules_of(packages) | {"model"})
    hook = (
        f"import runpy, sys; Allowing = runpy.run_path({isolated.__file__!r})['Allowing']; "
        f"sys.meta_path[:] = [Allowing(finder, {allowed}) for finder in sys.meta_path]\n"
    )
    command = [sys.executable, "-IB", "-c", hook + match[2]]
    process = popen(command, cwd=bundle.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[0] == "(1, 10)"


def test_another_metric_than_the_recorded_is_an_error_and_leaves_nothing(
    subject: Subject, tmp_path: Path
) -> None:
    assert subject.trained is not None
    other = replace(subject, trained=replace(subject.trained, metrics={"accuracy": 0.999}))
    with pytest.raises(ExportError, match=r"but 99\.90% was recorded when it was trained"):
        write_bundle(other, tmp_path / "out", note=pytest.fail, show=unseen)
    assert not [*tmp_path.iterdir()]


def test_a_bundle_of_another_network_is_not_replaced(bundle: Bundle, run: Path) -> None:
    other = 1 - int(bundle.subject.facts["trial"])
    with pytest.raises(
        InputError, match=f"holds the bundle of network {bundle.subject.network.name}, not of"
    ):
        export(run, bundle.folder, trial=other)
    assert is_bundle(bundle.folder)


def test_what_is_no_search_has_no_bundle(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a bundle already"):
        export(bundle.folder, tmp_path / "out")
    with pytest.raises(InputError, match="neither the folder of a search nor of a final training"):
        export(tmp_path, tmp_path / "out")


def test_a_network_that_nobody_trained_has_a_card_that_says_so(tmp_path: Path) -> None:
    (written,) = export("lenet5", tmp_path / "lenet", note=pytest.fail)
    card = (written.folder / "README.md").read_text()
    assert "It was not trained" in card
    assert read_config(written.folder)["is_trained"] is False
    assert json.loads((written.folder / "parity.json").read_text())["network"]["recorded"] == {}


def test_a_frontier_has_a_folder_for_each_and_a_page(bundles: list[Bundle], run: Path) -> None:
    with Study.open(run) as study:
        front = {f"trial-{trial.number}" for trial in frontier_trials(study)}
    out = run.parent / "front"
    assert {bundle.folder.name for bundle in bundles} == front
    assert {path.name for path in out.iterdir()} == {"index.html", *front}
    page = (out / "index.html").read_text()
    links = re.findall(r'href="([^"]*)"', page)
    assert links
    assert all((out / link).is_file() for link in links)
    assert "<script" not in page
    assert re.findall(r"\n\.scroll \{.*?max-height: (\w+)", page)[-1] == "none"  # all networks at once
    check_index(out)
    assert page.count("data:image/svg+xml;base64,") == len(front)


def test_the_page_leads_to_files_of_8_bits_too(bundle: Bundle, tmp_path: Path) -> None:
    folder = shutil.copytree(bundle.folder, tmp_path / "trial")
    (folder / "model.int8.onnx").write_bytes(b"0123456789")
    small = MeasuredFile("model.int8.onnx", {"accuracy": 0.5}, weights=8, size=10, milliseconds=1.0)
    int8 = Int8(content=b"", whole=small, small=small, score="accuracy", drop=0.0)
    page = write_index(
        tmp_path, [replace(bundle, folder=folder, int8=int8)], objectives={"accuracy": "maximize"}
    )
    assert 'href="trial/model.int8.onnx"' in page.read_text()


def test_another_page_is_not_replaced_by_that_of_a_frontier(run: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>Mine</h1>")
    with pytest.raises(InputError, match=r"index\.html: is not of bundles"):
        export(run, tmp_path, trial="frontier")
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
