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
from ..operators.norm import EPS, MOMENTUM
from ..operators.pad import PAD_MODES
from ..operators.padding import Side
from ..operators.resize import MODES
from ..values import Term, Value, identifier

MAX_SIZE = 1_000_000
_AXES = 3
MAX_PARTS = 1000
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
_ACT_NUMBERS = ("leaky_relu", "prelu")
TERMS = frozenset(
    {*_NORM_WORD.words, "group", *_ACT_NUMBERS, *(word for word, takes in _CONV_ARGUMENTS.items() if takes)}
)
"""Words that have numbers behind them, as in `grouped(8)`: no function of a table has such a name."""

Kind: TypeAlias = kinds.Kind[Value]
"""A kind of block parameter: the law in words, and a check that returns a value's normal form or fails."""


_from_1, _from_2 = (whole(low, MAX_SIZE).check for low in (1, 2))


def _for_axes(law: str, low: int, *words: str, most: int = MAX_SIZE) -> Kind:
    """Return the kind of a number from `low`, of a sequence of at least `low` of them, or of a word."""
    check = whole(low, MAX_SIZE).check

    def check_all(value: object) -> Value:
        if isinstance(value, tuple):
            require(max(low, 1) <= len(value) <= most)
            return tuple([check(item) for item in value])
        return value if isinstance(value, str) and value in words else check(value)

    return Kind(law, check_all, words=words)


def _padding(law: str, *words: str) -> Kind:
    """Return the kind of a padding: a number, for each axis a number or a pair (before, after), or a word."""
    check = whole(0, MAX_SIZE).check

    def check_side(value: object) -> Value:
        if not isinstance(value, tuple):
            return check(value)
        before, after = map(check, value)
        return before if before == after else (before, after)

    def check_all(value: object) -> Value:
        if isinstance(value, tuple):
            require(1 <= len(value) <= _AXES)
            return tuple([check_side(item) for item in value])
        return value if isinstance(value, str) and value in words else check(value)

    pairs = "for each axis a number or a pair (before, after), as in [[0, 1], [0, 1]]"
    return Kind(f"{law}; at most {MAX_SIZE:,}; {pairs}", check_all, words=words)


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
    return tuple([SOURCE.check(item) for item in several if item is not None])


def _is_source(name: str) -> bool:
    """Tell whether a text is a row's name, or that of an output of a row: `down1.skip`."""
    row, dot, output = name.partition(".")
    return identifier(row).isidentifier() and (output.isidentifier() or not dot)


def _conv(value: object) -> Value:
    term = Term(value) if isinstance(value, str) else value
    if not isinstance(term, Term):
        raise ValueError
    require(len(term.args) == _CONV_ARGUMENTS.get(term.word, -1))
    return Term(term.word, tuple([_from_2(arg) for arg in term.args]))


def _norm(value: object) -> Value:
    """Return a norm in its normal form: numbers that are PyTorch's own are left out."""
    if not isinstance(value, Term):
        return _NORM_WORD.check(value)
    args, usual = list(value.args), [EPS, MOMENTUM][: 2 if value.word == "batch" else 1]
    groups = (_from_1(args.pop(0)),) if value.word == "group" else ()
    require(bool(groups) or (value.word in _NORM_WORD.words and len(args) > 0))
    require(len(args) <= len(usual) and all(0 < arg <= 1 for arg in args))
    while args and args[-1] == usual[len(args) - 1]:
        args.pop()
    return Term(value.word, (*groups, *map(Fraction, args))) if groups or args else value.word


def _act(value: object) -> Value:
    if isinstance(value, Term):
        (number,) = value.args
        require(value.word in _ACT_NUMBERS)
        if value.word == "prelu":
            require(number == 1)
            return Term("prelu", (1,))
        require(0 < number < 1)
        return Term("leaky_relu", (Fraction(number),))
    return _ACT_WORD.check(value)


