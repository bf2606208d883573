"""The kinds of block parameters: what each accepts, said once, for messages and for the language reference.

A block's signature names its kinds: `kernel: Odd = 3`. At run time a value has been checked against its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, TypeAlias, cast

from .. import kinds
from ..kinds import of_type, optional, require, whole, word
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


_from_1, _from_2 = (whole(low, MAX_SIZE).check for low in (1, 2))


def _for_axes(law: str, low: int, *words: str, most: int = MAX_SIZE) -> Kind:
    """Return the kind of a number from `low`, of a sequence of at least `low` of them, or of a word."""
    check = whole(low, MAX_SIZE).check

    def check_all(value: object) -> Value:
        if isinstance(value, tuple):
            require(low <= len(value) <= most)
            return tuple([check(item) for item in value])
        return value if isinstance(value, str) and value in words else check(value)

    return Kind(law, check_all)


def _fraction(law: str, holds: Callable[[Fraction], bool]) -> Kind:
    """Return the kind of numbers for which a law holds, as fractions."""
    kind = of_type(law, int | Fraction, holds)
    return Kind(law, lambda value: Fraction(kind.check(value)))


def _sequence(law: str, low: int, high: int) -> Kind:
    """Return the kind of `low` to `high` sizes."""
    kind: kinds.Kind[tuple[object, ...]] = of_type(law, tuple, lambda value: low <= len(value) <= high)
    return Kind(law, lambda value: tuple([_from_1(item) for item in kind.check(value)]))


def _identifiers(value: object) -> Value:
    several = value if isinstance(value, tuple) else (value,)
    require(len(several) > 0)
    return tuple([SOURCE.check(item) for item in several])


def _conv(value: object) -> Value:
    term = Term(value) if isinstance(value, str) else value
    if not isinstance(term, Term):
        raise ValueError
    require(len(term.args) == _CONV_ARGUMENTS.get(term.word, -1))
    return Term(term.word, tuple([_from_2(arg) for arg in term.args]))


def _norm(value: object) -> Value:
    if isinstance(value, Term):
        require(value.word == "group" and len(value.args) == 1)
        return Term("group", (_from_1(value.args[0]),))
    return _NORM_WORD.check(value)


def _act(value: object) -> Value:
    if isinstance(value, Term):
        (slope,) = value.args
        require(value.word == "leaky_relu" and 0 < slope < 1)
        return Term("leaky_relu", (Fraction(slope),))
    return _ACT_WORD.check(value)


WHOLE: Kind = whole(1, MAX_SIZE)
DEPTH: Kind = whole(0, MAX_SIZE, law="a whole number, 0 or more")
FLAG: Kind = of_type("true or false", bool, lambda _: True)
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
SOURCE: kinds.Kind[str] = of_type("the name of a row above, or input", str, str.isidentifier)
SOURCES: Kind = Kind("the name of a row above, or a sequence of names", _identifiers)

_SIZE = _for_axes("a whole number from 1 to 1,000,000, or a sequence with one for each axis", 1, most=3)
_RATIO = _fraction("a ratio above 0, at most 1", lambda ratio: 0 < ratio <= 1)
_PAIR = _sequence("two whole numbers, as in [96, 128]", 2, 2)

Odd: TypeAlias = Annotated[
    int,
    of_type(
        "an odd whole number from 1 to 1,000,000", int, lambda size: size % 2 == 1 and 1 <= size <= MAX_SIZE
    ),
]
Size: TypeAlias = Annotated[int | tuple[int, ...], _SIZE]
OptionalSize: TypeAlias = Annotated[
    int | tuple[int, ...] | None,
    optional(_SIZE, law="a whole number from 1 to 1,000,000, a sequence with one for each axis, or none"),
]
Sides: TypeAlias = Annotated[
    int | tuple[int, ...],
    _for_axes("a whole number, 0 or more, or a sequence with one for each axis", 0),
]
Padding: TypeAlias = Annotated[
    int | tuple[int, ...] | str,
    _for_axes(
        "same, valid, full, causal, or a whole number, 0 or more", 0, "same", "valid", "full", "causal"
    ),
]
UpPadding: TypeAlias = Annotated[
    int | tuple[int, ...] | str,
    _for_axes("same, valid, or a whole number, 0 or more", 0, "same", "valid"),
]
PoolPadding: TypeAlias = Annotated[
    int | tuple[int, ...] | str,
    _for_axes("same, valid, ceil, or a whole number, 0 or more", 0, "same", "valid", "ceil"),
]
Ratio: TypeAlias = Annotated[Fraction, _RATIO]
OptionalRatio: TypeAlias = Annotated[Fraction | None, optional(_RATIO)]
Rate: TypeAlias = Annotated[Fraction, _fraction("a rate from 0, below 1", lambda rate: 0 <= rate < 1)]
OptionalWidth: TypeAlias = Annotated[int | None, optional(WHOLE)]
OptionalAct: TypeAlias = Annotated[str | Term | None, ACT]
Act: TypeAlias = Annotated[str | Term, _ACT]
Gate: TypeAlias = Annotated[str, word("sigmoid", "hardsigmoid", law="a gate: sigmoid or hardsigmoid")]
Number: TypeAlias = Annotated[
    Fraction, _fraction("a number from -1,000,000 to 1,000,000", lambda value: abs(value) <= MAX_SIZE)
]
Pair: TypeAlias = Annotated[tuple[int, int], _PAIR]
OptionalPair: TypeAlias = Annotated[tuple[int, int] | None, optional(_PAIR)]
MapShape: TypeAlias = Annotated[
    tuple[int, ...], _sequence("channels and one to three extents, as in [256, 4, 4]", 2, 4)
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
