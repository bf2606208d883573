"""Networks of the catalog give what independent implementations in plain PyTorch give with the same weights.

Counts alone do not prove a table: they are blind to the order of layers, activations, epsilons and dilations.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from helpers.references import REFERENCES
from torch import Tensor, nn

from archscape.spaces import Network, load_network
from archscape.spaces.codegen.build import build

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@pytest.fixture(autouse=True)
def _double() -> Iterator[None]:
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_outputs_are_those_of_an_independent_implementation(name: str) -> None:
    reference = REFERENCES[name]
    network = load_network(name).at(input=reference.input)
    ours, theirs = build(network).eval(), reference.make().eval()
    for own, other in zip(layers_of_graph(ours, network), layers_with_weights(theirs), strict=True):
        randomise(own)
        assert own.state_dict().keys() == other.state_dict().keys()
        other.load_state_dict(own.state_dict())
    images = torch.randn(2, *network.input)
    with torch.no_grad():
        for output, wanted in zip(outputs(ours, images), outputs(theirs, images), strict=True):
            assert wanted.std(0).max() > 1e-6 * wanted.abs().max(), "the output follows the image"
            torch.testing.assert_close(output.flatten(1), wanted.flatten(1), rtol=1e-9, atol=0)


def layers_of_graph(module: nn.Module, network: Network) -> list[nn.Module]:
    """Return the layers of a network's module that have weights, in the order of the table's rows."""
    names = {name for name, layer in module.named_modules() if layer in set(layers_with_weights(module))}
    return [module.get_submodule(node.name) for node in network.graph.flatten().nodes if node.name in names]


def layers_with_weights(module: nn.Module) -> list[nn.Module]:
    """Return the layers that have weights of their own, in the order in which they were registered."""
    return [layer for layer in module.modules() if any(True for _ in layer.parameters(recurse=False))]


def randomise(layer: nn.Module) -> None:
    """Give a norm statistics and factors as of a trained one, and other layers weights that keep variance."""
    with torch.no_grad():
        if isinstance(layer, NORMS):
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.2)
            layer.running_mean.normal_(0, 0.2)
            layer.running_var.uniform_(0.01, 1)
        else:
            nn.init.kaiming_normal_(layer.weight)


def outputs(module: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
    returned = module(images)
    return returned if isinstance(returned, tuple) else (returned,)
