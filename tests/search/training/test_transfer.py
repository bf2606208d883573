"""What a training takes over: weights, layers that stay, rates of their own, a teacher."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from archscape.search.datasets.dataset import load_dataset
from archscape.search.training.names import check_pattern
from archscape.search.training.optimizers import OPTIMIZERS
from archscape.search.training.outcome import Outcome
from archscape.search.training.recipe import Recipe
from archscape.search.training.teacher import Teacher, distance
from archscape.search.training.train import train
from archscape.search.training.transfer import Transfer
from archscape.search.training.weights import Weights
from archscape.spaces import Network
from archscape.spaces.errors import JobError

NETWORK = Network.from_yaml("""
network: small
input: 1x8x8
layers:
  - conv: {name: first, width: 6}
  - conv: {name: second, width: 8}
  - avgpool
  - linear: {width: 10}
""")
FEWER = Network.from_yaml(NETWORK.to_yaml().replace("width: 10", "width: 4"))
DATA = load_dataset("digits")
STEPS = 3
RECIPE = Recipe(epochs=1, batch=1197 // STEPS, schedule="constant", warmup=0.0, rate=0.01)

pytestmark = pytest.mark.usefixtures("one_thread")


def trained(transfer: Transfer | None = None, recipe: Recipe = RECIPE, **options: Any) -> Outcome:
    return train(NETWORK.build, DATA, recipe, seed=1, device="cpu", transfer=transfer, **options)


def weights(network: Network = NETWORK, seed: int = 5, **metadata: str) -> Weights:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Weights(network.build().state_dict(), metadata)


def ruined() -> Weights:
    """Return weights of which one is not a number."""
    known = weights()
    return Weights({name: value.sub(math.inf).mul(0) for name, value in known.state.items()}, {})


def state(outcome: Outcome) -> Mapping[str, Tensor]:
    assert outcome.state is not None, outcome.cause
    return outcome.state


def test_a_training_starts_from_the_weights_that_it_is_given() -> None:
    start = weights()
    still = Recipe(epochs=1, rate=1e-30, weight_decay=0.0)
    found = state(trained(Transfer(start=start), still))
    for name, _ in NETWORK.build().named_parameters():
        torch.testing.assert_close(found[name], start.state[name], rtol=0, atol=1e-20)


def test_a_classifier_of_other_classes_starts_anew() -> None:
    start = weights(FEWER)
    with pytest.raises(JobError, match=r"linear\.\w+: it is [4x8]+ there and [10x8]+ here; `--fresh linear`"):
        Transfer(start=start).check(NETWORK, DATA)
    transfer = Transfer(start=start, fresh=("linear",))
    transfer.check(NETWORK, DATA)
    module = transfer.prepare(NETWORK.build())
    assert torch.equal(module.state_dict()["first.conv1.weight"], start.state["first.conv1.weight"])


def test_weights_of_other_rows_do_not_fit() -> None:
    other = Network.from_yaml(NETWORK.to_yaml().replace("second", "third"))
    with pytest.raises(JobError, match=r"the weights to start from do not fit: second\..*`--fresh second`"):
        Transfer(start=weights(other)).check(NETWORK, DATA)


def test_what_is_frozen_stays_with_the_statistics_of_its_norm() -> None:
    start = weights()
    found = state(trained(Transfer(start=start, freeze=("first",))))
    for name, value in found.items():
        stayed = torch.equal(value, start.state[name])
        assert stayed == name.startswith("first."), name


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("factor", [0.1, 3.0])
def test_a_rate_of_its_own_is_that_of_the_optimizer(optimizer: str, factor: float) -> None:
    """All layers at a factor are a training at that rate."""
    rate = 1.0 if optimizer == "adadelta" else RECIPE.rate
    recipe = Recipe(**{**vars(RECIPE), "optimizer": optimizer, "rate": rate})
    found = state(trained(Transfer(rates={"*": factor}), recipe))
    expected = state(trained(None, Recipe(**{**vars(recipe), "rate": recipe.rate * factor})))
    plain = state(trained(None, recipe))
    for name in found:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found["linear.weight"], plain["linear.weight"], atol=1e-4)


def test_the_last_pattern_that_matches_counts() -> None:
    module = NETWORK.build()
    names = {id(weight): name for name, weight in module.named_parameters()}
    factors = {names[id(w)]: f for w, f in Transfer(rates={"*": 0.5, "linear": 2}).scaled(module)}
    assert (factors["first.conv1.weight"], factors["linear.bias"]) == (0.5, 2)


@pytest.mark.parametrize(
    ("transfer", "message"),
    [
        (Transfer(freeze=("firts",)), "freeze: no weight is called 'firts'; did you mean 'first'?"),
        (Transfer(freeze=("zebra",)), "freeze: no weight is called 'zebra'; it knows first, linear, second"),
        (Transfer(freeze=("*",)), "freeze: it leaves no weight to train"),
        (Transfer(rates={"first": 0}), "rate of first: a factor above 0, but got 0"),
        (Transfer(rates={"first": math.inf}), "rate of first: a factor above 0, but got inf"),
        (Transfer(fresh=("first",)), "fresh: all weights start at random"),
        (Transfer(start=ruined()), "the weights to start from hold numbers that are not finite: first."),
        (
            Transfer(teacher=Teacher(network=NETWORK, weights=ruined())),
            "has weights that are not finite: first.",
        ),
    ],
)
def test_what_is_wrong_is_refused(transfer: Transfer, message: str) -> None:
    with pytest.raises(JobError) as error:
        transfer.check(NETWORK, DATA)
    assert message in str(error.value)


def test_a_pattern_is_a_row_a_part_or_a_weight() -> None:
    names = ["stage1.0.conv1.weight", "linear.bias"]
    for pattern in ("stage1", "stage1.0", "stage*", "*.bias", "linear.bias", "*"):
        check_pattern(pattern, names, what="freeze")
    with pytest.raises(JobError, match="did you mean 'stage1'"):
        check_pattern("stag1", names, what="freeze")


def test_a_student_of_a_teacher_alone_comes_to_give_what_it_gives() -> None:
    """With the whole share the targets count nothing: a teacher that is wrong is learned all the same."""
    taught = weights(seed=9)
    teacher = Teacher(network=NETWORK, weights=taught, share=1.0, temperature=1.0)
    module = NETWORK.build().eval()
    module.load_state_dict(dict(taught.state))
    x, _ = DATA.val.batch(slice(None), "cpu")
    far: list[float] = []
    for epochs in (1, 6):
        student = NETWORK.build().eval()
        student.load_state_dict(dict(state(trained(Transfer(teacher=teacher), Recipe(epochs=epochs)))))
        with torch.no_grad():
            far.append(float(distance(student(x), module(x), 1.0, task="classification")))
    assert far[1] < far[0]
    assert far[1] < 0.02


def test_a_teacher_gives_what_it_gives_in_evaluation() -> None:
    """Its norms keep their statistics, and it learns nothing, though its student is in training."""
    distillation = Teacher(network=NETWORK, weights=weights(seed=9)).on(torch.device("cpu"), DATA)
    x, _ = DATA.train.batch(slice(0, 8), "cpu")
    torch.testing.assert_close(distillation.teacher_outputs(x[:1]), distillation.teacher_outputs(x)[:1])
    assert not distillation.teacher_outputs(x).requires_grad
    assert not any(weight.requires_grad for weight in distillation.module.parameters())


def test_the_distance_is_the_divergence_of_softened_probabilities() -> None:
    given, taught = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    ours, its = (given / 2).softmax(1), (taught / 2).softmax(1)
    expected = 4 * (its * (its / ours).log()).sum()
    torch.testing.assert_close(distance(given, taught, 2.0, task="classification"), expected)
    assert distance(given, taught, 2.0, task="regression") == pytest.approx((1 + 4) / 2)


def test_a_teacher_that_does_not_fit_is_named() -> None:
    cases = {
        "teacher small reads 1x8x8 and gives 4, but its student small reads 1x8x8 and gives 10": Teacher(
            network=FEWER, weights=weights(FEWER)
        ),
        "teacher small was trained on other with another mean than digits has": Teacher(
            network=NETWORK, weights=weights(mean="[0.5]", data="other")
        ),
        "the weights of teacher small do not fit it": Teacher(network=NETWORK, weights=weights(FEWER)),
    }
    for message, teacher in cases.items():
        with pytest.raises(JobError, match=message):
            Transfer(teacher=teacher).check(NETWORK, DATA)
    with pytest.raises(JobError, match="share: above 0 and up to 1, but got 2"):
        Teacher(network=NETWORK, weights=weights(), share=2)


def test_all_of_it_resumes_to_the_same_bits(tmp_path: Path) -> None:
    transfer = Transfer(
        start=weights(),
        freeze=("first",),
        rates={"second": 0.5},
        teacher=Teacher(network=NETWORK, weights=weights(seed=9)),
    )
    recipe = Recipe(**{**vars(RECIPE), "epochs": 3})
    whole, steps = state(trained(transfer, recipe)), iter(range(1000))
    file, lines = tmp_path / "partial", list[str]()
    stopped = trained(transfer, recipe, checkpoint=file, should_stop=lambda: next(steps) == 5)
    assert stopped.status == "interrupted"
    resumed = state(trained(transfer, recipe, checkpoint=file, log=lines.append))
    assert "goes on from" in lines[0]
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_a_checkpoint_of_another_teacher_is_not_taken(tmp_path: Path) -> None:
    file, lines, steps = tmp_path / "partial", list[str](), iter(range(1000))
    trained(checkpoint=file, should_stop=lambda: next(steps) == 2)
    teacher = Teacher(network=NETWORK, weights=weights(seed=9))
    found = state(trained(Transfer(teacher=teacher), checkpoint=file, log=lines.append))
    assert "is of another transfer: the training begins anew" in lines[0]
    plain = state(trained())
    assert not all(torch.equal(found[name], plain[name]) for name in found)
