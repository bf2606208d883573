"""The greedy planner of TensorFlow Lite Micro."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.costs.memory.targets.greedy import Buffer, aligned, plan

BUFFERS = st.builds(
    lambda size, first, length: Buffer(size, first, first + length),
    st.integers(1, 500),
    st.integers(0, 9),
    st.integers(0, 4),
)


def test_the_largest_comes_first_and_others_beside_it() -> None:
    assert plan([Buffer(16, 0, 1), Buffer(64, 1, 2), Buffer(32, 2, 3)]) == [64, 0, 64]


def test_a_buffer_takes_the_lowest_gap_that_holds_it() -> None:
    """The first two stand on each other; later the lower is free, and the gap is taken."""
    assert plan([Buffer(64, 0, 1), Buffer(48, 0, 3), Buffer(32, 2, 3)]) == [0, 64, 0]


def test_of_buffers_of_one_size_the_last_comes_first() -> None:
    """`greedy_memory_planner.cc` writes them down from the end before it sorts them."""
    assert plan([Buffer(32, 0, 1), Buffer(32, 1, 2)]) == [32, 0]


def test_sizes_are_multiples_of_16() -> None:
    assert plan([Buffer(17, 0, 1), Buffer(1, 0, 1)]) == [0, 32]


@given(st.lists(BUFFERS, max_size=12))
def test_no_two_buffers_in_use_at_once_overlap(buffers: list[Buffer]) -> None:
    offsets = plan(buffers)
    placed = list(zip(offsets, buffers, strict=True))
    for index, (start, one) in enumerate(placed):
        for other_start, other in placed[:index]:
            if one.first <= other.last and other.first <= one.last:
                end, other_end = start + aligned(one.size), other_start + aligned(other.size)
                assert end <= other_start or other_end <= start
