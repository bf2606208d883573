"""A password in the address of a study: after a search and all that looks at it, nobody finds it anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from helpers.postgres import Cluster
from helpers.processes import popen

from archscape.search.executors.local import LocalPool
from archscape.search.executors.ray.engine import RayEngine
from archscape.search.study.address import Address

PASSWORD = "Zebra%40x"
TRACES = ("Zebra", "a@x")
"""What is left of it, as it was written or decoded."""


@dataclass
class Session:
    """Commands of one user, whose files are all in one folder.

    Attributes:
        folder: Holds the home folder, the folder of temporary files and what the commands write.
        said: What they printed.
        words: The command lines of them and of their children, as a list of processes has them.
    """

    folder: Path
    said: str = ""
    words: set[str] = field(default_factory=set)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command."""
        places = {name: str(self.folder / name) for name in ("HOME", "TMPDIR")}
        return popen(
            [sys.executable, "-m", "archscape", *arguments],
            env=os.environ | places | variables,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, status: int = 0, **variables: str) -> None:
        """Run a command to its end, which is this exit status."""
        process = self.start(*arguments, **variables)
        while process.poll() is None:
            self.look(process.pid)
            time.sleep(0.05)
        self.end(process)
        assert process.returncode == status, self.said

    def look(self, pid: int) -> None:
        """Read the command lines of a process's children, which exist for a while."""
        children = Path(f"/proc/{pid}/task/{pid}/children")
        try:
            for child in children.read_text().split():
                self.words.add(Path(f"/proc/{child}/cmdline").read_bytes().decode())
        except (FileNotFoundError, ProcessLookupError):
            pass  # one has ended meanwhile

    def end(self, process: subprocess.Popen[str]) -> None:
        """Keep what a command printed until its end."""
        self.said += "".join(process.communicate())

    def places_of(self, *traces: str) -> list[str]:
        """Return where any of these texts stands."""
        texts = {
            str(path.relative_to(self.folder)): path.read_bytes().decode(errors="replace")
            for path in self.folder.rglob("*")
            if path.is_file()
        } | {"output": self.said, "processes": "\n".join(self.words)}
        found = [name for name, text in texts.items() if any(trace in f"{name} {text}" for trace in traces)]
        return sorted(found)


@pytest.fixture
def session(tmp_path: Path, job_file: Path) -> Session:
    job_file.write_text(job_file.read_text().replace("trials: 8", "trials: 2"))
    for name in ("HOME", "TMPDIR"):
        (tmp_path / name).mkdir()
    return Session(tmp_path)


def look_at_dashboard(session: Session, *arguments: str) -> None:
    """Let a dashboard show its page, its report and its state."""
    process = session.start("dashboard", *arguments, "--port", "0")
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    for place in ("", "report"):
        session.said += urllib.request.urlopen(f"{url}{place}").read().decode()
    with urllib.request.urlopen(f"{url}events") as events:
        session.said += events.readline().decode() + events.readline().decode()
    process.terminate()
    session.end(process)


@pytest.mark.slow
def test_password_is_nowhere_after_search_worker_and_all_that_looks(
    session: Session, postgres: Cluster
) -> None:
    address = postgres.url("planted")
    given = address.replace("archscape@", f"archscape:{PASSWORD}@")
    in_query = f"{address}?password={PASSWORD}"
    storage = ("--storage", given)
    session.run("search", "job.yaml", f"--storage={in_query}", "--out", "run", "--trials", "2")
    session.run("worker", "--study", "tiny-digits", "--out", "joined", ARCHSCAPE_STORAGE=given)
    session.run("report", "joined", *storage)
    session.run("study", "list", *storage, "--format", "json")
    look_at_dashboard(session, "run", f"--storage={in_query}")
    session.run("study", "show", "other", *storage, status=1)
    session.run("study", "list", "--storage", given.replace("planted", "missing"), status=2)
    session.run("search", "job.yaml", "--storage", given.replace("//", "/"), "--out", "no", status=2)
    assert session.places_of(*TRACES) == []
    assert "Traceback" not in session.said
    assert any("executors.child" in words for words in session.words)
    command = json.loads((session.folder / "run" / "environment.json").read_text())["command"]
    assert command.endswith(f"'--storage={address}?password=***' --out run --trials 2")
    assert not (session.folder / "no").exists()


@pytest.mark.ray
@pytest.mark.slow
def test_password_is_in_no_file_of_ray(session: Session, postgres: Cluster) -> None:
    given = postgres.url("planted_ray").replace("archscape@", f"archscape:{PASSWORD}@")
    command = ("search", "job.yaml", "--engine", "ray", "--storage", given, "--out", "run")
    with TemporaryDirectory(dir="/tmp") as folder:  # the paths of Ray's sockets must be short
        process, of_ray = session.start(*command, TMPDIR=folder), Session(Path(folder))
        while process.poll() is None:
            session.look(process.pid)
            assert of_ray.places_of(*TRACES) == []
            time.sleep(0.5)
        session.end(process)
    assert process.returncode == 0, session.said
    assert session.places_of(*TRACES) == []
    assert any("gcs_server" in words for words in session.words)


def test_password_is_in_no_description_of_what_knows_it(tmp_path: Path) -> None:
    """A notebook and a traceback with its variables print them."""
    storage = f"postgresql://me:{PASSWORD}@host/db?password={PASSWORD}"
    knowing = [
        Address.of(tmp_path, storage=storage),
        LocalPool(slots=[], storage=storage),
        RayEngine(storage=storage),
    ]
    assert [text for text in map(repr, knowing) if any(trace in text for trace in TRACES)] == []
