"""The loss surface: its middle, its scale, its closed form where there is one, and its numbers."""

from __future__ import annotations

import copy
import doctest

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from archscape.analysis.landscape import plane as landscape_module
from archscape.analysis.landscape.plane import directions, filter_norms, landscape, mean_loss
from archscape.analysis.landscape.surface import Surface, grid, numbers
from archscape.spaces import load_network
from archscape.spaces.errors import InputError


def small(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    parts = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=2), nn.Flatten()]
    module = nn.Sequential(*parts, nn.Linear(64, 3))
    module(torch.randn(32, 1, 8, 8))  # for the statistics of batch norm
    return module


def samples(number: int = 100) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(number, 1, 8, 8, generator=generator), torch.arange(number) % 3


def test_the_middle_is_the_trained_loss_bit_for_bit() -> None:
    module, (x, y) = small().requires_grad_(False), samples()
    surface = landscape(module, x, y, steps=3)
    assert (surface.loss, surface.accuracy) == mean_loss(module.eval(), x, y)
    assert surface.loss == pytest.approx(float(nn.functional.cross_entropy(module(x), y)), rel=1e-6)
    assert surface.accuracy == float((module(x).argmax(1) == y).double().mean())


def test_the_module_is_left_untouched() -> None:
    module, (x, y) = small(), samples(10)
    module[1].eval()  # type: ignore[index, operator]
    before, modes = copy.deepcopy(module.state_dict()), [part.training for part in module.modules()]
    landscape(module, x, y, steps=3)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert [part.training for part in module.modules()] == modes
    assert all(weight.grad is None for weight in module.parameters())


def test_filters_of_the_directions_are_as_long_as_those_of_the_weights() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8),
        nn.ConvTranspose2d(8, 6, 3, groups=2),
        nn.Flatten(),
        nn.Linear(5, 2),
        nn.LayerNorm([2, 2]),
    )
    for direction in directions(module, seed=4):
        assert list(direction) == ["0.weight", "2.weight", "4.weight"]
        conv, up, linear = (direction[name] for name in direction)
        weights = dict(module.named_parameters())
        for i in range(8):
            torch.testing.assert_close(conv[i].norm(), weights["0.weight"][i].norm())
        for i in range(2):
            torch.testing.assert_close(linear[i].norm(), weights["4.weight"][i].norm())
        for group in (slice(0, 4), slice(4, 8)):
            for i in range(3):
                torch.testing.assert_close(up[group, i].norm(), weights["2.weight"][group, i].norm())


def test_a_filter_of_zeros_stays() -> None:
    layer = nn.Conv2d(1, 2, 3).requires_grad_(False)
    layer.weight[1] = 0
    first, second = directions(layer, seed=0)
    assert not first["weight"][1].any()
    assert first["weight"][0].norm() == pytest.approx(float(filter_norms(layer, layer.weight)[0]), rel=1e-6)
    assert not torch.equal(first["weight"], second["weight"])


def test_the_scale_of_a_layer_before_batch_norm_does_not_matter() -> None:
    # Li et al. 2018, section 4: such networks are the same function, so their surfaces must be the same.
    module, (x, y) = small().eval(), samples()
    scaled = copy.deepcopy(module)
    scaled[0].weight.data *= 7  # type: ignore[index, union-attr, operator]
    scaled[0].bias.data *= 7  # type: ignore[index, union-attr, operator]
    scaled[1].running_mean *= 7  # type: ignore[index, operator]
    scaled[1].running_var *= 49  # type: ignore[index, operator]
    first, second = (landscape(each, x, y, steps=5, seed=3) for each in (module, scaled))
    np.testing.assert_allclose(first.losses, second.losses, rtol=1e-3)
    assert first.losses.std() > 0.05


