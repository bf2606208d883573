"""CIFAR: what the batches hold, and that a hostile one does nothing."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import data_files as files

from archscape.search.datasets.readers.common.pickles import load_arrays
from archscape.search.datasets.sources import open_source

SHAPE = (3, 32, 32)


@pytest.fixture(scope="module")
def batches() -> dict[str, bytes]:
    return files.cifar_batches(files.some_arrays(*SHAPE))


def in_archive(folder: Path, contents: dict[str, bytes]) -> Path:
    return files.write_tar(
        folder / "cifar-10-python.tar.gz", {f"cifar-10-batches-py/{n}": c for n, c in contents.items()}
    )


def test_the_archive_and_its_folder_are_the_same_data(tmp_path: Path, batches: dict[str, bytes]) -> None:
    archive = in_archive(tmp_path, batches)
    (tmp_path / "folder").mkdir()
    for name, content in batches.items():
        (tmp_path / "folder" / name).write_bytes(content)
    packed, unpacked = open_source(archive), open_source(tmp_path / "folder")
    assert packed.class_names == unpacked.class_names == files.NAMES
    assert packed.statistics == unpacked.statistics
    assert [len(packed.arrays[f"y_{part}"]) for part in ("train", "val", "test")] == [35, 5, 11]


def test_cifar_100_has_its_fine_labels(tmp_path: Path) -> None:
    arrays = files.some_arrays(*SHAPE, train=60, classes=3)
    parts = {
        part: pickle.dumps(
            {
                b"data": arrays[f"x_{part}"].reshape(-1, 3072),
                b"fine_labels": arrays[f"y_{part}"].tolist(),
                b"coarse_labels": [0] * len(arrays[f"y_{part}"]),
            },
            protocol=2,
        )
        for part in ("train", "test")
    }
    meta = {b"fine_label_names": [b"apple", b"bee", b"cup"], b"coarse_label_names": [b"all"]}
    (tmp_path / "cifar-100-python").mkdir()
    for name, content in {**parts, "meta": pickle.dumps(meta, protocol=2)}.items():
        (tmp_path / "cifar-100-python" / name).write_bytes(content)
    source = open_source(tmp_path)
    assert source.class_names == ("apple", "bee", "cup")
    assert np.bincount(source.arrays["y_val"]).tolist() == [3, 2, 2]


class Hostile:
    """Pickles to a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("call", ["system", "eval", "exec", "getattr", "load", "frombuffer"])
def test_a_pickle_names_array_constructors_and_nothing_else(call: str, protocol: int, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    functions: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
        "system": (os.system, (f"touch {mark}",)),
        "eval": (eval, (f"open({str(mark)!r}, 'w')",)),
        "exec": (exec, (f"open({str(mark)!r}, 'w')",)),
        "getattr": (getattr, ("", "join")),
        "load": (np.load, (str(mark),)),
        "frombuffer": (np.fromfile, (str(mark),)),
    }
    function, arguments = functions[call]
    content = pickle.dumps({b"data": Hostile(function, *arguments)}, protocol=protocol)
    with pytest.raises(ValueError, match=r"not a pickle of arrays: it names \S+, which is neither"):
        load_arrays(io.BytesIO(content))
    assert not mark.exists()


GLOBALS = {
    "a dotted name": b"\x80\x04\x8c\x05numpy\x94\x8c\x0dndarray.dumps\x94\x93\x94.",
    "a function of numpy": b"\x80\x02cnumpy\nload\nq\x00.",
    "a module of codecs": b"\x80\x02c_codecs\nlookup\nq\x00.",
    "an extension": b"\x80\x02\x82\x01.",
    "an object elsewhere": b"\x80\x02X\x01\x00\x00\x00aQ.",
}


@pytest.mark.parametrize("what", GLOBALS)
def test_what_is_next_to_what_is_allowed_is_not(what: str) -> None:
    with pytest.raises(ValueError, match="not a pickle of arrays"):
        load_arrays(io.BytesIO(GLOBALS[what]))


@pytest.mark.parametrize("protocol", range(5))
def test_what_is_allowed_is_what_numpy_writes_of_an_array(protocol: int) -> None:
    content = {"data": np.arange(12, dtype=np.uint8).reshape(3, 4), "labels": [1, np.int64(2)], "name": b"x"}
    read = load_arrays(io.BytesIO(pickle.dumps(content, protocol=protocol)))
    assert np.array_equal(read["data"], content["data"])
    assert read["labels"] == [1, 2]


def test_a_hostile_batch_is_named_with_its_archive(
    tmp_path: Path, batches: dict[str, bytes], refusal: Callable[..., str]
) -> None:
    hostile = pickle.dumps({b"data": Hostile(os.system, f"touch {tmp_path / 'ran'}")}, protocol=2)
    archive = in_archive(tmp_path, batches | {"data_batch_2": hostile})
    assert f"{archive}: cifar-10-batches-py/data_batch_2: not a pickle of arrays: it names" in refusal(
        archive
    )
    assert not (tmp_path / "ran").exists()


def test_an_archive_is_never_extracted_and_its_links_are_no_members(
    tmp_path: Path, batches: dict[str, bytes], refusal: Callable[..., str]
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(batches["test_batch"])
    archive = tmp_path / "cifar.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"../../{name}" if name == "data_batch_1" else name)
            member.size = len(content)
            if name == "test_batch":
                member.type, member.linkname, member.size = tarfile.SYMTYPE, str(secret), 0
            tar.addfile(member, io.BytesIO(content))
    before = sorted(tmp_path.parent.rglob("*"))
    assert "not all files of CIFAR are there" in refusal(archive)
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_member_far_larger_than_any_is_not_read(
    tmp_path: Path, batches: dict[str, bytes], refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archscape.search.datasets.readers.cifar.MAX_MEMBER_BYTES", 1000)
    assert "far more than CIFAR" in refusal(in_archive(tmp_path, batches))


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a label is missing": (lambda b: b["labels"].pop(), "images need as many labels, but there are 19"),
    "labels are text": (lambda b: b.update(labels=["cat"] * 20), "images need as many labels"),
    "a label is of no class": (
        lambda b: b["labels"].__setitem__(0, 9),
        "its labels are not those of 4 classes",
    ),
    "floats": (
        lambda b: b.update(data=b["data"] / 255),
        "`data` must be bytes (N, 3072), but is (20, 3072) float64",
    ),
    "not unfolded": (lambda b: b.update(data=b["data"][:, :1024]), "but is (20, 1024) uint8"),
    "no data": (lambda b: b.pop("data"), "`data` must be bytes (N, 3072), but is NoneType"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_batch_that_is_not_as_published_is_named(
    case: str, tmp_path: Path, batches: dict[str, bytes], refusal: Callable[..., str]
) -> None:
    change, message = BROKEN[case]
    batch = load_arrays(io.BytesIO(batches["data_batch_1"]))
    change(batch)
    archive = in_archive(tmp_path, batches | {"data_batch_1": pickle.dumps(batch, protocol=2)})
    assert f"{archive}: cifar-10-batches-py/data_batch_1: " in refusal(archive)
    assert message in refusal(archive)


def test_a_torn_archive_is_named(
    tmp_path: Path, batches: dict[str, bytes], refusal: Callable[..., str]
) -> None:
    archive = in_archive(tmp_path, batches)
    archive.write_bytes(archive.read_bytes()[:-2000])
    assert f"{archive}: not a readable archive: " in refusal(archive)
