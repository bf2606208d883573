"""The cache: whole or absent whoever is killed, one decoder for all, bounded memory, and room looked for."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import data_files as files
from helpers.processes import popen

from archscape.search.datasets import cache
from archscape.search.datasets.settings import DataSettings
from archscape.search.datasets.sources import open_source
from archscape.spaces.errors import JobError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("ARCHSCAPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return files.write_images(tmp_path / "photos", files.some_arrays(3, 8, 6))


def folders(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if path.is_dir()]


def test_what_changes_the_data_is_decoded_anew_and_what_does_not_is_found(photos: Path, home: Path) -> None:
    open_source(photos)
    open_source(str(photos))
    assert len(folders(home)) == 1
    open_source(DataSettings(path=str(photos), size=(4,)))
    assert len(folders(home)) == 2
    (photos / "train" / "cat" / "new.png").write_bytes((photos / "train" / "cat" / "00000.png").read_bytes())
    assert len(open_source(photos).arrays["y_train"]) == 41
    assert len(folders(home)) == 3


def test_what_is_large_is_mapped_and_what_is_small_is_read(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = open_source(photos)
    assert not any(isinstance(array, np.memmap) for array in small.arrays.values())
    monkeypatch.setattr(cache, "IN_MEMORY_BYTES", 100)
    large = open_source(photos)
    assert all(isinstance(array, np.memmap) and not array.flags.writeable for array in large.arrays.values())
    assert all(np.array_equal(small.arrays[name], array) for name, array in large.arrays.items())
    assert large.statistics == small.statistics is not None


def test_a_large_npz_goes_through_the_cache_with_its_fingerprint(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archscape.search.datasets.dataset import load_dataset

    path = files.write_npz(tmp_path / "set.npz", files.some_arrays(3, 8, 6, val=0))
    light = load_dataset(path).fingerprint
    assert not home.exists()
    monkeypatch.setattr("archscape.search.datasets.sources.IN_MEMORY_BYTES", 100)
    assert load_dataset(path).fingerprint == light
    assert len(folders(home)) == 1


@pytest.mark.parametrize("damage", ["meta", "array", "empty", "missing"])
def test_a_damaged_folder_is_decoded_anew(damage: str, photos: Path, home: Path) -> None:
    before = open_source(photos).statistics
    (folder,) = folders(home)
    if damage == "meta":
        (folder / "data.json").write_text("{")
    elif damage == "array":
        (folder / "x_train.npy").write_bytes(b"no array")
    elif damage == "empty":
        (folder / "x_train.npy").write_bytes(b"")
    else:
        (folder / "y_val.npy").unlink()
    assert open_source(photos).statistics == before
    assert [path.name for path in folders(home)] == [folder.name]


def test_an_error_leaves_nothing_behind(photos: Path, home: Path) -> None:
    (photos / "val" / "fox" / "00003.png").write_text("no image")
    with pytest.raises(JobError, match=r"00003\.png: no image that can be read"):
        open_source(photos)
    assert folders(home) == []


DECODE = """
import os, sys, time
from archscape.search.datasets.sources import open_source

def show(words, done, total):
    print(words, done, total, flush=True)
    time.sleep(int(sys.argv[2]))

def say(line):
    print(line, flush=True)

print(open_source(sys.argv[1], say=say, show=show).statistics.fingerprint, flush=True)
"""


def decoder(path: Path, *, pause: int) -> subprocess.Popen[str]:
    """Start a process that decodes, and waits before what it decoded is in its place."""
    arguments = [sys.executable, "-c", DECODE, str(path), str(pause)]
    return popen(arguments, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_killed_decoder_leaves_nothing_half_and_the_one_that_waits_takes_over(
    photos: Path, home: Path
) -> None:
    with decoder(photos, pause=60) as killed:
        assert killed.stdout is not None
        assert "are decoded once, to" in killed.stdout.readline()
        assert killed.stdout.readline() == f"decoding {photos} 61 61\n"
        (half,) = [path for path in home.iterdir() if path.name.endswith(".part")]
        with decoder(photos, pause=0) as waiting:
            assert waiting.stdout is not None
            assert "another process decodes it to" in waiting.stdout.readline()
            killed.send_signal(signal.SIGKILL)
            said = waiting.stdout.read().splitlines()
    assert said[-1] == open_source(photos).statistics.fingerprint  # type: ignore[union-attr]
    assert not half.exists()
    assert len(folders(home)) == 1


def test_no_room_and_no_right_to_write_are_one_line_with_the_remedy(
    photos: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = cache.shutil.disk_usage("/")._replace(free=1000)
    with monkeypatch.context() as patch:
        patch.setattr(cache.shutil, "disk_usage", lambda path: usage)
        with pytest.raises(JobError, match=r"GB are needed .* set ARCHSCAPE_CACHE to a folder with room"):
            open_source(photos)
    assert folders(home) == []
    monkeypatch.setenv("ARCHSCAPE_CACHE", str(photos / "train" / "cat" / "00000.png"))
    with pytest.raises(
        JobError, match=r"cannot be kept there: .* set ARCHSCAPE_CACHE to a folder that can be"
    ):
        open_source(photos)


LIMITED = """
import resource, sys
import numpy as np
from archscape.search.datasets import cache, sources
from archscape.search.datasets.sources import open_source

open_source(sys.argv[1])  # loads what decoding loads once
status = open("/proc/self/status")
used = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))
limit = used + int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
print(type(open_source(sys.argv[2]).arrays["x_train"]).__name__)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is of Linux")
def test_an_npz_of_four_times_the_memory_that_is_allowed_is_decoded(tmp_path: Path) -> None:
    sizes = {"small": 40, "large": 280_000}
    for name, count in sizes.items():
        arrays = {"x_train": np.full((count, 3, 16, 16), 7, np.uint8), "y_train": np.arange(count) % 2}
        np.savez_compressed(tmp_path / f"{name}.npz", **arrays)  # type: ignore[arg-type]
    bytes_ = sizes["large"] * 3 * 16 * 16
    arguments = [str(tmp_path / "small.npz"), str(tmp_path / "large.npz"), str(bytes_ // 4)]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True, check=False
    )
    assert done.stdout == "memmap\n", done.stderr
    for file in (tmp_path / "cache").rglob("*.npy"):
        file.unlink()


def test_the_folder_is_that_of_the_variable_or_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARCHSCAPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.cache_home() == Path("/somewhere/archscape")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_home() == Path.home() / ".cache" / "archscape"


def test_the_folder_says_what_it_holds(photos: Path, home: Path) -> None:
    open_source(photos)
    (folder,) = folders(home)
    assert folder.name.startswith("photos-")
    meta = json.loads((folder / "data.json").read_text())
    assert (meta["source"], meta["task"], meta["class_names"]) == (
        str(photos),
        "classification",
        [*files.NAMES],
    )
