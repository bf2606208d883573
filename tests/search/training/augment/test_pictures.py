"""What each augmentation does to a known picture: one bright pixel, a bar, a box, a ramp."""

from __future__ import annotations

import math

import pytest
import torch

from archscape.search.training.augment import Augmentation
from archscape.search.training.augment.apply import augment
from archscape.search.training.augment.colour import Colour
from archscape.search.training.augment.crop import Crop
from archscape.search.training.augment.cutout import Cutout
from archscape.search.training.augment.flip import Flip
from archscape.search.training.augment.noise import Noise
from archscape.search.training.augment.rotate import Rotate
from archscape.search.training.augment.scale import Scale
from archscape.search.training.augment.shear import Shear
from archscape.search.training.augment.shift import Shift
from archscape.search.training.augment.stretch import Stretch
from archscape.search.training.augment.time_shift import TimeShift
from archscape.search.training.augment.translate import Translate

COUNT = 400
PLANES = [(33, 33), (5, 33, 33)]


def changed(sample: torch.Tensor, augmentation: Augmentation, count: int = COUNT) -> torch.Tensor:
    """Return a sample (C, *spatial) as it is changed, (count, C, *spatial)."""
    x = sample[None].repeat(count, *[1] * sample.ndim)
    return augment(x, torch.arange(count), [augmentation], torch.Generator().manual_seed(0))[0]


def blob(spatial: tuple[int, ...], *offset: float, width: float = 1.5) -> torch.Tensor:
    """Return a sample (1, *spatial) with a bell this far from the middle, (*spatial)."""
    total = torch.ones(())
    for i, (size, off) in enumerate(zip(spatial, offset, strict=True)):
        along = torch.arange(size) - (size - 1) / 2 - off
        shape = [-1 if j == i else 1 for j in range(len(spatial))]
        total = total * (-(along**2) / (2 * width**2)).exp().view(shape)
    return total[None]


def moments(x: torch.Tensor, power: int) -> torch.Tensor:
    """Return the mean of a power of the distance from the middle, along each axis (n, d), by mass."""
    mass, found = x[:, 0].flatten(1).sum(1), []
    for axis, size in enumerate(x.shape[2:], 2):
        along = (torch.arange(size) - (size - 1) / 2).view(-1, *[1] * (x.ndim - 1 - axis))
        found.append((x[:, 0] * along**power).flatten(1).sum(1) / mass)
    return torch.stack(found, 1)


def centres(x: torch.Tensor) -> torch.Tensor:
    """Return the centre of mass of each sample (n, d), from the middle."""
    return moments(x, 1)


def deviations(x: torch.Tensor) -> torch.Tensor:
    """Return the size of a blob in the middle of each sample along each axis (n, d)."""
    return moments(x, 2).sqrt()


def test_flip_mirrors_about_half_of_the_samples_along_the_last_axis() -> None:
    x = torch.arange(12.0).view(1, 3, 4)
    mirrored = [torch.equal(each, x.flip(-1)) for each in changed(x, Flip())]
    kept = [torch.equal(each, x) for each in changed(x, Flip())]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 150 < sum(mirrored) < 250


def test_flip_along_all_axes_gives_every_combination_alike() -> None:
    x = torch.arange(24.0).view(1, 2, 3, 4)
    forms = [x.flip(axes) if axes else x for axes in ([], [1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3])]
    counts = [sum(torch.equal(each, form) for each in changed(x, Flip(along="all"))) for form in forms]
    assert sum(counts) == COUNT
    assert all(25 < count < 80 for count in counts)


@pytest.mark.parametrize(("reach", "furthest"), [(0.125, 2), (3, 3)])
def test_shift_moves_a_sample_whole_and_fills_with_zeros(reach: float, furthest: int) -> None:
    """A bright pixel in the middle lands within reach of it, everywhere in reach, and nowhere twice."""
    x = torch.zeros(1, 17, 17)
    x[0, 8, 8] = 1
    moved = changed(x, Shift(reach=reach), 2000)
    assert torch.equal(moved.sum((1, 2, 3)), torch.ones(2000))
    offsets = {tuple(offset) for offset in (moved[:, 0].nonzero()[:, 1:] - 8).tolist()}
    around = range(-furthest, furthest + 1)
    assert offsets == {(dy, dx) for dy in around for dx in around}
    assert changed(torch.ones(1, 16), Shift(reach=reach)).eq(0).any()


def test_time_shift_rolls_a_sequence() -> None:
    x = torch.arange(32.0).view(2, 16)
    rolls = [x.roll(by, 1) for by in range(-4, 5)]
    counts = [sum(torch.equal(each, roll) for each in changed(x, TimeShift(reach=4))) for roll in rolls]
    assert sum(counts) == COUNT
    assert all(counts)


