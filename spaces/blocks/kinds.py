"""The kinds of block parameters: what each accepts, said once, for messages and for the language reference.

A block's signature names its kinds: `kernel: Odd = 3`. At run time a value has been checked against its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, TypeAlias, cast

from .. import kinds
from ..kinds import optional, require, whole, word
from ..operators.activation import ACTIVATIONS
from ..operators.resize import MODES
from ..values import Term, Value

MAX_SIZE = 1_000_000
_NORM_WORD = word("batch", "layer", "instance")
_ACT_WORD = word(*ACTIVATIONS)
_CONV_ARGUMENTS = {
    "standard": 0,
    "separable": 0,
    "factorised": 0,
    "deformable": 0,
    "grouped": 1,
    "dilated": 1,
}

Kind: TypeAlias = kinds.Kind[Value]
"""A kind of block parameter: the law in words, and a check that returns a value's normal form or fails."""


def _whole(value: object, low: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    require(low <= value <= MAX_SIZE)
    return value


def _odd(value: object) -> int:
    number = _whole(value)
    require(number % 2 == 1)
    return number


def _size(value: object) -> Value:
    if isinstance(value, tuple):
        require(1 <= len(value) <= 3)
        return tuple([_whole(item) for item in value])
    return _whole(value)


def _sides(value: object) -> Value:
    if isinstance(value, tuple):
        return tuple([_whole(item, 0) for item in value])
    return _whole(value, 0)


def _padding(*words: str) -> Callable[[object], Value]:
    return lambda value: value if isinstance(value, str) and value in words else _sides(value)


def _between(low_open: bool, high_open: bool) -> Callable[[object], Value]:
    def check(value: object) -> Value:
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            raise ValueError
        require(0 <= value <= 1)
        require(not (low_open and value == 0) and not (high_open and value == 1))
        return Fraction(value)

    return check


def _identifier(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    require(value.isidentifier())
    return value


def _identifiers(value: object) -> Value:
    several = value if isinstance(value, tuple) else (value,)
    require(len(several) > 0)
    return tuple([_identifier(item) for item in several])


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _conv(value: object) -> Value:
    term = Term(value) if isinstance(value, str) else value
    if not isinstance(term, Term):
        raise ValueError
    require(len(term.args) == _CONV_ARGUMENTS.get(term.word, -1))
    return Term(term.word, tuple([_whole(arg, 2) for arg in term.args]))


def _norm(value: object) -> Value:
    if isinstance(value, Term):
        require(value.word == "group" and len(value.args) == 1)
        return Term("group", (_whole(value.args[0]),))
    return _NORM_WORD.check(value)


def _act(value: object) -> Value:
    if isinstance(value, Term):
        (slope,) = value.args
        require(value.word == "leaky_relu" and 0 < slope < 1)
        return Term("leaky_relu", (Fraction(slope),))
    return _ACT_WORD.check(value)


def _number(value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise ValueError
    require(-MAX_SIZE <= value <= MAX_SIZE)
    return Fraction(value)


def _sequence(low: int, high: int) -> Callable[[object], Value]:
    def check(value: object) -> Value:
        if not isinstance(value, tuple):
            raise ValueError
        require(low <= len(value) <= high)
        return tuple([_whole(item) for item in value])

    return check


WHOLE: Kind = whole(1, MAX_SIZE)
DEPTH: Kind = Kind("a whole number, 0 or more", lambda value: _whole(value, 0))
FLAG: Kind = Kind("true or false", _flag)
_NORM: Kind = Kind("a normalisation: batch, layer, instance or group(n)", _norm, words=_NORM_WORD.words)
NORM = optional(_NORM, law="a normalisation: batch, layer, instance, group(n) or none")
_ACT: Kind = Kind(f"an activation: {', '.join(ACTIVATIONS)}, leaky_relu(slope)", _act, words=ACTIVATIONS)
ACT = optional(_ACT, law=f"{_ACT.law} or none")
_INITIALISATIONS = ("he", "xavier", "lecun", "truncated")
INIT: Kind = optional(
    word(*_INITIALISATIONS), law=f"an initialisation: {', '.join(_INITIALISATIONS)} or none"
)
LAST_NORM: Kind = optional(word("zero"), law="zero or none")
PER: Kind = word("row", "block", law="row or block")

ANY: Kind = Kind("a value", lambda value: cast("Value", value))
SOURCE: Kind = Kind("the name of a row above, or input", _identifier)
SOURCES: Kind = Kind("the name of a row above, or a sequence of names", _identifiers)

_SIZE: Kind = Kind("a whole number from 1 to 1,000,000, or a sequence with one for each axis", _size)
_RATIO: Kind = Kind("a ratio above 0, at most 1", _between(True, False))
_PAIR: Kind = Kind("two whole numbers, as in [96, 128]", _sequence(2, 2))

Odd: TypeAlias = Annotated[int, Kind("an odd whole number from 1 to 1,000,000", _odd)]
Size: TypeAlias = Annotated[int | tuple[int, ...], _SIZE]
OptionalSize: TypeAlias = Annotated[
    int | tuple[int, ...] | None,
    optional(_SIZE, law="a whole number from 1 to 1,000,000, a sequence with one for each axis, or none"),
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
Ratio: TypeAlias = Annotated[Fraction, _RATIO]
OptionalRatio: TypeAlias = Annotated[Fraction | None, optional(_RATIO)]
Rate: TypeAlias = Annotated[Fraction, Kind("a rate from 0, below 1", _between(False, True))]
OptionalWidth: TypeAlias = Annotated[int | None, optional(WHOLE)]
OptionalAct: TypeAlias = Annotated[str | Term | None, ACT]
Act: TypeAlias = Annotated[str | Term, _ACT]
Gate: TypeAlias = Annotated[str, word("sigmoid", "hardsigmoid", law="a gate: sigmoid or hardsigmoid")]
Number: TypeAlias = Annotated[Fraction, Kind("a number from -1,000,000 to 1,000,000", _number)]
Pair: TypeAlias = Annotated[tuple[int, int], _PAIR]
OptionalPair: TypeAlias = Annotated[tuple[int, int] | None, optional(_PAIR)]
MapShape: TypeAlias = Annotated[
    tuple[int, ...], Kind("channels and one to three extents, as in [256, 4, 4]", _sequence(2, 4))
]
Shortcut: TypeAlias = Annotated[
    str | None, optional(word("projection", "pad"), law="a shortcut: projection, pad or none")
]
Identity: TypeAlias = Annotated[str | None, optional(word("identity"), law="a shortcut: identity or none")]
StrideOn: TypeAlias = Annotated[str, word("first", "kernel", law="where the stride is: first or kernel")]
ConvType: TypeAlias = Annotated[
    Term,
    Kind(
        "a convolution type: standard, separable, factorised, deformable, grouped(n) or dilated(n), n >= 2",
        _conv,
        words=tuple(_CONV_ARGUMENTS),
    ),
]
Mode: TypeAlias = Annotated[str, word(*MODES, law="nearest or bilinear")]
Mask: TypeAlias = Annotated[str, word("a", "b", law="a or b")]
