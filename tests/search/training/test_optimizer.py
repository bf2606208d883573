from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from archscape.search.training.optimizer import Optimizer
from archscape.search.training.optimizers import OPTIMIZERS, OptimizerSettings
from archscape.search.training.optimizers.adagrad import Adagrad
from archscape.search.training.optimizers.adam import AdamW, NAdam
from archscape.search.training.optimizers.rmsprop import RMSprop
from archscape.search.training.optimizers.sgd import Sgd
from archscape.search.training.recipe import Recipe


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3))


THEIRS: dict[str, Callable[[Any, Recipe], torch.optim.Optimizer]] = {
    "sgd": lambda w, r: torch.optim.SGD(
        w, r.rate, momentum=r.momentum, weight_decay=r.weight_decay, fused=True
    ),
    "nesterov": lambda w, r: torch.optim.SGD(
        w, r.rate, momentum=r.momentum, weight_decay=r.weight_decay, nesterov=True, fused=True
    ),
    "adamw": lambda w, r: torch.optim.AdamW(
        w, r.rate, betas=(r.momentum, 0.999), weight_decay=r.weight_decay, fused=True
    ),
    "adam": lambda w, r: torch.optim.Adam(
        w, r.rate, betas=(r.momentum, 0.999), weight_decay=r.weight_decay, fused=True
    ),
    "amsgrad": lambda w, r: torch.optim.AdamW(
        w, r.rate, betas=(r.momentum, 0.9), weight_decay=r.weight_decay, amsgrad=True, fused=True
    ),
    "adamax": lambda w, r: torch.optim.Adamax(
        w, r.rate, betas=(r.momentum, 0.999), weight_decay=r.weight_decay
    ),
    "nadam": lambda w, r: torch.optim.NAdam(
        w, r.rate, betas=(r.momentum, 0.999), weight_decay=r.weight_decay
    ),
    "radam": lambda w, r: torch.optim.RAdam(
        w, r.rate, betas=(r.momentum, 0.999), weight_decay=r.weight_decay
    ),
    "decoupled": lambda w, r: torch.optim.NAdam(
        w, r.rate, betas=(r.momentum, 0.9), weight_decay=r.weight_decay, decoupled_weight_decay=True
    ),
    "rmsprop": lambda w, r: torch.optim.RMSprop(w, r.rate, momentum=r.momentum, weight_decay=r.weight_decay),
    "centered": lambda w, r: torch.optim.RMSprop(
        w, r.rate, momentum=r.momentum, weight_decay=r.weight_decay, centered=True, alpha=0.9
    ),
    "adagrad": lambda w, r: torch.optim.Adagrad(
        w, r.rate, weight_decay=r.weight_decay, initial_accumulator_value=0.1
    ),
    "adadelta": lambda w, r: torch.optim.Adadelta(w, r.rate, weight_decay=r.weight_decay),
}
RULES: dict[str, str | OptimizerSettings] = {
    "nesterov": Sgd(nesterov=True),
    "amsgrad": AdamW(amsgrad=True, beta2=0.9),
    "decoupled": NAdam(beta2=0.9, decoupled=True),
    "centered": RMSprop(centered=True, alpha=0.9),
    "adagrad": Adagrad(start=0.1),
}


def test_each_optimizer_is_compared_with_that_of_torch() -> None:
    assert set(OPTIMIZERS) - set(THEIRS) == {"muon"}  # below: torch's takes matrices alone


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", THEIRS)
def test_steps_equal_those_of_torch_optim_to_the_bit(name: str, momentum: float) -> None:
    if name == "nesterov" and not momentum:
        return
    rule = RULES.get(name, name)
    recipe = Recipe(optimizer=rule, rate=0.05, momentum=momentum, weight_decay=0.01)
    ours, reference = network(), network()
    step, other = Optimizer(ours.parameters(), recipe), THEIRS[name](reference.parameters(), recipe)
    x = torch.randn(8, 1, 8, 8)
    for _ in range(12):
        for model in (ours, reference):
            torch.autograd.backward(model(x).square().mean())
        step.step(recipe.rate)
        other.step()
        other.zero_grad()
    for mine, expected in zip(ours.parameters(), reference.parameters(), strict=True):
        assert torch.equal(mine, expected)


def test_muon_steps_equal_those_of_torch_optim_and_of_adamw() -> None:
    """Matrices take the steps of its Muon, biases those of its AdamW, at one rate."""
    recipe = Recipe(optimizer="muon", rate=0.02, weight_decay=0.01)
    ours, reference = (nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)) for _ in range(2))
    reference.load_state_dict(ours.state_dict())
    step = Optimizer(ours.parameters(), recipe)
    matrices = [weight for weight in reference.parameters() if weight.ndim == 2]
    biases = [weight for weight in reference.parameters() if weight.ndim == 1]
    others = [
        torch.optim.Muon(matrices, 0.02, momentum=0.9, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(biases, 0.02, weight_decay=0.01, fused=True),
    ]
    x = torch.randn(8, 5)
    for _ in range(5):
        for model in (ours, reference):
            torch.autograd.backward((model(x) - 1).square().mean())
        step.step(recipe.rate)
        for other in others:
            other.step()
            other.zero_grad()
    for mine, expected in zip(ours.parameters(), reference.parameters(), strict=True):
        assert torch.equal(mine, expected)


def test_muon_takes_a_convolution_for_a_matrix_in_any_layout() -> None:
    """A row for each output channel; in which order the columns lie in memory changes no step."""
    plain = nn.Conv2d(3, 4, 3)
    last = copy.deepcopy(plain).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    gradient = torch.randn(4, 3, 3, 3)
    for model in (plain, last):
        step = Optimizer([model.weight], Recipe(optimizer="muon", weight_decay=0.0))
        before = model.weight.detach().clone()
        model.weight.grad = gradient.clone()
        step.step(0.1)
        singular = torch.linalg.svdvals((model.weight - before).detach().flatten(1))
        assert singular.max() / singular.min() < 2
    assert torch.allclose(plain.weight, last.weight, atol=1e-2)


def test_decay_of_weights_leaves_norms_and_biases() -> None:
    model = network()
    before = copy.deepcopy(model.state_dict())
    step = Optimizer(model.parameters(), Recipe(rate=0.1, weight_decay=0.5, decay="weights"))
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    step.step(0.1)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name] * (0.95 if weight.ndim > 1 else 1))


def test_gradients_are_clipped_together() -> None:
    weights = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))]
    step = Optimizer(weights, Recipe(optimizer="sgd", momentum=0.0, weight_decay=0.0, clip=1.0))
    for weight in weights:
        weight.grad = torch.tensor([3.0, 4.0])
    step.step(1.0)
    assert torch.cat([*weights]).norm().item() == pytest.approx(1.0, rel=1e-5)


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
def test_no_optimizer_imports_the_compiler_of_torch() -> None:
    code = (
        "import sys, torch; from archscape.search.training.optimizer import Optimizer;"
        "from archscape.search.training.optimizers import OPTIMIZERS;"
        "from archscape.search.training.recipe import Recipe; model = torch.nn.Linear(2, 2)\n"
        "for name in OPTIMIZERS:\n"
        "    step = Optimizer(model.parameters(), Recipe(optimizer=name, clip=1.0))\n"
        "    model(torch.ones(1, 2)).sum().backward(); step.step(0.1)\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
