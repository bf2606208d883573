"""Which products of a training in bfloat16 are taken in float32 all the same."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from archscape.search.training.precision import autocast, without_slow_kernels

CPU = torch.device("cpu")


class Depthwise(nn.Conv2d):
    """A convolution that notes the type of the numbers it multiplies."""

    def __init__(self, *, groups: int = 8, stride: int = 2) -> None:
        super().__init__(8, 8, 3, groups=groups, stride=stride)
        self.seen: list[torch.dtype] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(torch.bfloat16 if torch.is_autocast_enabled("cpu") else x.dtype)
        return super().forward(x)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, torch.float32), ({"stride": 1}, torch.bfloat16), ({"groups": 4}, torch.bfloat16)],
)
def test_depthwise_convolutions_with_a_stride_stay_in_float32(
    settings: dict[str, int], expected: torch.dtype
) -> None:
    """Maps stay in bfloat16 between layers, whatever a layer computes in."""
    model, x = without_slow_kernels(Depthwise(**settings), "bfloat16", CPU), torch.randn(2, 8, 9, 9)
    with autocast("bfloat16", CPU):
        out = model(x.bfloat16())
    out.sum().backward()
    assert (model.seen, out.dtype) == ([expected], torch.bfloat16)
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in model.parameters())


def test_evaluation_and_training_in_float32_are_as_they_were() -> None:
    x, plain = torch.randn(2, 8, 9, 9), Depthwise()
    expected = plain(x)
    assert torch.equal(without_slow_kernels(plain, "float32", CPU)(x), expected)
    assert "forward" not in vars(plain)
    assert torch.equal(without_slow_kernels(plain, "bfloat16", CPU)(x), expected)


def test_a_copy_computes_with_weights_of_its_own() -> None:
    """The mean of the weights is a copy of the network."""
    x, model = torch.randn(2, 8, 9, 9), without_slow_kernels(Depthwise(), "bfloat16", CPU)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    assert not other(x).any()
    assert model(x).any()
