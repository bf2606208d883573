"""A whole search whose networks the user's function trains: its faults, its workers, its examples."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from helpers.in_process import InProcess
from helpers.processes import popen

from archscape.cli import main
from archscape.search import make_job, run
from archscape.search.job import read_job
from archscape.search.join import join
from archscape.search.study.study import Study
from archscape.search.study.trained import trained
from archscape.spaces.errors import InputError, JobError
from archscape.spaces.language import user_function, uses

FIT = """\
from own_parts import score


def fit(network, context):
    start = context.checkpoints / "epoch"
    done = int(start.read_text()) if start.exists() else 0
    for epoch in range(done + 1, context.epochs + 1):
        start.write_text(str(epoch))
        if not context.report(epoch, {"accuracy": score(network, epoch)}):
            break
    return {"accuracy": score(network, epoch)}
"""
PARTS = "def score(network, epoch):\n    return int(network.hash()[:4], 16) / 2**16 * epoch / 10\n"
JOB = """\
search: own
space: tiny.yaml
train: {call: own_fit.py:fit, epochs: 4}
stop: {rule: halving, eta: 2}
sampler: random
trials: 6
device: cpu
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was named or imported in this process yet."""
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("own_fit", "own_parts"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def job_file(job_file: Path) -> Path:
    """A job with a training function that trains nothing."""
    job_file.write_text(JOB)
    (job_file.parent / "own_fit.py").write_text(FIT)
    (job_file.parent / "own_parts.py").write_text(PARTS)
    return job_file


def search(job: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archscape", "search", str(job), "--out", str(job.parent / "run")]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def trials_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "trials.csv")


def test_a_search_stops_early_promotes_and_keeps_no_files_of_its_trainings(job_file: Path) -> None:
    folder = job_file.parent / "run"
    table = run(read_job(job_file), out=folder, executor=InProcess()).trials
    assert set(table["status"]) == {"complete", "pruned"}
    complete = table[table["status"] == "complete"]
    best = table["hash"].map(lambda digest: int(digest[:4], 16))
    assert best.idxmax() in complete.index
    assert (complete["epochs"] == 4).all()
    assert not list((folder / "checkpoints").iterdir())
    with Study.open(folder) as study:
        assert "report" not in str(study.facts), "the text of the function is kept"
        assert [*study.facts["code"]["train"]["files"]] == ["own_fit.py", "own_parts.py"]
        with pytest.raises(InputError, match=r"own_fit.py:fit kept none; .* with `context.save\(module\)`"):
            trained(study, "best", note=print)


def test_a_network_without_weights_is_exported_without_and_that_is_said(
    job_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = job_file.parent / "run", job_file.parent / "best"
    run(read_job(job_file), out=folder, executor=InProcess())
    export = ["export", str(folder), "--out", str(out)]
    with pytest.raises(SystemExit) as refused:
        main([*export, "--format", "weights"])
    assert refused.value.code == 2
    assert "own_fit.py:fit kept none; a training function hands them over" in capsys.readouterr().err
    with pytest.raises(SystemExit) as done:
        main(export)
    assert done.value.code == 0
    assert "without weights: own_fit.py:fit kept none" in capsys.readouterr().err
    assert {file.suffix for file in out.iterdir()} >= {".py", ".yaml"}
    assert not list(out.glob("*.safetensors"))


FAULTS = {
    "return None": "own_fit.py:1: fit: it returned nothing; it has to be a mapping of metrics",
    "return 'high'": "own_fit.py:1: fit: it returned 'high', a str; it has to be a mapping",
    "return {'accuracy': 'high'}": "own_fit.py:1: fit: it returned accuracy: 'high', a str; a metric is",
    "return {'acuracy': 1}": "fit: `accuracy` is an objective or a limit of the job, but it returned only",
    "context.report(1, {'loss': 1})": "fit: `accuracy` is an objective or a limit of the job, but it rep",
    "context.report(0, {'accuracy': 1})": "own_fit.py:2: fit: it reported epoch 0, but epochs count from 1",
    "context.report(5, {'accuracy': 1})": "own_fit.py:2: fit: it reported epoch 5, but `train:` gives it 4",
    "context.save(None)": "own_fit.py:2: fit: it saved a NoneType; hand over the module, or its state dict",
    "context.save({})": "own_fit.py:2: fit: it saved weights without 'conv.conv1.weight'",
}


@pytest.mark.parametrize(("body", "line"), FAULTS.items())
def test_a_function_that_breaks_its_contract_ends_the_search_with_one_line(
    job_file: Path, body: str, line: str
) -> None:
    """With its place and what is right; the same command begins anew when the file was mended."""
    file, folder = job_file.parent / "own_fit.py", job_file.parent / "run"
    file.write_text(f"def fit(network, context):\n    {body}\n")
    with pytest.raises(JobError) as caught:
        run(read_job(job_file), out=folder, executor=InProcess())
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not folder.exists()


TRIALS = {
    "return {'accuracy': float('nan')}": ("diverged", "accuracy is nan in what fit returned"),
    "context.report(1, {'accuracy': float('inf')})": ("diverged", "accuracy is inf in epoch 1"),
    "1 / 0": ("error", "own_fit.py:2: ZeroDivisionError: division by zero"),
    "import sys; sys.exit('no')": ("error", "own_fit.py:2: SystemExit: no"),
    "raise GeneratorExit": ("error", "own_fit.py:2: GeneratorExit"),
    "raise MemoryError": ("out_of_memory", "own_fit.py:2: MemoryError"),
}


@pytest.mark.parametrize(("body", "end"), TRIALS.items())
def test_a_function_that_fails_ends_its_trial_with_a_cause(
    job_file: Path, body: str, end: tuple[str, str]
) -> None:
    (job_file.parent / "own_fit.py").write_text(f"def fit(network, context):\n    {body}\n")
    job = read_job(job_file)
    table = run(job, out=job_file.parent / "run", executor=InProcess()).trials
    assert set(table["cause"]) == {end[0]}
    assert all(message.endswith(end[1]) for message in table["message"])


FORKS = """\
import os


