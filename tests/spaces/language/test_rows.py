"""Rows are immutable values, and their names are attributes that a module can have."""

from __future__ import annotations

import pickle
from random import Random

import pytest
from torch import nn

from archscape.spaces import Network, Row, ShapeError, Space, SpaceError, oneof
from archscape.spaces.language.calls import RowShapeError
from archscape.spaces.language.rows import RESERVED, check_name, row_names


def test_rows_are_values() -> None:
    row = Row("conv", width=64, kernel=oneof(3, 5))
    assert row == Row("conv", kernel=oneof(3, 5), width=64)
    assert row != Row("conv", width=64)
    assert row != Row("plain", width=64, kernel=oneof(3, 5))
    assert len({row, Row("conv", kernel=oneof(3, 5), width=64)}) == 1
    assert pickle.loads(pickle.dumps(row)) == row
    assert repr(row) == "Row('conv', width=64, kernel=oneof(3, 5))"


def test_rows_cannot_be_changed() -> None:
    row = Row("conv", width=64)
    with pytest.raises(AttributeError):
        row.word = "plain"
    with pytest.raises(TypeError):
        row.args["width"] = 32  # type: ignore[index]


def test_words_that_are_no_identifiers_can_be_parameters() -> None:
    row = Row("inception", **{"1x1": 8, "3x3": (4, 8)})
    assert repr(row) == "Row('inception', **{'1x1': 8}, **{'3x3': (4, 8)})"
    assert eval(repr(row)) == row


def test_names_count_rows_of_one_word() -> None:
    words = ["conv", "maxpool", "conv", "conv"]
    assert row_names(words, [None, None, "stem", None]) == ["conv1", "maxpool", "stem", "conv3"]


@pytest.mark.parametrize(
    ("words", "own_names", "names"),
    [
        (["$op", "$op", "$op2"], [None, None, None], ["op1", "op3", "op2"]),
        (["conv", "conv", "norm"], [None, None, "conv2"], ["conv1", "conv3", "conv2"]),
        (["conv", "norm"], [None, "conv"], ["conv1", "conv"]),
        (["$op", "op"], [None, None], ["op", "op1"]),
        (["norm", "norm"], ["conv", "conv"], ["conv", "conv"]),
    ],
)
def test_a_name_made_of_a_word_is_nobody_else_s(
    words: list[str], own_names: list[str | None], names: list[str]
) -> None:
    assert row_names(words, own_names) == names


def test_a_space_keeps_its_names_where_one_is_skipped() -> None:
    rows = "".join(f"  - {word}: {{width: 4, depth: 0..1}}\n" for word in ("conv", "conv", "conv1", "conv"))
    words = "blocks: {conv1: {conv: {kernel: 1}, basic: {}}}\n"
    space = Space.from_yaml(f"space: s\ninput: 3x8x8\n{words}layers:\n{rows}  - norm\n")
    stages = ("conv2", "conv3", "conv1", "conv4")
    for seed in range(30):
        drawn = space.sample(Random(seed))
        named = [name for name in stages if drawn.decisions[f"{name}.depth"]]
        assert [n.name for n in drawn.network.body.nodes] == [*named, "norm", "norm_act"]
        assert Network.from_yaml(drawn.network.to_yaml()) == drawn.network


def test_no_row_takes_the_name_of_what_a_module_has() -> None:
    taken = {name for name in dir(nn.Module()) if not name.startswith("_")}
    assert taken <= RESERVED
    for name in (*taken, "self", "torch", "nn", "x", "class", "none", "3", "_a", "a.b", "é", "", "a" * 61):
        with pytest.raises(SpaceError):
            check_name(name)
    check_name("stage_1")


def test_a_shape_error_goes_from_process_to_process() -> None:
    error = pickle.loads(pickle.dumps(RowShapeError("no", 3)))
    assert isinstance(error, ShapeError)
    assert (str(error), error.row) == ("no", 3)
