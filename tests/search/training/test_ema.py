"""The exponential mean of weights, and of what norms have measured."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from archscape.search.training.ema import Average


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU())


@pytest.mark.parametrize("in_tensor", [False, True], ids=["number", "tensor"])
def test_weights_and_statistics_are_means_and_counts_are_the_latest(*, in_tensor: bool) -> None:
    """As a step has it: the decay is a number, or on CUDA a tensor."""
    model = network()
    average = Average(model, 0.9)
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    for step in range(5):
        model(torch.randn(4, 2, 6, 6))
        with torch.no_grad():
            model[0].weight.add_(torch.randn(3, 2, 3, 3))  # type: ignore[operator, index]
        decay = average.decay_at(step)
        average.update(torch.tensor(decay, dtype=torch.float64) if in_tensor else decay)
        for name, value in model.state_dict().items():
            mean = decay * expected[name] + (1 - decay) * value
            expected[name] = mean if value.is_floating_point() else value.clone()
    torch.testing.assert_close(dict(average.model.state_dict()), expected)
    assert int(expected["1.num_batches_tracked"]) == 5
    assert not any(weight.requires_grad for weight in average.model.parameters())


def test_the_decay_rises_to_its_own() -> None:
    """Weights from before the first step are soon forgotten."""
    average = Average(network(), 0.9)
    assert [average.decay_at(steps) for steps in (0, 8, 80, 1000)] == [0.1, 0.5, 0.9, 0.9]


def test_the_network_goes_on_by_itself() -> None:
    model = network()
    average = Average(model, 0.9)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    average.update(0.0)
    with torch.no_grad():
        for weight in average.model.parameters():
            weight.zero_()
    torch.testing.assert_close(dict(model.state_dict()), before)
