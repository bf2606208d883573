"""Latency as an objective and a limit of a search, told to every worker by the calibration it began with."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from helpers.in_process import InProcess
from rich.console import Console

from archscape.analysis.costs.latency import Calibration, Predictor
from archscape.analysis.costs.latency.fit import Rates
from archscape.analysis.costs.latency.store import save
from archscape.analysis.limits import MetricLimit
from archscape.analysis.reports.results.page import RunResults
from archscape.search.costs.asked import AskedCosts
from archscape.search.costs.latency import LatencyObjective, parse_latency_limit
from archscape.search.job import Job, read_job
from archscape.search.samplers.base import propose_unique
from archscape.search.samplers.random import RandomSampler
from archscape.search.search import run
from archscape.search.study.history import History
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.spaces import Network, Space
from archscape.spaces.errors import Infeasible, InputError, JobError, SpaceError


def slower(calibration: Calibration, times: float = 2.0) -> Calibration:
    rates = {
        kind: Rates(tuple(times * unit for unit in own.seconds), own.cold)
        for kind, own in calibration.rates.items()
    }
    return replace(calibration, rates=rates)


def middle(space: Space, calibration: Calibration) -> float:
    """Return a latency in milliseconds that half of a space's networks meet."""
    predictor, rng = Predictor(calibration), random.Random(7)
    return sorted(1e3 * predictor.seconds(space.sample(rng).network) for _ in range(60))[30]


@pytest.fixture
def kept(calibration: Calibration, devices: Path) -> Calibration:
    """A calibration that this machine keeps."""
    save(calibration)
    return calibration


@pytest.fixture
def limited(job_file: Path, kept: Calibration) -> Path:
    """A job whose networks must be faster than half of them are."""
    limit = middle(read_job(job_file).space, kept)
    text = job_file.read_text().replace("trials: 8", "trials: 5")
    job_file.write_text(
        f"{text}objectives: {{accuracy: maximize, latency: minimize}}\nwithin: {{latency: ..{limit:.4f}ms}}\n"
    )
    return job_file


def go(job: Job, folder: Path) -> RunResults:
    return run(job, out=folder, console=Console(file=io.StringIO()), executor=InProcess())


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("..5ms", None, 5.0),
        ("800us..0.5s", 0.8, 500.0),
        ("1.5 ms..", 1.5, None),
        ("..0.25ms", None, 0.25),
        ("..0.01us", None, 0.00001),
        ("..1000000s", None, 1e9),
        ("..0ms", None, 0.0),
    ],
)
def test_a_limit_is_read(text: str, low: float | None, high: float | None) -> None:
    window = parse_latency_limit(text)
    assert window == MetricLimit(low=low, high=high)
    assert parse_latency_limit(str(window)) == window


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5ms", "low..high, as in ..5ms, but got '5ms'; did you mean"),
        ("..", "a limit is low..high"),
        ("..5", "in numbers with us, ms or s, as in ..5ms, but got '..5'"),
        ("..5min", "with us, ms or s"),
        ("..1e3ms", "with us, ms or s"),
        ("9ms..5ms", "`low <= high` must hold"),
    ],
)
def test_a_wrong_limit_is_said(text: str, message: str) -> None:
    with pytest.raises(JobError, match=message):
        parse_latency_limit(text)


def test_a_job_takes_this_machines_calibration(limited: Path, kept: Calibration) -> None:
    job = read_job(limited)
    assert job.latency is not None
    assert job.latency.calibration == kept
    assert list(job.objectives) == ["accuracy", "latency"]
    assert job.within == {}


@pytest.mark.parametrize(
    "line", ["objectives: {accuracy: maximize, latency: minimize}", "within: {latency: ..5ms}"]
)
def test_without_a_calibration_the_way_is_said(job_file: Path, devices: Path, line: str) -> None:
    job_file.write_text(job_file.read_text() + line + "\n")
    with pytest.raises(InputError, match=r"job.yaml:8:\d+: no calibration of .*run `archscape calibrate`"):
        read_job(job_file)


def test_a_limit_that_is_no_text_is_said_as_given(job_file: Path, kept: Calibration) -> None:
    job_file.write_text(job_file.read_text() + "within: {latency: [5ms]}\n")
    with pytest.raises(
        InputError, match=r"job.yaml:8:\d+: a limit is low..high, as in ..5ms, but got '\['5ms'\]'"
    ):
        read_job(job_file)


def test_another_devices_calibration_is_a_file(
    job_file: Path, calibration: Calibration, devices: Path
) -> None:
    phone = replace(calibration, setup=replace(calibration.setup, name="a phone"))
    (job_file.parent / "phone.json").write_text(phone.to_json())
    job_file.write_text(job_file.read_text() + "latency: phone.json\n")
    job = read_job(job_file)
    assert job.latency == LatencyObjective(calibration=phone)
    job_file.write_text(job_file.read_text().replace("phone.json", "fone.json"))
    with pytest.raises(InputError, match=r"job.yaml:8:\d+: .*fone.json: the calibration cannot be read"):
        read_job(job_file)


def test_the_job_as_run_holds_its_calibration(limited: Path, tmp_path: Path) -> None:
    job = read_job(limited)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "space.yaml").write_text(job.space.to_yaml())
    (tmp_path / "elsewhere" / "job.yaml").write_text(job.to_yaml(space="space.yaml"))
    assert read_job(tmp_path / "elsewhere" / "job.yaml") == job


