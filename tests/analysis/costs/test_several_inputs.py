"""What a network of several inputs costs: each is held and seen as PyTorch holds it and gradients see it."""

from __future__ import annotations

from math import prod

import pytest
from helpers.allocations import eager_peak, graph_peak, training

from archscape.analysis.costs.conventions import CONVENTIONS, count
from archscape.analysis.costs.latency.device_setup import this_machine
from archscape.analysis.costs.latency.execution import OperatorTimer, inference_threads
from archscape.analysis.costs.memory import largest_batch, memory, memory_curve
from archscape.analysis.costs.memory.training import training_memory
from archscape.analysis.costs.profile import profile
from archscape.analysis.costs.receptive_field import UNSEEN, field_growth, fields, receptive_fields
from archscape.analysis.costs.receptive_field.effective import effective_field
from archscape.analysis.costs.receptive_field.empirical import empirical_field
from archscape.analysis.lint import lint
from archscape.spaces import InputError, Network

TOWERS = """\
network: towers
input: {image: 3x48x48, depth: 1x48x48, late: 2x24x24}
layers:
  - conv: {name: colour, width: 16, kernel: 5, stride: 2}
  - conv: {name: geometry, from: depth, width: 8, stride: 2}
  - concat: {name: both, with: [colour, late]}
  - conv: {name: last, width: 8}
  - conv: {name: head, width: 4, act: none, bias: true}
"""
VECTOR = """\
network: vector
input: {code: 6, image: 2x12x12}
layers:
  - linear: {width: 8, act: sigmoid}
  - reshape: {shape: [8, 1, 1]}
  - multiply: {branches: [conv: {width: 8, from: image}, identity]}
  - conv: {width: 4}
  - avgpool
  - linear: {width: 3}
"""
TABLES = [TOWERS, VECTOR]


@pytest.fixture(scope="module")
def towers() -> Network:
    return Network.from_yaml(TOWERS)


def test_the_receptive_field_is_that_on_each_input(towers: Network) -> None:
    on_image, on_depth, on_late = (receptive_fields(towers.graph, at) for at in range(3))
    assert [on["both"] for on in (on_image, on_depth, on_late)] == [(5, 5), (3, 3), (1, 1)]
    assert [on["head.conv1"] for on in (on_image, on_depth, on_late)] == [(13, 13), (11, 11), (5, 5)]
    assert (on_image["geometry.conv1"], on_depth["colour.conv1"]) == ((), ())
    assert fields(towers.graph, 1)["colour.conv1"] == UNSEEN


@pytest.mark.parametrize(("at", "name"), list(enumerate(["image", "depth", "late"])))
def test_it_is_what_gradients_measure(towers: Network, at: int, name: str) -> None:
    seen = empirical_field(towers, "head.conv1", of=name)
    assert seen.inside
    assert seen.size == receptive_fields(towers.graph, at)["head.conv1"]


def test_the_first_input_that_a_layer_sees_is_meant_unless_said(towers: Network) -> None:
    assert effective_field(towers, "geometry.conv1", draws=1).of == "depth"
    assert effective_field(towers, "both", draws=1, of="late").field.size == (1, 1)
    with pytest.raises(InputError, match="no input 'imag'; did you mean 'image'"):
        effective_field(towers, "both", of="imag")
    with pytest.raises(InputError, match=r"geometry.conv1 of towers does not read the input 'image'"):
        empirical_field(towers, "geometry.conv1", of="image")


def test_a_flat_vector_has_no_receptive_field() -> None:
    vector = Network.from_yaml(VECTOR)
    assert receptive_fields(vector.graph, 0) == dict.fromkeys(receptive_fields(vector.graph, 1), ())
    assert effective_field(vector, "multiply", draws=1).of == "image"
    with pytest.raises(InputError, match="reads code: a flat vector has no places"):
        effective_field(vector, "linear1")


def test_growth_is_on_one_input(towers: Network) -> None:
    assert [deep.field for deep in field_growth(towers, 2)] == [(1, 1), (3, 3), (5, 5)]
    assert [deep.layer for deep in field_growth(towers, 1)] == ["both", "last.act1", "head.norm1"]


@pytest.mark.parametrize("text", TABLES)
@pytest.mark.parametrize("mode", ["graph", "eager"])
def test_inference_holds_what_pytorch_holds(text: str, mode: str) -> None:
    network = Network.from_yaml(text)
    measured = {"graph": graph_peak, "eager": eager_peak}[mode](network, 2)
    assert memory(network, batch=2, mode=mode).activations == measured


@pytest.mark.parametrize("text", TABLES)
def test_autograd_keeps_what_is_said(text: str) -> None:
    network = Network.from_yaml(text)
    saved, _ = training(network, 2)
    assert 0 <= saved - training_memory(network, batch=2).saved <= 64


def test_each_input_lives_until_its_last_use(towers: Network) -> None:
    sizes = [4 * prod(shape) for shape in towers.input_shapes]
    held = {moment.place: moment.bytes for moment in memory_curve(towers)}
    assert held["input"] == sum(sizes)
    # The image dies with its convolution; the other two still stand beside the map and its norm.
    assert held["colour.norm1"] == sizes[1] + sizes[2] + 2 * 4 * 16 * 24 * 24
    batch = largest_batch(towers, 2**20)
    assert memory(towers, batch=batch).peak <= 2**20 < memory(towers, batch=batch + 1).peak


@pytest.mark.parametrize("text", TABLES)
def test_conventions_count_every_operator_that_the_output_needs(text: str) -> None:
    network = Network.from_yaml(text)
    assert count(network, "macs").total == network.totals.macs
    for name in CONVENTIONS:
        pairs = zip(profile(network).layers, count(network, name).layers, strict=True)
        assert all(counted >= layer.macs for layer, counted in pairs)


@pytest.mark.parametrize("text", TABLES)
def test_every_operator_is_timed(text: str) -> None:
    network, setup = Network.from_yaml(text), this_machine(batch=2)
    flat = network.graph.flatten()
    with inference_threads(setup):
        assert len(OperatorTimer(flat, setup).run()) == len(flat.nodes)


def test_a_profile_takes_other_inputs_by_name(towers: Network) -> None:
    other = {"image": (3, 96, 96), "depth": (1, 96, 96), "late": (2, 48, 48)}
    assert profile(towers, input=other).macs == 4 * profile(towers).macs
    assert profile(towers).title == "towers, input image=3x48x48, depth=1x48x48, late=2x24x24"


def test_rules_say_of_which_input_too_little_is_seen() -> None:
    rows = "  - avgpool\n  - linear: {width: 10}\n"
    findings = lint(Network.from_yaml(TOWERS + rows))
    (small,) = [finding for finding in findings if finding.rule.name == "small-field"]
    assert small.measured == "each position has seen 5x5 of 24x24 of 'late'"
