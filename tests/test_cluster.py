"""The worked examples for clusters: what can be checked without one is true."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from helpers.postgres import free_port, server_user
from helpers.programs import need_program

from archscape.search.job import read_job

Run = Callable[..., "subprocess.CompletedProcess[str]"]
FOLDER = Path(__file__).parents[1] / "examples" / "cluster"
SCRIPTS = sorted([*FOLDER.glob("*.sh"), *FOLDER.glob("*.slurm")])
PODS = [
    document["spec"]["template"]["spec"]["containers"][0]
    for document in yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    if document["kind"] == "Job"
]


def commands() -> Iterator[list[str]]:
    """Yield the arguments of every archscape command of the examples."""
    for path in [*SCRIPTS, FOLDER / "README.md"]:
        for line in re.findall(r"(?<![./])archscape ((?:search|worker|study) [^#`\n]*)", path.read_text()):
            yield [word.strip("\"'") for word in line.split()]
    for pod in PODS:
        yield [*pod["command"][1:], *pod["args"]]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_bash(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.slurm")), ids=lambda path: path.name)
def test_slurm_reads_every_setting(script: Path) -> None:
    """It reads them up to the first command; its signal reaches only steps of srun."""
    head, _, body = script.read_text().partition("\nset -u")
    assert head.startswith("#!/bin/bash\n")
    settings = dict(re.findall(r"^#SBATCH --([a-z-]+)(?:=(\S+))?$", head, re.MULTILINE))
    assert settings["signal"] == "TERM@120"
    assert "requeue" in settings
    assert "#SBATCH" not in body
    assert re.search(r"^srun archscape ", body, re.MULTILINE)


@pytest.mark.slow
def test_every_option_exists(archscape: Run) -> None:
    examples = list(commands())
    assert {words[0] for words in examples} == {"search", "worker", "study"}
    for name in {tuple(words[: 1 + (words[0] == "study")]) for words in examples}:
        page = archscape(*name, "--help")
        assert page.returncode == 0, page.stderr
        used = {
            re.sub("=.*", "", w) for words in examples if tuple(words[: len(name)]) == name for w in words
        }
        missing = {w for w in used if w.startswith("--")} - set(re.findall(r"--[a-z-]+", page.stdout))
        assert not missing, (name, missing)


def test_the_job_can_be_read() -> None:
    settings = (FOLDER / "settings.sh").read_text()
    assert f"STUDY={read_job(FOLDER / 'job.yaml').search}\n" in settings


def test_kubernetes_makes_a_new_pod_whenever_one_is_lost() -> None:
    jobs = [d for d in yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()) if d["kind"] == "Job"]
    assert [job["metadata"]["name"] for job in jobs] == ["archscape-search", "archscape-workers"]
    for job in jobs:
        pod = job["spec"]["template"]["spec"]
        assert pod["restartPolicy"] == "Never"  # a policy for failures is refused with any other
        assert job["spec"]["podFailurePolicy"]["rules"][0]["action"] == "Ignore"
        mounted = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
    assert "completions" not in jobs[1]["spec"]  # a queue: whoever ends well says that nothing is left


@pytest.fixture
def home() -> Iterator[Path]:
    """The home of a user who may run a server: not root, who is refused."""
    need_program("PostgreSQL")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    if user := server_user():
        os.chown(folder, user.pw_uid, user.pw_gid)
    shutil.copy(FOLDER / "postgres.sh", folder)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.postgresql
def test_a_server_of_ones_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, user = free_port(), server_user()

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=home,
            env=os.environ | {"HOME": str(home), "ARCHSCAPE_PORT": str(port)},
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    address = run("./postgres.sh")
    try:
        assert re.fullmatch(rf"postgresql://archscape@\S+:{port}/searches", address)
        assert run("./postgres.sh") == address
        here = re.sub(r"@[^:]+:", "@127.0.0.1:", address)
        password = (home / ".pgpass").read_text().strip().rpartition(":")[2]
        monkeypatch.setenv("PGPASSWORD", password)
        psycopg.connect(here).close()
        monkeypatch.setenv("PGPASSWORD", "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(here)
    finally:
        run('"$(pg_config --bindir)/pg_ctl" stop -m immediate -D archscape-postgres > /dev/null')
