from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import data_files as files

from archscape.search.datasets.arrays import Source
from archscape.search.datasets.settings import DataSettings
from archscape.search.datasets.sources import open_source
from archscape.spaces.errors import JobError


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """24 images of four classes, two of each patient."""
    lines = ["path,label,patient"]
    (tmp_path / "scans").mkdir()
    for i, (x, y) in enumerate(
        zip(*files.some_arrays(1, 8, 6, train=24, val=0, test=0).values(), strict=True)
    ):
        files.image(x).save(tmp_path / "scans" / f"{i}.png")
        lines.append(f"scans/{i}.png,{files.NAMES[y]},p{i // 2}")
    path = tmp_path / "scans.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_groups_stay_together(table: Path) -> None:
    """The images of a patient are as bright as their classes, which follow the patient: 0, 1 or 2, 3."""
    source = open_source(DataSettings(path=str(table), split={"group": "patient"}, val=0.2, test=0.2))
    rows = {part: np.asarray(source.arrays[f"x_{part}"]).reshape(-1, 48) for part in ("train", "val", "test")}
    assert {part: len(x) for part, x in rows.items()} == {"train": 16, "val": 4, "test": 4}
    by_patient = np.stack(
        [np.asarray(x) for x in files.some_arrays(1, 8, 6, train=24, val=0, test=0)["x_train"]]
    )
    for x in rows.values():
        present = [any(np.array_equal(row, each.ravel()) for row in x) for each in by_patient]
        assert present[::2] == present[1::2]


def test_lists_of_files_are_the_parts(table: Path, tmp_path: Path) -> None:
    for part, span in {"train": range(16), "val": range(16, 20), "test": range(20, 23)}.items():
        (tmp_path / f"{part}.txt").write_text("".join(f"scans/{i}.png\n" for i in span))
    lists = {part: str(tmp_path / f"{part}.txt") for part in ("train", "val", "test")}
    lines: list[str] = []
    source = open_source(DataSettings(path=str(table), split=lists), say=lines.append)
    assert [len(source.arrays[f"y_{part}"]) for part in lists] == [16, 4, 3]
    assert "1 of 24 samples are in no list of `split:`" in lines
    (tmp_path / "val.txt").write_text("scans/1.png\nscans/99.png\n")
    with pytest.raises(JobError, match=r"val\.txt:1: 'scans/1\.png' is in 'train' already"):
        open_source(DataSettings(path=str(table), split=lists))
    (tmp_path / "val.txt").write_text("\nscans/99.png\n")
    with pytest.raises(
        JobError, match=r"val\.txt:2: .*scans\.csv has no sample 'scans/99\.png'; did you mean"
    ):
        open_source(DataSettings(path=str(table), split=lists))


def test_targets_may_be_numbers(table: Path) -> None:
    text = table.read_text()
    for label, name in enumerate(files.NAMES):
        text = text.replace(f",{name},", f",{label}.5,")
    table.write_text(text)
    source = open_source(DataSettings(path=str(table), task="regression"))
    assert source.task == "regression"
    assert source.arrays["y_train"].shape == (20, 1)
    assert {*source.arrays["y_train"].ravel().tolist()} == {0.5, 1.5, 2.5, 3.5}
    table.write_text(text.replace(",0.5,", ",half,", 1))
    with pytest.raises(JobError, match=r"the targets of a regression are numbers: .*'half'"):
        open_source(DataSettings(path=str(table), task="regression"))


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("-1", "y_train[0] has the label -1, but labels run from 0"),
        ("0.5", "y_train[0] is 0.5, but a label is a whole number from 0; for a regression write"),
        ("nan", "y_train[0] is nan: its label is missing"),
    ],
)
def test_a_number_that_is_no_label_is_no_text_either(
    label: str, message: str, table: Path, refusal: Callable[..., str]
) -> None:
    text = table.read_text()
    for number, name in enumerate(files.NAMES):
        text = text.replace(f",{name},", f",{number or label},")
    table.write_text(text)
    assert f"{table}: {message}" in refusal(table)