def test_other_limits_and_jobs_are_as_before(job_file: Path, devices: Path) -> None:
    job = read_job(job_file)
    assert job.latency is None
    assert job.facts()["latency"] is None
    job_file.write_text(job_file.read_text() + "within: {latncy: ..5ms}\n")
    with pytest.raises(InputError, match="within has no 'latncy'"):
        read_job(job_file)


def test_a_space_has_no_latency(tiny: Space) -> None:
    with pytest.raises(SpaceError, match="latency is a limit of a job"):
        Space.from_yaml(f"{tiny.to_yaml()}within: {{latency: ..5ms}}\n")


@pytest.mark.slow
def test_no_network_beyond_the_limit_is_trained(limited: Path, kept: Calibration, tmp_path: Path) -> None:
    job = read_job(limited)
    results = go(job, tmp_path / "run")
    assert job.latency is not None
    assert job.latency.within is not None
    predictor = Predictor(kept)
    assert set(results.trials["status"]) == {"complete"}
    for row in results.trials.to_dict("records"):
        latency = 1e3 * predictor.seconds(Network.from_json(row["network"]))
        assert row["latency"] == pytest.approx(latency, abs=1e-6)
        assert job.latency.within.holds(row["latency"])
    table = pd.read_csv(tmp_path / "run" / "trials.csv")
    assert list(table.columns)[10:13] == ["flops", "activations", "latency"]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "predicted latency (ms)" in page
    assert f"latency: {kept.setup.description}"[:20] in results.job
    assert "archscape calibration" not in page


@pytest.mark.slow
def test_a_search_goes_on_with_the_calibration_it_began_with(
    limited: Path, kept: Calibration, tmp_path: Path
) -> None:
    job = replace(read_job(limited), trials=2)
    go(job, tmp_path / "run")
    save(slower(kept))
    again = read_job(limited)
    assert again.latency is not None
    assert again.latency.calibration == slower(kept)
    results = go(replace(again, trials=4), tmp_path / "run")
    predictor = Predictor(kept)
    latencies = [1e3 * predictor.seconds(Network.from_json(text)) for text in results.trials["network"]]
    assert list(results.trials["latency"]) == pytest.approx(latencies, abs=1e-6)
    written = yaml.safe_load((tmp_path / "run" / "job.yaml").read_text())
    assert Calibration.from_json(written["latency"], name="job") == kept


def test_a_search_does_not_go_on_for_another_device(limited: Path, kept: Calibration, tmp_path: Path) -> None:
    job = replace(read_job(limited), trials=1)
    go(job, tmp_path / "run")
    assert job.latency is not None
    phone = replace(kept, setup=replace(kept.setup, name="a phone"))
    other = replace(job, latency=replace(job.latency, calibration=phone), trials=2)
    with pytest.raises(JobError, match="its study began with latency"):
        go(other, tmp_path / "run")


@pytest.mark.slow
def test_a_worker_of_another_machine_finds_it_in_the_study(
    limited: Path, kept: Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(replace(read_job(limited), trials=1), tmp_path / "run")
    monkeypatch.setenv("ARCHSCAPE_HOME", str(tmp_path / "nowhere"))
    (tmp_path / "joined").mkdir()
    with Study.open(tmp_path / "run") as study:
        settings = study.settings
        trial = study.trials()[0]
        lease = study._lease(9, Network.from_json(trial.network), Owner.current(), trial.decisions)
        assert lease.costs["latency"] == study.trials()[0].costs["latency"]
    (tmp_path / "joined" / "space.yaml").write_text(settings["space"])
    (tmp_path / "joined" / "job.yaml").write_text(settings["job"])
    joined = read_job(tmp_path / "joined" / "job.yaml")
    assert joined.latency is not None
    assert joined.latency.calibration == kept


def test_a_limit_that_nothing_meets_is_said_before_anything_starts(limited: Path, tmp_path: Path) -> None:
    job = read_job(limited)
    assert job.latency is not None
    tight = replace(job, latency=replace(job.latency, within=parse_latency_limit("..0.0001ms")))
    with pytest.raises(Infeasible, match=r"none of 2,000 .* meets latency ..0.0001ms on .*nearest takes"):
        go(tight, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_nearest_miss_may_lie_on_either_side(kept: Calibration) -> None:
    space = Space.from_yaml(
        "space: three\ninput: 1x8x8\nlet: {w: {4, 64, 512}}\nlayers: [conv: {width: $w}, avgpool]\n"
    )
    aim = LatencyObjective(calibration=kept)
    _, below, above = sorted(aim.milliseconds(sample.network) for sample in space.enumerate())
    gap = above - below
    for begin, nearest in ((0.1, below), (0.8, above)):
        window = MetricLimit(low=below + begin * gap, high=below + (begin + 0.1) * gap)
        with pytest.raises(Infeasible, match=f"the nearest takes {nearest:.4g}ms"):
            replace(aim, within=window).check(space, random.Random(7))


def test_proposals_are_within_the_limit(tiny: Space, calibration: Calibration) -> None:
    aim = LatencyObjective(calibration=calibration, within=MetricLimit(high=middle(tiny, calibration)))
    history = History(objectives={"accuracy": "maximize"}, asked=AskedCosts(latency=aim))
    for seed in range(20):
        sample = propose_unique(RandomSampler(), tiny, history, random.Random(seed)).sample
        assert aim.holds(sample.network)
        history.hashes.add(sample.network.hash())
