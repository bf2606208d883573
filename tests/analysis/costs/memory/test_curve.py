"""What is held while each operator runs."""

from __future__ import annotations

import pytest

from archscape.analysis.costs.memory import MODES, memory, memory_curve
from archscape.spaces import InputError, Network, load_network


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["vgg16", "resnet50", "densenet121", "unet", "googlenet-aux"])
def test_its_most_is_the_peak_of_memory_and_lies_at_its_place(name: str, mode: str) -> None:
    network = load_network(name)
    curve = memory_curve(network, batch=2, dtype="float16", mode=mode)
    known = memory(network, batch=2, dtype="float16", mode=mode)
    top = max(curve, key=lambda moment: moment.bytes)
    assert (top.bytes, top.place) == (known.activations, known.place)


@pytest.mark.parametrize("mode", MODES)
def test_it_has_the_input_and_every_operator_in_order(mode: str) -> None:
    network = load_network("resnet50")
    places = [moment.place for moment in memory_curve(network, mode=mode)]
    assert places == ["input", *[node.name for node in network.graph.flatten().nodes]]


def test_a_chain_by_hand() -> None:
    """The input, two maps of which the first dies after its last use, and a view that is nothing new."""
    rows = "{conv: {width: 2, norm: none, act: none}}, maxpool, flatten"
    network = Network.from_yaml(f"network: n\ninput: 1x8x8\nlayers: [{rows}]")
    graph = [moment.bytes // 4 for moment in memory_curve(network)]
    eager = [moment.bytes // 4 for moment in memory_curve(network, mode="eager")]
    assert graph[:2] == [64, 64 + 128]
    assert graph[-2] >= 128 + 32  # a pooling may hold indices besides
    assert graph[-1] == 32
    assert eager[0] == 64
    assert eager[-1] == 64 + 32  # the caller holds the input


def test_wrong_words_are_named() -> None:
    with pytest.raises(InputError, match="there is no mode 'grap'; did you mean 'graph'"):
        memory_curve(load_network("lenet5"), mode="grap")
