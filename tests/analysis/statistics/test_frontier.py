import itertools
from typing import cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.metrics import WAYS, Direction, Objectives
from archscape.analysis.statistics.frontier import (
    crowding_distances,
    frontier,
    hypervolume,
    hypervolume_curve,
    ranks,
    reference_point,
)
from archscape.spaces.errors import InputError

TRADE: Objectives = {"accuracy": "maximize", "macs": "minimize"}


@st.composite
def tables(draw: st.DrawFn, *, nan: bool = True) -> tuple[dict[str, list[float]], Objectives]:
    """Small tables of few distinct values, so that ties, equal rows and NaN are common."""
    axes = draw(st.integers(1, 4))
    rows = draw(st.integers(0, 9))
    value = st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0] + ([float("nan")] if nan else []))
    table = {f"o{i}": draw(st.lists(value, min_size=rows, max_size=rows)) for i in range(axes)}
    return table, {name: draw(st.sampled_from(WAYS)) for name in table}


def rows_of(table: dict[str, list[float]], objectives: Objectives) -> list[tuple[float, ...]]:
    """Rows in which larger is better."""
    signs = [1 if way == "maximize" else -1 for way in objectives.values()]
    return [
        tuple(s * v for s, v in zip(signs, row, strict=True)) for row in zip(*table.values(), strict=True)
    ]


def dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return all(x >= y for x, y in zip(a, b, strict=True)) and a != b


@given(tables())
def test_the_frontier_is_what_no_row_dominates(case: tuple[dict[str, list[float]], Objectives]) -> None:
    rows = rows_of(*case)
    clean = [not any(v != v for v in row) for row in rows]
    expected = [
        ok and not any(dominates(other, row) for other, fine in zip(rows, clean, strict=True) if fine)
        for row, ok in zip(rows, clean, strict=True)
    ]
    assert frontier(*case).tolist() == expected


@given(tables(), st.data())
def test_constrained_domination_is_that_of_deb_2002(
    case: tuple[dict[str, list[float]], Objectives], data: st.DataObject
) -> None:
    rows = rows_of(*case)
    size = {"min_size": len(rows), "max_size": len(rows)}
    beyond = data.draw(st.lists(st.sampled_from([0.0, 0.0, 0.5, 2.0, float("inf")]), **size))
    clean = [i for i, row in enumerate(rows) if not any(v != v for v in row)]

    def is_beaten(i: int, by: int) -> bool:
        return beyond[by] < beyond[i] or (beyond[by] == beyond[i] and dominates(rows[by], rows[i]))

    expected = [i in clean and not any(is_beaten(i, by) for by in clean) for i in range(len(rows))]
    assert frontier(*case, beyond).tolist() == expected
    layers = ranks(*case, beyond)
    assert (layers == 0).tolist() == expected
    assert all(layers[by] < layers[i] for i in clean for by in clean if is_beaten(i, by))
    assert sorted(set(layers[clean].tolist())) == list(range(layers.max(initial=-1) + 1))


@given(tables())
def test_every_layer_is_the_frontier_of_what_the_layers_before_leave(
    case: tuple[dict[str, list[float]], Objectives],
) -> None:
    table, objectives = case
    layers = ranks(table, objectives)
    for layer in range(layers.max(initial=-1) + 1):
        left = layers >= layer
        rest = {name: np.asarray(column)[left] for name, column in table.items()}
        assert frontier(rest, objectives).tolist() == (layers[left] == layer).tolist()
    assert ((layers < 0) == np.isnan(np.array(list(table.values()))).any(axis=0)).all()


@given(tables(nan=False))
def test_the_volume_is_the_number_of_unit_cells_below_the_frontier(
    case: tuple[dict[str, list[float]], Objectives],
) -> None:
    table, objectives = case
    reference = {name: 0.0 if way == "maximize" else 5.0 for name, way in objectives.items()}
    gains = [
        [
            v - reference[n] if objectives[n] == "maximize" else reference[n] - v
            for n, v in zip(table, row, strict=True)
        ]
        for row in zip(*table.values(), strict=True)
    ]
    cells = itertools.product(range(5), repeat=len(table))
    covered = sum(any(all(g > c for g, c in zip(row, cell, strict=True)) for row in gains) for cell in cells)
    assert hypervolume(table, objectives, reference) == covered


@given(tables())
def test_the_curve_is_the_volume_of_the_rows_so_far(case: tuple[dict[str, list[float]], Objectives]) -> None:
    table, objectives = case
    reference = {name: 1.0 if way == "maximize" else 4.0 for name, way in objectives.items()}
    curve = hypervolume_curve(table, objectives, reference)
    first = [{name: column[: i + 1] for name, column in table.items()} for i in range(len(curve))]
    assert curve.tolist() == pytest.approx([hypervolume(part, objectives, reference) for part in first])


def test_a_dataframe_is_a_table() -> None:
    frame = pd.DataFrame({"accuracy": [0.5, 0.9, None], "macs": [10, 20, 5]}, index=[7, 3, 1])
    assert frontier(frame, TRADE).tolist() == [True, True, False]


def test_a_logarithmic_cost_is_measured_in_decades() -> None:
    nets = {"accuracy": [0.5, 0.9], "macs": [1_000, 100_000]}
    reference = {"accuracy": 0.0, "macs": 1e6}
    assert hypervolume(nets, TRADE, reference, log=["macs"]) == pytest.approx(0.5 * 2 + 0.9 * 1)


def test_a_cost_of_zero_has_no_logarithm() -> None:
    with pytest.raises(InputError, match=r"needs values above 0, but macs has 0\.0"):
        hypervolume({"accuracy": [0.5], "macs": [0]}, TRADE, {"accuracy": 0, "macs": 10}, log=["macs"])


def test_the_reference_point_is_round_and_beaten_by_every_row() -> None:
    nets = {"accuracy": [0.5, 0.9, np.nan], "macs": [1_000, 181_220, 9e9]}
    assert reference_point(nets, TRADE) == {"accuracy": 0.0, "macs": 1e6}
    assert reference_point({"accuracy": [-2.0], "macs": [0.0]}, TRADE) == {"accuracy": -2.0, "macs": 0.0}
    assert reference_point({"accuracy": [], "macs": []}, TRADE) == {"accuracy": 0.0, "macs": 1.0}


def test_without_rows_there_is_nothing() -> None:
    nothing: dict[str, list[float]] = {"accuracy": [], "macs": []}
    assert frontier(nothing, TRADE).tolist() == []
    assert ranks(nothing, TRADE).tolist() == []
    assert hypervolume(nothing, TRADE, {"accuracy": 0.0, "macs": 1.0}) == 0.0
    assert hypervolume_curve(nothing, TRADE, {"accuracy": 0.0, "macs": 1.0}).tolist() == []


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ({}, "at least one is needed"),
        (
            {"macs": cast(Direction, "smaller")},
            "macs has the direction 'smaller'; it knows maximize, minimize",
        ),
    ],
)
def test_wrong_objectives_are_refused(objectives: Objectives, message: str) -> None:
    with pytest.raises(InputError, match=message):
        frontier({"macs": [1, 2]}, objectives)


def test_crowding_is_half_the_box_of_the_neighbours() -> None:
    # Deb et al. 2002, section III B: ends are infinitely far, others add what their neighbours are apart.
    assert crowding_distances([(0, 10), (1, 5), (4, 0), (2, 2)]) == [
        float("inf"),
        2 / 4 + 8 / 10,
        float("inf"),
        3 / 4 + 5 / 10,
    ]
