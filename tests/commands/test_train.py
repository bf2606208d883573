"""`archscape train`: a network, or the trial of a search, trained to its end."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE, CompletedProcess

import numpy as np
import pytest
import torch
from helpers.processes import popen
from safetensors.torch import load_file

from archscape.cli import main

Run = Callable[..., "CompletedProcess[str]"]

CHOICES = Path(__file__).parents[2] / "examples" / "training-choices.yaml"
NETWORK = """\
network: small
input: 1x8x8
layers:
  - conv: {width: 4}
  - avgpool
  - linear: {width: 10}
"""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(NETWORK)
    return path


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return what gives the message of a command that is refused with exit status 2."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> str:
        with pytest.raises(SystemExit) as end:
            main(["train", *map(str, arguments)])
        assert end.value.code == 2
        return " ".join(capsys.readouterr().err.split())

    return run


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from archscape.search import run

    folder = tmp_path_factory.mktemp("searched")
    (folder / "space.yaml").write_text(
        NETWORK.replace("network:", "space:").replace("width: 4", "width: {4, 6}")
    )
    recipe = {"epochs": 1, "rate": 0.01}
    run(space=folder / "space.yaml", data="digits", recipe=recipe, trials=1, device="cpu", out=folder / "run")
    return folder / "run"


def test_a_network_is_trained_and_loaded_as_it_is_said(archscape: Run, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = archscape("train", table, "--data", "digits", "--epochs", "1", "--seeds", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:7]] == ["seed", "seed", "mean", "std", "ensemble"]
    assert lines[-2:] == [str(out / "metrics.json"), str(out / "curves.svg")]
    assert "seed 1" in (out / "curves.svg").read_text()
    assert "Next: the weights of seed-" in done.stderr
    assert "from small import Small" in done.stderr
    assert "crops: 5 crops of 1x7x7" in done.stderr


def test_a_trial_brings_its_data_recipe_and_device(archscape: Run, searched: Path, tmp_path: Path) -> None:
    done = archscape("train", searched, "--epochs", "2", "--seeds", "1", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert found["data"]["name"] == "digits"
    assert (found["recipe"]["epochs"], found["recipe"]["rate"]) == (2, 0.01)


def test_it_takes_one_thread_unless_the_environment_says_otherwise(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS")
    try:
        for threads, name in ((1, "alone"), (3, "told")):
            torch.set_num_threads(3)  # as torch does on a machine of three cores
            arguments = ["--data", "digits", "--epochs", "1", "--seeds", "1", "--out", str(tmp_path / name)]
            with pytest.raises(SystemExit) as end:
                main(["train", str(table), *arguments])
            assert not end.value.code
            metrics = json.loads((tmp_path / name / "seed-0.json").read_text())["metrics"]
            assert metrics["threads"] == threads
            monkeypatch.setenv("OMP_NUM_THREADS", "3")
    finally:
        torch.set_num_threads(before)


def test_a_frontier_is_trained_and_measured_together(archscape: Run, searched: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = archscape("train", searched, "--trial", "frontier", "--seeds", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    together = json.loads((out / "frontier.json").read_text())
    assert [*together] == ["trial-0", "ensemble"]
    alone = json.loads((out / "trial-0" / "metrics.json").read_text())
    assert together["ensemble"]["test_accuracy"] == alone["ensemble"]["test_accuracy"]  # of the same seeds
    assert done.stdout.splitlines()[-1] == str(out / "frontier.json")


def test_what_is_killed_goes_on(archscape: Run, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["train", str(table), "--data", "digits", "--epochs", "2", "--seeds", "2", "--out", str(out)]
    process = popen([sys.executable, "-m", "archscape", *arguments], stderr=PIPE, text=True)
    while not (out / "seed-0.json").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    if process.returncode:  # it may have ended just before
        assert process.returncode == 1
        assert f"{out}: stopped; the same command resumes it" in errors
    first = (out / "seed-0.safetensors").stat().st_mtime_ns
    done = archscape(*arguments)
    assert done.returncode == 0, done.stderr
    assert (out / "seed-0.safetensors").stat().st_mtime_ns == first


@pytest.mark.full
def test_killed_at_random_instants_it_ends_with_the_same_bits(
    archscape: Run, table: Path, tmp_path: Path
) -> None:
    """Each life goes on from the seeds that are done and the state of the one under way."""
    recipe = "{preset: modern, epochs: 6, mixup: 0.2, ema: 0.99, precision: bfloat16, schedule: plateau}"
    arguments = ["train", str(table), "--data", "digits", "--recipe", recipe, "--seeds", "3", "--out"]
    assert archscape(*arguments, tmp_path / "whole").returncode == 0
    out, rng = tmp_path / "out", random.Random(0)
    for seed in range(2):
        process = popen([sys.executable, "-m", "archscape", *arguments, out], stderr=PIPE, text=True)
        while not (out / f"seed-{seed}.json").exists():
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(rng.random() * 0.1)
        process.kill()
        process.communicate(timeout=60)
    assert archscape(*arguments, out).returncode == 0
    for seed in range(3):
        whole, killed = (
            load_file(folder / f"seed-{seed}.safetensors") for folder in (tmp_path / "whole", out)
        )
        assert all(torch.equal(killed[name], value) for name, value in whole.items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "network small needs --data"),
        (("--data", "digit"), "did you mean 'digits'?"),
        (("--data", "digits", "--recipe", "quik"), "did you mean 'quick'?"),
        (("--data", "digits", "--recipe", "{epoch: 3}"), "did you mean 'epochs'?"),
        (("--data", "digits", "--recipe", "none.yaml"), "none.yaml: no such file"),
        (("--data", "digits", "--recipe", str(CHOICES)), "it leaves rate, weight_decay, augment open"),
        (("--data", "digits", "--device", "tpu"), "a device is auto, cpu, cuda, cuda:N or mps"),
        (("--data", "digits", "--devices", "cpu,gpu"), "a device is auto, cpu, cuda, cuda:N or mps"),
        (("--data", "digits", "--devices", "0"), "devices: at least 1, but got 0"),
        (("--data", "digits", "--devices", "2", "--device", "cpu"), "give one of the two"),
        (("--data", "digits", "--split", "seeds"), "--split is of several devices; give --devices"),
        (("--data", "digits", "--devices", "2", "--split", "layers"), "batch or seeds, but got 'layers'"),
        (("--data", "digits", "--trial", "frontier"), "--trial frontier needs the folder of a search"),
        (("--data", "digits", "--trial", "3"), "--trial 3 needs the folder of a search"),
        (("--data", "cluttered-digits"), "a sample of cluttered-digits is 1x16x16; `--input 1x16x16`"),
    ],
)
def test_what_is_wrong_is_refused(
    refused: Callable[..., str], table: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert message in refused(table, *arguments, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_targets_that_cannot_be_mixed_are_refused_before_the_folder_is_claimed(
    refused: Callable[..., str], table: Path, tmp_path: Path
) -> None:
    numbers = np.random.default_rng(0).random((40, 10), dtype=np.float32)
    np.savez(
        tmp_path / "numbers.npz", x_train=np.tile(numbers[:, :1, None, None], (1, 8, 8)), y_train=numbers
    )
    arguments = ("--data", "numbers.npz", "--recipe", "{cutmix: 1}", "--out", tmp_path / "out")
    assert "cutmix cannot mix the targets" in refused(table, *arguments)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run_and_one_that_is_are_kept_apart(
    refused: Callable[..., str], searched: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert "neither the folder of a search nor a network" in refused(tmp_path, "--out", out)
    assert f"{searched}" in refused(searched, "--out", searched)
    assert "no trial '9' is complete" in refused(searched, "--trial", "9", "--out", out)


def test_a_recipe_is_read_from_a_file_or_a_job(archscape: Run, table: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("{preset: quick, epochs: 1, rate: 0.5}")
    (tmp_path / "job.yaml").write_text("search: x\nrecipe: {epochs: 1, rate: 0.25}\n")
    for name, rate in (("recipe", 0.5), ("job", 0.25)):
        out, recipe = tmp_path / name, tmp_path / f"{name}.yaml"
        done = archscape("train", table, "--data", "digits", "--recipe", recipe, "--seeds", "1", "--out", out)
        assert done.returncode == 0, done.stderr
        assert json.loads((out / "metrics.json").read_text())["recipe"]["rate"] == rate


def test_weights_layers_rates_and_a_teacher_are_taken_over(
    archscape: Run, searched: Path, tmp_path: Path
) -> None:
    one = ("--seeds", "1", "--epochs", "1")
    first = archscape("train", searched, *one, "--out", tmp_path / "first")
    assert first.returncode == 0, first.stderr
    weights = tmp_path / "first" / "seed-0.safetensors"
    taken = (
        "--weights",
        weights,
        "--freeze",
        "conv",
        "--rate-of",
        "linear=0.5",
        "--teacher",
        f"{searched}:0",
    )
    done = archscape("train", searched, *one, *taken, "--out", tmp_path / "second")
    assert done.returncode == 0, done.stderr
    before, after = load_file(weights), load_file(tmp_path / "second" / "seed-0.safetensors")
    assert {name for name in after if (before[name] == after[name]).all()} == {
        name for name in after if name.startswith("conv.")
    }
    facts = json.loads((tmp_path / "second" / "metrics.json").read_text())["transfer"]
    assert (facts["freeze"], facts["rates"]) == (["conv"], {"linear": 0.5})
    assert (facts["teacher"]["temperature"], facts["teacher"]["share"]) == (4, 0.5)
    # A file of weights knows its network, so it may teach too.
    taught = ("--teacher", weights, "--temperature", "2", "--share", "0.9")
    done = archscape("train", searched, *one, *taught, "--out", tmp_path / "third")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--freeze", "linaer"), "freeze: no weight is called 'linaer'; did you mean 'linear'?"),
        (("--rate-of", "conv"), "--rate-of: a name and a factor, as in conv=0.1, but got 'conv'"),
        (("--rate-of", "conv=x"), "--rate-of: a name and a factor"),
        (("--share", "0.5"), "give --teacher"),
        (("--teacher", "none.safetensors"), "none.safetensors: the weights of --teacher are missing"),
        (("--weights", "."), "--weights .: not the folder of a search"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(
    refused: Callable[..., str], table: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert message in refused(table, "--data", "digits", *arguments, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
