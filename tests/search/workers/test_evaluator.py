"""From a leased network to its result, with real training."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import safe_open

from archscape.search import file_faults
from archscape.search.datasets.dataset import Dataset
from archscape.search.file_faults import PATIENCE_SECONDS
from archscape.search.shutdown import ShutdownRequested, never
from archscape.search.study.lease import lease_of
from archscape.search.study.owner import Owner
from archscape.search.training.recipe import Recipe
from archscape.search.workers.evaluator import Context, TrainingEvaluator
from archscape.spaces import Network

RECIPE = Recipe(epochs=2)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def training(digits: Dataset, tmp_path: Path) -> TrainingEvaluator:
    return TrainingEvaluator(data=digits, recipe=RECIPE, device="cpu", checkpoints=tmp_path)


def context(
    network: Network,
    *,
    log: Callable[[str], None] = print,
    report: Callable[[int, Mapping[str, float]], bool] = lambda epoch, row: True,
    should_stop: Callable[[], bool] = never,
) -> Context:
    lease = lease_of(0, network, Owner.current(), seed=0)
    return Context(lease=lease, worker="w1", log=log, report=report, should_stop=should_stop)


def after(steps: int) -> Callable[[], bool]:
    left = iter(range(steps))
    return lambda: next(left, None) is None


def bits(path: Path) -> dict[str, bytes]:
    """Return the weights in a file."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name).numpy().tobytes() for name in file.keys()}  # noqa: SIM118


def test_a_complete_trial_leaves_its_weights_and_nothing_else(
    training: TrainingEvaluator, network: Network, tmp_path: Path
) -> None:
    result = training(network, context(network))
    assert (result.status, result.cause, len(result.history)) == ("complete", "", 2)
    assert result.metrics["params"] == network.totals.params
    assert [path.name for path in tmp_path.iterdir()] == [f"{network.hash()}.safetensors"]


def test_a_trained_network_is_held_until_its_folder_is_back(
    training: TrainingEvaluator, network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Minutes later, in place of training it again."""
    folder, away, log = tmp_path / "checkpoints", tmp_path / "away", list[str]()
    later, now = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + later[0])
    monkeypatch.setattr(file_faults, "MAX_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(file_faults, "MISSING_SECONDS", PATIENCE_SECONDS)

    def lose(epoch: int, row: Mapping[str, float]) -> bool:
        if epoch == RECIPE.epochs:
            folder.rename(away)
        return True

    def wait() -> bool:
        if log and later[0] < 0.9 * PATIENCE_SECONDS:
            later[0] += 0.3 * PATIENCE_SECONDS
        elif log and away.exists():
            away.rename(folder)
        return False

    folder.mkdir()
    held = replace(training, checkpoints=folder)
    result = held(network, context(network, log=log.append, report=lose, should_stop=wait))
    assert (result.status, log[0].startswith("waits for")) == ("complete", True)
    assert [path.name for path in folder.iterdir()] == [f"{network.hash()}.safetensors"]


def test_an_interrupted_trial_raises_and_goes_on_with_the_same_bits(
    training: TrainingEvaluator, network: Network, tmp_path: Path
) -> None:
    partial, weights = (tmp_path / f"{network.hash()}.{end}" for end in ("partial", "safetensors"))
    expected = training(network, context(network))
    left = bits(weights)
    weights.unlink()
    for _ in range(2):
        with pytest.raises(ShutdownRequested):
            training(network, context(network, should_stop=after(17)))
        assert [path.name for path in tmp_path.iterdir()] == [partial.name]
    log: list[str] = []
    result = training(network, context(network, log=log.append))
    assert log == [f"goes on from {partial}, at step 34"]
    assert result.metrics["accuracy"] == expected.metrics["accuracy"]
    assert bits(weights) == left
    assert not partial.exists()


def test_a_pruned_trial_says_how_far_it_came_and_can_go_on(
    training: TrainingEvaluator, network: Network, tmp_path: Path
) -> None:
    seen: list[int] = []

    def report(epoch: int, row: Mapping[str, float]) -> bool:
        seen.append(epoch)
        return epoch != 1

    pruned = training(network, context(network, report=report))
    assert (pruned.status, pruned.cause, len(pruned.history)) == ("pruned", "", 1)
    assert pruned.metrics["accuracy"] == pruned.history[0]["accuracy"]
    assert [path.name for path in tmp_path.iterdir()] == [f"{network.hash()}.partial"]
    assert training(network, context(network, report=report)).status == "complete"
    assert seen == [1, 2]


def test_a_failed_trial_leaves_a_cause_and_no_file(
    training: TrainingEvaluator, network: Network, tmp_path: Path
) -> None:
    with pytest.raises(ShutdownRequested):
        training(network, context(network, should_stop=after(17)))
    bad = replace(training, recipe=replace(RECIPE, optimizer="sgd", rate=1e30, warmup=0.0))
    result = bad(network, context(network))
    assert (result.status, result.cause) == ("failed", "diverged")
    assert result.message.startswith("the loss is ")
    assert list(tmp_path.iterdir()) == []


def test_repeats_are_one_result(training: TrainingEvaluator, network: Network) -> None:
    result = replace(training, repeats=2)(network, context(network))
    assert result.status == "complete"
    assert result.metrics["repeats"] == 2
    assert [(row["repeat"], row["epoch"]) for row in result.history] == [(1, 1), (1, 2), (2, 1), (2, 2)]