@pytest.mark.parametrize("spatial", [(33,), (33, 41), (21, 33, 41)])
def test_translate_moves_a_blob_within_reach_along_every_axis(spatial: tuple[int, ...]) -> None:
    moved = centres(changed(blob(spatial, *[0.0] * len(spatial)), Translate(reach=4)))
    assert moved.abs().max() <= 4.01
    assert (moved.amax(0) > 3.5).all()
    assert (moved.amin(0) < -3.5).all()
    assert moved.mean(0).abs().max() < 0.5
    assert (moved - moved.round()).abs().max() > 0.4


def test_a_share_is_of_each_axis_on_its_own() -> None:
    moved = centres(changed(blob((41, 81), 0, 0), Translate(reach=0.1)))
    assert moved.abs().amax(0).tolist() == pytest.approx([4.1, 8.1], rel=0.05)


@pytest.mark.parametrize("spatial", PLANES)
def test_rotate_turns_about_the_middle(spatial: tuple[int, ...]) -> None:
    """A blob 10 pixels from the middle stays at that distance, by angles up to the largest, either way."""
    still = [0.0] * (len(spatial) - 2)
    moved = centres(changed(blob(spatial, *still, 0, 10), Rotate(degrees=30)))
    if still:
        assert moved[:, 0].abs().max() < 0.01
    dy, dx = moved[:, -2], moved[:, -1]
    torch.testing.assert_close((dy**2 + dx**2).sqrt(), torch.full((COUNT,), 10.0), atol=0.05, rtol=0)
    angles = torch.atan2(dy, dx).rad2deg()
    assert angles.abs().max() <= 30.1
    assert angles.max() > 28
    assert angles.min() < -28
    assert angles.std() == pytest.approx(60 / math.sqrt(12), rel=0.1)


def test_rotate_turns_rigidly_where_samples_are_not_square() -> None:
    moved = centres(changed(blob((33, 65), 0, 10), Rotate(degrees=90)))
    torch.testing.assert_close(moved.norm(dim=1), torch.full((COUNT,), 10.0), atol=0.05, rtol=0)


@pytest.mark.parametrize("spatial", [(65,), (65, 65), (65, 33, 33)])
def test_scale_enlarges_about_the_middle_along_all_axes_alike(spatial: tuple[int, ...]) -> None:
    sizes = deviations(changed(blob(spatial, *[0.0] * len(spatial), width=3.0), Scale(factor=1.6))) / 3
    torch.testing.assert_close(sizes, sizes[:, :1].expand_as(sizes), rtol=0.03, atol=0)
    logs = sizes[:, 0].log() / math.log(1.6)
    assert logs.abs().max() < 1.05
    assert abs(logs.mean()) < 0.1
    assert logs.std() == pytest.approx(2 / math.sqrt(12), rel=0.1)


@pytest.mark.parametrize("spatial", [(65, 65), (5, 65, 65)])
def test_stretch_makes_wider_and_flatter(spatial: tuple[int, ...]) -> None:
    still = [0.0] * (len(spatial) - 2)
    before = blob(spatial, *still, 0, 0, width=3.0)
    sizes = deviations(changed(before, Stretch(factor=1.3))) / deviations(before[None])
    torch.testing.assert_close(sizes[:, -1] * sizes[:, -2], torch.ones(COUNT), rtol=0.03, atol=0)
    if still:
        torch.testing.assert_close(sizes[:, 0], torch.ones(COUNT), rtol=0.01, atol=0)
    assert sizes[:, -1].max() == pytest.approx(1.3, rel=0.03)
    assert sizes[:, -1].min() == pytest.approx(1 / 1.3, rel=0.03)


@pytest.mark.parametrize("spatial", PLANES)
def test_shear_slides_rows_by_their_distance_from_the_middle(spatial: tuple[int, ...]) -> None:
    still = [0.0] * (len(spatial) - 2)
    moved = centres(changed(blob(spatial, *still, 8, 0), Shear(degrees=20)))
    torch.testing.assert_close(moved[:, -2], torch.full((COUNT,), 8.0), atol=0.02, rtol=0)
    angles = (moved[:, -1] / 8).atan().rad2deg()
    assert 19 < angles.max() < 20.1
    assert -20.1 < angles.min() < -19
    other = centres(changed(blob(spatial, *still, -8, 0), Shear(degrees=20)))
    torch.testing.assert_close(other[:, -1], -moved[:, -1], atol=0.02, rtol=0)


