"""The final training: its files, how it resumes, and what it refuses."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from archscape.analysis.costs.memory.training import training_memory
from archscape.search.datasets.dataset import load_dataset
from archscape.search.shutdown import ShutdownRequested
from archscape.search.training import memory_limit
from archscape.search.training.evaluation import evaluate
from archscape.search.training.final.results import FinalResults
from archscape.search.training.final.training import train_final
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task
from archscape.spaces import Network
from archscape.spaces.errors import InputError, JobError

NETWORK = Network.from_yaml("""
network: small
input: 1x8x8
layers:
  - conv: {width: 8}
  - avgpool
  - linear: {width: 10}
""")
DATA = load_dataset("digits")
RECIPE = Recipe(epochs=2, augment=("flip",))

pytestmark = pytest.mark.usefixtures("one_thread")


def final(out: Path, **changes: Any) -> FinalResults:
    given: dict[str, Any] = {"recipe": RECIPE, "out": out, "seeds": 2, "device": "cpu"} | changes
    return train_final(given.pop("network", NETWORK), given.pop("data", DATA), **given)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> FinalResults:
    return final(tmp_path_factory.mktemp("final") / "out")


def test_each_seed_has_weights_that_give_its_accuracy(whole: FinalResults) -> None:
    task = make_task(DATA)
    for seed in whole.seeds:
        module = NETWORK.build()
        module.load_state_dict(load_file(whole.out / f"seed-{seed.seed}.safetensors"))
        assert evaluate(module, DATA.test, task, device="cpu")["accuracy"] == seed.metrics["test_accuracy"]
        assert evaluate(module, DATA.val, task, device="cpu")["accuracy"] == seed.metrics["accuracy"]
    assert whole.seeds[0].history != whole.seeds[1].history


def test_the_files_hold_seeds_mean_std_and_ensemble(whole: FinalResults) -> None:
    table = list(csv.DictReader((whole.out / "metrics.csv").read_text().splitlines()))
    assert [row[""] for row in table] == ["seed 0", "seed 1", "mean", "std", "ensemble"]
    first, second, mean, std, _ = (float(row["test_accuracy"]) for row in table)
    assert mean == pytest.approx((first + second) / 2)
    assert std == pytest.approx(abs(first - second) / 2**0.5)
    found = json.loads((whole.out / "metrics.json").read_text())
    assert found["crops"] == {"views": 10, "note": "10 crops of 1x7x7, half of them mirrored"}
    assert found["ensemble"].keys() == {"test_accuracy", "crops_test_accuracy"}
    assert found["recipe"]["epochs"] == 2
    curves = list(csv.DictReader((whole.out / "curves.csv").read_text().splitlines()))
    assert [(row["seed"], row["epoch"]) for row in curves] == [("0", "1"), ("0", "2"), ("1", "1"), ("1", "2")]
    assert "seed 1: epoch 2: loss" in (whole.out / "train.log").read_text()


def test_a_training_that_was_stopped_ends_with_the_same_bits(whole: FinalResults, tmp_path: Path) -> None:
    steps = iter(range(10**6))
    with pytest.raises(ShutdownRequested):
        final(tmp_path / "out", should_stop=lambda: next(steps) == 70)  # in the second seed
    assert (tmp_path / "out" / "seed-1.partial").exists()
    resumed = final(tmp_path / "out")
    assert not (tmp_path / "out" / "seed-1.partial").exists()
    assert [seed.digest for seed in resumed.seeds] == [seed.digest for seed in whole.seeds]
    assert resumed.mean == whole.mean


def test_more_seeds_add_to_those_that_are_there(whole: FinalResults, tmp_path: Path) -> None:
    out = tmp_path / "out"
    one = final(out, seeds=1)
    assert not one.tested.ensemble
    written = (out / "seed-0.safetensors").stat().st_mtime_ns
    assert [seed.digest for seed in final(out).seeds] == [seed.digest for seed in whole.seeds]
    assert (out / "seed-0.safetensors").stat().st_mtime_ns == written


def test_all_seeds_go_in_the_pieces_that_memory_asked_for_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces decide what batch norm sees; what memory is left may differ from call to call."""
    out, recipe = tmp_path / "out", Recipe(epochs=1, batch=64)
    needs = [training_memory(NETWORK, batch=batch, optimizer="adamw").peak for batch in (16, 64)]
    available = iter(needs)
    monkeypatch.setattr(memory_limit, "available_memory", lambda: next(available))
    lines: list[str] = []
    final(out, recipe=recipe, seeds=1, log=lines.append)
    again = final(out, recipe=recipe, seeds=2)
    assert [seed.metrics["micro_batch"] for seed in again.seeds] == [16, 16]
    assert lines == [f"{needs[0] >> 20} MiB are left to tensors: a batch of 64 goes in 4 pieces"]
    other = final(tmp_path / "other", recipe=recipe, seeds=1)
    assert other.seeds[0].metrics["micro_batch"] == 64


