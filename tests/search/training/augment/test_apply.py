"""What is done to a batch as a whole: seeds, targets, the order of things, the bits of earlier versions."""

from __future__ import annotations

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from archscape.search.training.augment import AUGMENTATIONS
from archscape.search.training.augment.apply import augment
from archscape.search.training.augment.cutout import Cutout
from archscape.search.training.augment.rotate import Rotate
from archscape.search.training.recipe import read_recipe

SPATIAL = [(16,), (12, 16), (8, 12, 16)]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fitting(spatial: tuple[int, ...]) -> list[str]:
    """Return the augmentations that there are for samples of a size."""
    return [name for name in AUGMENTATIONS if not AUGMENTATIONS.load(name)().refusal(spatial)]


CASES = [(name, spatial) for spatial in SPATIAL for name in fitting(spatial)]


@pytest.mark.parametrize(("name", "spatial"), CASES)
def test_samples_are_changed_each_in_its_own_way(name: str, spatial: tuple[int, ...]) -> None:
    x, y = torch.randn(1, 3, *spatial).repeat(30, *[1] * (1 + len(spatial))), torch.arange(30)
    changed, labels = augment(x, y, [name], generator())
    assert (changed.shape, changed.dtype, labels) == (x.shape, x.dtype, y)
    assert changed.isfinite().all()
    assert len({sample.numpy().tobytes() for sample in changed}) > {"flip": 1, "shift": 4}.get(name, 10)


@pytest.mark.parametrize("spatial", SPATIAL)
def test_the_seed_decides(spatial: tuple[int, ...]) -> None:
    x, y, names = torch.randn(16, 3, *spatial), torch.arange(16), fitting(spatial)
    once, again, other = (augment(x, y, names, generator(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def test_the_order_in_which_they_are_written_does_not_matter() -> None:
    x, y = torch.randn(16, 3, 12, 16), torch.arange(16)
    names = fitting((12, 16))
    assert torch.equal(
        augment(x, y, names, generator())[0], augment(x, y, [*reversed(names)], generator())[0]
    )


def test_nothing_is_done_without_a_name() -> None:
    x, y = torch.randn(4, 1, 8, 8), torch.arange(4)
    kept = generator()
    assert augment(x, y, (), kept) == (x, y)
    assert torch.equal(kept.get_state(), generator().get_state())


@pytest.mark.parametrize("name", fitting((12, 16)))
def test_the_order_in_memory_changes_nothing(name: str) -> None:
    x, y = torch.randn(8, 3, 12, 16), torch.arange(8)
    other = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(*(augment(each, y, [name], generator())[0] for each in (x, other)))


@pytest.mark.parametrize("spatial", SPATIAL)
def test_flip_and_shift_give_the_bits_of_earlier_versions(spatial: tuple[int, ...]) -> None:
    """Half of the samples mirrored; then an offset for each axis, up to an eighth of it; zeros come in."""
    x, same, drawn = torch.randn(60, 2, *spatial), torch.arange(60), generator()
    expected = x.clone()
    mirrored = torch.rand(60, generator=drawn) < 0.5
    expected[mirrored] = expected[mirrored].flip(-1)
    for axis, size in enumerate(spatial, 2):
        offsets = torch.randint(-(size // 8), size // 8 + 1, (60, 1), generator=drawn).flatten().tolist()
        for i, offset in enumerate(offsets):
            moved = torch.zeros_like(x[i])
            kept = size - abs(offset)
            into, out_of = (0, offset) if offset > 0 else (-offset, 0)
            moved.narrow(axis - 1, into, kept).copy_(expected[i].narrow(axis - 1, out_of, kept))
            expected[i] = moved
    assert torch.equal(augment(x, same, ["shift", "flip"], generator())[0], expected)


@pytest.mark.parametrize(("name", "spatial"), CASES)
def test_a_mask_goes_with_its_sample(name: str, spatial: tuple[int, ...]) -> None:
    """Where a mask is not ignored, it says of a pixel what the sample shows there, but for edges."""
    mask = torch.ones(40, *spatial, dtype=torch.int64)
    mask[..., spatial[-1] // 2 :] = 4
    x = mask[:, None].float()
    changed, moved = augment(x, mask, [name], generator(), fill=255)
    assert (moved.dtype, moved.shape) == (torch.int64, mask.shape)
    assert {*moved.unique().tolist()} <= {1, 4, 255}
    if name in ("colour", "noise"):
        assert torch.equal(moved, mask)
        return
    assert not torch.equal(moved, mask)
    seen = moved != 255
    close = (changed[:, 0] - moved).abs() <= 0.501 * 4
    assert close[seen].float().mean() > 0.97
    if name in ("shift", "cutout", "rotate", "translate", "shear"):
        assert not seen.all()
        assert changed[:, 0][~seen].abs().max() <= 2.001
        zero = changed[:, 0] == 0
        assert (moved[zero] == 255).all()


@pytest.mark.parametrize("name", [name for name in fitting((12, 16)) if name not in ("colour", "noise")])
def test_an_image_goes_with_its_sample_and_zeros_come_in(name: str) -> None:
    x = torch.randn(60, 3, 12, 16)
    changed, image = augment(x, 2 * x[:, :2], [name], generator(), fill=0.0)
    assert not torch.equal(changed, x)
    torch.testing.assert_close(image, 2 * changed[:, :2])


@pytest.mark.parametrize("spatial", SPATIAL)
def test_targets_draw_no_random_numbers_of_their_own(spatial: tuple[int, ...]) -> None:
    x, names = torch.randn(30, 3, *spatial), fitting(spatial)
    with_masks, _ = augment(x, x[:, 0].long(), names, generator(), fill=255)
    assert torch.equal(with_masks, augment(x, torch.arange(30), names, generator())[0])


def test_all_affine_maps_are_one_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two turns by interpolation would blur; and a sampling costs more than all matrices."""
    sampled = []
    grid_sample = torch.nn.functional.grid_sample
    monkeypatch.setattr(
        torch.nn.functional, "grid_sample", lambda *a, **k: (sampled.append(1), grid_sample(*a, **k))[1]
    )
    plankton = read_recipe({"augment": ["plankton", "crop", "cutout", "noise"]}).augment
    augment(torch.randn(8, 1, 32, 32), torch.arange(8), plankton, generator())
    assert len(sampled) == 1


class Waits(TorchDispatchMode):
    """Fails where an operation would make the host wait for a device, or take numbers to it."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = func.overloadpacket.__name__
        assert name not in ("_local_scalar_dense", "nonzero", "masked_select", "equal", "lift_fresh"), name
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("spatial", SPATIAL)
def test_nothing_waits_for_the_device(spatial: tuple[int, ...]) -> None:
    x, drawn = torch.randn(8, 3, *spatial), generator()
    with Waits():
        augment(x, x[:, 0].long(), fitting(spatial), drawn, fill=255)
    with pytest.raises(AssertionError, match="_local_scalar_dense"), Waits():
        x.sum().item()


def test_hidden_boxes_are_hidden_at_last() -> None:
    x = torch.full((20, 1, 16, 16), 5.0)
    changed, _ = augment(x, torch.arange(20), [Cutout(size=4), "noise", Rotate(degrees=5)], generator())
    assert (changed == 0).flatten(1).any(1).all()
