"""The fit finds the seconds of each term again, also where some of the times were disturbed."""

from __future__ import annotations

from random import Random

import pytest

from archscape.analysis.costs.latency import Calibration
from archscape.analysis.costs.latency.calibrating import GRAPHS, TimedGraph, calibration_of
from archscape.analysis.costs.latency.cost_model import OTHER, Scale, Work, works
from archscape.analysis.costs.latency.fit import FEWEST, Rates, Row, fit, fit_kind
from archscape.analysis.costs.latency.prediction import cold_share
from archscape.analysis.costs.latency.synthetic_graphs import synthetic_graph
from archscape.spaces.operators import OPERATORS
from archscape.spaces.testing import example_network

CACHE = 2**25


def timed(rates: dict[str, Rates], seeds: range, disturb: float = 0.0) -> list[TimedGraph]:
    """Return chains as a device of these rates times them; of some operators another program takes a part."""
    rng = Random(0)
    graphs = []
    for seed in seeds:
        parts = works(synthetic_graph(seed), Scale(1, 4))
        share = cold_share(sum(work.weights for work in parts), CACHE)
        warm, cold = [], []
        for work in parts:
            noise = 3.0 if rng.random() < disturb else 1.0
            own = rates[work.kind]
            warm.append(noise * (own.time(work) + share * work.weights * own.cold))
            cold.append(own.time(work) + work.weights * own.cold)
        graphs.append(TimedGraph(parts, warm, cold))
    return graphs


def test_a_class_is_found_exactly() -> None:
    works_ = [Work("relu", (1.0, float(size), 0.0, 0.0), 0.0) for size in (100, 10_000, 10**6, 10**7)]
    fit = fit_kind([Row(work, 0.0, 3e-6 + 2e-11 * work.amounts[1]) for work in works_])
    assert fit.seconds == pytest.approx((3e-6, 2e-11, 0.0, 0.0), rel=1e-4)


def test_cold_weights_cost_what_they_take_more() -> None:
    works_ = [Work("linear", (1.0, 0.0, float(size)), float(size)) for size in (10**4, 10**6, 10**8)]
    rows = [
        Row(work, cold, 5e-6 + work.weights * (1e-11 + cold * 4e-11)) for work in works_ for cold in (0, 1)
    ]
    fit = fit_kind(rows)
    assert fit.seconds[2] == pytest.approx(1e-11, rel=1e-3)
    assert fit.cold == pytest.approx(4e-11, rel=1e-3)


def test_unseen_chains_are_told_by_a_calibration(calibration: Calibration) -> None:
    rates = dict(calibration.rates)
    fitted = calibration_of(timed(rates, range(120)), setup=calibration.setup, cache=CACHE)
    assert fitted.quality.error < 0.02
    assert 0.95 < fitted.quality.low <= 1 <= fitted.quality.high < 1.05
    assert fitted.operators == sum(len(synthetic_graph(seed).nodes) for seed in range(120))


def test_disturbed_times_have_little_say(calibration: Calibration) -> None:
    rates = dict(calibration.rates)
    disturbed = calibration_of(timed(rates, range(120), 0.1), setup=calibration.setup, cache=CACHE)
    for work in works(synthetic_graph(200), Scale(1, 4)):
        own = disturbed.rates.get(work.kind)
        if own is not None and work.kind in ("relu", "batchnorm", "conv", "conv 1x1"):
            assert own.time(work) == pytest.approx(rates[work.kind].time(work), rel=0.15)


def test_no_rate_is_negative() -> None:
    rng = Random(1)
    rows = [
        Row(Work("x", (1.0, rng.random(), rng.random(), 0.0), 0.0), 0.0, rng.uniform(1, 9)) for _ in range(50)
    ]
    assert min(fit_kind(rows).seconds) >= 0


def test_a_class_needs_rows_and_the_rest_has_one_of_its_own() -> None:
    few = [Row(Work("rare", (1.0, 8.0 * i, 0.0, 0.0), 0.0), 0.0, 1e-6) for i in range(1, FEWEST)]
    assert list(fit(few)) == []
    more = [row._replace(work=row.work._replace(kind="known")) for row in (*few, few[0])]
    assert set(fit([*few, *more])) == {"known", OTHER}


def test_a_chain_is_the_same_whenever_it_is_drawn() -> None:
    assert [synthetic_graph(seed) for seed in range(30)] == [synthetic_graph(seed) for seed in range(30)]
    assert len({synthetic_graph(seed).nodes[0].op for seed in range(30)}) > 20


def test_every_operator_is_timed_or_known_by_the_bytes_of_its_maps() -> None:
    """A class that no graph times is predicted as a call and its maps, so it may take time for no more."""
    graphs = [synthetic_graph(seed) for seed in range(GRAPHS)]
    operators = {type(node.op) for graph in graphs for node in graph.nodes}
    classes = {work.kind for graph in graphs for work in works(graph, Scale(1, 4))}
    assert classes >= {"view", "avgpool", "leaky_relu", "masked conv"}
    for operator in set(OPERATORS) - operators:
        flat = example_network(operator).graph.flatten()
        kinds = [
            work.kind
            for node, work in zip(flat.nodes, works(flat, Scale(1, 4)), strict=True)
            if type(node.op) is operator
        ]
        assert operator.workload == "maps" or set(kinds) <= classes, operator


def test_smaller_types_have_more_lanes() -> None:
    parts = works(synthetic_graph(3), Scale(2, 2))
    single = works(synthetic_graph(3), Scale(1, 2))
    assert [p.kind for p in parts] == [s.kind for s in single]
    assert all(p.weights == s.weights for p, s in zip(parts, single, strict=True))
