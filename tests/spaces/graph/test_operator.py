"""An operator is a named tuple of what its class and the classes that it extends annotate."""

from __future__ import annotations

import pickle
from typing import ClassVar

import pytest

from archscape.spaces.graph import Op
from archscape.spaces.operators import Conv, MaskedConvA, MaxPool, Widen, Zero


class Base(Op):
    """Two attributes."""

    kind: ClassVar[str] = "base"
    text: ClassVar[str] = "f{rank}({0}, {1}, {first})"
    first: int
    second: int = 2


class Extended(Base):
    """A third one."""

    third: int = 3


class Same(Base):
    """The same attributes."""


def test_inherited_attributes_stand_first() -> None:
    assert Extended(1).attributes() == {"first": 1, "second": 2, "third": 3}
    assert Widen(stride=2, more=4) == Widen(2, 4)


def test_class_variables_are_no_attributes() -> None:
    assert MaxPool((2,), (2,), (0,), False).attributes().keys() == {"kernel", "stride", "padding", "ceil"}


def test_operators_of_two_classes_differ() -> None:
    assert Base(1) == Base(1, 2)
    assert Base(1) != Same(1)
    conv = (8, 8, (3,), (1,), (1,), (1,), 1, True)
    assert Conv(*conv) != MaskedConvA(*conv)


def test_an_operator_is_immutable_and_holds_nothing_else() -> None:
    with pytest.raises(AttributeError):
        Zero(1).stride = 2  # type: ignore[misc]
    assert not hasattr(Same(1), "__dict__")


def test_a_missing_attribute_is_an_error() -> None:
    with pytest.raises(TypeError, match="'first'"):
        Base()  # type: ignore[call-arg]


def test_an_operator_is_changed_printed_and_pickled_as_a_named_tuple() -> None:
    assert repr(Extended(1)._replace(second=5)) == "Extended(first=1, second=5, third=3)"
    assert pickle.loads(pickle.dumps(Extended(1))) == Extended(1)


def test_the_text_is_a_format_of_arguments_attributes_and_rank() -> None:
    assert Base(1).call(["x", "y"], {"first": "n", "second": "2"}, 3) == "f3(x, y, n)"


class Followed(Op):
    """What its text applies to a map as a method."""

    kind: ClassVar[str] = "followed"
    text: ClassVar[str] = "{0}.clamp({1})"


def test_an_argument_is_in_brackets_where_something_follows_it() -> None:
    assert Followed().call(["x + y", "a + b"], {}, 2) == "(x + y).clamp(a + b)"
    assert Followed().call(["F.relu(x + y)", "1"], {}, 2) == "F.relu(x + y).clamp(1)"