@pytest.mark.parametrize("spatial", [(64,), (32, 48), (16, 24, 32)])
def test_crop_enlarges_a_window_that_lies_within_the_sample(spatial: tuple[int, ...]) -> None:
    """Of channels that count along the axes, the ends of a crop say where its window lies."""
    x = torch.stack(torch.meshgrid(*[torch.arange(s) + 0.5 for s in spatial], indexing="ij"))
    crops, shares = changed(x, Crop(area=0.4, aspect=1.5)), torch.ones(COUNT)
    sides = []
    for i, size in enumerate(spatial):
        line = crops[:, i].movedim(i + 1, 1).reshape(COUNT, size, -1).median(2).values
        step = line[:, size // 2 + 1] - line[:, size // 2]
        start = line[:, size // 2] - (size // 2 + 0.5) * step
        assert start.min() > -0.01
        assert (start + step * size).max() < size + 0.01
        assert start.std() > 0.02 * size
        shares = shares * step
        sides.append(step)
    assert shares.min() > 0.37
    assert shares.max() < 1.001
    assert shares.std() > 0.1
    if len(spatial) > 1:
        ratio = sides[-2] / sides[-1]
        assert 1.3 < ratio.max() < 1.51
        assert 1 / 1.51 < ratio.min() < 1 / 1.3


@pytest.mark.parametrize(("size", "spatial"), [(4, (16,)), (4, (16, 24)), (0.25, (16, 24)), (4, (8, 16, 16))])
def test_cutout_hides_one_box_whose_middle_may_be_any_pixel(size: float, spatial: tuple[int, ...]) -> None:
    hidden = changed(torch.ones(2, *spatial), Cutout(size=size)) == 0
    assert torch.equal(hidden[:, 0], hidden[:, 1])
    sides = [4 if size == 4 else int(s * size) for s in spatial]
    box = torch.ones(COUNT, dtype=torch.int64)
    for axis, side in enumerate(sides):
        others = [1 + j for j in range(len(spatial)) if j != axis]
        along = hidden[:, 0].amax(others) if others else hidden[:, 0]
        assert {*along.sum(1).tolist()} == {*range(side // 2, side + 1)}
        assert along.any(0).all()
        assert (along.int().diff(dim=1).abs().sum(1) <= 2).all(), "one piece"
        box *= along.sum(1)
    assert torch.equal(hidden[:, 0].flatten(1).sum(1), box)


def test_brightness_is_added_to_all_of_a_sample() -> None:
    x = torch.randn(3, 8, 8)
    added = changed(x, Colour(brightness=0.5, contrast=0, saturation=0)) - x
    torch.testing.assert_close(added, added[:, :1, :1, :1].expand_as(added), atol=1e-5, rtol=0)
    assert 0.48 < added.max() < 0.501
    assert -0.501 < added.min() < -0.48


@pytest.mark.parametrize("spatial", [(64,), (8, 8), (4, 4, 4)])
def test_contrast_multiplies_differences_from_the_mean_of_the_sample(spatial: tuple[int, ...]) -> None:
    x = torch.randn(3, *spatial) + 2
    after = changed(x, Colour(brightness=0, contrast=0.5, saturation=0))
    torch.testing.assert_close(after.flatten(1).mean(1), x.mean().expand(COUNT))
    gain = after.flatten(1).std(1) / x.std()
    assert 0.499 < gain.min() < 0.53
    assert 1.47 < gain.max() < 1.501


def test_saturation_changes_colours_and_neither_greys_nor_brightness() -> None:
    x = torch.randn(3, 8, 8)
    after = changed(x, Colour(brightness=0, contrast=0, saturation=1))
    torch.testing.assert_close(after.mean(1), x.mean(0).expand(COUNT, 8, 8), atol=1e-5, rtol=0)
    spread = (after - after.mean(1, keepdim=True)).flatten(1).std(1) / (x - x.mean(0)).std()
    assert spread.min() < 0.05
    assert 1.9 < spread.max() < 2.001
    grey = torch.randn(1, 8, 8).repeat(3, 1, 1)
    torch.testing.assert_close(changed(grey, Colour(brightness=0, contrast=0)), grey.expand(COUNT, 3, 8, 8))


@pytest.mark.parametrize("spatial", [(64,), (8, 8), (4, 4, 4)])
def test_noise_is_white_and_of_its_deviation(spatial: tuple[int, ...]) -> None:
    x = torch.randn(2, *spatial)
    noise = changed(x, Noise(deviation=0.3)) - x
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    assert abs(noise.mean()) < 0.01
    flat = noise.flatten(1)
    assert abs((flat[:, 1:] * flat[:, :-1]).mean()) < 0.003