def fit(network, context):
    child = os.fork()
    if child == 0:
        return {"accuracy": 0.9}
    os.waitpid(child, 0)
    return {"accuracy": 0.5}
"""


def test_a_process_that_a_function_forks_is_no_second_worker(job_file: Path) -> None:
    (job_file.parent / "own_fit.py").write_text(FORKS)
    table = run(
        replace(read_job(job_file), trials=2), out=job_file.parent / "run", executor=InProcess()
    ).trials
    assert table["accuracy"].tolist() == [0.5, 0.5]


@pytest.mark.slow
def test_a_function_that_ends_its_process_as_if_all_were_well_fails_its_trial(job_file: Path) -> None:
    (job_file.parent / "own_fit.py").write_text(
        "import os\n\n\ndef fit(network, context):\n    os._exit(0)\n"
    )
    job_file.write_text(job_file.read_text().replace("trials: 6", "trials: 1"))
    done = search(job_file)
    assert "1 failed: lost_worker" in done.stderr
    assert done.returncode == 1


def test_a_function_that_changes_the_seeds_changes_no_proposal(job_file: Path) -> None:
    hashes = []
    for name, seeds in (("one", ""), ("two", "import random, torch; random.seed(0); torch.manual_seed(0)")):
        text = f"def fit(network, context):\n    {seeds or 'pass'}\n    return {{'accuracy': 0.5}}\n"
        (job_file.parent / "own_fit.py").write_text(text)
        table = run(read_job(job_file), out=job_file.parent / name, executor=InProcess()).trials
        hashes.append([*table["hash"]])
    assert hashes[0] == hashes[1]


def test_a_file_that_has_changed_is_not_resumed(job_file: Path) -> None:
    folder = job_file.parent / "run"
    run(read_job(job_file), out=folder, executor=InProcess())
    (job_file.parent / "own_parts.py").write_text(f"{PARTS}\n# other\n")
    with pytest.raises(JobError, match=r"began with code own_parts.py \(SHA-256 .* the code of its trials"):
        run(read_job(job_file), out=folder, executor=InProcess())


@pytest.fixture
def begun(job_file: Path, tmp_path: Path) -> str:
    """The storage of a study that nobody works on yet, on a machine that has no file in its place."""
    job, storage = read_job(job_file), str(tmp_path / "study.db")
    study = Study.open(tmp_path, name="own", storage=storage, facts=job.facts(), settings=job.settings())
    study.close()
    (tmp_path / "there").mkdir()
    for name in ("own_fit.py", "own_parts.py"):
        (job_file.parent / name).rename(tmp_path / "there" / name)
    uses._vouched.clear()
    return storage


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False])
def test_a_worker_of_another_machine_names_its_copy_or_stands_beside_it(
    begun: str, tmp_path: Path, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there"
    if not named:
        monkeypatch.chdir(there)
    join(name="own", storage=begun, out=tmp_path / "out", uses=[str(there / "own_fit.py")] if named else [])
    with Study.open(tmp_path / "out", storage=begun, name="own") as study:
        assert set(study.counts()) == {"complete", "pruned"}


def test_a_worker_without_the_file_or_with_another_is_told_so(begun: str, tmp_path: Path) -> None:
    there = tmp_path / "there"

    def joined(*files: Path) -> str:
        with pytest.raises(InputError) as caught:
            join(name="own", storage=begun, out=tmp_path / "out", uses=[str(file) for file in files])
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "own_fit.py:fit is not on this machine; say where, with --uses own_fit.py" in joined()
    assert "'/nowhere/own_fit.py' is not there; say where" in joined(Path("/nowhere/own_fit.py"))
    (there / "own_parts.py").write_text(f"{PARTS}\n# other\n")
    assert "own_parts.py' is not the file that the search began with: its SHA-256 is" in joined(
        there / "own_fit.py"
    )
    (there / "own_parts.py").unlink()
    assert "own_parts.py' is not there; the training needs it beside" in joined(there / "own_fit.py")


@pytest.mark.slow
def test_a_file_that_cannot_be_imported_is_one_line_and_status_2(job_file: Path) -> None:
    (job_file.parent / "own_parts.py").write_text("1 / 0\n")
    done = search(job_file, "--workers", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "own_parts.py:1: cannot be imported: ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr


SCRIPT = """\
from archscape import search


