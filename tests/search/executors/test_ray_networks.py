"""A search through Ray over two network namespaces, as over two machines, whose cable is pulled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers.processes import popen

from archscape.search.study.study import Study

HEAD, WORKER = "10.231.77.1", "10.231.77.2"
PORT = 6379


def ip(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True)


def may_make_networks() -> bool:
    """Return whether namespaces can be made here: it takes root, and a kernel that has them."""
    name = f"try{os.getpid()}"
    try:
        ip("netns", "add", name)
        ip("netns", "del", name)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return False
    return True


pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(not may_make_networks(), reason="network namespaces need root"),
]


@dataclass(kw_only=True)
class Networks:
    """Two namespaces with a cable between them.

    Attributes:
        head: Name of the first.
        worker: Name of the second.
        environment: Of what runs in them.
        started: What was started in them.
    """

    head: str = f"head{os.getpid()}"
    worker: str = f"work{os.getpid()}"
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def make(self) -> None:
        for name in (self.head, self.worker):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ends = [f"h{os.getpid()}", f"w{os.getpid()}"]
        ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for name, end, address in zip((self.head, self.worker), ends, (HEAD, WORKER), strict=True):
            ip("link", "set", end, "netns", name)
            ip("-n", name, "addr", "add", f"{address}/24", "dev", end)
            ip("-n", name, "link", "set", end, "up")

    def pull_the_cable(self) -> None:
        ip("-n", self.worker, "link", "set", f"w{os.getpid()}", "down")

    def start(self, name: str, *words: str) -> subprocess.Popen[str]:
        process = popen(
            ["ip", "netns", "exec", name, *words],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def remove(self) -> None:
        for name in (self.head, self.worker):
            for pid in ip("netns", "pids", name).stdout.split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            ip("netns", "del", name)
        for process in self.started:
            with process:
                pass


@pytest.fixture
def networks() -> Iterator[Networks]:
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # a short path: sockets lie in it
    space_networks = Networks(
        environment={
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": folder,
            "RAY_health_check_period_ms": "500",
            "RAY_health_check_timeout_ms": "1000",
            "RAY_health_check_failure_threshold": "4",
        }
    )
    try:
        space_networks.make()
        yield space_networks
    finally:
        space_networks.remove()
        shutil.rmtree(folder)


def said(out: Path) -> str:
    return "".join(path.read_text() for path in (out / "logs").glob("trial-*.log"))


def wait_for(out: Path, words: str, process: subprocess.Popen[str], *, times: int = 1) -> None:
    while said(out).count(words) < times:
        if process.poll() is not None:
            raise AssertionError(process.communicate()[0])
        time.sleep(0.05)


def test_the_cable_is_pulled_in_mid_search(networks: Networks, job_file: Path, tmp_path: Path) -> None:
    job_file.write_text(job_file.read_text().replace("epochs: 1", "epochs: 10"))
    out, ray = tmp_path / "run", str(Path(sys.executable).parent / "ray")
    own = ["--num-cpus", "1", "--object-store-memory", "80000000", "--block"]
    networks.start(
        networks.head,
        *(ray, "start", "--head", f"--port={PORT}", f"--node-ip-address={HEAD}", *own),
        "--include-dashboard=false",
    )
    search = networks.start(
        networks.head,
        *(sys.executable, "-m", "archscape", "search", str(job_file), "--out", str(out)),
        *("--engine", "ray", "--ray-address", f"{HEAD}:{PORT}"),
    )
    wait_for(out, "begins", search)
    networks.start(
        networks.worker,
        *(ray, "start", f"--address={HEAD}:{PORT}", f"--node-ip-address={WORKER}", *own),
    )
    wait_for_two(out, search)
    networks.pull_the_cable()
    wait_for(out, "the actor was lost", search)
    printed = search.communicate()[0]
    assert search.returncode == 0, printed
    with Study.open(out) as study:
        trials = study.trials()
    assert [trial.number for trial in trials] == list(range(8))
    assert {trial.state for trial in trials} == {"complete"}
    assert said(out).count(" ends: complete") == 8


def wait_for_two(out: Path, search: subprocess.Popen[str]) -> None:
    """Wait until two actors have trained."""
    while len({line.split()[1] for line in said(out).splitlines() if line.endswith(" begins")}) < 2:
        assert search.poll() is None, search.communicate()[0]
        time.sleep(0.05)
