"""Prediction: sums of what operators take, remembered block by block, with an interval."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.catalog import NETWORKS

from archscape.analysis.costs.latency import Calibration, Predictor, predict
from archscape.analysis.costs.latency.cost_model import OTHER
from archscape.analysis.costs.latency.fit import Rates
from archscape.analysis.costs.latency.prediction import cold_share, device_summary
from archscape.analysis.costs.latency.store import save
from archscape.analysis.costs.profile import profile
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError

RELU = "network: relu\ninput: 8x4x4\nlayers:\n  - act: {act: relu}\n"


def test_a_relu_takes_a_call_and_its_bytes(calibration: Calibration) -> None:
    prediction = predict(Network.from_yaml(RELU), calibration)
    bytes_of_maps = 2 * 4 * 8 * 4 * 4
    assert prediction.seconds == pytest.approx(1e-5 + 1e-10 * bytes_of_maps)
    assert (prediction.low, prediction.high) == pytest.approx(
        (0.8 * prediction.seconds, 1.3 * prediction.seconds)
    )


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv2", "densenet121", "unet", "vae", "convnext-tiny"])
def test_layers_blocks_and_the_whole_agree(calibration: Calibration, name: str) -> None:
    network, predictor = load_network(name), Predictor(calibration)
    prediction = predictor.predict(network)
    assert prediction.seconds == pytest.approx(predictor.seconds(network))
    assert predictor.seconds(network) == predictor.seconds(network)
    assert [layer.name for layer in prediction.layers] == [
        node.name for node in network.graph.flatten().nodes
    ]


def test_every_network_of_the_catalog_has_a_latency(calibration: Calibration) -> None:
    predictor = Predictor(calibration)
    assert all(predictor.seconds(load_network(name)) > 0 for name in NETWORKS)


def test_what_no_class_tells_is_said(calibration: Calibration) -> None:
    rates = {kind: own for kind, own in calibration.rates.items() if kind in ("relu", OTHER)}
    prediction = predict(load_network("lenet5"), replace(calibration, rates=rates))
    assert set(prediction.guessed) >= {"conv", "linear", "avgpool"}
    assert all(layer.seconds > 0 for layer in prediction.layers)


def test_a_calibration_with_terms_of_its_own_is_refused(calibration: Calibration) -> None:
    rates = {**calibration.rates, "relu": Rates((1e-5, 1e-10), 0.0)}
    with pytest.raises(InputError, match="'relu' has 4 terms, but got 2; run `archscape calibrate`"):
        predict(Network.from_yaml(RELU), replace(calibration, rates=rates))


def test_a_batch_takes_more_maps_and_the_same_weights(calibration: Calibration) -> None:
    eight = replace(calibration, setup=replace(calibration.setup, batch=8))
    single, many = (predict(load_network("lenet5"), c).seconds for c in (calibration, eight))
    assert single < many < 8 * single


def test_weights_beyond_the_cache_take_longer(calibration: Calibration) -> None:
    assert cold_share(1.0, 0) == 1.0
    small = replace(calibration, cache=2**20)
    costly = {kind: Rates(own.seconds, 1e-9) for kind, own in calibration.rates.items()}
    free = {kind: Rates(own.seconds, 0.0) for kind, own in calibration.rates.items()}
    network = load_network("resnet18")
    extra = [
        predict(network, replace(small, rates=rates)).seconds
        - predict(network, replace(calibration, cache=2**40, rates=rates)).seconds
        for rates in (costly, free)
    ]
    biases = 1000
    layers = [layer for layer in profile(network).layers if layer.op in ("conv", "linear")]
    weights = 4 * (sum(layer.params for layer in layers) - biases)
    assert extra[0] == pytest.approx(1e-9 * weights, rel=1e-3)
    assert extra[1] == pytest.approx(0)


def test_by_default_this_machine_is_meant(calibration: Calibration, devices: Path) -> None:
    network = load_network("lenet5")
    with pytest.raises(InputError, match="run `archscape calibrate`"):
        predict(network)
    save(calibration)
    assert predict(network) == predict(network, calibration)


def test_a_prediction_needs_neither_torch_nor_numpy(calibration: Calibration, devices: Path) -> None:
    save(calibration)
    code = (
        "import sys, archscape; from archscape.analysis.costs.latency import predict;"
        "assert predict(archscape.load('resnet18')).seconds > 0;"
        "print(sorted({'torch', 'numpy', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_figures_are_those_of_the_rates(calibration: Calibration) -> None:
    summary = device_summary(calibration)
    values = dict(zip((name.split(",")[-1].strip() for name in summary), summary.values(), strict=False))
    macs = 256 * 256 * 9 * 28 * 28
    patches, weights, maps = 256 * 9 * 28 * 28, 4 * 256 * 256 * 9, 2 * 4 * 256 * 28 * 28
    own = calibration.rates["conv"].seconds
    beyond = max(0, maps - 2**20)
    seconds = own[0] + 1e-10 * (2 * macs + patches + weights + maps + beyond + 1)
    assert values["GMAC/s"] == pytest.approx(macs / seconds / 1e9)
    assert values["us"] == pytest.approx(10)
    assert summary["interval begins, %"] == pytest.approx(-20)


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [((1e-12, 1e-9, 0.0), "compute"), ((1e-12, 0.0, 1e-9), "memory"), ((1.0, 0.0, 0.0), "call")],
)
def test_what_takes_most_of_the_time_bounds_a_layer(
    calibration: Calibration, seconds: tuple[float, float, float], bound: str
) -> None:
    """The terms of a linear layer: a call, macs of further inputs of the batch, bytes of weights."""
    setup = replace(calibration.setup, batch=2)
    rates = {**calibration.rates, "linear": Rates(seconds, 0.0)}
    network = Network.from_yaml("network: n\ninput: {code: 64}\nlayers: [linear: {width: 64}]")
    latency = predict(network, replace(calibration, setup=setup, rates=rates))
    assert [layer.bound for layer in latency.layers] == [bound]