def test_a_quadratic_bowl_is_known_in_closed_form() -> None:
    layer, x = nn.Linear(6, 1, bias=False).double(), torch.randn(5, 6, dtype=torch.double)
    y = torch.zeros(5, dtype=torch.long)
    surface = landscape(layer, x, y, steps=7, span=2.0, seed=5, loss=lambda out, _: out[:, 0].square())
    first, second = (direction["weight"][0] for direction in directions(layer, seed=5))
    w = layer.weight.detach()[0]
    for i, b in enumerate(grid(7, 2.0)):
        for j, a in enumerate(grid(7, 2.0)):
            expected = float((x @ (w + a * first + b * second)).square().mean())
            assert surface.losses[i, j] == pytest.approx(expected, rel=1e-9)
    summary = numbers(surface)
    assert summary.curvature[0] == pytest.approx(2 * float((x @ first).square().mean()), rel=1e-6)
    assert summary.curvature[1] == pytest.approx(2 * float((x @ second).square().mean()), rel=1e-6)
    assert summary.bends == 0
    assert summary.lowest <= summary.loss == surface.losses[3, 3]


def test_the_same_seed_gives_the_same_surface() -> None:
    module, (x, y) = small(), samples(20)
    first, second, other = (landscape(module, x, y, steps=3, seed=seed).losses for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert first[1, 1] == other[1, 1]


def test_what_is_not_finite_is_shown_as_such() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    module[1].weight.data *= 3e37
    surface = landscape(module, *samples(20), steps=3, span=30)
    assert not np.isfinite(surface.losses).all()
    assert numbers(surface).not_finite == (~np.isfinite(surface.losses)).sum() > 0
    assert surface.accuracies.min() == 0


def test_every_point_is_watched_once() -> None:
    seen: list[tuple[int, int]] = []

    def watch(points: object) -> object:
        for point in points:  # type: ignore[attr-defined]
            seen.append(point)
            yield point

    landscape(small(), *samples(4), steps=3, track=watch)  # type: ignore[arg-type]
    assert sorted(seen) == [(i, j) for i in range(3) for j in range(3)]


def test_the_first_of_several_outputs_counts() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = small()

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.inner(x), torch.full((len(x), 3), float("nan"))

    module, (x, y) = Two(), samples(10)
    assert np.array_equal(
        landscape(module, x, y, steps=3).losses, landscape(module.inner, x, y, steps=3).losses
    )


def test_a_network_of_the_catalog_has_a_surface() -> None:
    module = load_network("lenet5").build()
    surface = landscape(module, torch.randn(4, 1, 32, 32), torch.arange(4), steps=3)
    assert np.isfinite(surface.losses).all()


@pytest.mark.parametrize(("steps", "span"), [(4, 1.0), (1, 1.0), (5, 0.0), (5, 1e4), (5, float("nan"))])
def test_a_grid_without_a_middle_or_an_extent_is_refused(steps: int, span: float) -> None:
    with pytest.raises(InputError, match=r"an odd number from 3|from 0\.001 to 1000"):
        landscape(small(), *samples(4), steps=steps, span=span)


def test_a_module_without_weights_is_refused() -> None:
    with pytest.raises(InputError, match="no weights to move"):
        landscape(nn.Flatten(), *samples(4))


def test_numbers_are_as_defined() -> None:
    losses = np.full((9, 9), 5.0)
    losses[4, 4], losses[4, 5], losses[3, 4], losses[0, 0] = 1.0, 2.0, 3.0, np.nan
    accuracies = np.zeros((9, 9))
    accuracies[4, 3:6] = 0.4, 0.5, 0.9
    summary = numbers(Surface(span=1.0, losses=losses, accuracies=accuracies))
    assert (summary.loss, summary.lowest, summary.not_finite) == (1.0, 1.0, 1)
    assert (summary.within_twice, summary.half_right) == (2 / 81, 2 / 81)
    assert summary.sharpness == (5 - 1) / (1 + 1)  # (4, 3) is 0.25 away
    assert summary.curvature == pytest.approx(((2 - 2 + 5) * 16, (3 - 2 + 5) * 16))
    assert 0 < summary.bends < 1


def test_a_coarse_grid_has_no_sharpness() -> None:
    summary = numbers(Surface(span=1.0, losses=np.ones((3, 3)), accuracies=np.ones((3, 3))))
    assert np.isnan(summary.sharpness)
    assert summary.bends == 0


def test_the_example_runs() -> None:
    assert doctest.testmod(landscape_module).failed == 0
