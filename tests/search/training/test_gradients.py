"""A batch in pieces, or in the parts of several devices, has the loss and the gradients of the whole."""

from __future__ import annotations

import pytest
import torch
from helpers.operators import Calls
from torch import nn

from archscape.search.datasets.arrays import IGNORED
from archscape.search.datasets.dataset import load_dataset
from archscape.search.training.gradients import GradientStep
from archscape.search.training.tasks import make_task
from archscape.search.training.tasks.base import Task
from archscape.search.training.teacher import Distillation, Teacher
from archscape.search.training.weights import Weights
from archscape.spaces import Network

CPU = torch.device("cpu")
SAMPLES = 7  # parts of unequal size


def classes() -> tuple[Task, nn.Module, torch.Tensor, torch.Tensor]:
    """Return labels that count by their class, a network, and a batch."""
    task = make_task(load_dataset("long-tailed-digits"), class_weights="balanced", label_smoothing=0.1)
    x = torch.randn(SAMPLES, *task.data.input)
    model = nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), 10))
    return task, model, x, torch.arange(SAMPLES)


def shares() -> tuple[Task, nn.Module, torch.Tensor, torch.Tensor]:
    """Return the same with shares of labels, as mixup leaves them."""
    task, model, x, y = classes()
    return task, model, x, torch.lerp(task.soft(y), task.soft(y.flip(0)), 0.3)


def masks() -> tuple[Task, nn.Module, torch.Tensor, torch.Tensor]:
    """Return masks of which more and more is ignored, of the last all."""
    task = make_task(load_dataset("digit-masks"), label_smoothing=0.1)
    classes, *size = task.output
    y = torch.randint(0, classes, (SAMPLES, *size))
    for i, mask in enumerate(y):
        mask[: size[0] * i // (SAMPLES - 1)] = IGNORED
    return task, nn.Conv2d(1, classes, 3, padding=1), torch.randn(SAMPLES, *task.data.input), y


@pytest.fixture(params=[classes, shares, masks], ids=lambda case: case.__name__)
def case(request: pytest.FixtureRequest) -> tuple[Task, nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    made: tuple[Task, nn.Module, torch.Tensor, torch.Tensor] = request.param()
    return made


class Doubled(nn.Module):
    """A teacher that gives twice what its student would."""

    def __init__(self, student: nn.Module) -> None:
        super().__init__()
        self.student = student

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * self.student(x)  # type: ignore[no-any-return]


def distillation(student: nn.Module) -> Distillation:
    network = Network.from_yaml("{network: n, input: 1x8x8, layers: [linear: {width: 2}]}")
    return Distillation(Teacher(network=network, weights=Weights({}, {}), share=0.4), Doubled(student))


def gradients_of(model: nn.Module) -> list[torch.Tensor]:
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    model.zero_grad()
    return gradients


@pytest.mark.parametrize("is_taught", [False, True], ids=["alone", "taught"])
def test_pieces_and_parts_add_up_to_the_whole(
    case: tuple[Task, nn.Module, torch.Tensor, torch.Tensor], *, is_taught: bool
) -> None:
    """However much of each piece counts: by its samples, the weights of their classes, or its pixels."""
    task, model, x, y = case
    steps = [
        GradientStep(task=task, device=CPU, precision="float32", accumulate=pieces) for pieces in (1, 3, 2)
    ]
    for step in steps:
        step.distillation = distillation(model) if is_taught else None
    whole, in_pieces, of_device = steps
    loss = whole.gradients(model, x, y)
    expected = gradients_of(model)
    assert torch.allclose(in_pieces.gradients(model, x, y), loss)
    torch.testing.assert_close(gradients_of(model), expected)
    parts = zip(x.tensor_split(2), y.tensor_split(2), strict=True)
    assert torch.allclose(sum(of_device.gradients(model, *part, whole=y) for part in parts), loss)
    torch.testing.assert_close(gradients_of(model), expected)


def test_the_loss_brings_nothing_to_the_device_after_the_first_batch() -> None:
    """What a CUDA graph could not capture; on a device that knows shapes alone."""
    torch.manual_seed(0)
    for make in (classes, shares):
        task, _, _, y = make()
        outputs, targets = torch.empty(SAMPLES, 10, device="meta"), y.to("meta")
        task.loss(outputs, targets)
        with Calls() as mode:
            task.loss(outputs, targets)
        assert mode.calls
        assert not [call for call in mode.calls if "_to_copy" in call]
