from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from archscape.search.training.optimizer import Optimizer
from archscape.search.training.recipe import Recipe


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3))


def theirs(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    weights, decay = model.parameters(), recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(weights, recipe.rate, momentum=recipe.momentum, weight_decay=decay, fused=True)
    betas = (recipe.momentum, 0.999)
    return torch.optim.AdamW(weights, recipe.rate, betas=betas, weight_decay=decay, fused=True)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_steps_equal_those_of_torch_optim_to_the_bit(name: str, momentum: float) -> None:
    recipe = Recipe(optimizer=name, rate=0.05, momentum=momentum, weight_decay=0.01)
    ours, reference = network(), network()
    step, other = Optimizer(ours.parameters(), recipe), theirs(reference, recipe)
    x = torch.randn(8, 1, 8, 8)
    for _ in range(12):
        for model in (ours, reference):
            torch.autograd.backward(model(x).square().mean())
        step.step(recipe.rate)
        other.step()
        other.zero_grad()
    for mine, expected in zip(ours.parameters(), reference.parameters(), strict=True):
        assert torch.equal(mine, expected)


def test_weights_without_a_gradient_stay() -> None:
    used, idle = nn.Linear(2, 2), nn.Linear(2, 2)
    before = copy.deepcopy([used.weight, idle.weight])
    step = Optimizer([used.weight, idle.weight], Recipe())
    torch.autograd.backward(used(torch.ones(1, 2)).sum())
    step.step(0.1)
    assert not torch.equal(used.weight, before[0])
    assert torch.equal(idle.weight, before[1])


def test_a_network_without_weights_cannot_be_trained() -> None:
    with pytest.raises(ValueError, match="the network has no weights to train"):
        Optimizer(nn.ReLU().parameters(), Recipe())


@pytest.mark.slow
def test_a_training_does_not_import_the_compiler_of_torch() -> None:
    code = (
        "import sys, torch; from archscape.search.training.optimizer import Optimizer;"
        "from archscape.search.training.recipe import Recipe; model = torch.nn.Linear(2, 2);"
        "step = Optimizer(model.parameters(), Recipe()); model(torch.ones(1, 2)).sum().backward();"
        "step.step(0.1); sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
