"""Normal scores of ranks, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from archscape.search.samplers.bayes.target import NormalScores


def test_the_best_of_a_hundred_stands_at_2_58() -> None:
    assert NormalScores(values=np.arange(100.0)).scores[-1] == pytest.approx(2.576, abs=1e-3)


def test_one_far_value_changes_no_other_score() -> None:
    near, far = (
        NormalScores(values=np.array([1.0, 2.0, 3.0])),
        NormalScores(values=np.array([-1e9, 2.0, 3.0])),
    )
    np.testing.assert_array_equal(near.scores, far.scores)


def test_equal_values_share_a_score() -> None:
    assert NormalScores(values=np.array([5.0, 5.0, 5.0])).scores.tolist() == [0, 0, 0]


def test_scores_lead_back_to_the_values_and_on_beyond_them() -> None:
    target = NormalScores(values=np.array([3.0, 1.0, 2.0, 4.0]))
    np.testing.assert_allclose(target.value_of(target.scores), target.values)
    assert target.value_of(target.scores.max() + 1) == pytest.approx(4 + target.slope)
    assert target.value_of(target.scores.min() - 1) < 1
    assert target.score_of(2.5) == pytest.approx(target.scores[[0, 2]].mean())
    assert target.value_of(target.score_of(6.0)) == pytest.approx(6.0)


def test_values_that_are_all_equal_or_not_finite_are_lived_with() -> None:
    equal = NormalScores(values=np.full(3, 7.0))
    assert equal.value_of(np.array([-1.0, 2.0])).tolist() == [7, 7]
    assert equal.score_of(8.0) > 0 > equal.score_of(6.0)
    worst = NormalScores(values=np.array([-np.inf, 1.0, 2.0]))
    assert np.isfinite(worst.scores).all()
    assert np.isfinite(worst.value_of(np.array([-9.0, 9.0]))).all()
