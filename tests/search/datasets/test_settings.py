from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from archscape.search.datasets.settings import DataSettings
from archscape.search.job import Job, read_job
from archscape.search.job.keywords import make_job
from archscape.spaces.errors import InputError, JobError


def job(folder: Path, data: str, *, runs: Any = "all") -> Job:
    path = folder / "job.yaml"
    path.write_text(f"search: own\nspace: digits\ndata: {data}\n")
    return read_job(path, runs=runs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for part in ("train", "val", "test"):
        (tmp_path / f"{part}.txt").write_text("cat/1.png\n")
    return tmp_path


def test_a_path_alone_is_a_path_however_it_is_written(folder: Path) -> None:
    assert job(folder, "photos").data == job(folder, "{path: photos}").data == str(folder / "photos")
    assert job(folder, "{path: digits}").data == "digits"


def test_a_mapping_becomes_settings_with_full_paths(folder: Path) -> None:
    lists = "{train: train.txt, test: test.txt}"
    text = f"{{path: photos, size: [48, 64], channels: grey, val: 0.2, seed: 3, split: {lists}}}"
    data = job(folder, text).data
    assert data == DataSettings(
        path=str(folder / "photos"),
        size=(48, 64),
        channels="grey",
        val=0.2,
        seed=3,
        split={"train": str(folder / "train.txt"), "test": str(folder / "test.txt")},
    )
    assert job(folder, "{path: photos, size: 64, split: {group: who}}").data == DataSettings(
        path=str(folder / "photos"), size=(64,), split={"group": "who"}
    )


def test_the_job_of_a_study_says_the_same_again(folder: Path, tmp_path: Path) -> None:
    first = job(folder, "{path: photos, size: 64, test: 0.25, split: {group: who}}")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "job.yaml").write_text(first.to_yaml(space="digits"))
    again = read_job(tmp_path / "again" / "job.yaml")
    assert again.data == first.data
    elsewhere = read_job(tmp_path / "again" / "job.yaml", data=str(tmp_path))
    assert elsewhere.data == DataSettings(path=str(tmp_path), size=(64,), test=0.25, split={"group": "who"})


def test_facts_have_the_settings_and_no_folder_of_this_machine(folder: Path) -> None:
    text = "{path: photos, size: 64, split: {train: train.txt}}"
    expected = {"path": "photos", "size": [64], "split": {"train": "train.txt"}}
    assert job(folder, text).facts()["data"] == expected
    assert job(folder, "photos").facts()["data"] == "photos"


def test_python_says_the_same_in_its_own_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    expected = job(folder, "{path: photos, size: 64}").data
    for data in ({"path": "photos", "size": 64}, DataSettings(path="photos", size=(64,))):
        assert make_job(space="digits", data=data).data == expected


def test_a_function_is_named_with_its_file_and_digests(folder: Path) -> None:
    (folder / "my_data.py").write_text("def make():\n    return {}\n")
    first = job(folder, "my_data.py:make")
    assert first.data == f"{folder / 'my_data.py'}:make"
    facts = first.facts()
    assert facts["data"] == "my_data.py:make"
    assert facts["code"]["data"]["call"] == "my_data.py:make"
    assert facts["code"]["data"]["files"].keys() == {"my_data.py"}
    assert job(folder, "{path: my_data.py:make, val: 0.2}").functions["data"] == first.functions["data"]


WRONG = {
    "{path: photos, sise: 64}": ":3:22: data has no 'sise'; did you mean 'size'?",
    "{size: 64}": ":3:7: `data:` needs its path, as in {path: photos, size: 64}",
    "{path: [photos]}": ":3:14: `path:` is one word",
    "{path: phots}": ":3:14: 'phots' is neither embedded data nor a file",
    "{path: photos, size: 0}": ":3:28: size is a whole number from 1, or [height, width], or none, but",
    "{path: photos, size: [1, 2, 3]}": ":3:28: size is a whole number from 1, or [height, width]",
    "{path: photos, channels: gray}": ":3:32: channels is one of grey, colour, or none, but got 'gray'",
    "{path: photos, val: 1}": ":3:27: val is a share between 0 and 1, or none, but got '1'",
    "{path: photos, val: 0.6, test: 0.4}": ":3:7: val 0.6 and test 0.4 leave nothing to train on",
    "{path: photos, split: random}": ":3:29: `split:` is {group: COLUMN}, or {train: FILE, val: FILE",
    "{path: photos, split: {val: val.txt}}": "val: FILE, test: FILE}, but got {val}",
    "{path: photos, split: {train: gone.txt}}": ":3:37: there is no file ",
    "{path: photos, split: {group: who, train: train.txt}}": "split: is {group: COLUMN}",
    "{path: photos, task: segmantation}": "got 'segmantation'; did you mean 'segmentation'?",
    "my_data.py:make": "there is no file ",
}


@pytest.mark.parametrize("data", WRONG)
def test_what_is_wrong_has_its_place_and_the_nearest_right_word(data: str, folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        job(folder, data)
    assert WRONG[data] in str(caught.value)


def test_from_python_values_are_checked_too() -> None:
    for change in (
        {"size": (0,)},
        {"val": 2.0},
        {"val": 0.6, "test": 0.4},
        {"val": 0.9},
        {"split": {"val": "x"}},
        {"channels": "rgb"},
    ):
        with pytest.raises(JobError):
            DataSettings(path="photos", **change)  # type: ignore[arg-type]


def test_what_was_read_can_be_written_as_yaml() -> None:
    settings = DataSettings(path="photos", size=(48, 64), val=0.25, split={"group": "who"}, task="regression")
    assert yaml.safe_load(yaml.safe_dump(settings.to_dict())) == settings.to_dict()
