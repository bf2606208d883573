"""Shared fixtures: the command line as a user runs it, programs, published tables; the levels of tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers.processes import ended
from helpers.programs import need_program
from hypothesis import settings

if TYPE_CHECKING:
    from helpers.browser import Browser
    from helpers.postgres import Cluster

    from archscape.analysis.costs.latency import Calibration

# Set before torch loads: on a busy machine its threads wait for each other far longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# By default an example of a property that takes 0.2 s fails, which on a busy machine any may.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# A shell that starts a command in the background has it ignore Ctrl-C, and so would all that tests start and
# interrupt. To handle the signal by doing nothing is not inherited: they get the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda number, frame: None)

ROOT = Path(__file__).parent.parent

MARKS = {"browser": "browser", "cluster": "ray", "postgres": "postgresql"}
"""The marker of a test by a fixture that it uses."""

SHELL = (
    *("ARCHSCAPE_STORAGE", "RAY_ADDRESS", "PYTHONWARNINGS"),
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
)
"""Variables of a user's shell that change what commands do or print."""

LONG = ({"ray"}, {"browser", "postgresql", "slow"})
"""Marks of the tests that take long, in the order in which their files have their turn."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a program by the fixture that starts it, or by a parameter that has it started."""
    for item in items:
        assert isinstance(item, pytest.Function)
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else []
        marks = {MARKS[name] for name in item.fixturenames if name in MARKS}
        marks |= {value for value in parameters if isinstance(value, str) and value in MARKS.values()}
        for mark in sorted(marks):
            item.add_marker(mark)
    ranks: dict[Path, int] = {}
    for item in items:
        ranks[item.path] = min(rank(item), ranks.get(item.path, len(LONG)))
    items.sort(key=lambda item: ranks[item.path])


def rank(item: pytest.Item) -> int:
    """Return when a test's file has its turn: long ones first, or in the end one process has them alone."""
    names = {mark.name for mark in item.iter_markers()}
    return next((number for number, kinds in enumerate(LONG) if names & kinds), len(LONG))


def pytest_xdist_auto_num_workers() -> int | None:
    """Return how many processes test: one more than there are processors, as tests also wait for programs."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else len(os.sched_getaffinity(0)) + 1


@pytest.fixture(scope="session", autouse=True)
def _environment_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep data and calibrations in folders of the tests; what a user's shell says changes no output."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ARCHSCAPE_CACHE", "ARCHSCAPE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        for name in SHELL:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """End the processes that a test has left behind."""
    with ended():
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root."""
    return ROOT


@pytest.fixture(scope="session")
def published(root: Path) -> Callable[[str], Path]:
    """Return the path of a published table; the test is skipped where it is not at hand."""
    folder = root / os.environ.get("ARCHSCAPE_TABLES", "../shared/data")

    def find(name: str) -> Path:
        path = folder / name
        if not path.is_file():
            pytest.skip(f"{name} is not in {folder}: set ARCHSCAPE_TABLES to the folder of published tables")
        return path

    return find


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium of the module's own, without a screen."""
    from helpers.browser import chromium

    need_program("Chromium")
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server of the tests' own; `postgres.url("name")` is an address of a database in it."""
    from helpers.postgres import Cluster

    need_program("PostgreSQL")
    with Cluster.temporary() as cluster:
        yield cluster


@pytest.fixture
def archscape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `archscape ...` in an empty folder, in this process; return what it printed and its exit status."""
    from archscape.cli import main

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        capsys.readouterr()
        try:
            main([*map(str, arguments)])
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return run


@pytest.fixture
def archscape_process(tmp_path: Path) -> Run:
    """Run `archscape ...` as a user does, in a process of its own: it takes a second to start."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "archscape", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def calibration() -> Calibration:
    """A calibration of this machine's processor that nobody measured: round numbers for every class."""
    from archscape.analysis.costs.latency import Calibration, this_machine
    from archscape.analysis.costs.latency.calibration import Quality
    from archscape.analysis.costs.latency.cost_model import OTHER, Scale, works
    from archscape.analysis.costs.latency.fit import Rates
    from archscape.analysis.costs.latency.synthetic_graphs import synthetic_graph

    known = [work for seed in range(64) for work in works(synthetic_graph(seed), Scale(1, 4))]
    rates = {work.kind: Rates((1e-5, *(1e-10,) * (len(work.amounts) - 1)), 2e-10) for work in known}
    return Calibration(
        setup=this_machine(),
        rates={**rates, OTHER: Rates((1e-5, 1e-10, 0.0, 0.0), 0.0)},
        cache=2**25,
        quality=Quality(error=0.1, low=0.8, high=1.3),
        operators=len(known),
        left_out=0,
        made="2026-01-02T03:04:05+00:00",
    )


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where calibrations are kept while a test runs; it is empty."""
    monkeypatch.setenv("ARCHSCAPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "devices"
