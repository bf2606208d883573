"""Memory of training: what autograd keeps is what PyTorch keeps; the peak is MemTracker's within 2%."""

import doctest

import pytest
from helpers.allocations import mem_tracker_peak, training

from archscape.analysis.costs.memory import training as memory_training
from archscape.analysis.costs.memory.training import STATES, largest_training_batch, training_memory
from archscape.spaces import InputError, load_network

SCALARS = 64
"""Bytes of losses and their sum, which are not counted."""
NETWORKS = [
    ("googlenet", (3, 96, 96), 2),
    ("mobilenetv2", (3, 64, 64), 4),
    ("resnet18", (3, 64, 64), 8),
    ("shufflenetv2-x1.0", (3, 64, 64), 8),
    ("squeezenet", (3, 64, 64), 8),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["googlenet-aux", "lenet5", "resnet20", "vae", "wavenet", "shufflenet-g3"])
def test_autograd_keeps_of_networks_what_is_said(name: str) -> None:
    net = load_network(name)
    saved, _ = training(net, 2)
    assert 0 <= saved - training_memory(net, batch=2).saved <= SCALARS


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
@pytest.mark.parametrize(("name", "shape", "batch"), NETWORKS)
def test_the_peak_is_that_of_memtracker(
    name: str, shape: tuple[int, ...], batch: int, optimizer: str
) -> None:
    net = load_network(name).at(input=shape)
    memory = training_memory(net, batch=batch, optimizer=optimizer)
    measured = mem_tracker_peak(net, batch, optimizer)
    still = memory.weights + memory.state  # known to the byte, so the rest alone must agree
    assert memory.peak - still == pytest.approx(measured - still, rel=0.02)


def test_the_optimizer_remembers_whole_copies_of_the_weights() -> None:
    net = load_network("lenet5")
    copies = {name: training_memory(net, optimizer=name).state / (4 * net.totals.params) for name in STATES}
    assert copies == {
        **dict.fromkeys(["sgd"], 0),
        **dict.fromkeys(["momentum", "adagrad", "muon"], 1),
        **dict.fromkeys(["rmsprop", "adadelta", "adam", "adamw", "adamax", "nadam", "radam"], 2),
        **dict.fromkeys(["amsgrad", "centered"], 3),
    }


def test_gradients_of_weights_come_as_maps_go() -> None:
    net = load_network("resnet50")
    small, large = training_memory(net.at(input=(3, 32, 32))), training_memory(net, batch=32)
    assert large.gradients < 0.1 * large.weights < 0.9 * small.weights < small.gradients


def test_the_largest_batch_is_the_last_that_fits() -> None:
    net = load_network("resnet50")
    batch = largest_training_batch(net, 16 * 2**30, optimizer="adamw")
    peaks = [training_memory(net, batch=batch + more, optimizer="adamw").peak for more in (0, 1)]
    assert peaks[0] <= 16 * 2**30 < peaks[1]


def test_an_unknown_optimizer_is_named() -> None:
    with pytest.raises(InputError, match="there is no optimizer 'adem'; did you mean 'adam'"):
        training_memory(load_network("lenet5"), optimizer="adem")


def test_the_examples_are_true() -> None:
    assert doctest.testmod(memory_training) == (0, 3)
