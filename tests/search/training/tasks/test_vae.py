"""The variational autoencoder against the closed forms of PyTorch's distributions."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from archscape.search.datasets import Source
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.training.evaluation import BATCH, evaluate, measure
from archscape.search.training.fit import check_network
from archscape.search.training.parallel.ranks import Ranks
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task, vae
from archscape.search.training.tasks.vae import SEED, Vae
from archscape.search.training.train import train
from archscape.spaces import Network, load_network
from archscape.spaces.errors import JobError, ShapeError

CODE = 3
SMALL = """
network: small-vae
input: 1x8x8
layers:
  - linear: {name: features, width: 16, act: relu}
  - linear: {name: mean, width: 3}
  - linear: {name: logvar, from: features, width: 3}
  - reparameterise: {from: mean, logvar: logvar}
  - linear: {width: 64, act: sigmoid}
  - reshape: {name: reconstruction, shape: [1, 8, 8]}
outputs: [reconstruction, mean, logvar]
"""


def images(count: int, side: int = 8) -> np.ndarray:
    """Return images (n, 1, side, side) of grey levels, with a white row in each."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 60, (count, 1, side, side), dtype=np.uint8)
    drawn[np.arange(count), 0, np.arange(count) % side] = 255
    return drawn


def some_data(samples: np.ndarray) -> Dataset:
    arrays = {f"{letter}_{part}": samples for part in ("train", "val", "test") for letter in "xy"}
    return make_dataset("rows", Source(arrays=arrays, task="vae"))


@pytest.fixture
def data() -> Dataset:
    return some_data(images(150))


@pytest.fixture
def task(data: Dataset) -> Vae:
    task = make_task(data)
    assert isinstance(task, Vae)
    return task


def closed_form(outputs: tuple[torch.Tensor, ...], x: torch.Tensor) -> torch.Tensor:
    """Return the bound of each sample by the distributions themselves, in nats."""
    probability, mean, logvar = (each.double() for each in outputs)
    likelihood = Bernoulli(probability, validate_args=False).log_prob(x.double()).flatten(1).sum(1)
    code, prior = Normal(mean, (logvar / 2).exp()), Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return likelihood - kl_divergence(code, prior).flatten(1).sum(1)


@pytest.mark.parametrize("code", [(CODE,), (2, 4, 4)])
def test_loss_and_score_are_the_bound_in_closed_form(task: Vae, data: Dataset, code: tuple[int, ...]) -> None:
    """For codes that are vectors and for those that are maps."""
    generator = torch.Generator().manual_seed(1)
    x, y = data.val.batch(slice(0, 9), "cpu")
    targets = task.targets_of(x, y)
    assert torch.allclose(targets, torch.from_numpy(images(9)) / 255, atol=1e-6)
    logits, mean, logvar = (torch.randn(9, *size, generator=generator) for size in ((1, 8, 8), code, code))
    outputs = (logits.sigmoid(), mean, logvar)
    bounds = closed_form(outputs, targets)
    assert float(task.loss(outputs, targets)) == pytest.approx(-float(bounds.mean()) / 64, rel=1e-5)
    tally = task.tally(torch.device("cpu"))
    for rows in (slice(0, 4), slice(4, None)):
        tally.add(task.judged(tuple(each[rows] for each in outputs)), targets[rows])
    assert tally.metrics() == pytest.approx({"elbo": float(bounds.mean())}, rel=1e-5)
    assert doctest.testmod(vae).failed == 0


def test_a_probability_of_zero_or_one_costs_what_an_edge_costs(task: Vae) -> None:
    sure = torch.tensor([[1.0, 0.0, 0.0, 0.0]], requires_grad=True)
    bound = vae.elbo(sure, torch.tensor([[0.0, 1.0]]))
    assert float(bound.detach()) == pytest.approx(2 * math.log(vae.EDGE), rel=1e-2)
    bound.sum().backward()
    assert sure.grad is not None
    assert sure.grad.isfinite().all()


def test_what_is_beyond_the_range_of_training_is_its_end() -> None:
    rows = {
        f"x_{part}": images(12) * factor for part, factor in (("train", 1.0), ("val", 2.0), ("test", 1.0))
    }
    rows |= {name.replace("x", "y"): x for name, x in rows.items()}
    data = make_dataset("rows", Source(arrays=rows, task="vae"))
    targets = make_task(data).targets_of(*data.val.batch(slice(None), "cpu"))
    assert (float(targets.min()), float(targets.max())) == (0, 1)


