"""Families as curves, on curves that can be seen and on published models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.families import Curves, curves, dominance, leading_ranges
from archscape.analysis.statistics.frontier import frontier
from archscape.spaces.errors import InputError

Published = Callable[[str], Path]
TRADE: Objectives = {"score": "maximize", "cost": "minimize"}
CROSSING = pd.DataFrame(
    [("a", 1, 0.5), ("a", 10, 0.6), ("b", 2, 0.4), ("b", 4, 0.7), ("b", 100, 0.65)],
    columns=["family", "cost", "score"],
)


def found(table: pd.DataFrame, **options: object) -> Curves:
    return curves(table, family="family", score="score", cost="cost", **options)  # type: ignore[arg-type]


@pytest.fixture
def imagenet(published: Published) -> pd.DataFrame:
    """Published models by family, with the standard error of a share of 50,000 images."""
    table = pd.read_csv(published("timm_imagenet.csv.gz"))
    share = table["top1"] / 100
    return table.assign(
        family=table["arch"].str.extract(r"^([a-z]+)")[0],
        cost=table["gmacs"],
        score=share,
        error=np.sqrt(share * (1 - share) / 50_000),
    )


def test_a_curve_is_the_best_at_a_cost_or_below() -> None:
    a, b = found(CROSSING).best[0]
    assert found(CROSSING).costs.tolist() == [1, 2, 4, 10, 100]
    assert a.tolist() == [0.5, 0.5, 0.5, 0.6, 0.6]
    assert np.isnan(b[0])
    assert b[1:].tolist() == [0.4, 0.7, 0.7, 0.7]


def test_less_may_be_better() -> None:
    table = CROSSING.assign(score=1 - CROSSING["score"])
    less = found(table, way="minimize")
    np.testing.assert_allclose(less.best, 1 - found(CROSSING).best)
    assert [leader.family for leader in leading_ranges(less)] == ["a", "b"]


def test_who_leads_where_and_by_how_much() -> None:
    first, second = leading_ranges(found(CROSSING))
    assert (first.family, first.low, first.high, first.chance) == ("a", 1, 4, 1)
    assert first.margin == pytest.approx(0.1)  # alone up to 2, then 0.5 against 0.4
    assert (second.family, second.low, second.high) == ("b", 4, 100)
    logs = np.log([10 / 4, 100 / 10])
    assert second.margin == pytest.approx(np.average([0.2, 0.1], weights=logs))


def test_a_curve_that_is_beaten_somewhere_is_not_moved() -> None:
    moved = dominance(found(CROSSING), "b", "a")
    assert not moved.whole
    assert moved.ahead == pytest.approx(np.log(25) / np.log(50))
    better = CROSSING.assign(cost=CROSSING["cost"].where(CROSSING["family"] == "a", CROSSING["cost"] / 4))
    better.loc[2, "score"] = 0.5
    assert dominance(found(better), "b", "a").whole
    assert not dominance(found(better), "a", "b").whole


def test_an_equal_family_moves_nothing() -> None:
    twin = pd.concat([CROSSING, CROSSING[CROSSING["family"] == "a"].assign(family="c")])
    moved = dominance(found(twin), "c", "a")
    assert (moved.ahead, moved.gain, moved.whole) == (0, 0, False)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 5), st.integers(0, 4)), min_size=2))
def test_moving_the_whole_curve_is_dominating_every_network_of_the_frontier(
    rows: list[tuple[str, int, int]],
) -> None:
    table = pd.DataFrame(rows, columns=["family", "cost", "score"])
    parts = {name: table[table["family"] == name] for name in "ab"}
    if any(part.empty for part in parts.values()):
        return
    theirs = parts["b"][frontier(parts["b"], TRADE)]
    expected = all(
        any(
            ours.cost <= row.cost
            and ours.score >= row.score
            and (ours.cost, ours.score) != (row.cost, row.score)
            for ours in parts["a"].itertuples()
        )
        for row in theirs.itertuples()
    )
    assert dominance(found(table), "a", "b").whole == expected


def test_repeated_trainings_make_a_narrow_lead_uncertain_and_a_wide_one_certain() -> None:
    runs = pd.DataFrame(
        [("a", 1, 0.70, 0.80, 0.75), ("b", 1, 0.71, 0.78, 0.79), ("c", 1, 0.2, 0.3, 0.25)],
        columns=["family", "cost", "r1", "r2", "r3"],
    )
    table = runs.assign(score=runs[["r1", "r2", "r3"]].mean(axis=1))
    drawn = found(table, repeats=["r1", "r2", "r3"], draws=2000)
    assert 0.5 < dominance(drawn, "b", "a").chance < 0.75
    assert dominance(drawn, "b", "c").chance == 1
    (leader,) = leading_ranges(drawn)
    assert leader.family == "b"
    assert 0.5 < leader.chance < 0.8


def test_the_bootstrap_draws_means_of_the_trainings_that_were_made() -> None:
    """Of 0 and 1 the mean of two draws is 0, 1/2 or 1 with chances 1/4, 1/2, 1/4; of one training, itself."""
    table = pd.DataFrame(
        {"family": ["a", "b"], "cost": [1, 1], "score": [0.5, 0.3], "r1": [0, np.nan], "r2": [1, 0.3]}
    )
    drawn = found(table, repeats=["r1", "r2"], draws=4000).best[1:, :, 0]
    shares = [np.mean(drawn[:, 0] == level) for level in (0, 0.5, 1)]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.03)
    assert (drawn[:, 1] == 0.3).all()


def test_standard_errors_give_the_normal_chance() -> None:
    """Means one standard error of the difference apart: the better one leads with 84.1%."""
    table = pd.DataFrame(
        {"family": ["a", "b"], "cost": [1, 1], "score": [0.5, 0.5 + 0.1 * np.sqrt(2)], "error": 0.1}
    )
    assert dominance(found(table, error="error", draws=8000), "b", "a").chance == pytest.approx(
        0.841, abs=0.015
    )


def test_published_families_move_those_before_them(imagenet: pd.DataFrame) -> None:
    imagenet = imagenet[imagenet["family"].isin(["vgg", "resnet", "convnext", "swin", "mobilenetv"])]
    drawn = found(imagenet, error="error", draws=100)
    for newer, older in (("resnet", "vgg"), ("convnext", "resnet")):
        moved = dominance(drawn, newer, older)
        assert (moved.whole, moved.ahead) == (True, 1)
        assert moved.chance > 0.95
        assert moved.gain > 0.03
    leading = leading_ranges(drawn)
    assert leading[0].family == "mobilenetv"
    assert leading[-1].family == "convnext"
    assert leading[0].low == imagenet["gmacs"].min()
    assert [r.high for r in leading[:-1]] == [r.low for r in leading[1:]]


def test_the_same_seed_gives_the_same_chances(imagenet: pd.DataFrame) -> None:
    part = imagenet[imagenet["family"].isin(["resnet", "resnest", "regnety"])]
    assert leading_ranges(found(part, error="error", draws=50)) == leading_ranges(
        found(part, error="error", draws=50)
    )


@pytest.mark.parametrize(
    ("options", "law"),
    [
        ({"repeats": ["score"], "error": "cost"}, "not both"),
        ({"way": "up"}, "a direction is one of maximize, minimize"),
        ({"error": "spread"}, "no column 'spread'"),
        ({"repeats": ["r9"]}, "no column 'r9'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options: dict[str, object], law: str) -> None:
    with pytest.raises(InputError, match=law):
        found(CROSSING, **options)


def test_a_cost_of_0_and_an_unknown_family_are_refused() -> None:
    with pytest.raises(InputError, match=r"above 0, but cost has 0"):
        found(CROSSING.assign(cost=0))
    with pytest.raises(InputError, match="no family 'd'; there are a, b"):
        dominance(found(CROSSING), "d", "a")
