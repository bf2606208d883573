"""Two studies and one cache, with real training."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from archscape.search.datasets.dataset import Dataset
from archscape.search.file_faults import FileFault
from archscape.search.folder import RunFolder
from archscape.search.job import read_job
from archscape.search.shutdown import ShutdownRequested, never
from archscape.search.study.lease import lease_of
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.training.recipe import Recipe
from archscape.search.workers.cache import CachedEvaluator, cached
from archscape.search.workers.evaluator import Context, TrainingEvaluator
from archscape.search.workers.setup import evaluation
from archscape.spaces import Network

pytestmark = pytest.mark.usefixtures("one_thread")


class Study:
    """A folder of weights, and how often something was trained there."""

    def __init__(self, folder: Path, training: TrainingEvaluator) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.trained = 0
        self.log: list[str] = []
        self.epochs: list[int] = []
        self.cache = cached(replace(training, checkpoints=folder), folder.parent / "cache", ["accuracy"])
        self.through = replace(self.cache, evaluate=self._count)

    def _count(self, network: Network, context: Context) -> Result:
        self.trained += 1
        return self.cache.evaluate(network, context)

    def run(
        self,
        network: Network,
        *,
        number: int = 0,
        seed: int = 0,
        report: Callable[[int], bool] = lambda epoch: True,
        should_stop: Callable[[], bool] = never,
    ) -> Result:
        def told(epoch: int, row: Mapping[str, float]) -> bool:
            self.epochs.append(epoch)
            return report(epoch)

        lease = lease_of(number, network, Owner.current(), seed=seed)
        context = Context(lease=lease, worker="w1", log=self.log.append, report=told, should_stop=should_stop)
        return self.through(network, context)

    def weights(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def study(digits: Dataset, tmp_path: Path) -> Callable[..., Study]:
    """Makes studies that share a cache."""
    training = TrainingEvaluator(data=digits, recipe=Recipe(epochs=2), device="cpu", checkpoints=tmp_path)

    def make(name: str, **changes: object) -> Study:
        return Study(tmp_path / name, replace(training, **changes))  # type: ignore[arg-type]

    return make


def test_the_second_study_trains_nothing(study: Callable[..., Study], network: Network) -> None:
    filling, taking = study("one"), study("two")
    first, second = filling.run(network, number=3), taking.run(network, number=7)
    assert (filling.trained, taking.trained) == (1, 0)
    place = {**first.place, "folder": str(taking.folder)}
    assert second == replace(first, number=7, metrics={**first.metrics, "cached": 1.0}, place=place)
    assert "cached" not in first.metrics
    assert taking.weights() == filling.weights() != {}
    assert taking.epochs == filling.epochs == [1, 2]


def test_the_weights_are_links_that_outlive_their_study(
    study: Callable[..., Study], network: Network
) -> None:
    filling, taking = study("one"), study("two")
    filling.run(network)
    expected = filling.weights()
    assert [path.stat().st_nlink for path in filling.folder.iterdir()] == [2]
    for path in filling.folder.iterdir():
        path.unlink()
    taking.run(network)
    assert taking.weights() == expected
    taking.run(network)
    assert (taking.trained, taking.weights()) == (0, expected)


def test_an_entry_under_way_of_another_machine_is_left_alone(
    study: Callable[..., Study], network: Network
) -> None:
    """Its process may have the number of this one."""
    filling, taking = study("one"), study("two")
    filling.run(network)
    (weights,) = filling.weights()
    other = taking.folder / f".{weights}.{os.getpid()}.part"
    other.write_text("weights of another")
    taking.run(network)
    assert other.read_text() == "weights of another"


def test_where_no_links_can_be_made_the_weights_are_copied(
    study: Callable[..., Study], network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    first, second = study("one"), study("two")
    first.run(network)
    second.run(network)
    assert second.trained == 0
    assert second.weights() == first.weights()
    assert [path.stat().st_nlink for path in first.folder.iterdir()] == [1]


def test_what_results_follow_from_makes_another_entry(
    study: Callable[..., Study], network: Network, digits: Dataset
) -> None:
    study("one").run(network)
    assert study("seed").run(network, seed=1).metrics.get("cached") is None
    for name, change in {
        "recipe": {"recipe": Recipe(epochs=1)},
        "data": {"data": replace(digits, statistics=replace(digits.statistics, fingerprint="0" * 16))},
        "repeats": {"repeats": 2},
        "rungs": {"recipe": Recipe(epochs=2, schedule="rungs"), "rungs": (1,)},
    }.items():
        other = study(name, **change)
        other.run(network)
        assert other.trained == 1, name
    same = study("same", rungs=(1,))
    same.run(network)
    assert same.trained == 0


def test_a_network_that_names_its_weights_otherwise_has_its_own_entry(
    study: Callable[..., Study], network: Network
) -> None:
    """Of one canonical hash; the weights of one do not load into the other."""
    text = network.to_yaml().replace("conv: {", "conv: {name: stem, ", 1)
    renamed = Network.from_yaml(text)
    assert renamed.hash() == network.hash()
    evaluator = study("one")
    evaluator.run(network)
    evaluator.run(renamed)
    assert evaluator.trained == 2


def test_early_stopping_may_stop_a_result_from_the_cache(
    study: Callable[..., Study], network: Network
) -> None:
    study("one").run(network)
    two = study("two")
    pruned = two.run(network, report=lambda epoch: epoch != 1)
    assert (pruned.status, len(pruned.history), pruned.metrics["cached"]) == ("pruned", 1, 1)
    assert two.weights() == {}
    assert pruned.metrics["accuracy"] == pruned.history[0]["accuracy"]
    assert two.run(network).status == "complete"
    assert two.trained == 0


def test_only_complete_results_are_kept(
    study: Callable[..., Study], network: Network, tmp_path: Path
) -> None:
    evaluator = study("one")
    assert evaluator.run(network, report=lambda epoch: False).status == "pruned"
    with pytest.raises(ShutdownRequested):
        evaluator.run(network, should_stop=lambda: True)
    bad = study("bad", recipe=Recipe(epochs=1, optimizer="sgd", rate=1e30, warmup=0.0))
    assert bad.run(network).cause == "diverged"
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "damage",
    [
        *("{", "[1]", '{"metrics": {}}', "history", "weights", '{"metrics": {}, "history": []}'),
        *(
            '{"metrics": {"accuracy": "high"}, "history": []}',
            '{"metrics": {"accuracy": NaN}, "history": []}',
        ),
    ],
)
def test_an_entry_that_cannot_be_used_is_made_again(
    damage: str, study: Callable[..., Study], network: Network, tmp_path: Path
) -> None:
    first, second, three = study("one"), study("two"), study("three")
    expected = first.run(network)
    (record,) = (tmp_path / "cache").glob("*.json")
    if damage == "weights":
        record.with_suffix(".safetensors").unlink()
    elif damage == "history":
        record.write_text(json.dumps({**json.loads(record.read_text()), "history": "long"}))
    else:
        record.write_text(damage)
    result = second.run(network)
    assert record.with_name(f"{record.name}.damaged").exists()
    assert second.trained == 1
    assert result.metrics["accuracy"] == expected.metrics["accuracy"]
    three.run(network)
    assert three.trained == 0


@pytest.mark.parametrize("damage", ["zeroed", "swapped", "missing"])
def test_weights_that_changed_in_the_cache_are_trained_again(
    study: Callable[..., Study], network: Network, tmp_path: Path, damage: str
) -> None:
    first = study("one")
    result = first.run(network)
    (entry,) = (tmp_path / "cache").glob("*.safetensors")
    content = entry.read_bytes()
    entry.unlink()  # it shares its bytes with the study's own
    if damage == "zeroed":
        entry.write_bytes(content[:-50] + bytes(50))
    elif damage == "swapped":
        other = study("other", recipe=Recipe(epochs=1))
        other.run(network)
        entry.write_bytes(next(iter(other.weights().values())))
    second = study("two")
    assert second.run(network).weights == result.weights
    assert second.trained == 1
    third = study("three")
    assert (third.run(network).weights, third.trained) == (result.weights, 0)


def test_a_fault_of_the_file_system_leaves_the_entry_to_others(
    study: Callable[..., Study], network: Network, tmp_path: Path
) -> None:
    first, second = study("one"), study("two")
    result = first.run(network)
    (entry,) = (tmp_path / "cache").glob("*.safetensors")
    entry.unlink()
    entry.symlink_to(entry)
    assert second.run(network).weights == result.weights
    assert second.trained == 1
    assert len([*(tmp_path / "cache").iterdir()]) == 2  # nothing is set aside


def test_a_fault_of_the_own_folder_is_none_of_the_cache(
    study: Callable[..., Study], network: Network, tmp_path: Path
) -> None:
    study("one").run(network)
    second = study("two")
    second.folder.rmdir()
    with pytest.raises(FileFault, match="No such file"):
        second.run(network)
    second.folder.mkdir()
    assert second.run(network).status == "complete"
    assert second.trained == 0


def test_a_cache_that_cannot_be_written_costs_no_result(
    study: Callable[..., Study], network: Network, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    evaluator = study("one")
    assert evaluator.run(network).status == "complete"
    assert any("cache: the result could not be kept" in line for line in evaluator.log)


def test_finding_an_entry_leaves_the_random_generators(study: Callable[..., Study], network: Network) -> None:
    evaluator = study("one")
    evaluator.run(network)
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    evaluator.run(network)
    assert torch.equal(torch.rand(2), expected)
    assert isinstance(evaluator.cache, CachedEvaluator)


def test_a_job_names_its_cache(job_file: Path, digits: Dataset, network: Network, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert isinstance(evaluation(read_job(job_file), digits, folder, device="cpu"), TrainingEvaluator)
    job_file.write_text(f"{job_file.read_text()}cache: shared\nrepeats: 2\n")
    evaluator = evaluation(read_job(job_file), digits, folder, device="cpu")
    assert isinstance(evaluator, CachedEvaluator)
    lease = lease_of(0, network, Owner.current(), seed=0)
    assert (evaluator.folder, evaluator.facts(lease)["repeats"]) == (tmp_path / "shared", 2)
    assert evaluator.checkpoints == folder.checkpoints
