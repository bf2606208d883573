"""Measuring and calibrating run for real: on the CPU, and on a GPU where there is one; energy by a meter."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from archscape.analysis.costs.latency import calibrate, measure, predict, this_machine
from archscape.analysis.costs.latency.calibrating import cache_bytes
from archscape.analysis.costs.latency.energy import meter_of
from archscape.analysis.costs.latency.execution import OperatorTimer, image, inference_threads
from archscape.analysis.costs.latency.synthetic_graphs import synthetic_graph
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def test_networks_are_measured_side_by_side() -> None:
    before = torch.get_num_threads()
    small, large = measure([load_network("lenet5"), load_network("resnet20")], rounds=2)
    assert (small.name, large.name) == ("lenet5", "resnet20")
    assert 0 < small.low <= small.seconds <= small.high
    assert small.seconds < large.seconds
    assert small.runs >= 4
    assert small.setup == this_machine()
    assert torch.get_num_threads() == before


def test_a_network_is_measured_in_the_setting_that_is_asked_for() -> None:
    (measurement,) = measure([load_network("lenet5")], batch=4, dtype="bfloat16", rounds=1)
    assert (measurement.setup.batch, measurement.setup.dtype) == (4, "bfloat16")
    assert image((3, 8, 8), measurement.setup).is_contiguous(memory_format=torch.channels_last)


def test_a_batch_that_no_memory_holds_is_said() -> None:
    network = Network.from_yaml("network: huge\ninput: 3x4096x4096\nlayers: [avgpool]\n")
    with pytest.raises(InputError, match=r"huge: PyTorch cannot run it on .*batch 65536"):
        measure([network], batch=65536)


def test_two_networks_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="lenet5: two networks have this name"):
        measure([load_network("lenet5"), load_network("lenet5").at(classes=7)], rounds=1)


def test_a_type_that_an_operator_does_not_know_is_said() -> None:
    network = Network.from_yaml("network: odd\ninput: 8x6x6\nlayers: [lrn]\n")
    with pytest.raises(InputError, match=r"odd: PyTorch cannot run it on .*bfloat16.*not implemented"):
        measure([network], dtype="bfloat16", rounds=1)


@pytest.mark.parametrize("name", ["lenet5", "vae", "tdnn", "highway", "shufflenetv2-x1.0"])
def test_a_stepper_times_every_operator_of_a_network(name: str) -> None:
    network = load_network(name)
    with inference_threads(this_machine()):
        timer = OperatorTimer(network.graph.flatten(), this_machine())
        assert len(timer.run()) == len(network.graph.flatten().nodes)
        assert all(seconds > 0 for seconds in timer.run())


def test_chains_hold_every_kind_of_operator_and_run() -> None:
    setup = this_machine()
    with inference_threads(setup):
        for seed in range(1, 27):
            flat = synthetic_graph(seed)
            if sum(node.shape[0] for node in flat.nodes) < 20_000:
                assert len(OperatorTimer(flat, setup).run()) == len(flat.nodes)


@pytest.mark.slow
def test_a_calibration_of_this_machine_tells_its_latencies() -> None:
    reported: list[tuple[str, float]] = []
    fitted = calibrate(seconds=0.1, graphs=20, progress=lambda words, share: reported.append((words, share)))
    assert {"conv", "conv 1x1", "relu", "batchnorm", "linear"} <= set(fitted.rates)
    assert all(0 <= share <= 1 for _, share in reported)
    assert [words for words, _ in reported][-1] == "timing operators"
    network = load_network("resnet20")
    (measured,) = measure([network], rounds=2)
    predicted = predict(network, fitted).seconds
    assert fitted.is_disturbed or predicted == pytest.approx(measured.seconds, rel=3)


def test_a_device_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="no CUDA device that PyTorch can use"):
        this_machine(device="cuda")


def test_the_cache_is_some_megabytes() -> None:
    assert 2**18 <= cache_bytes("cpu") <= 2**33


def _zone(folder: Path, name: str, microjoules: int, what: str = "package-0") -> None:
    zone = folder / name
    zone.mkdir(exist_ok=True)
    (zone / "energy_uj").write_text(f"{microjoules}\n")
    (zone / "max_energy_range_uj").write_text("9000000\n")
    (zone / "name").write_text(f"{what}\n")


def test_rapl_counts_the_packages_and_begins_anew(tmp_path: Path) -> None:
    _zone(tmp_path, "intel-rapl:0", 8_000_000)
    _zone(tmp_path, "intel-rapl:0:0", 5, "core")
    _zone(tmp_path, "intel-rapl:1", 3_000_000, "package-1")
    _zone(tmp_path, "intel-rapl:2", 700_000, "psys")
    meter = meter_of("cpu", rapl=tmp_path)
    assert meter is not None
    before = meter.joules()
    _zone(tmp_path, "intel-rapl:0", 8_500_000)
    _zone(tmp_path, "intel-rapl:2", 1_900_000, "psys")
    assert meter.since(before) == pytest.approx(0.5)
    _zone(tmp_path, "intel-rapl:0", 1_000_000)
    assert meter.since(before) == pytest.approx(2.0)


def test_no_meter_no_energy(tmp_path: Path) -> None:
    assert meter_of("cpu", rapl=tmp_path / "none") is None
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    assert meter_of("cpu", rapl=tmp_path) is None


@gpu
def test_a_gpu_is_measured_and_calibrated() -> None:
    network = load_network("resnet20")
    (measured,) = measure([network], device="cuda", rounds=2)
    assert 0 < measured.low <= measured.seconds <= measured.high
    fitted = calibrate(device="cuda", seconds=0.1, graphs=20)
    assert fitted.setup.name == torch.cuda.get_device_name()
    assert predict(network, fitted).seconds > 0


def test_a_networks_own_module_is_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    build = Network.build

    def counted(network: Network) -> torch.nn.Module:
        built.append(network.name)
        return build(network)

    monkeypatch.setattr(Network, "build", counted)
    measure([load_network("lenet5")], rounds=1)
    assert built == ["lenet5"]
