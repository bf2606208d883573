from __future__ import annotations

import pytest
import torch

from archscape.search.training.augment import REACH, augment


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(3, 16), (3, 16, 16), (2, 8, 16, 16)])
@pytest.mark.parametrize("name", ["flip", "shift"])
def test_samples_keep_their_shape_in_every_number_of_axes(name: str, shape: tuple[int, ...]) -> None:
    x = torch.randn(40, *shape)
    changed = augment(x, [name], generator())
    assert changed.shape == x.shape
    same = [torch.equal(a, b) for a, b in zip(x, changed, strict=True)]
    assert any(not equal for equal in same)


def test_nothing_is_done_without_a_name() -> None:
    x = torch.randn(4, 1, 8, 8)
    assert augment(x, (), generator()) is x


def test_flip_mirrors_about_half_of_the_samples() -> None:
    x = torch.randn(400, 1, 4, 4)
    changed = augment(x, ["flip"], generator())
    mirrored = sum(torch.equal(a, b.flip(-1)) for a, b in zip(x, changed, strict=True))
    kept = sum(torch.equal(a, b) for a, b in zip(x, changed, strict=True))
    assert mirrored + kept == 400
    assert 150 < mirrored < 250


def test_shift_moves_a_sample_whole_and_fills_with_zeros() -> None:
    """A bright pixel in the middle lands within reach of it, everywhere in reach, and nowhere twice."""
    x = torch.zeros(2000, 1, 17, 17)
    x[:, 0, 8, 8] = 1
    changed = augment(x, ["shift"], generator())
    assert torch.equal(changed.sum((1, 2, 3)), torch.ones(2000))
    offsets = changed[:, 0].nonzero()[:, 1:] - 8
    reach = 17 // REACH
    assert {tuple(o) for o in offsets.tolist()} == {
        (dy, dx) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)
    }
    assert augment(torch.ones(200, 1, 16), ["shift"], generator()).eq(0).any()


def test_the_seed_decides() -> None:
    x = torch.randn(16, 1, 16, 16)
    once, again, other = (augment(x, ["flip", "shift"], generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)
