"""The counts of single operators and their agreement with the built modules are tested with the spaces."""

import doctest
import json
from functools import cache

import pytest
import torch
from helpers.catalog import NETWORKS

from archscape.analysis.costs import profile as cost
from archscape.analysis.costs.layers import Coverage, Foreign, Layer
from archscape.analysis.costs.profile import UNCOUNTED, profile
from archscape.spaces import Network, Row, load, load_network
from archscape.spaces.blocks import block
from archscape.spaces.codegen.build import build
from archscape.spaces.graph import Op, Tensor
from archscape.spaces.operators.opaque import opaque


@cache
def loaded(name: str) -> Network:
    """Return a network of the catalog, once for all tests of this file."""
    return load_network(name)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_layers_add_up_to_the_totals_from_remembered_blocks(name: str) -> None:
    network = loaded(name)
    costs, totals = profile(network), network.totals
    assert (costs.params, costs.macs, costs.flops, costs.activations) == (
        totals.params,
        totals.macs,
        totals.flops,
        totals.activations,
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_the_flops_by_kind_add_up_to_the_flops(name: str) -> None:
    costs = profile(loaded(name))
    assert sum(costs.flops_by_kind.values()) == costs.flops
    assert all(costs.flops_by_kind.values())
    assert set(costs.flops_by_kind) <= {layer.op for layer in costs.layers}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_layer_with_state_bears_the_name_of_its_module(name: str) -> None:
    network = loaded(name)
    with torch.device("meta"):
        modules = dict(build(network).named_modules())
    nodes = network.graph.flatten().nodes
    for layer, node in zip(profile(network).layers, nodes, strict=True):
        assert layer.name == node.name
        if layer.name in profile(network).shared:
            assert layer.params == 0
        elif isinstance(node.op, Op) and node.op.stateful:
            own = modules[layer.name].parameters()
            assert sum(parameter.numel() for parameter in own) == layer.params, layer.name
        else:
            assert layer.params == 0


def test_layer_names_are_unique() -> None:
    for network in map(loaded, NETWORKS):
        names = [layer.name for layer in profile(network).layers]
        assert len(names) == len(set(names)), network.name


def test_lenet5_layer_by_layer() -> None:
    # LeCun et al. 1998, section II.B: 156 and 122,304 connections in C1 (117,600 products and 4,704 biases),
    # 48,120 parameters in C5, 10,164 in F6. C3 is connected to all maps here: 16 (150 + 1) parameters.
    # An activation counts 6 operations for tanh, average pooling 4 for each window of 2x2.
    assert profile(load("lenet5")).layers == [  # type: ignore[arg-type]
        Layer("conv1", "conv", (6, 28, 28), 156, 117_600, 239_904, 4_704),
        Layer("conv1_act", "act", (6, 28, 28), 0, 0, 28_224, 0),
        Layer("avgpool1", "avgpool", (6, 14, 14), 0, 0, 4_704, 0),
        Layer("conv2", "conv", (16, 10, 10), 2_416, 240_000, 481_600, 1_600),
        Layer("conv2_act", "act", (16, 10, 10), 0, 0, 9_600, 0),
        Layer("avgpool2", "avgpool", (16, 5, 5), 0, 0, 1_600, 0),
        Layer("linear1_flatten", "flatten", (400,), 0, 0, 0, 0),
        Layer("linear1", "linear", (120,), 48_120, 48_000, 96_120, 120),
        Layer("linear1_act", "act", (120,), 0, 0, 720, 0),
        Layer("linear2", "linear", (84,), 10_164, 10_080, 20_244, 84),
        Layer("linear2_act", "act", (84,), 0, 0, 504, 0),
        Layer("linear3", "linear", (10,), 850, 840, 1_690, 10),
    ]


def test_all_layers_of_our_blocks_are_counted_by_formula() -> None:
    costs = profile(load_network("lenet5"))
    assert costs.coverage == Coverage(("act", "avgpool", "conv", "flatten", "linear"), {}, UNCOUNTED)


def test_foreign_modules_are_told_with_what_fvcore_left_out() -> None:
    @block(styled=False)
    def glu(x: Tensor) -> Tensor:
        """Half of the channels gate the others."""
        return opaque(opaque(x, path="torch.nn.GELU"), path="torch.nn.GLU", args=(("dim", 1),))

    rows = (Row("conv", width=4), Row("glu"))
    costs = profile(Network(name="gated", input=(3, 8, 8), layers=rows, uses=(glu,)))
    assert costs.coverage.formula == ("act", "conv", "norm")
    assert list(costs.coverage.fvcore.values()) == [
        Foreign("torch.nn.GELU", {"aten::gelu": 1}),
        Foreign("torch.nn.GLU", {"aten::glu": 1}),
    ]
    assert costs.coverage.fvcore.keys() == {layer.name for layer in costs.layers if layer.op == "opaque"}
    assert costs.coverage.uncounted[-1].startswith("foreign modules")
    assert json.loads(json.dumps(costs.coverage.as_dict())) == {
        "by formula": ["act", "conv", "norm"],
        "by fvcore": {name: layer._asdict() for name, layer in costs.coverage.fvcore.items()},
        "not counted": list(costs.coverage.uncounted),
    }


def test_the_examples_are_true() -> None:
    assert doctest.testmod(cost) == (0, 2)
