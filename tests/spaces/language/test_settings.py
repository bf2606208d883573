"""Settings: a dataclass is its own schema; every mistake has its place, what was written, the law, a word."""

from __future__ import annotations

import doctest
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest

from archscape.spaces import Network, kinds
from archscape.spaces.errors import JobError, SpaceError
from archscape.spaces.kinds import Kind, matching, number, optional, whole, word
from archscape.spaces.language.document import Document, read_text
from archscape.spaces.language.settings import (
    RuleSettings,
    kinds_of,
    read_name,
    read_rule,
    read_settings,
    read_value,
)
from archscape.spaces.registry import LazyTable


@dataclass(frozen=True, kw_only=True)
class Cooling(RuleSettings):
    """Settings of an imaginary rule."""

    name: ClassVar[str] = "cooling"
    steps: Annotated[int, whole(1, 1000)] = 10
    rate: Annotated[float | None, optional(number("a number above 0", lambda rate: rate > 0))] = None
    curve: Annotated[str, word("line", "cosine")] = "line"
    note: str = ""


RULES: LazyTable[type[Cooling]] = LazyTable("rule of cooling", "", {"cooling": f"{__name__}:Cooling"})


def document(text: str) -> Document:
    return read_text(text, name="job.yaml", kind=JobError)


def read(text: str) -> Cooling:
    tree = document(text).tree
    assert isinstance(tree, dict)
    return read_rule(RULES, tree["cool"], document(text), ("cool",))


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the table find the rule of this file, however pytest imported it."""
    monkeypatch.setattr(RULES, "load", lambda name: {"cooling": Cooling}[name])


def test_worked_examples_hold() -> None:
    assert doctest.testmod(kinds).failed == 0


def test_settings_with_a_kind_are_the_schema() -> None:
    assert list(kinds_of(Cooling)) == ["steps", "rate", "curve"]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("cool: cooling", Cooling()),
        ("cool: {rule: cooling}", Cooling()),
        ("cool: {steps: 3, rule: cooling, rate: 1e-2}", Cooling(steps=3, rate=0.01)),
        ("cool: {rule: cooling, rate: none, curve: cosine}", Cooling(curve="cosine")),
    ],
)
def test_a_rule_is_a_name_or_a_mapping(text: str, settings: Cooling) -> None:
    assert read(text) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cool: coolin", ":1:7: no rule of cooling 'coolin'; did you mean 'cooling'?"),
        ("cool: [cooling]", ":1:7: a rule of cooling is one word; it knows cooling"),
        ("cool: {steps: 3}", ":1:7: `cool:` needs its rule, as in {rule: cooling}"),
        ("cool: {rule: cold}", ":1:14: no rule of cooling 'cold'"),
        ("cool: {rule: cooling, step: 3}", ":1:23: cooling has no 'step'; did you mean 'steps'?"),
        ("cool: {rule: cooling, note: x}", ":1:23: cooling has no 'note'"),
        (
            "cool: {rule: cooling, steps: 0}",
            ":1:30: steps is a whole number from 1 to 1,000, but got '0'",
        ),
        ("cool: {rule: cooling, steps: [1]}", "but got ['1']"),
        ("cool: {rule: cooling, rate: -1}", "rate is a number above 0, or none, but got '-1'"),
        (
            "cool: {rule: cooling, curve: cosin}",
            ":1:30: curve is one of line, cosine, but got 'cosin'; did you mean 'cosine'?",
        ),
    ],
)
def test_a_mistake_is_one_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(JobError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("job.yaml:1:")


def test_python_obeys_the_same_laws() -> None:
    with pytest.raises(JobError, match="cooling: steps is a whole number from 1 to 1,000, but got 1001"):
        Cooling(steps=1001)
    with pytest.raises(JobError, match="cooling: rate is a number above 0, or none, but got nan"):
        Cooling(rate=float("nan"))


def test_settings_are_written_as_they_are_read() -> None:
    assert Cooling(steps=3).to_dict() == {"rule": "cooling", "steps": 3, "curve": "line"}


def test_a_reader_changes_the_settings_it_starts_from() -> None:
    tree = document("{rate: 2}")
    start = Cooling(steps=7, note="kept")
    assert isinstance(tree.tree, dict)
    changed = read_settings(start, tree.tree, tree, (), owner="a rule")
    assert changed == Cooling(steps=7, note="kept", rate=2.0)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (whole(0), {"0": 0, "12": 12}, ["-1", "1.5", "", None, "many", ["1"], {"1": None}]),
        (whole(2, 4), {"2": 2, "4": 4}, ["1", "5"]),
        (number("any", lambda _: True), {"1": 1.0, "1e-3": 0.001, "-2": -2.0}, ["nan", "inf", "x", None]),
        (word("a", "b"), {"a": "a"}, ["c", None, ["a"], {"a": None}]),
        (matching(r"x\d", "x and a digit"), {"x1": "x1"}, ["x", "x12", None, ["x1"]]),
        (optional(whole(1)), {"3": 3, "none": None, "null": None}, ["0", "nothing"]),
    ],
)
def test_a_kind_reads_what_its_law_says(
    kind: Kind[object], good: dict[str, object], bad: list[object]
) -> None:
    for text, value in good.items():
        read_back = kind.read(text)
        assert (read_back, type(read_back)) == (value, type(value))
        assert kind.accept(value) == value
    for tree in bad:
        with pytest.raises(ValueError, match=kind.law):
            kind.read(tree)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, (1,)])
def test_a_whole_number_in_python_is_an_int(value: object) -> None:
    with pytest.raises(ValueError, match="a whole number from 0"):
        whole(0).accept(value)


def test_a_name_is_checked_without_an_import() -> None:
    table: LazyTable[object] = LazyTable("thing", "", {"none": "nowhere:thing"})
    assert read_name(table, "none", document("none"), ()) == "none"
    with pytest.raises(JobError, match="no thing 'nnoe'; did you mean 'none'"):
        read_name(table, "nnoe", document("nnoe"), ())


def test_an_error_of_a_value_shows_what_was_written() -> None:
    with pytest.raises(JobError, match=r"^job\.yaml:1:1: epochs is a whole number from 1, but got '1\.5'"):
        read_value(whole(1), "1.5", document("1.5"), (), name="epochs")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("conv: {width: 3, act: relu7}", "but got 'relu7'; did you mean 'relu'?"),
        ("plain: {width: 3, conv: seperable}", "but got 'seperable'; did you mean 'separable'?"),
        ("plain: {width: 3, per: blok}", "per is row or block, but got 'blok'; did you mean 'block'?"),
    ],
)
def test_a_parameter_of_a_block_is_refused_with_the_nearest_right_word(row: str, message: str) -> None:
    with pytest.raises(SpaceError, match="<text>:4:") as caught:
        Network.from_yaml(f"network: a\ninput: 3x8x8\nlayers:\n  - {row}\n")
    assert message in str(caught.value)
