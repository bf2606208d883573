"""The kinds of block parameters: what each accepts, said once, for messages and for the language reference.

A block's signature names its kinds: `kernel: Odd = 3`. At run time a value has been checked against its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, TypeAlias

from ..operators.activation import ACTIVATIONS
from ..operators.resize import MODES
from ..values import Term, Value

MAX_SIZE = 1_000_000


@dataclass(frozen=True)
class Kind:
    """A kind of parameter: the law in words, and a check that returns its normal form or fails."""

    law: str
    check: Callable[[Value], Value]

    def accept(self, value: Value) -> Value:
        """Return the value in its normal form.

        Raises:
            ValueError: If it is not of this kind; the message is the law.
        """
        try:
            return self.check(value)
        except (TypeError, AttributeError):
            raise ValueError(self.law) from None
        except ValueError:
            raise ValueError(self.law) from None


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError


def _whole(value: Value, low: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    _require(low <= value <= MAX_SIZE)
    return value


def _odd(value: Value) -> int:
    number = _whole(value)
    _require(number % 2 == 1)
    return number


def _size(value: Value) -> Value:
    if isinstance(value, tuple):
        _require(1 <= len(value) <= 3)
        return tuple([_whole(item) for item in value])
    return _whole(value)


def _sides(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple([_whole(item, 0) for item in value])
    return _whole(value, 0)


def _padding(*words: str) -> Callable[[Value], Value]:
    return lambda value: value if value in words else _sides(value)


def _between(low_open: bool, high_open: bool) -> Callable[[Value], Value]:
    def check(value: Value) -> Value:
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            raise ValueError
        _require(0 <= value <= 1)
        _require(not (low_open and value == 0) and not (high_open and value == 1))
        return Fraction(value)

    return check


def _optional(check: Callable[[Value], Value]) -> Callable[[Value], Value]:
    return lambda value: None if value is None else check(value)


def _identifier(value: Value) -> Value:
    _require(isinstance(value, str) and value.isidentifier())
    return value


def _identifiers(value: Value) -> Value:
    several = value if isinstance(value, tuple) else (value,)
    _require(len(several) > 0)
    return tuple([_identifier(item) for item in several])


def _flag(value: Value) -> Value:
    _require(isinstance(value, bool))
    return value


def _word(*words: str) -> Callable[[Value], Value]:
    def check(value: Value) -> Value:
        _require(isinstance(value, str) and value in words)
        return value

    return check


def _conv(value: Value) -> Value:
    term = Term(value) if isinstance(value, str) else value
    if not isinstance(term, Term):
        raise ValueError
    counts = {"standard": 0, "separable": 0, "factorised": 0, "deformable": 0, "grouped": 1, "dilated": 1}
    _require(term.word in counts and len(term.args) == counts[term.word])
    return Term(term.word, tuple([_whole(arg, 2) for arg in term.args]))


def _norm(value: Value) -> Value:
    if isinstance(value, Term):
        _require(value.word == "group" and len(value.args) == 1)
        return Term("group", (_whole(value.args[0]),))
    return _word("batch", "layer", "instance")(value)


def _act(value: Value) -> Value:
    if isinstance(value, Term):
        (slope,) = value.args
        _require(value.word == "leaky_relu" and 0 < slope < 1)
        return Term("leaky_relu", (Fraction(slope),))
    return _word(*ACTIVATIONS)(value)


def _number(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise ValueError
    _require(-MAX_SIZE <= value <= MAX_SIZE)
    return Fraction(value)


def _map(value: Value) -> Value:
    if not isinstance(value, tuple):
        raise ValueError
    _require(2 <= len(value) <= 4)
    return tuple([_whole(item) for item in value])


def _pair(value: Value) -> Value:
    if not isinstance(value, tuple):
        raise ValueError
    _require(len(value) == 2)
    return tuple([_whole(item) for item in value])


WHOLE = Kind("a whole number from 1 to 1,000,000", _whole)
DEPTH = Kind("a whole number, 0 or more", lambda value: _whole(value, 0))
FLAG = Kind("true or false", _flag)
NORM = Kind("a normalisation: batch, layer, instance, group(n) or none", _optional(_norm))
_LAW = f"an activation: {', '.join(ACTIVATIONS)}, leaky_relu(slope)"
ACT = Kind(f"{_LAW} or none", _optional(_act))
INIT = Kind(
    "an initialisation: he, xavier, lecun, truncated or none",
    _optional(_word("he", "xavier", "lecun", "truncated")),
)
LAST_NORM = Kind("zero or none", _optional(_word("zero")))
PER = Kind("row or block", _word("row", "block"))

ANY = Kind("a value", lambda value: value)
SOURCE = Kind("the name of a row above, or input", lambda value: _identifier(value))
SOURCES = Kind("the name of a row above, or a sequence of names", lambda value: _identifiers(value))

Odd: TypeAlias = Annotated[int, Kind("an odd whole number from 1 to 1,000,000", _odd)]
Size: TypeAlias = Annotated[
    int | tuple[int, ...],
    Kind("a whole number from 1 to 1,000,000, or a sequence with one for each axis", _size),
]
OptionalSize: TypeAlias = Annotated[
    int | tuple[int, ...] | None,
    Kind("a whole number from 1 to 1,000,000, a sequence with one for each axis, or none", _optional(_size)),
]
Sides: TypeAlias = Annotated[
    int | tuple[int, ...], Kind("a whole number, 0 or more, or a sequence with one for each axis", _sides)
]
Padding: TypeAlias = Annotated[
    int | tuple[int, ...] | str,
    Kind(
        "same, valid, full, causal, or a whole number, 0 or more",
        _padding("same", "valid", "full", "causal"),
    ),
]
UpPadding: TypeAlias = Annotated[
    int | tuple[int, ...] | str,
    Kind("same, valid, or a whole number, 0 or more", _padding("same", "valid")),
]
PoolPadding: TypeAlias = Annotated[
    int | tuple[int, ...] | str,
    Kind("same, valid, ceil, or a whole number, 0 or more", _padding("same", "valid", "ceil")),
]
Ratio: TypeAlias = Annotated[Fraction, Kind("a ratio above 0, at most 1", _between(True, False))]
OptionalRatio: TypeAlias = Annotated[
    Fraction | None, Kind("a ratio above 0, at most 1, or none", _optional(_between(True, False)))
]
Rate: TypeAlias = Annotated[Fraction, Kind("a rate from 0, below 1", _between(False, True))]
OptionalWidth: TypeAlias = Annotated[
    int | None, Kind("a whole number from 1 to 1,000,000, or none", _optional(_whole))
]
OptionalAct: TypeAlias = Annotated[str | Term | None, ACT]
Act: TypeAlias = Annotated[str | Term, Kind(_LAW, _act)]
Gate: TypeAlias = Annotated[str, Kind("a gate: sigmoid or hardsigmoid", _word("sigmoid", "hardsigmoid"))]
Number: TypeAlias = Annotated[Fraction, Kind("a number from -1,000,000 to 1,000,000", _number)]
Pair: TypeAlias = Annotated[tuple[int, int], Kind("two whole numbers, as in [96, 128]", _pair)]
OptionalPair: TypeAlias = Annotated[
    tuple[int, int] | None, Kind("two whole numbers, as in [96, 128], or none", _optional(_pair))
]
MapShape: TypeAlias = Annotated[
    tuple[int, ...], Kind("channels and one to three extents, as in [256, 4, 4]", _map)
]
Shortcut: TypeAlias = Annotated[
    str | None, Kind("a shortcut: projection, pad or none", _optional(_word("projection", "pad")))
]
Identity: TypeAlias = Annotated[
    str | None, Kind("a shortcut: identity or none", _optional(_word("identity")))
]
StrideOn: TypeAlias = Annotated[str, Kind("where the stride is: first or kernel", _word("first", "kernel"))]
ConvType: TypeAlias = Annotated[
    Term,
    Kind(
        "a convolution type: standard, separable, factorised, deformable, grouped(n) or dilated(n), n >= 2",
        _conv,
    ),
]
Mode: TypeAlias = Annotated[str, Kind("nearest or bilinear", _word(*MODES))]
Mask: TypeAlias = Annotated[str, Kind("a or b", _word("a", "b"))]