def fit(network, context):
    return {{"accuracy": 0.5}}


{guard}search.run(space={space!r}, train=fit, trials=2, sampler="random", out={out!r})
"""


@pytest.mark.slow
def test_a_script_gives_its_own_function_if_it_guards_its_search(job_file: Path, tmp_path: Path) -> None:
    script = tmp_path / "own_script.py"
    for guard, status in (("", 1), ('if __name__ == "__main__":\n    ', 0)):
        text = SCRIPT.format(guard=guard, space=str(tmp_path / "tiny.yaml"), out=str(tmp_path / "run"))
        script.write_text(text)
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        if status:
            assert "own_script.py starts a search when it is imported, as workers do; put" in done.stderr
    assert len(trials_of(tmp_path / "run")) == 2


HANGS = """\
import multiprocessing
import os
import time


def sleep():
    time.sleep(600)


def fit(network, context):
    child = multiprocessing.get_context("fork").Process(target=sleep)
    child.start()
    (context.checkpoints.parent.parent / "pids").open("a").write(f"{os.getpid()} {child.pid}\\n")
    time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.slow
def test_a_killed_worker_takes_what_its_function_started_with_it(job_file: Path, tmp_path: Path) -> None:
    """A forked process holds the pipe of its worker, whose end would be noticed only with its own."""
    (job_file.parent / "own_fit.py").write_text(HANGS)
    command = [sys.executable, "-m", "archscape", "search", str(job_file), "--out", str(tmp_path / "run")]
    process = popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    pids = tmp_path / "run" / "checkpoints" / "pids"

    def wait_for(lines: int) -> list[list[int]]:
        while not pids.exists() or pids.read_text().count("\n") < lines:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        return [[int(word) for word in line.split()] for line in pids.read_text().splitlines()]

    try:
        worker, child = wait_for(1)[0]
        os.kill(worker, signal.SIGKILL)
        wait_for(2)  # another worker has the trial
        assert not is_alive(child)
    finally:
        process.terminate()
        process.communicate()
    assert not any(is_alive(int(word)) for word in pids.read_text().split())


EXAMPLES = {
    "my_training": "{call: %s, epochs: 2, settings: {rate: 0.05}}",
    "lightning_training": "{call: %s, epochs: 2}",
    "ddp_training": "{call: %s, epochs: 2}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_report_each_epoch_once_and_stop_early(
    name: str, tmp_path: Path, root: Path, job_file: Path
) -> None:
    if name == "lightning_training":
        pytest.importorskip("lightning")
    train = EXAMPLES[name] % (root / "examples" / "training" / f"{name}.py:fit")
    text = JOB.replace("{call: own_fit.py:fit, epochs: 4}", train).replace("trials: 6", "trials: 2")
    job_file.write_text(text + "data: digits\n")
    done = search(job_file)
    assert done.returncode == 0, done.stderr
    table = trials_of(tmp_path / "run")
    assert sorted(table["status"]) == ["complete", "pruned"]
    curves = pd.read_csv(tmp_path / "run" / "curves.csv")
    assert not curves.duplicated(["trial", "epoch"]).any()
    assert len(list((tmp_path / "run" / "checkpoints").glob("*.safetensors"))) == 1


def test_a_python_job_needs_no_file(job_file: Path, tmp_path: Path) -> None:
    job = make_job(space=str(tmp_path / "tiny.yaml"), train=f"{tmp_path}/own_fit.py:fit", trials=1)
    assert job.search == "tiny"
    assert len(run(job, out=tmp_path / "run", executor=InProcess()).trials) == 1