def test_a_changed_image_is_decoded_anew(table: Path) -> None:
    """The table is the same: what it names is looked at too."""
    before = open_source(table).statistics
    (table.parent / "scans" / "3.png").write_bytes((table.parent / "scans" / "4.png").read_bytes())
    assert open_source(table).statistics != before


def edit(old: str, new: str) -> Callable[[Path], None]:
    return lambda table: table.write_text(table.read_text().replace(old, new, 1)) and None


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no label": (edit("3.png,fox", "3.png,"), ":5: its label is missing; leave the sample out"),
    "no column": (edit("label", "kind"), ":1: there is no column `label`; it has path, kind, patient"),
    "no file": (edit("scans/3.png", "scans/33.png"), ":5: there is no file "),
    "a file twice": (edit("scans/3.png", "./scans/1.png"), ":5: {}/scans/1.png is in line 3 already, and"),
    "another kind": (edit("scans/3.png", "scans/3.pdf"), ":5: 'scans/3.pdf' is neither an image nor a sound"),
    "out of it": (edit("scans/3.png", "../scans/3.png"), ":5: '../scans/3.png' leads out of "),
    "from the root": (edit("scans/3.png", "/etc/3.png"), ":5: '/etc/3.png' leads out of "),
    "too many cells": (
        edit("3.png,fox", "3.png,fox,more"),
        ":5: it has 4 cells, but the columns are path, label",
    ),
    "nothing": (lambda table: table.write_text(""), ": it needs a line of names, as in `path,label`"),
    "no text": (lambda table: table.write_bytes(b"path,label\n\xff\xfe,1\n"), ": not a readable table: "),
    "an empty file": (lambda table: (table.parent / "scans" / "3.png").write_bytes(b""), ":5: "),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_row_that_is_wrong_has_its_line(case: str, table: Path, refusal: Callable[..., str]) -> None:
    change, message = BROKEN[case]
    change(table)
    assert f"{table}{message.format(table.parent)}" in refusal(table)


def test_a_link_in_the_path_is_refused(
    table: Path, tmp_path: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "table"
    inner.mkdir()
    (inner / "scans").symlink_to(tmp_path / "scans")
    (inner / "scans.csv").write_text(table.read_text())
    assert f"{inner / 'scans'}: a link to {tmp_path / 'scans'}, out of {inner}" in refusal(
        inner / "scans.csv"
    )
    monkeypatch.chdir(inner)
    assert "scans: a link to " in refusal("scans.csv")


def test_a_setting_that_says_nothing_of_sounds_is_refused(
    tmp_path: Path, refusal: Callable[..., str]
) -> None:
    files.write_wav(tmp_path / "1.wav", np.zeros((1, 40), int))
    (tmp_path / "words.csv").write_text("path,label\n1.wav,yes\n")
    law = "this is a table of sounds, for which `channels:` says nothing"
    assert law in refusal(tmp_path / "words.csv", channels="grey")


def test_a_split_is_one_of_three_words(table: Path, refusal: Callable[..., str]) -> None:
    table.write_text(table.read_text().replace("patient", "split"))
    assert f"{table}:2: a split is train, val, test, but got 'p0'" in refusal(table)


def test_a_group_is_a_column(table: Path, refusal: Callable[..., str]) -> None:
    message = refusal(table, split={"group": "patinet"})
    assert "`split: {group: patinet}` names no column of it; did you mean 'patient'?" in message


def test_numbers_from_1_are_labels_and_named_so(
    table: Path, notes: Callable[..., tuple[Source, list[str]]]
) -> None:
    text = table.read_text()
    for label, name in enumerate(files.NAMES, 1):
        text = text.replace(f",{name},", f",{label},")
    table.write_text(text)
    source, lines = notes(table)
    assert lines == [f"{table}: the labels run from 1 to 4; they become 0 to 3"]
    assert source.class_names == ("1", "2", "3", "4")
