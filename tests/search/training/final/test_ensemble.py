"""What networks give together, and on crops."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from archscape.search.datasets.dataset import load_dataset
from archscape.search.training.final.ensemble import cropped, crops, measure_together
from archscape.search.training.tasks import make_task
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError

DATA = load_dataset("digits")


class Fixed(nn.Module):
    """Gives the same numbers for every sample."""

    def __init__(self, *numbers: float) -> None:
        super().__init__()
        self.numbers = torch.tensor([[*numbers, *[-9.0] * (10 - len(numbers))]])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.numbers.expand(len(x), -1)


def test_probabilities_are_averaged_rather_than_outputs() -> None:
    # By outputs class 0 would win, 20 against 4 + 4; by probabilities two of three vote for class 1.
    models = [Fixed(20.0, 0.0), Fixed(0.0, 4.0), Fixed(0.0, 4.0)]
    together = measure_together(models, DATA.test, make_task(DATA), torch.device("cpu"))
    assert together["correct"] == int((DATA.test.y == 1).sum())


def test_what_is_not_finite_is_wrong() -> None:
    models = [Fixed(20.0), Fixed(float("nan"))]
    assert measure_together(models, DATA.test, make_task(DATA), torch.device("cpu"))["correct"] == 0


def test_crops_are_the_corners_the_centre_and_their_mirror_images() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4)
    found = [view(image)[0, 0].tolist() for view in crops((4, 4), (2, 2), mirrored=True)]
    assert found[:5] == [
        [[0, 1], [4, 5]],
        [[2, 3], [6, 7]],
        [[8, 9], [12, 13]],
        [[10, 11], [14, 15]],
        [[5, 6], [9, 10]],
    ]
    assert found[5:] == [[row[::-1] for row in crop] for crop in found[:5]]
    assert len(crops((4, 4), (2, 2), mirrored=False)) == 5


def test_views_are_averaged_as_networks_are() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).eval()
    task, cpu = make_task(DATA), torch.device("cpu")
    small = replace(DATA.test, x=DATA.test.x[:50], y=DATA.test.y[:50])
    found = measure_together([model], small, task, cpu, views=[lambda x: x, lambda x: x.flip(-1)])
    with torch.no_grad():
        both = model(small.x).softmax(1) + model(small.x.flip(-1)).softmax(1)
    assert found["correct"] == int((both.argmax(1) == small.y).sum())


def test_a_network_with_a_global_pool_takes_crops_with_the_same_weights() -> None:
    network = load_network("resnet20")
    smaller = cropped(network)
    assert smaller.input == (3, 28, 28)
    smaller.build().load_state_dict(network.build().state_dict())


def test_one_without_a_global_pool_does_not() -> None:
    network = Network.from_yaml("{network: n, input: 1x8x8, layers: [flatten, linear: {width: 10}]}")
    with pytest.raises(InputError, match="the network takes no crops of 1x7x7: it has no global pool"):
        cropped(network)