def test_a_network_is_measured_with_codes_that_are_drawn_always_the_same(task: Vae, data: Dataset) -> None:
    """Batch by batch, as evaluation takes them; the generator of whoever asks stays where it is."""
    module = Network.from_yaml(SMALL).build()
    state = torch.get_rng_state()
    measured = evaluate(module, data.val, task)
    assert evaluate(module, data.val, task) == measured
    assert torch.equal(torch.get_rng_state(), state)
    assert all(part.training for part in module.modules())
    module.eval()
    total = 0.0
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(SEED)
        for start in range(0, len(data.val), BATCH["cpu"]):
            x, y = data.val.batch(slice(start, start + BATCH["cpu"]), "cpu")
            _, mean, logvar = module(x)
            code = mean + torch.randn_like(mean) * (logvar / 2).exp()
            with replaced_code(module, code):
                outputs = module(x)
            total += float(closed_form(outputs, task.targets_of(x, y)).sum())
    assert measured["elbo"] == pytest.approx(total / len(data.val), rel=1e-5)


def replaced_code(module: nn.Module, code: torch.Tensor) -> torch.utils.hooks.RemovableHandle:
    """Let the code of a network be this one, as the page of tasks draws new samples."""
    (draw,) = [part for part in module.modules() if type(part).__name__ == "Reparameterise"]
    return draw.register_forward_hook(lambda *call: code)


@pytest.mark.parametrize(
    ("change", "law"),
    [
        (
            ("act: sigmoid", "act: none"),
            r"its reconstruction is not probabilities.*; let that row end in `act: s",
        ),
        (
            ("[reconstruction, mean, logvar]", "[reconstruction]"),
            r"gives 1x8x8, but task vae asks .* `vae`, let two",
        ),
        (
            ("reconstruction, mean, logvar]", "mean, logvar, reconstruction]"),
            r"ends in 3, but rows .*name: recon",
        ),
        (
            ("[1, 8, 8]", "[4, 4, 4]"),
            r"ends in 4x4x4, but rows has samples of 1x8x8 to encode; let its last row be",
        ),
        (
            ("  - reparameterise: {from: mean, logvar: logvar}\n", "  - identity: {from: mean}\n"),
            r"no code is drawn, .*; place `reparameterise: .from: mean, logvar: logvar.` before the decoder",
        ),
    ],
)
def test_a_network_that_does_not_fit_says_which_row_would(
    task: Vae, change: tuple[str, str], law: str
) -> None:
    network = Network.from_yaml(SMALL.replace(*change))
    with pytest.raises(JobError, match=f"network small-vae:? {law}"):
        check_network("network small-vae", network, task)


def test_the_network_that_fits_passes(task: Vae) -> None:
    check_network("network small-vae", Network.from_yaml(SMALL), task)


def test_a_module_with_another_number_of_outputs_says_so(task: Vae) -> None:
    with pytest.raises(
        ShapeError, match=r"gives \(1, 8, 8\), \(3,\) for a sample, not a map of 1x8x8, a mean"
    ):
        task.loss((torch.zeros(2, 1, 8, 8), torch.zeros(2, 3)), torch.zeros(2, 1, 8, 8))


def test_codes_are_the_same_however_many_devices_measure(data: Dataset, task: Vae) -> None:
    """Each measures all of a part, and exchanges nothing."""
    model, cpu = Network.from_yaml(SMALL).build(), torch.device("cpu")
    alone, *others = (
        measure(model, data.val, task, cpu, ranks=ranks) for ranks in (None, Ranks(0, 2), Ranks(1, 2))
    )
    assert others == [alone, alone]


def test_the_catalog_vae_learns() -> None:
    data = some_data(images(64, side=32))
    network = load_network("vae")
    check_network("network vae", network, make_task(data))
    outcome = train(network.build, data, Recipe(epochs=4, batch=16, rate=0.003), seed=0)
    assert outcome.status == "complete", outcome.cause
    assert outcome.history[-1]["elbo"] > outcome.history[0]["elbo"] + 50
