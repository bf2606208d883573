"""Data of four times the memory that a process may have: a search on it comes to its report."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

SAMPLES, SHAPE = 16384, (3, 64, 64)

LIMITED = """
    import io, resource, sys
    from contextlib import contextmanager
    import numpy as np
    from helpers.in_process import InProcess
    from rich.console import Console
    from archscape.search import run
    from archscape.spaces import Space

    SPACE = '''
    space: flat
    input: 3x64x64
    layers:
      - conv: {width: {2, 4}, kernel: 8, stride: 8}
      - avgpool
      - linear: {width: 2}
    '''

    NONE = resource.getrlimit(resource.RLIMIT_DATA)

    class UntilTrained(InProcess):
        @contextmanager
        def opened(self, folder):
            with super().opened(folder) as work:
                def limited(notify, shutdown):
                    work(notify, shutdown)
                    resource.setrlimit(resource.RLIMIT_DATA, NONE)  # a report holds no data
                yield limited

    def search(name):
        console = Console(file=io.StringIO())
        recipe = {"epochs": 1, "batch": 128}
        settings = {"space": Space.from_yaml(SPACE), "data": f"{name}.npz", "recipe": recipe, "trials": 1}
        return run(search=name, **settings, out=name, console=console, executor=UntilTrained()).trials

    if sys.argv[1] == "search":
        search("small")  # loads what a search loads once
    status = open("/proc/self/status")
    used = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))
    limit = used + int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_DATA, (limit, NONE[1]))
    if sys.argv[1] == "search":
        (trial,) = search("large").to_dict("records")
        print(trial["status"], trial["accuracy"])
    else:
        try:
            np.load("large.npz")["x_train"]
        except MemoryError:
            print("out of memory")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two hundred megabytes of two classes, dark and bright, and a few of them."""
    folder = tmp_path_factory.mktemp("large")
    for name, count in {"small": 300, "large": SAMPLES}.items():
        labels = np.arange(count) % 2
        grey = (40 + 150 * labels).astype(np.uint8).reshape(-1, 1, 1, 1)
        np.savez(folder / f"{name}.npz", x_train=np.broadcast_to(grey, (count, *SHAPE)), y_train=labels)
    yield folder
    for file in [*folder.glob("*.npz"), *folder.rglob("*.npy")]:
        file.unlink()


def limited(folder: Path, what: str) -> subprocess.CompletedProcess[str]:
    code = "import torch; torch.set_num_threads(1)\n" + textwrap.dedent(LIMITED)
    quarter = SAMPLES * int(np.prod(SHAPE)) // 4
    tests = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "ARCHSCAPE_CACHE": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.run(
        [sys.executable, "-c", code, what, str(quarter)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is of Linux")
def test_a_search_on_data_of_four_times_the_memory_that_is_allowed_ends_in_its_report(folder: Path) -> None:
    done = limited(folder, "search")
    assert done.stdout == "complete 1.0\n", done.stderr
    assert (folder / "large" / "report.html").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is of Linux")
def test_the_limit_is_one(folder: Path) -> None:
    done = limited(folder, "whole")
    assert done.stdout == "out of memory\n", done.stderr
