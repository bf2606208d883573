"""What training did: filters before and after, and how far each layer moved."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from archscape.analysis.landscape.first_layer import GAP, SIDE, changes, contact_sheet, first_filters


def test_a_change_is_measured_against_the_start() -> None:
    before = {"stem.weight": torch.tensor([[3.0, 4.0]]), "stem.bias": torch.ones(1)}
    after = {"stem.bias": torch.zeros(1), "stem.weight": torch.tensor([[3.0, 8.0]])}
    (change,) = changes(before, after)
    assert (change.layer, change.shape) == ("stem", (1, 2))
    assert (change.before, change.moved, change.relative) == (5.0, 4.0, 0.8)
    assert change.after == pytest.approx(73**0.5)


def test_a_layer_that_starts_at_zero_has_no_relative_change() -> None:
    (change,) = changes({"a.weight": torch.zeros(2, 2)}, {"a.weight": torch.ones(2, 2)})
    assert (change.moved, np.isnan(change.relative)) == (2.0, True)


def test_layers_stand_in_the_order_of_the_module() -> None:
    # Files of weights are sorted by name.
    before = {"stem.weight": torch.ones(2, 1, 3, 3), "body.weight": torch.ones(2, 2, 3, 3)}
    after = dict(sorted(before.items()))
    assert [change.layer for change in changes(before, after)] == ["stem", "body"]
    filters = first_filters(before, after)
    assert filters is not None
    assert filters.layer == "stem"


@pytest.mark.parametrize(("channels", "shown"), [(1, True), (3, True), (2, False)])
def test_filters_are_shown_as_images_have_channels(channels: int, shown: bool) -> None:
    weights = {"a.weight": torch.ones(4, channels, 3, 3)}
    assert (first_filters(weights, weights) is not None) == shown
    assert first_filters({"a.weight": torch.ones(4, 3)}, {"a.weight": torch.ones(4, 3)}) is None


def test_zero_is_grey_and_the_largest_weight_black_or_white() -> None:
    filters = np.zeros((2, 1, 1, 3))
    filters[0, 0, 0] = [-2.0, 0.0, 1.0]
    sheet = contact_sheet(filters)
    first, second = np.repeat([0, 128, 191], SIDE // 3), np.repeat(128, SIDE)
    assert sheet[0, :, 0].tolist() == [*first, *[0] * GAP, *second]
    assert (sheet[..., :3] == sheet[..., :1]).all()
    assert (sheet[0, :, 3] == 0).sum() == GAP


def test_three_channels_are_colours() -> None:
    filters = np.zeros((1, 3, 1, 1))
    filters[0, :, 0, 0] = [1.0, -1.0, 0.0]
    assert (contact_sheet(filters) == [255, 0, 128, 255]).all()


@pytest.mark.parametrize(("kernel", "height", "width"), [((5,), 1, 5), ((4, 5), 4, 5), ((2, 3, 4), 3, 8)])
def test_kernels_of_every_dimension_are_shown(kernel: tuple[int, ...], height: int, width: int) -> None:
    filters = np.arange(np.prod(kernel), dtype=float).reshape(1, 1, *kernel)
    sheet = contact_sheet(filters)
    times = SIDE // max(height, width)
    assert sheet.shape == (height * times, width * times, 4)
    last = filters.reshape(-1, *kernel[-2:])[-1] if len(kernel) > 1 else filters[0, 0][None]
    expected = (255 * (0.5 + 0.5 * last / filters.max()) + 0.5).astype(np.uint8)
    assert (sheet[::times, ::times, 0][:, -kernel[-1] :] == expected).all()