WHOLE: Kind = whole(1, MAX_SIZE)
DEPTH: Kind = whole(0, MAX_SIZE, law="a whole number, 0 or more")
FLAG: Kind = of_type("true or false", bool, lambda _: True, words=("true", "false"))
NORM = optional(
    Kind("", _norm, words=(*_NORM_WORD.words, "group(8)")),
    law="a normalisation: batch, layer, instance, group(n) or none; with its eps, above 0 and at most 1, as "
    "in layer(1e-6), batch with a momentum too, as in batch(0.001, 0.01)",
)
_ACT: Kind = Kind(
    f"an activation: {', '.join(ACTIVATIONS)}, leaky_relu(slope), prelu(1)", _act, words=ACTIVATIONS
)
ACT = optional(_ACT, law=f"{_ACT.law} or none")
_INITIALISATIONS = ("he", "xavier", "lecun", "truncated")
INIT: Kind = optional(
    word(*_INITIALISATIONS), law=f"an initialisation: {', '.join(_INITIALISATIONS)} or none"
)
PAD_MODE: Kind = word(*PAD_MODES)
LAST_NORM: Kind = optional(word("zero"), law="zero or none")
PER: Kind = word("row", "block", law="row or block")

ANY: Kind = Kind("a value", lambda value: cast("Value", value))
SOURCE: kinds.Kind[str] = of_type("the name of a row above, or input", str, _is_source)
SOURCES: Kind = Kind("the name of a row above, a sequence of names, or none", _identifiers)

_SIZE = _for_axes("a whole number from 1 to 1,000,000, or a sequence with one for each axis", 1, most=_AXES)
_SQUARE = ("same", "valid", "full")
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
_SIDES = _for_axes(
    "a whole number, 0 or more and at most 1,000,000, or a sequence with one for each axis", 0, most=_AXES
)
OptionalSides: TypeAlias = Annotated[int | tuple[int, ...] | None, optional(_SIDES)]
PadSides: TypeAlias = Annotated[
    int | tuple[Side, ...] | None, optional(_padding("a whole number, 0 or more"))
]
PadChannels: TypeAlias = Annotated[
    int | tuple[int, ...] | None,
    optional(
        _for_axes("", 0, most=2),
        law="a number of channels, 0 or more, or a pair (before, after), as in [8, 8], to 1,000,000; or none",
    ),
]
PadMode: TypeAlias = Annotated[str, PAD_MODE]
Padding: TypeAlias = Annotated[
    int | tuple[Side, ...] | str,
    _padding(
        "same, valid, full, causal, or a whole number, 0 or more; same_upper as in TensorFlow",
        *("same", "valid", "full", "causal", "same_upper"),
    ),
]
UpPadding: TypeAlias = Annotated[
    int | tuple[int, ...] | str,
    _for_axes(
        "same, valid, or a whole number, 0 to 1,000,000, or a sequence with one for each axis",
        *(0, "same", "valid"),
        most=_AXES,
    ),
]
SquarePadding: TypeAlias = Annotated[
    int | str,
    Kind(
        "same, valid, full, or a whole number, 0 or more and at most 1,000,000",
        lambda value: value if value in _SQUARE else DEPTH.check(value),
        words=_SQUARE,
    ),
]
PoolPadding: TypeAlias = Annotated[
    int | tuple[Side, ...] | str,
    _padding(
        "same, valid, ceil, or a whole number, 0 or more; same_upper as in TensorFlow",
        *("same", "valid", "ceil", "same_upper"),
    ),
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
_FACTOR = _fraction("a number other than 0", lambda value: 0 < abs(value) <= MAX_SIZE)
Factor: TypeAlias = Annotated[Fraction, _FACTOR]
OptionalFactor: TypeAlias = Annotated[Fraction | None, optional(_FACTOR)]
Over: TypeAlias = Annotated[
    str, word("space", "channels", "group", law="what is pooled: space, channels or group")
]
Parts: TypeAlias = Annotated[
    int | tuple[int, ...],
    _for_axes("a number of equal parts, or the channels of each part, as in [16, 48]", 1, most=MAX_PARTS),
]
Several: TypeAlias = Annotated[int, whole(2, MAX_SIZE)]
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
