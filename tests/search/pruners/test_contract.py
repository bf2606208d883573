"""The contract of every pruner of `PRUNERS`; a new one is taken up by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.metrics import Direction
from archscape.search.pruners import PRUNERS, Pruner, RungResult
from archscape.spaces.errors import JobError
from archscape.spaces.language.document import Document
from archscape.spaces.language.settings import kinds_of, read_rule

EPOCHS = 27
ONE: Mapping[str, Direction] = {"accuracy": "maximize"}
SEVERAL: Mapping[str, Direction] = {"accuracy": "maximize", "macs": "minimize"}
BOTH_WAYS: Mapping[Direction, Direction] = {"maximize": "minimize", "minimize": "maximize"}


def pruner(name: str, objectives: Mapping[str, Direction] = ONE) -> Pruner:
    return PRUNERS.load(name)().pruner(objectives, EPOCHS)


def pruner_or_law(name: str, objectives: Mapping[str, Direction], epochs: int) -> Pruner | str:
    """Return a pruner, or the law that stands against it."""
    try:
        return PRUNERS.load(name)().pruner(objectives, epochs)
    except JobError as error:
        return str(error)


@st.composite
def rungs(draw: st.DrawFn, width: int = 1) -> list[RungResult]:
    """Results of a rung, equal ones among them."""
    value = st.integers(0, 20).map(lambda tenths: tenths / 10)
    rows = draw(st.lists(st.tuples(*[value] * width), min_size=1, max_size=24))
    return [RungResult(number=i, values=row, passed=draw(st.booleans())) for i, row in enumerate(rows)]


def decisions(judge: Pruner, results: Sequence[RungResult]) -> dict[int, bool]:
    rung = judge.rungs[0]
    return {result.number: judge.decide(rung, result, results).promote for result in results}


@pytest.mark.parametrize("name", PRUNERS)
def test_its_settings_are_of_a_rule_with_the_name_in_the_table(name: str) -> None:
    settings = PRUNERS.load(name)()
    assert settings.name == pruner(name).name == name
    assert {setting.name for setting in fields(settings)} == set(kinds_of(type(settings)))
    document = Document(tree={key: str(value) for key, value in settings.to_dict().items()}, kind=JobError)
    assert read_rule(PRUNERS, document.tree, document, ()) == settings
    assert read_rule(PRUNERS, name, document, ()) == settings


@pytest.mark.parametrize("name", PRUNERS)
@pytest.mark.parametrize("epochs", [2, 9, 100])
def test_it_decides_at_rungs_before_the_last_epoch_or_says_that_it_cannot(name: str, epochs: int) -> None:
    judge = pruner_or_law(name, ONE, epochs)
    if isinstance(judge, str):
        assert "nothing would be stopped" in judge
    else:
        assert judge.rungs
        assert list(judge.rungs) == sorted(set(judge.rungs) & set(range(1, epochs)))


@pytest.mark.parametrize("name", PRUNERS)
def test_it_needs_an_objective_that_shows_in_training(name: str) -> None:
    with pytest.raises(JobError, match="early stopping goes by what shows while a network trains"):
        pruner(name, {"macs": "minimize"})


@pytest.mark.parametrize("name", PRUNERS)
def test_several_objectives_are_ranked_or_refused(name: str) -> None:
    judge = pruner_or_law(name, SEVERAL, EPOCHS)
    if isinstance(judge, str):
        assert f"{name} goes by one objective, but the job has accuracy, macs" in judge
    else:
        only = RungResult(number=0, values=(0.5, 100.0), passed=False)
        assert judge.decide(judge.rungs[0], only, [only]).promote


@pytest.mark.parametrize("name", PRUNERS)
@given(results=rungs(), data=st.data())
def test_it_decides_by_the_results_alone(name: str, results: list[RungResult], data: st.DataObject) -> None:
    """Neither the order in which the trials came nor what it was asked before makes a difference."""
    judge, before = pruner(name), list(results)
    first = decisions(judge, results)
    shuffled = data.draw(st.permutations(results))
    assert decisions(judge, shuffled) == first == decisions(pruner(name), results)
    assert results == before
    rung = judge.rungs[0]
    assert judge.promotable(rung, shuffled) == judge.promotable(rung, results)


@pytest.mark.parametrize("name", PRUNERS)
@given(results=rungs())
def test_both_directions_are_judged_alike(name: str, results: list[RungResult]) -> None:
    mirrored = [replace(result, values=tuple(-value for value in result.values)) for result in results]
    for way, opposite in BOTH_WAYS.items():
        there, back = pruner(name, {"accuracy": way}), pruner(name, {"accuracy": opposite})
        assert decisions(there, results) == decisions(back, mirrored)


@pytest.mark.parametrize("name", PRUNERS)
@given(results=rungs())
def test_the_best_trial_goes_on(name: str, results: list[RungResult]) -> None:
    judged = decisions(pruner(name), results)
    best = max(result.values for result in results)
    assert any(judged[result.number] for result in results if result.values == best)


@pytest.mark.parametrize("name", PRUNERS)
@given(results=rungs())
def test_what_is_promoted_later_was_stopped_and_would_go_on_now(name: str, results: list[RungResult]) -> None:
    judge = pruner(name)
    number = judge.promotable(judge.rungs[0], results)
    if number is not None:
        result = next(result for result in results if result.number == number)
        assert not result.passed
        assert judge.decide(judge.rungs[0], result, results).promote


@pytest.mark.parametrize("name", PRUNERS)
def test_nothing_is_promoted_at_an_empty_rung(name: str) -> None:
    judge = pruner(name)
    assert judge.promotable(judge.rungs[0], []) is None


@pytest.mark.parametrize("name", PRUNERS)
@given(results=rungs())
def test_every_decision_has_its_reason(name: str, results: list[RungResult]) -> None:
    judge = pruner(name)
    assert all(
        f"epoch {judge.rungs[0]}" in judge.decide(judge.rungs[0], result, results).reason
        for result in results
    )
