from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.search.datasets.partition import partition, stratified
from archscape.search.datasets.random_bits import uniform
from archscape.search.datasets.readers.base import Samples
from archscape.search.datasets.settings import DataSettings
from archscape.spaces.errors import JobError


def samples(labels: list[int], **changes: object) -> Samples:
    found = Samples(source="set", count=len(labels), blocks=lambda: iter(()), targets=np.array(labels))
    return replace(found, **changes)  # type: ignore[arg-type]


def settings(**changes: object) -> DataSettings:
    return DataSettings(path="set", **changes)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 5), min_size=3, max_size=60), st.integers(1, 30), st.integers(0, 99))
def test_each_class_gives_its_share_and_keeps_a_sample(labels: list[int], count: int, seed: int) -> None:
    y = np.array(labels)
    rows = stratified(y, count, uniform(seed, y.shape))
    classes, sizes = np.unique(y, return_counts=True)
    free = int((sizes - 1).sum())
    assert len(rows) == len(np.unique(rows)) == min(count, free)
    taken = np.array([(y[rows] == each).sum() for each in classes])
    assert (taken < sizes).all()
    if count <= free and (count * sizes / len(y) + 1 <= sizes - 1).all():
        assert (np.abs(taken - count * sizes / len(y)) < 1).all()


def test_the_split_follows_the_seed_and_nothing_else() -> None:
    labels = [0, 1, 2] * 20
    first, _ = partition(samples(labels), settings())
    assert np.array_equal(first, partition(samples(labels), settings())[0])
    assert not np.array_equal(first, partition(samples(labels), settings(seed=1))[0])
    assert np.bincount(first).tolist() == [48, 6, 6]
    # Records hold no split: they rely on its being this one.
    assert np.flatnonzero(first == 1).tolist() == [2, 12, 35, 40, 43, 54]


def test_parts_that_are_given_stay_and_missing_ones_are_split_off_the_training_part() -> None:
    given = np.array([0] * 30 + [2] * 6, np.int8)
    parts, _ = partition(samples([0, 1] * 18, parts=given), settings(val=0.25))
    assert np.bincount(parts).tolist() == [21, 9, 6]
    assert (parts[30:] == 2).all()


def test_groups_are_in_one_part_each_and_fill_the_shares() -> None:
    groups = [str(i // 4) for i in range(80)]
    found = samples([0, 1] * 40, columns={"who": groups})
    parts, _ = partition(found, settings(split={"group": "who"}, val=0.2, test=0.1))
    assert np.bincount(parts).tolist() == [56, 16, 8]
    assert all(len({*parts[np.array(groups) == group].tolist()}) == 1 for group in groups)


WRONG: dict[str, tuple[Samples, DataSettings, str]] = {
    "too few": (samples([0, 1]), settings(), "2 samples are too few to split off 'test'"),
    "one of each": (samples([0, 1, 2, 3]), settings(), "no class has two samples, so none can be split off"),
    "given": (
        samples([0] * 9, parts=np.array([0, 1, 2] * 3, np.int8)),
        settings(val=0.3),
        "it has its own val part, so `val: 0.3` changes nothing",
    ),
    "no training": (
        samples([0] * 9, parts=np.array([1, 2, 2] * 3, np.int8)),
        settings(),
        "no sample is in the training",
    ),
    "a class apart": (
        samples(
            [0, 0, 1, 1, 2, 2],
            parts=np.array([0, 0, 0, 0, 1, 2], np.int8),
            class_names=("cat", "dog", "dogs"),
        ),
        settings(),
        "class 2 ('dogs') of the part 'val' is not in the training part; did you mean 'dog'?",
    ),
    "no names": (samples([0] * 9), settings(split={"train": "train.txt"}), "its samples have no names"),
    "no columns": (
        samples([0] * 9),
        settings(split={"group": "who"}),
        "names no column of it; it has no columns",
    ),
    "few groups": (
        samples([0] * 9, columns={"who": ["a"] * 9}),
        settings(split={"group": "who"}),
        "'who' has 1 values, too few for three parts",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_split_that_cannot_be_is_one_line(case: str) -> None:
    found, asked, message = WRONG[case]
    with pytest.raises(JobError) as caught:
        partition(found, asked)
    assert str(caught.value).startswith("set: ")
    assert message in str(caught.value)
