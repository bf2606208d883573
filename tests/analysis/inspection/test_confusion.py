"""A confusion matrix: what follows from its counts, and its text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.inspection.confusion import Confusion, read_confusion

COUNTS = np.array([[8, 1, 1, 0], [0, 5, 0, 5], [0, 0, 0, 0]])


def test_shares_of_each_class() -> None:
    confusion = Confusion(counts=COUNTS)
    assert confusion.labels == ("0", "1", "2")
    assert confusion.support.tolist() == [10, 10, 0]
    assert confusion.accuracy == 13 / 20
    np.testing.assert_equal(confusion.recall, [0.8, 0.5, np.nan])
    np.testing.assert_equal(confusion.precision, [1.0, 5 / 6, 0.0])
    np.testing.assert_equal(confusion.iou, [0.8, 5 / 11, np.nan])


def test_mistakes_are_the_most_frequent_first_and_the_last_column_is_one() -> None:
    confusion = Confusion(counts=np.array([[8, 1, 3, 1], [0, 1, 0, 0], [0, 0, 1, 0]]))
    assert confusion.mistakes(0) == [(2, 3), (1, 1), (3, 1)]
    assert confusion.mistakes(1) == []


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=40))
def test_the_text_holds_every_count(pairs: list[tuple[int, int]]) -> None:
    counts = np.zeros((5, 6), dtype=np.int64)
    for is_class, class_given in pairs:
        counts[is_class, class_given] += 1
    read = read_confusion(Confusion(counts=counts).to_json(), names=tuple("abcde"), unit="pixels")
    assert (read.counts == counts).all()
    assert (read.labels, read.unit) == (tuple("abcde"), "pixels")


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "[1]", '[{"2": 1}]', '[{"x": 1}]', '[{"0": -1}]', '[{"0": true}]', '[{"0": 1.5}]'],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own too
        read_confusion(text)


def test_names_are_one_for_each_class() -> None:
    with pytest.raises(ValueError, match="1 classes, but 2 names"):
        read_confusion("[{}]", names=("a", "b"))


def test_iou_is_that_of_torchmetrics() -> None:
    from torchmetrics.functional import jaccard_index

    generator = torch.Generator().manual_seed(0)
    is_class, class_given = (torch.randint(0, 4, (500,), generator=generator) for _ in range(2))
    counts = np.zeros((4, 5), dtype=np.int64)
    np.add.at(counts, (is_class.numpy(), class_given.numpy()), 1)
    expected = jaccard_index(class_given, is_class, task="multiclass", num_classes=4, average="none")
    np.testing.assert_allclose(Confusion(counts=counts).iou, expected.numpy(), rtol=1e-6)
