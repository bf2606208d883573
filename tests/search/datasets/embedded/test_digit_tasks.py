"""The embedded sets of other tasks than one label for an image of digits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from archscape.search.datasets import SPLITS
from archscape.search.datasets.arrays import IGNORED
from archscape.search.datasets.dataset import load_dataset
from archscape.search.datasets.embedded.base import Embedded
from archscape.search.datasets.embedded.cluttered_digits import rendered_part
from archscape.search.datasets.embedded.digit_boxes import DIGIT_BOXES
from archscape.search.datasets.embedded.digit_masks import DIGIT_MASKS
from archscape.search.datasets.embedded.digit_positions import DIGIT_POSITIONS
from archscape.search.datasets.embedded.digit_sequences import DIGIT_SEQUENCES
from archscape.search.datasets.embedded.digits import DIGITS
from archscape.search.datasets.embedded.ink_digits import INK_DIGITS
from archscape.search.datasets.embedded.long_tailed_digits import LONG_TAILED_DIGITS
from archscape.search.datasets.embedded.noisy_digits import NOISE, NOISY_DIGITS
from archscape.search.datasets.embedded.originals import originals
from archscape.search.datasets.embedded.rendering import SIDE
from archscape.search.datasets.embedded.several_digits import SEVERAL_DIGITS
from archscape.search.datasets.embedded.small_digits import SMALL_DIGITS
from archscape.search.datasets.settings import DataSettings
from archscape.search.training.tasks import make_task
from archscape.spaces.errors import JobError

FINGERPRINTS = {
    "long-tailed-digits": "9bb14b1d3b03c199",
    "digit-sequences": "448ee8b2bf083e73",
    "several-digits": "088399cedeabeacf",
    "digit-masks": "62284238bddcd546",
    "digit-positions": "4b7f81ccdd68a533",
    "digit-boxes": "be502d96a7b04822",
    "noisy-digits": "f57f79dfb9b5e282",
    "small-digits": "42860f0b72b0f3f6",
    "ink-digits": "9f709870dcb49db3",
}


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_they_are_the_same_numbers_on_every_machine(name: str) -> None:
    """The fingerprint is part of every record; changing the drawing changes what all records mean."""
    assert load_dataset(name).fingerprint == FINGERPRINTS[name]


def test_a_sequence_is_a_digit_row_after_row() -> None:
    plain, sequences = DIGITS.arrays(), DIGIT_SEQUENCES.arrays()
    assert sequences["x_val"].shape == (300, 1, 64)
    assert (sequences["x_val"][:, 0, 8:16] == plain["x_val"][:, 0, 1]).all()
    assert (sequences["y_val"] == plain["y_val"]).all()


def by_split(data: Embedded, letter: str) -> list[np.ndarray]:
    arrays = data.arrays()
    return [arrays[f"{letter}_{split}"] for split in SPLITS]


def test_classes_of_a_long_tail_thin_out_exponentially_in_every_part() -> None:
    for labels in by_split(LONG_TAILED_DIGITS, "y"):
        counts = np.bincount(labels, minlength=10)
        assert (np.diff(counts) <= 0).all()
        assert counts[0] / counts[-1] == pytest.approx(10, rel=0.3)  # whole originals
        assert counts[0] / counts[4] == pytest.approx(10 ** (4 / 9), rel=0.1)


def test_a_label_is_there_where_its_digit_is_in_a_quarter() -> None:
    images, labels = originals()["val"]
    at = {image.tobytes(): label for image, label in zip(images * np.uint8(15), labels, strict=True)}
    arrays = SEVERAL_DIGITS.arrays()
    for image, there in zip(arrays["x_val"][:, 0], arrays["y_val"], strict=True):
        quarters = [image[row : row + 8, column : column + 8] for row in (0, 8) for column in (0, 8)]
        found = {int(at[quarter.tobytes()]) for quarter in quarters if quarter.any()}
        assert found == {*np.flatnonzero(there)}
    assert {0, 1, 4} <= {*arrays["y_val"].sum(1)}


def test_a_mask_is_the_digit_itself_with_an_edge_that_counts_for_nothing() -> None:
    assert DIGIT_MASKS.class_names == ("background", "digit")
    for images, masks in zip(by_split(DIGIT_MASKS, "x"), by_split(DIGIT_MASKS, "y"), strict=True):
        assert masks.shape == (len(images), SIDE, SIDE)
        assert set(np.unique(masks)) == {0, 1, IGNORED}
        shares = [(masks == label).mean() for label in (0, 1, IGNORED)]
        assert shares[0] > 0.5
        assert shares[1] > 0.15
        assert shares[2] < 0.2
        grey = images[:, 0]
        assert grey[masks == 1].mean() > 2 * grey[masks == 0].mean()


def test_fragments_of_other_digits_are_background() -> None:
    """Some of the background is as bright as a faint digit: brightness alone does not tell them apart."""
    arrays = DIGIT_MASKS.arrays()
    grey, masks = arrays["x_train"][:, 0], arrays["y_train"]
    assert (grey[masks == 0] > np.percentile(grey[masks == 1], 10)).mean() > 0.01


def test_positions_lie_where_the_ink_does() -> None:
    """The darkest pixels, whose centre the fragments move, still go with the position."""
    arrays = DIGIT_POSITIONS.arrays()
    grey, positions = arrays["x_train"][:, 0].astype(float), arrays["y_train"]
    assert positions.dtype == np.float32
    weights = np.clip(grey - 100, 0, None)
    for axis in (0, 1):
        along = np.arange(SIDE)
        centre = (weights.sum(2 - axis) * along).sum(1) / weights.sum((1, 2))
        assert np.corrcoef(centre, positions[:, axis])[0, 1] > 0.5
    assert positions.min() > 3
    assert positions.max() < SIDE - 4


def test_boxes_lie_tight_around_the_ink_and_not_around_fragments() -> None:
    arrays = DIGIT_BOXES.arrays()
    boxes = arrays["y_train"]
    ink = rendered_part("train", originals()["train"], seed=50).ink
    for (left, top, right, bottom), image in zip(boxes[::50].astype(int), ink[::50] >= 0.5, strict=True):
        assert image[top:bottom, left:right].sum() == image.sum()
        edges = (image[top, left:right], image[bottom - 1, left:right])
        sides = (image[top:bottom, left], image[top:bottom, right - 1])
        assert all(edge.any() for edge in (*edges, *sides))
    assert boxes.min() >= 0
    assert boxes.max() <= SIDE


def test_noise_lies_over_the_clean_image() -> None:
    arrays = NOISY_DIGITS.arrays()
    noisy, clean = arrays["x_train"].astype(float), arrays["y_train"].astype(float)
    inside = (clean > 100) & (clean < 160)  # where nothing is cut off at black or white
    assert (noisy - clean)[inside].std() == pytest.approx(NOISE, rel=0.05)
    assert abs((noisy - clean)[inside].mean()) < 2
    assert clean.max() == 230
    assert clean.min() == 30


def test_a_small_digit_has_the_means_of_the_large_one() -> None:
    arrays = SMALL_DIGITS.arrays()
    small, large = arrays["x_val"].astype(float), arrays["y_val"].astype(float)
    assert (small.shape[1:], large.shape[1:]) == ((1, SIDE // 2, SIDE // 2), (1, SIDE, SIDE))
    means = sum(large[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)) / 4
    assert np.abs(small - means).max() <= 0.5
    assert (large.min(), large.max()) == (0, 255)


def test_ink_is_a_share_of_what_the_plain_digits_can_have() -> None:
    plain, ink = DIGITS.arrays(), INK_DIGITS.arrays()
    assert (ink["x_val"] * 16 == plain["x_val"]).all()
    assert (ink["y_val"] == plain["y_val"]).all()
    assert (ink["x_train"].min(), ink["x_train"].max()) == (0, 1)


def test_any_data_can_be_learned_without_their_targets(tmp_path: Path) -> None:
    """Embedded ones and those of formats that have a task, each told from the labelled data."""
    plain = load_dataset("digits")
    samples = load_dataset(DataSettings(path="digits", task="reconstruction"))
    assert (samples.task, samples.classes, samples.target) == ("reconstruction", 0, (1, 8, 8))
    assert torch.equal(samples.val.x, plain.val.x)
    assert samples.fingerprint != plain.fingerprint
    assert json.loads(samples.card()["target_std"]) == [16]  # bytes, whose ink goes no further
    targets = make_task(samples).targets_of(samples.train.x, samples.train.y)
    assert (targets.min(), targets.max()) == pytest.approx((0, 1), abs=1e-6)
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(8):
            Image.new("L", (8, 8), 9 * number).save(tmp_path / label / f"{number}.png")
    images = load_dataset(DataSettings(path=str(tmp_path), task="reconstruction"))
    assert (images.task, images.target, images.class_names) == ("reconstruction", (1, 8, 8), ())
    assert json.loads(images.card()["target_std"]) == [255]
    with pytest.raises(JobError, match="digits is embedded and as it is, so `val:` changes nothing"):
        load_dataset(DataSettings(path="digits", task="reconstruction", val=0.5))