def test_damaged_weights_are_trained_again(whole: FinalResults, tmp_path: Path) -> None:
    final(tmp_path / "out", seeds=1)
    file = tmp_path / "out" / "seed-0.safetensors"
    sound = file.read_bytes()
    file.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    assert final(tmp_path / "out", seeds=1).seeds[0].digest == whole.seeds[0].digest


def test_a_folder_with_another_training_is_refused(tmp_path: Path) -> None:
    final(tmp_path / "out", seeds=1, recipe=Recipe(epochs=1))
    with pytest.raises(InputError, match=r"out: it holds a training with another recipe; .*--out"):
        final(tmp_path / "out", seeds=1)


def test_a_seed_that_diverges_is_named_and_has_no_weights(tmp_path: Path) -> None:
    lines: list[str] = []
    results = final(tmp_path / "out", seeds=1, recipe=Recipe(epochs=1, rate=1e30), log=lines.append)
    assert results.complete == []
    assert results.seeds[0].status == "diverged"
    assert lines[0].startswith("seed 0: diverged: ")
    assert not (tmp_path / "out" / "seed-0.safetensors").exists()


def test_a_network_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    other = Network.from_yaml("{network: n, input: 1x9x9, layers: [avgpool, linear: {width: 10}]}")
    with pytest.raises(JobError, match="network n takes 1x9x9, but a sample of digits is 1x8x8"):
        final(tmp_path / "out", network=other)
    few = Network.from_yaml("{network: n, input: 1x8x8, layers: [avgpool, linear: {width: 3}]}")
    with pytest.raises(JobError, match=r"network n ends in 3, but digits has 10 classes; .*width: 10"):
        final(tmp_path / "out", network=few)
    assert not (tmp_path / "out").exists()


def test_regression_has_an_ensemble_but_no_crops(tmp_path: Path) -> None:
    data = load_dataset("digit-positions")
    sides = "x".join(map(str, data.input))
    layers = "[conv: {width: 4, stride: 4}, flatten, linear: {width: 2}]"
    network = Network.from_yaml(f"{{network: n, input: {sides}, layers: {layers}}}")
    results = final(tmp_path / "out", network=network, data=data, recipe=Recipe(epochs=1))
    assert results.tested.note == "crops are looked at for classes, not in regression"
    assert results.tested.ensemble.keys() == {"test_mae"}
    # The mean of several guesses is never worse than they are on average.
    assert results.tested.ensemble["test_mae"] <= results.mean["test_mae"]


def test_a_test_part_that_has_no_number_leaves_its_columns_out(tmp_path: Path) -> None:
    """The validation part was sound, so the seeds are complete, and what is written is JSON."""
    data = load_dataset("digit-positions")
    data = replace(data, test=replace(data.test, x=data.test.x * torch.nan))
    sides = "x".join(map(str, data.input))
    layers = "[conv: {width: 4, stride: 4}, flatten, linear: {width: 2}]"
    network = Network.from_yaml(f"{{network: n, input: {sides}, layers: {layers}}}")
    results = final(tmp_path / "out", network=network, data=data, recipe=Recipe(epochs=1))
    assert [seed.status for seed in results.seeds] == ["complete", "complete"]
    assert results.mean.keys() == {"mae", "loss"}
    assert not results.tested.ensemble
    assert "NaN" not in (tmp_path / "out" / "metrics.json").read_text()
