"""Weights handed over to a place that all machines reach: whole, found again, removed, no secret in sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from archscape.search.study.artifacts import Artifacts, check_address
from archscape.spaces.errors import JobError

DIGESTS = ("a" * 64, "b" * 64)


@pytest.fixture(params=["folder", "file", "memory"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    addresses = {
        "folder": str(tmp_path / "shelf"),
        "file": f"file://{tmp_path}/shelf",
        "memory": f"memory://{tmp_path.name}/",
    }
    return Artifacts(address=addresses[request.param], search="tiny", identity="1234567890")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    return file


def test_what_is_put_there_is_fetched_from_there(artifacts: Artifacts, file: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "h1.safetensors"
    assert not artifacts.fetch("h1", DIGESTS[0], target)
    for _ in range(2):  # the second finds it there
        artifacts.put(file, "h1", DIGESTS[0])
    assert artifacts.fetch("h1", DIGESTS[0], target)
    assert target.read_bytes() == b"weights"
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_other_weights_are_another_file(artifacts: Artifacts, file: Path, tmp_path: Path) -> None:
    artifacts.put(file, "h1", DIGESTS[0])
    assert not artifacts.fetch("h1", DIGESTS[1], tmp_path / "h1")
    artifacts.put(file, "h1", DIGESTS[1])
    artifacts.remove({"h1": DIGESTS[0]})
    assert artifacts.fetch("h1", DIGESTS[1], tmp_path / "h1")
    assert not artifacts.fetch("h1", DIGESTS[0], tmp_path / "h1")


@pytest.mark.parametrize("count", [0, 1, 30])
def test_what_is_not_there_is_removed_by_another(artifacts: Artifacts, file: Path, count: int) -> None:
    artifacts.put(file, "h1", DIGESTS[0])
    artifacts.remove({f"h{n}": DIGESTS[1] for n in range(count)})
    artifacts.remove({"h1": DIGESTS[0]} | {f"g{n}": DIGESTS[1] for n in range(count)})
    assert not artifacts.fetch("h1", DIGESTS[0], file)
    Artifacts(address=artifacts.address, search="never", identity="1").remove(
        {f"h{n}": "0" for n in range(count)}
    )


def test_no_half_of_a_file_lies_in_a_folder(file: Path, tmp_path: Path) -> None:
    artifacts = Artifacts(address=str(tmp_path / "shelf"), search="tiny", identity="1234567890")
    artifacts.put(file, "h1", DIGESTS[0])
    assert [path.name for path in (tmp_path / "shelf" / "tiny-12345678").iterdir()] == [
        f"h1-{'a' * 16}.safetensors"
    ]


def test_a_place_that_cannot_be_cleared_is_said(file: Path, tmp_path: Path) -> None:
    (tmp_path / "shelf").touch()
    lines: list[str] = []
    artifacts = Artifacts(address=str(tmp_path / "shelf"), search="tiny", identity="1234567890")
    artifacts.discard({"h1": DIGESTS[0]}, lines.append)
    assert [line.partition(f" {artifacts}: ")[0] for line in lines] == [
        "weights that need not be kept are left in"
    ]
    with pytest.raises(OSError, match="shelf"):
        artifacts.put(file, "h1", DIGESTS[0])


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("s3://key:hidden@bucket/x", r"'s3://key:\*\*\*@bucket/x' holds a secret"),
        ("s3://bucket/x?secret_key=hidden", "holds a secret"),
        ("simplecache::s3://bucket", "a chain of file systems"),
        ("s4://bucket", "no file system 's4'; it knows .*s3"),
        ("http://host/x", "no file system 'http'"),
    ],
)
def test_what_is_no_place_is_refused_without_its_secret(address: str, message: str) -> None:
    with pytest.raises(JobError, match=message) as caught:
        check_address(address)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["", "/srv/weights", "s3://bucket/searches", "sftp://me@host/x", "az://box/x"]
)
def test_folders_and_urls_are_places(address: str) -> None:
    check_address(address)
