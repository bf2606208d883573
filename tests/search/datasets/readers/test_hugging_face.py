from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from helpers import data_files as files

from archscape.search.datasets.settings import DataSettings
from archscape.search.datasets.sources import open_source
from archscape.spaces.errors import JobError

VALUE = {"dtype": "int64", "_type": "Value"}


def write(folder: Path, columns: dict[str, list[Any]], features: dict[str, Any]) -> Path:
    return files.write_arrow(
        folder, pa.table({name: pa.array(each) for name, each in columns.items()}), features
    )


def test_the_package_itself_writes_what_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    arrays = files.some_arrays(3, 8, 6)
    images = [files.image(x) for x in arrays["x_train"]]
    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=[*files.NAMES]))
    data = datasets.Dataset.from_dict(
        {"image": images, "label": arrays["y_train"].tolist()}, features=features
    )
    data.shuffle(seed=0).save_to_disk(str(tmp_path / "set"), num_shards=3)
    source = open_source(tmp_path / "set")
    assert source.class_names == files.NAMES
    samples = np.concatenate([source.arrays[f"x_{part}"] for part in ("train", "val", "test")])
    assert sorted(x.tobytes() for x in samples) == sorted(x.tobytes() for x in arrays["x_train"])


def test_columns_of_lists_are_samples_too(tmp_path: Path) -> None:
    x = np.arange(20 * 12).reshape(20, 3, 4).astype(np.float32)
    feature = {"shape": [3, 4], "dtype": "float32", "_type": "Array2D"}
    write(tmp_path / "two", {"x": x.tolist(), "y": [0, 1] * 10}, {"x": feature, "y": VALUE})
    source = open_source(tmp_path / "two")
    assert source.arrays["x_train"].shape == (16, 3, 4)
    samples = np.concatenate([source.arrays[f"x_{part}"] for part in ("train", "val", "test")])
    assert np.array_equal(np.sort(samples.reshape(20, 12), 0), x.reshape(20, 12))
    with pytest.raises(JobError, match="this is a folder of arrays or lists, for which `size:` says nothing"):
        open_source(DataSettings(path=str(tmp_path / "two"), size=(8,)))
    flat = {"feature": {"dtype": "float32", "_type": "Value"}, "_type": "List"}
    write(tmp_path / "one", {"x": x[:, 0].tolist(), "label": ["a", "b"] * 10}, {"x": flat, "label": VALUE})
    source = open_source(tmp_path / "one")
    assert source.arrays["x_train"].shape == (16, 1, 4)
    assert source.class_names == ("a", "b")


def test_a_column_keeps_groups_together(tmp_path: Path) -> None:
    x = np.repeat(np.arange(10), 3)
    feature = {"shape": [1, 4], "dtype": "int64", "_type": "Array2D"}
    columns = {"x": np.tile(x[:, None, None], (1, 1, 4)).tolist(), "y": (x % 2).tolist(), "who": x.tolist()}
    write(tmp_path / "set", columns, {"x": feature, "y": VALUE, "who": VALUE})
    arrays = open_source(DataSettings(path=str(tmp_path / "set"), split={"group": "who"}, seed=3)).arrays
    groups = [{*np.unique(arrays[f"x_{part}"]).tolist()} for part in ("train", "val", "test")]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 10


FEATURE = {"shape": [1, 4], "dtype": "int64", "_type": "Array2D"}
GOOD: dict[str, list[Any]] = {"x": [[[1, 2, 3, 4]]] * 12, "y": [0, 1] * 6}

BROKEN: dict[str, tuple[dict[str, list[Any]], dict[str, Any], str]] = {
    "a label is missing": (
        GOOD | {"y": [0, 1, None] * 4},
        {"y": VALUE},
        ": y[2] is None: its label is missing",
    ),
    "no labels": ({"x": GOOD["x"]}, {}, ": it has no column of labels; it has x"),
    "several sizes": (
        GOOD | {"x": [[[1, 2]], [[1]]] * 6},
        {"y": VALUE},
        ": x holds lists of ['1', '2'] items",
    ),
    "text": (GOOD | {"x": [[["a"] * 4]] * 12}, {"y": VALUE}, ": x must hold numbers, without any missing"),
    "a hole": (
        GOOD | {"x": [[[1, 2, 3, None]]] * 12},
        {"y": VALUE},
        ": x must hold numbers, without any missing",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_column_that_is_wrong_is_named(case: str, tmp_path: Path, refusal: Callable[..., str]) -> None:
    columns, features, message = BROKEN[case]
    write(tmp_path / "set", columns, {"x": FEATURE, **features})
    assert f"{tmp_path / 'set'}{message}" in refusal(tmp_path / "set")


def test_files_that_are_damaged_or_elsewhere_are_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    folder = write(tmp_path / "set", GOOD, {"x": FEATURE, "y": VALUE})
    state, arrow = folder / "state.json", next(folder.glob("*.arrow"))
    whole, content = state.read_text(), arrow.read_bytes()
    arrow.write_bytes(content[:200])
    assert f"{arrow}: not a readable Arrow file: " in refusal(folder)
    arrow.write_bytes(content)
    for name in ("../data.arrow", "/etc/passwd"):
        state.write_text(json.dumps({"_data_files": [{"filename": name}]}))
        assert f"{state}: '{name}' leads out of the folder" in refusal(folder)
    state.write_text(json.dumps({**json.loads(whole), "_indices_data_files": [{"filename": "i.arrow"}]}))
    assert "it has indices apart; save it anew, after `flatten_indices()`" in refusal(folder)
    state.write_text("[]")
    assert f"{state}: it must hold a mapping" in refusal(folder)


def test_an_image_that_lies_elsewhere_is_not_followed(tmp_path: Path, refusal: Callable[..., str]) -> None:
    images = [{"bytes": None, "path": "/etc/hostname"}] * 12
    features = {"image": {"_type": "Image"}, "label": {"names": ["a", "b"], "_type": "ClassLabel"}}
    write(tmp_path / "set", {"image": images, "label": [0, 1] * 6}, features)
    assert "image[0]: the image is not in the folder, which names a file elsewhere" in refusal(
        tmp_path / "set"
    )
