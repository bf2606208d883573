"""The beds that samplers are compared on, and the program that compares them."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.beds import BEDS, cifar_energy, load_bed
from helpers.beds.bars import Verdict, verdicts
from helpers.beds.bed import Regret, Volume
from helpers.beds.driver import Search
from helpers.beds.kept import Key, Result, append, code_digest, read, with_equals
from helpers.processes import popen

from archscape.analysis.statistics.frontier import frontier
from archscape.search.samplers.random import RandomSampler
from archscape.search.study.history import History
from archscape.spaces import Sample, Space

Published = Callable[[str], Path]


@pytest.fixture(scope="module")
def tables(published: Published) -> Path:
    return published("nas_bench_macro_cifar10.csv").parent


def test_regret_is_told_from_the_best_and_ends_at_the_top() -> None:
    score = Regret.of([float(n) for n in range(2_001)])
    assert score.curve([(1_000.0,), None, (1_999.0,), (5.0,)]) == [1_000.0, 1_000.0, 1.0, 1.0]
    assert score.target == 2.0  # three of 2,001 are the top 0.1%


def test_volume_is_a_share_of_that_of_all_points() -> None:
    points = [(1.0, 3.0), (2.0, 2.0), (3.0, 3.5)]
    objectives, reference = {"accuracy": "maximize", "macs": "minimize"}, {"accuracy": 0.0, "macs": 4.0}
    score = Volume.of(points, objectives, reference)
    assert score.curve([points[0], None, *points[1:]]) == pytest.approx([1 / 4.5, 1 / 4.5, 4 / 4.5, 1.0])


def test_front_of_the_synthetic_bed_is_beaten_by_none_and_reached() -> None:
    space, rng, front = cifar_energy.space(), random.Random(0), list(cifar_energy.front())
    for accuracy, energy in (cifar_energy.true_values(space.sample(rng)) for _ in range(50)):
        assert any(a >= accuracy - 1e-9 and e <= energy + 1e-9 for a, e in front)
    decisions: dict[str, object] = {"w": 16}
    for stage, path in ((1, "stage1.any"), (2, "stage2.any"), (3, "stage3.1.any")):
        block = min(cifar_energy.all_blocks(), key=lambda b: cifar_energy.millijoules(b, stage))
        decisions |= {f"stage{stage}.depth": 1, path: block.kind}
        decisions |= {f"{path}.{block.kind}.{name}": option for name, option in block.settings}
    cheapest = space.sample_of_texts(decisions)
    assert cifar_energy.true_values(cheapest) in [pytest.approx(point) for point in front]


def test_optima_are_the_published_ones(tables: Path) -> None:
    """NAS-Bench-Macro: 93.13% (Su et al. 2021, table 4). CIFAR-100: 73.51% (Dong and Yang 2020, table 5)."""
    for name, best in (("macro", 93.13), ("nb201-cifar100", 73.51)):
        assert load_bed(name, tables).score.curve([(best,)])[0] == pytest.approx(0.0, abs=0.005)


def test_search_with_views_spends_what_it_may(tables: Path) -> None:
    bed = replace(load_bed("nb201-views-cifar100", tables), trials=5)
    search = Search(bed=bed, sampler=RandomSampler(), seed=0)
    run = search.drive()
    assert run.spent[-1] <= search.cost <= bed.trials
    views, trained = len(run.milliseconds), len(run.truths)
    assert search.cost == pytest.approx(0.06 * views + 0.94 * trained)
    assert trained >= views // 16
    assert len(search.history.stopped) + len(search.history.pending) == views - trained
    assert all(record.views == {12: record.values} for record in search.history.stopped.values())


def test_pending_trials_are_in_the_history() -> None:
    class Watching(RandomSampler):
        def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
            pending.append(len(history.pending))
            return super().sample(space, history, rng)

    pending: list[int] = []
    Search(bed=load_bed("tiny", None), sampler=Watching(), seed=0, pending=3).drive()
    assert max(pending) == 2
    assert pending[:3] == [0, 1, 2]


def test_results_are_read_as_they_were_kept(tmp_path: Path) -> None:
    key = Key(bed="tiny", sampler="random", seed=3, version="v")
    result = Result(scores={5: 1.25, 10: 0.0}, reached=float("inf"), milliseconds=1.5, late_milliseconds=2.0)
    append(tmp_path / "kept.csv", key, result)
    assert read(tmp_path / "kept.csv") == {key: result}


def test_a_version_is_that_of_the_code(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        (tmp_path / "sampler.py").write_text(text)
        return code_digest([tmp_path / "sampler.py"])

    first = digest('def f():\n    """Doc."""\n    return 1\n')
    assert first == digest("def f():\n    # why\n    return (1)\n")
    assert first != digest("def f():\n    return 2\n")


def test_another_version_stands_where_it_did_the_same() -> None:
    def results(version: str, seeds: range, score: float) -> dict[Key, Result]:
        result = Result(scores={5: score}, reached=1.0, milliseconds=1.0, late_milliseconds=1.0)
        return {Key(bed="tiny", sampler="x", seed=seed, version=version): result for seed in seeds}

    wanted = list(results("new", range(4), 0.0))
    seen = results("new", range(2), 1.0)
    assert len(with_equals(seen | results("old", range(4), 1.0), wanted)) == 4
    assert len(with_equals(seen | results("old", range(4), 2.0), wanted)) == 2  # it did something else
    assert len(with_equals(seen | results("old", range(1, 4), 1.0), wanted)) == 2  # one seed says too little


def test_bars_are_decided_by_what_is_there() -> None:
    def result(score: float, reached: float) -> Result:
        scores = dict.fromkeys((5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100), score)
        return Result(scores=scores, reached=reached, milliseconds=1.0, late_milliseconds=1.0)

    ours = {seed: result(0.0, 12.0) for seed in range(4)}
    theirs = {seed: result(0.5, 40.0) for seed in range(4)}
    decided = {
        verdict.text: verdict
        for verdict in verdicts({("macro", "bayes"): ours, ("macro", "optuna-gp"): theirs})
    }
    measured = [verdict for verdict in decided.values() if verdict.estimate is not None]
    assert {verdict.text.partition(":")[0] for verdict in measured} == {"macro"}
    assert decided["macro: regret <= 0.012 after 50"].is_met
    assert decided["macro: top 0.1% within 20, the median"].is_met
    assert not decided["macro: CPU time of a suggestion <= 0.2 of GPSampler's, the median"].is_met
    assert "not measured" in Verdict(text="", estimate=None).row()


@pytest.mark.slow
def test_program_compares_and_keeps_what_it_ran(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, root / "benchmarks" / "samplers.py", "--beds", "tiny", "--quick"]
    command += ["--samplers", "random", "tpe", "optuna-tpe", "--kept", tmp_path / "kept.csv"]
    for ran in (9, 0):  # three seeds of three samplers; the second time all are kept
        process = popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output, log = process.communicate()
        assert process.returncode == 0, log
        assert len(log.splitlines()) == ran
        assert "| random | 3 |" in output
    with (tmp_path / "kept.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 9


def test_program_says_that_it_lacks_the_tables(root: Path) -> None:
    command = [sys.executable, root / "benchmarks" / "samplers.py", "--beds", "macro", "nowhere"]
    process = popen(command[:-1], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _, log = process.communicate()
    assert process.returncode == 2
    assert "macro is read from a published table" in log


def test_every_bed_has_a_module() -> None:
    assert all(
        (Path(cifar_energy.__file__).parent / f"{module}.py").is_file() for module, *_ in BEDS.values()
    )


def test_front_is_one() -> None:
    front = cifar_energy.front()
    table = {"accuracy": [a for a, _ in front], "energy": [e for _, e in front]}
    assert frontier(table, cifar_energy.OBJECTIVES).all()
