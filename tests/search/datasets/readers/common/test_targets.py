from __future__ import annotations

import numpy as np
import pytest

from archscape.search.datasets.readers.common.targets import in_order, targets_of
from archscape.spaces.errors import JobError

CONVERTED: dict[str, tuple[object, list[int], tuple[str, ...], str]] = {
    "text": (["dog", "cat", "dog"], [1, 0, 1], ("cat", "dog"), "the labels are text; cat, dog become 0 to 1"),
    "bytes": ([b"b", b"a", b"a"], [1, 0, 0], ("a", "b"), "the labels are text"),
    "objects": (np.array(["b", "a"], object), [1, 0], ("a", "b"), "the labels are text"),
    "numbers as text": (["10", "9"], [1, 0], ("9", "10"), "the labels are text; 9, 10 become 0 to 1"),
    "floats": (
        [0.0, 2.0, 1.0],
        [0, 2, 1],
        (),
        "the labels are floating-point numbers; they become whole ones",
    ),
    "booleans": ([True, False], [1, 0], (), "the labels are true and false numbers; they become whole ones"),
    "one-hot": ([[0, 1, 0], [1, 0, 0]], [1, 0], (), "the labels are one-hot rows; the place of the 1"),
    "one-hot floats": ([[0.0, 1.0], [1.0, 0.0]], [1, 0], (), "the labels are one-hot rows"),
    "from 1": ([3, 1, 2], [2, 0, 1], ("1", "2", "3"), "the labels run from 1 to 3; they become 0 to 2"),
    "a column": ([[1], [0]], [1, 0], (), ""),
}


@pytest.mark.parametrize("case", CONVERTED)
def test_labels_are_converted_and_that_is_said(case: str) -> None:
    written, expected, names, note = CONVERTED[case]
    targets = targets_of("set", {"train": np.asarray(written)})
    assert targets.parts["train"].tolist() == expected
    assert targets.parts["train"].dtype.kind == "i"
    assert targets.class_names == names
    assert all(line.startswith("set: ") for line in targets.notes)
    assert note in " ".join(targets.notes)
    assert bool(note) == bool(targets.notes)


def test_labels_from_0_are_left_as_they_are() -> None:
    y = np.array([0, 2, 1], np.uint8)
    targets = targets_of("set", {"train": y})
    assert targets.parts["train"] is y
    assert (targets.class_names, targets.notes) == ((), ())


def test_labels_that_have_names_run_from_0_whether_all_occur_or_not() -> None:
    targets = targets_of("set", {"train": np.array([1, 2])}, class_names=("cat", "dog", "eel"))
    assert targets.parts["train"].tolist() == [1, 2]
    assert (targets.class_names, targets.notes) == (("cat", "dog", "eel"), ())


def test_all_parts_are_converted_together() -> None:
    """A part without the class 0 does not run from 1, and text is numbered over all parts."""
    targets = targets_of("set", {"train": np.array([0, 1, 2]), "val": np.array([1, 2])})
    assert targets.parts["val"].tolist() == [1, 2]
    targets = targets_of("set", {"train": np.array(["a", "b", "c"]), "val": np.array(["c"])})
    assert targets.parts["val"].tolist() == [2]


def test_numbers_of_a_regression_are_not_labels() -> None:
    y = np.array([[0.5, 1.0], [1.0, 0.0]])
    assert targets_of("set", {"train": y}).parts["train"] is y
    one = targets_of("set", {"train": np.array([1, 2])}, task="regression").parts["train"]
    assert one.tolist() == [[1.0], [2.0]]


WRONG: dict[str, tuple[object, str]] = {
    "halves": (
        [0, 1, 0.5],
        r"set: y_train\[2\] is 0.5, but a label is a whole number from 0; for a regression",
    ),
    "NaN": ([0, np.nan], r"set: y_train\[1\] is nan: its label is missing; leave the sample out"),
    "no text": (["a", "", "b"], r"set: y_train\[1\] is '': its label is missing"),
    "none": (np.array(["a", None], object), r"set: y_train\[1\] is '': its label is missing"),
    "negative": (
        [0, -1],
        r"set: y_train\[1\] has the label -1, but labels run from 0; leave samples without",
    ),
    "counts": (
        [[0, 2], [1, 1]],
        r"set: labels are \(N,\) whole numbers or one-hot rows, .* there is y_train \(2, 2\)",
    ),
    "objects": (np.array([{}, []], object), r"set: y_train must be labels \(N,\) or numbers \(N, k\)"),
    "complex": (
        [1j, 2j],
        r"set: y_train must be labels \(N,\) or numbers \(N, k\), but is \(2,\) complex128",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_label_ends_in_a_line_with_its_place(case: str) -> None:
    written, message = WRONG[case]
    with pytest.raises(JobError, match=message) as caught:
        targets_of("set", {"train": np.asarray(written)})
    assert "\n" not in str(caught.value)


def test_classes_are_in_the_order_of_their_numbers_or_letters() -> None:
    assert in_order({"10", "9", "1"}) == ("1", "9", "10")
    assert in_order({"b", "10", "9"}) == ("10", "9", "b")


def test_rows_of_0_and_1_are_several_labels_unless_they_are_one_hot() -> None:
    several = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    assert (targets_of("set", {"train": several}).parts["train"] == several).all()
    one_hot = np.eye(3, dtype=np.int64)
    assert targets_of("set", {"train": one_hot}).parts["train"].tolist() == [0, 1, 2]
    named = targets_of("set", {"train": one_hot.astype(float)}, task="multi-label").parts["train"]
    assert (named.tolist(), named.dtype) == (one_hot.tolist(), np.uint8)
    with pytest.raises(JobError, match=r"set: y_train\[1, 2\] is 2, but a label is there, 1, or not, 0"):
        targets_of("set", {"train": np.array([[1, 0, 1], [0, 0, 2]])}, task="multi-label")
    with pytest.raises(JobError, match="all parts have the same labels, but there is y_train"):
        targets_of("set", {"train": several, "val": several[:, :2]}, task="multi-label")
