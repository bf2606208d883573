"""Looking at a search runs no code that it names, whatever is looked at; the user names the code to run.

The search is real, its network uses a Python file that leaves a mark whenever it is run. Afterwards its rows
and files also name a second file, in the folder of the run, as somebody else's run might.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from threading import Thread

import pytest
from helpers.dashboard import get

from archscape.cli import main
from archscape.commands.options.studies import find_study, results_of
from archscape.search.dashboard.server import bind
from archscape.spaces import load
from archscape.spaces.errors import CodeNotRun
from archscape.spaces.language import uses

BLOCKS = """\
from pathlib import Path
from torch import nn

with Path("MARK").open("a") as file:
    file.write("ran ")


class Shifted(nn.Conv2d):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, padding=1)
"""
SPACE = """\
space: small
input: 1x8x8
uses: looked_at.py
let: {w: {4, 6}}
layers:
  - conv: {width: $w}
  - Shifted
  - avgpool
  - linear: {width: 10}
"""
JOB = """\
search: small
space: space.yaml
data: digits
recipe: {preset: quick, epochs: 1}
trials: 1
"""
Look = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the user's files and the run, all code run in other processes."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "looked_at.py").write_text(BLOCKS.replace("MARK", str(folder / "mark")))
    (folder / "space.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    archscape(folder, "search", "job.yaml", "--out", "run")
    assert (folder / "mark").read_text() == "ran ran "  # by the search and by its worker
    return folder


def archscape(folder: Path, *arguments: str, status: int = 0) -> str:
    command = [sys.executable, "-m", "archscape", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stderr


def renamed(run: Path, used: str) -> None:
    """Let all that a run holds use another file."""
    with closing(sqlite3.connect(run / "study.db")) as database, database:
        (stored,) = database.execute("select network from archscape_trials").fetchone()
        old = json.loads(stored)["uses"][0]
        for table, column in (
            ("archscape_trials", "network"),
            ("study_user_attributes", "value_json"),
        ):
            database.execute(f"update {table} set {column} = replace({column}, ?, ?)", (old, used))
    for file in ("space.yaml", "job.yaml"):
        path = run / file
        path.write_text(path.read_text().replace(old, used))


OWN, IN_RUN, MODULE = "looked_at.py", "planted.py", "planted_module"


@pytest.fixture
def run(
    searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """A copy of the run, which uses its own file or a planted one; nobody who looks has named a file."""
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.syspath_prepend(tmp_path)
    run = shutil.copytree(searched / "run", tmp_path / "run")
    planted = BLOCKS.replace("MARK", str(searched / "mark"))
    (run / "planted.py").write_text(planted)
    (tmp_path / "planted_module.py").write_text(planted)
    if request.param != OWN:
        renamed(run, request.param)
    (searched / "mark").unlink(missing_ok=True)
    return run


@pytest.fixture
def look(searched: Path, capsys: pytest.CaptureFixture[str]) -> Look:
    """Run a command in this process; return its status and what it said. No code was run."""

    def look(*arguments: str | Path) -> tuple[int, str]:
        capsys.readouterr()
        status: object = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as error:
            status = error.code or 0
        assert not (searched / "mark").exists(), arguments
        assert "looked_at" not in sys.modules
        assert "planted_module" not in sys.modules
        assert isinstance(status, int)
        said = capsys.readouterr()
        return status, said.out + said.err

    return look


@pytest.mark.parametrize("run", [OWN, IN_RUN], indirect=True)
def test_commands_show_a_run_without_its_code(run: Path, look: Look, tmp_path: Path) -> None:
    assert look("report", run) == (0, f"{run}/report.html\n")
    page = (run / "report.html").read_text()
    assert "which is code and was not run" in page
    assert look("study", "show", "small", "--storage", run)[0] == 0
    assert look("study", "list", "--storage", run)[0] == 0
    status, said = look("export", run, "--format", "spec", "--out", tmp_path / "spec")
    assert status == 0
    assert "Shifted: opaque layers of" in said
    assert [path.name for path in (tmp_path / "spec").iterdir()] == ["small_0.yaml"]


@pytest.mark.parametrize("run", [OWN, IN_RUN, MODULE], indirect=True)
def test_what_needs_the_code_asks_for_it(run: Path, look: Look, tmp_path: Path) -> None:
    for command in (
        ("export", run, "--out", tmp_path / "all"),
        ("export", run, "--format", "source", "--out", tmp_path / "all"),
        ("export", run, "--format", "spec", "--format", "weights", "--out", tmp_path / "all"),
        ("landscape", run),
        ("look", run),
        ("report", run, "--look"),
        ("space", run / "space.yaml"),
        ("profile", run / "space.yaml"),
    ):
        status, said = look(*command)
        assert status == 2, command
        assert "code and was not run; if you trust it, name your own copy with --uses" in said
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize("run", [OWN, IN_RUN], indirect=True)
def test_a_network_taken_out_of_a_run_runs_nothing(run: Path, look: Look, tmp_path: Path) -> None:
    assert look("export", run, "--format", "spec", "--out", run / "best")[0] == 0
    taken = run / "best" / "small_0.yaml"
    for command in ("profile", "compare", "memory", "lint"):
        assert look(command, taken)[0] == 2
    with closing(sqlite3.connect(run / "study.db")) as database:
        (stored,) = database.execute("select network from archscape_trials").fetchone()
    (run / "net.json").write_text(stored)
    with pytest.raises(CodeNotRun):
        load(run / "net.json")


@pytest.mark.parametrize("run", [MODULE], indirect=True)
def test_the_dashboard_shows_a_run_without_its_code(run: Path, searched: Path) -> None:
    def write(study: object, path: Path) -> None:
        from archscape.analysis.reports.results.page import write_report

        write_report(results_of(study), path)  # type: ignore[arg-type]

    with find_study(run, "", "") as reader:
        server = bind(reader, write, logs=run / "logs", host="127.0.0.1", port=0)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            for path in ("/", "/trial/0", "/report", "/health", *server.assets):
                answer, content = get(server.url, path)
                assert answer.status == HTTPStatus.OK, path
                if path == "/trial/0":
                    assert "# Shifted: opaque layers of" in json.loads(content)["network"]
        finally:
            server.shutdown()
            server.poller.close()
            server.server_close()
    assert not (searched / "mark").exists()


@pytest.mark.parametrize("run", [OWN], indirect=True)
def test_a_worker_takes_the_users_own_copy_alone(
    run: Path, searched: Path, look: Look, tmp_path: Path
) -> None:
    join = ("worker", "--study", "small", "--storage", run / "study.db", "--out", tmp_path / "joined")
    status, said = look(*join)
    assert status == 2
    assert "name your own copy with --uses looked_at.py" in said
    other = tmp_path / "looked_at.py"
    other.write_text((searched / "looked_at.py").read_text() + "# changed\n")
    status, said = look(*join, "--uses", other)
    assert status == 2
    assert "is not the file that the search began with" in said


@pytest.mark.slow
def test_the_user_names_the_code_to_run(searched: Path, tmp_path: Path) -> None:
    """By hand, wherever the copy lies; the job that is resumed names its own."""
    folder = shutil.copytree(searched, tmp_path / "mine")
    copy = folder / "copies" / "looked_at.py"
    copy.parent.mkdir()
    shutil.move(folder / "looked_at.py", copy)
    archscape(folder, "export", "run", "--uses", str(copy), "--out", "best")
    assert (folder / "best" / "looked_at.py").is_file()
    archscape(folder, "profile", "best/small_0.yaml")
    archscape(folder, "search", "run/job.yaml", "--out", "run", "--trials", "2")
    join = ("worker", "--study", "small", "--storage", "run/study.db", "--out", "joined")
    archscape(folder, *join, "--uses", str(copy))
