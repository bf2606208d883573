"""WaveNet's stacks: causal, gated, with the receptive fields of the paper."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.spaces import Network, Row, ShapeError
from archscape.spaces.codegen.build import build


def network(channels: int = 4, steps: int = 64, **args: int) -> Network:
    row = Row("wavenet", **{"width": 4, "skip": 6, "depth": 3, **args})
    return Network(name="n", input=(channels, steps), layers=(row,))


@pytest.mark.parametrize(("stacks", "field"), [(1, 1024), (2, 2047), (3, 3070)])
def test_receptive_fields_of_the_paper(stacks: int, field: int) -> None:
    fields = receptive_fields(network(depth=10, stacks=stacks, steps=4096).graph)
    assert max(fields.values()) == (field,)


@pytest.mark.parametrize("stacks", [1, 2])
def test_no_step_sees_what_comes_after_it(stacks: int) -> None:
    torch.manual_seed(0)
    module = build(network(stacks=stacks)).double()
    x = torch.randn(1, 4, 64, dtype=torch.double, requires_grad=True)
    field = 1 + stacks * 7
    (seen,) = torch.autograd.grad(module(x)[0, :, 40].sum(), x)
    steps = seen[0].abs().sum(0).nonzero().flatten()
    assert steps.max() == 40
    assert steps.min() == 40 - field + 1


def test_a_layer_is_gated_with_residual_and_skip() -> None:
    torch.manual_seed(0)
    module, x = build(network(depth=2)), torch.randn(2, 4, 20)
    w = {name.removeprefix("wavenet."): p.detach() for name, p in module.named_parameters()}

    def mapped(y: torch.Tensor, name: str, dilation: int = 1) -> torch.Tensor:
        weight = w[f"{name}.weight"]
        past = F.pad(y, (dilation * (weight.shape[2] - 1), 0))
        return F.conv1d(past, weight, w[f"{name}.bias"], dilation=dilation)

    def gated(y: torch.Tensor, layer: int) -> torch.Tensor:
        signal, gate = (
            mapped(y, f"gated{layer}.{name}_conv", 2 ** (layer - 1)) for name in ("signal", "gate")
        )
        return torch.tanh(signal) * torch.sigmoid(gate)

    first = gated(x, 1)
    second = gated(x + mapped(first, "residual1.conv1"), 2)
    torch.testing.assert_close(module(x), mapped(first, "skip_conv") + mapped(second, "skips1.conv1"))


@pytest.mark.parametrize(("depth", "stacks", "kernel"), [(1, 1, 2), (3, 1, 2), (4, 3, 3)])
def test_parameters_of_all_layers(depth: int, stacks: int, kernel: int) -> None:
    layers = depth * stacks
    gated = 2 * (4 * kernel + 1) * 4
    skip, residual = (4 + 1) * 6, (4 + 1) * 4
    totals = network(depth=depth, stacks=stacks, kernel=kernel).totals
    assert totals.params == layers * (gated + skip) + (layers - 1) * residual


def test_other_channels_are_mapped_to_the_width() -> None:
    assert network(channels=9).totals.params - network().totals.params == (9 + 1) * 4


def test_it_reads_a_sequence() -> None:
    with pytest.raises(ShapeError, match="a wavenet needs a 1-D map, but got 4x8x8"):
        Network(name="n", input=(4, 8, 8), layers=(Row("wavenet", width=4, skip=6, depth=3),))
