"""A search for a small device: what networks need there is known before their training."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from helpers.in_process import InProcess
from rich.console import Console

from archscape.analysis.costs.memory.targets.settings import TargetSettings
from archscape.analysis.limits import MetricLimit
from archscape.search.costs.asked import asked_costs
from archscape.search.costs.target import missing_notes
from archscape.search.job import Job, make_job, read_job
from archscape.search.job.adding import costs_of
from archscape.search.resuming.differences import differences
from archscape.search.samplers.base import propose_unique
from archscape.search.samplers.random import RandomSampler
from archscape.search.search import run
from archscape.search.study.history import History
from archscape.search.study.study import Study
from archscape.spaces import Network, Space
from archscape.spaces.errors import InputError, JobError


def job_for(space: Space, **settings: object) -> Job:
    return make_job(space=space, data="digits", **{"target": "tflm", **settings})  # type: ignore[arg-type]


def test_a_target_asks_for_both_memories_of_every_network(tiny: Space, tmp_path: Path) -> None:
    job = job_for(tiny)
    assert job.costs is not None
    assert job.costs.names == ("sram", "flash")
    network = tiny.sample(random.Random(0)).network
    need = TargetSettings().memory(network)
    assert job.costs.of(network) == {"sram": need.sram, "flash": need.flash}
    assert not job.costs.is_limited
    assert asked_costs(job.facts(), job.settings()).of(network) == job.costs.of(network)


def test_a_board_limits_what_the_job_does_not(tiny: Space, job_file: Path) -> None:
    board = {"runtime": "tflm", "board": "f746"}
    job = job_for(tiny, target=board, within={"sram": "..64KiB", "params": "..1M"})
    assert {name: str(limit) for name, limit in job.limits.items()} == {"sram": "..64KiB", "flash": "..1MiB"}
    job_file.write_text(job.to_yaml(space="tiny.yaml"))
    assert "within: {params: ..1M, sram: ..64KiB, flash: ..1MiB}" in job_file.read_text()
    assert "target: {runtime: tflm, dtype: int8, board: f746}" in job_file.read_text()
    again = read_job(job_file, runs="nothing")
    assert (again.target, again.within) == (job.target, job.within)


def test_no_network_over_a_limit_is_proposed(tiny: Space) -> None:
    needs = sorted(
        TargetSettings().memory(tiny.sample(random.Random(seed)).network).sram for seed in range(40)
    )
    job = job_for(tiny, within={"sram": f"..{needs[10]}B"})
    assert job.costs is not None
    history = History(objectives={"accuracy": "maximize"}, asked=job.costs)
    for seed in range(20):
        sample = propose_unique(RandomSampler(), tiny, history, random.Random(seed)).sample
        assert TargetSettings().memory(sample.network).sram <= needs[10]
        history.hashes.add(sample.network.hash())


def test_a_network_over_a_limit_is_not_added_to_a_study(tiny: Space, tmp_path: Path) -> None:
    job = job_for(tiny, within={"sram": "..1KiB"})
    network = tiny.sample(random.Random(0)).network
    with Study.open(tmp_path, name="small", facts=job.facts(), settings=job.settings()) as study:
        costs = costs_of(study)
        assert not costs.holds(network)
        assert str(costs) == "sram ..1KiB"
        assert costs.shown(network) == f"sram {TargetSettings().memory(network).sram:,}B"


def test_a_study_keeps_its_target(tiny: Space) -> None:
    job = job_for(tiny, within={"sram": "..64KiB"})
    assert job.facts()["target"] == {"runtime": "tflm", "dtype": "int8"}
    same = job_for(tiny, within={"sram": MetricLimit(high=65_536)})
    assert differences(job.facts(), same.facts()) == {}
    other = job_for(tiny, target={"runtime": "tflm", "dtype": "float32"}, within={"sram": "..128KiB"})
    assert differences(job.facts(), other.facts()) == {
        "target": ("{dtype: int8}", "{dtype: float32}"),
        "within": ("{sram: ..64KiB}", "{sram: ..128KiB}"),
    }
    without = replace(job, target=None, within={})
    assert "target" in differences(job.facts(), without.facts())


def test_a_search_trains_only_what_fits_and_resumes_for_its_target_alone(
    job_file: Path, tmp_path: Path
) -> None:
    need = TargetSettings().memory
    needs = sorted(
        need(read_job(job_file).space.sample(random.Random(seed)).network).sram for seed in range(40)
    )
    text = job_file.read_text().replace("trials: 8", "trials: 3")
    aims = "target: tflm\nobjectives: {accuracy: maximize, flash: minimize}\n"
    job_file.write_text(f"{text}{aims}within: {{sram: ..{needs[9]}B}}\n")
    job, console = read_job(job_file), Console(file=io.StringIO())
    run(job, out=tmp_path / "run", console=console, executor=InProcess())
    table = pd.read_csv(tmp_path / "run" / "trials.csv")
    assert (table.status == "complete").all()
    for row in table.itertuples():
        network = need(Network.from_json(row.network))
        assert (row.sram, row.flash) == (network.sram, network.flash)
        assert row.sram <= needs[9]
    other = replace(job, target=TargetSettings(dtype="float32"))
    with pytest.raises(JobError, match=r"began with target {dtype: int8}, but the job has {dtype: float32}"):
        run(other, out=tmp_path / "run", console=console, executor=InProcess())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "within: {sram: ..64KiB}",
            "8:16: sram is what a network needs on a small device",
        ),
        (
            "objectives: {accuracy: maximize, flash: minimize}",
            "flash is what .*; write `target: {runtime: tflm",
        ),
        ("target: tflite", "8:9: runtime is one of tflm, but got 'tflite'; did you mean 'tflm'"),
        ("target: {dtype: int4}", "8:17: dtype is one of int8, float32, but got 'int4'; did you mean"),
        ("target: {boad: pico}", "8:10: a target has no 'boad'; did you mean 'board'"),
        ("target: [tflm]", "8:9: `target:` is a runtime, or a mapping as in {runtime: tflm, board: pico}"),
        ("target: tflm\nwithin: {sram: ..64kib}", "9:16: a limit in bytes .* did you mean 'KiB'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(job_file: Path, lines: str, message: str) -> None:
    job_file.write_text(f"{job_file.read_text()}{lines}\n")
    with pytest.raises(InputError, match=message):
        read_job(job_file)


def test_the_example_is_for_a_board() -> None:
    job = read_job(Path(__file__).parents[3] / "examples" / "small-device.yaml")
    assert job.target == TargetSettings(board="nano33ble")
    assert {name: str(limit) for name, limit in job.limits.items()} == {
        "sram": "..64KiB",
        "flash": "..256KiB",
    }


def test_a_space_that_draws_what_the_runtime_lacks_is_told() -> None:
    space = Space.from_yaml(
        "space: s\ninput: 1x8x8\nlayers: [conv: {width: 4, act: {relu, gelu}}, avgpool, linear: {width: 2}]"
    )
    (note,) = missing_notes(TargetSettings(), space, random.Random(0))
    assert "of 100 networks that are drawn, TensorFlow Lite Micro lacks GELU; take `hardswish`" in note
    plain = Space.from_yaml(space.to_yaml().replace("gelu", "hardswish"))
    assert missing_notes(TargetSettings(), plain, random.Random(0)) == []
