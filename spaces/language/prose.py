"""Composed blocks in words: what their rows compute, one after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..blocks import BLOCKS
from .expressions import Arithmetic, Expr, expression_text, ref
from .rows import LIKE, Composed, Row

WORDS = {
    "act": "activation",
    "add": "sum",
    "avgpool": "average pooling",
    "blurpool": "blur pooling",
    "concat": "concatenation",
    "deform": "deformable convolution",
    "droppath": "drop path",
    "linear": "linear layer",
    "lrn": "local response normalisation",
    "masked": "masked convolution",
    "maxpool": "max pooling",
    "multiply": "product",
    "p4conv": "convolution on the group p4",
    "pad": "padding",
    "pixelshuffle": "pixel shuffle",
    "se": "squeeze and excitation",
    "separable": "separable convolution",
    "shuffle": "channel shuffle",
    "split": "part of the channels",
    "subtract": "difference",
    "unpool": "unpooling",
    "upconv": "transposed convolution",
    "upsample": "upsampling",
}
"""What a word of a row is called in a sentence, where that is not the word."""
LONGEST = 400
"""Characters of a description; what is longer names its rows' kinds alone."""


def describe(word: str, definition: Composed, rank: int = 2) -> str:
    """Return a sentence about a composed block on maps of so many axes.

    >>> describe("fire", Composed((Row("conv", width=8, kernel=1), Row("concat", Row("conv"), Row("act")))))
    'Fire: 1x1 convolution, then the concatenation of 3x3 convolution and activation.'
    """
    name = word.replace("_", " ")
    text = _Prose(definition.rows, rank).rows(definition.rows)
    if len(text) > LONGEST:
        text = ", ".join(WORDS.get(kind, kind) for kind in dict.fromkeys(row.word for row in definition.rows))
        text = f"{len(definition.rows)} steps: {text}"
    return f"{name[:1].upper()}{name[1:]}: {text}."


class _Prose:
    """The words for the rows of one block."""

    def __init__(self, rows: Sequence[Row], rank: int) -> None:
        self.rank = rank
        self.named: dict[Expr, Mapping[str, Expr]] = {}
        self.add_names(rows)

    def add_names(self, rows: Sequence[Row]) -> None:
        """Note what rows with a name are given: others may share their weights."""
        for row in rows:
            for branch in row.branches:
                self.add_names(branch)
            if "name" in row.args:
                self.named[row.args["name"]] = {**self.named.get(row.args.get(LIKE), {}), **row.args}

    def rows(self, rows: Sequence[Row]) -> str:
        """Return what rows compute, one after the other."""
        if len(rows) == 1 and rows[0].word == "residual" and rows[0].branches:
            return f"x + f(x), f = {self.rows([row for branch in rows[0].branches for row in branch])}"
        return ", then ".join(map(self.row, rows)) if len(rows) < 3 else ", ".join(map(self.row, rows))

    def row(self, row: Row) -> str:
        """Return what a row computes, of what, and when."""
        shared = row.args.get(LIKE) if LIKE not in _maps(row) else None
        arguments = {**self.named.get(shared, {}), **row.args}
        phrase = self.convolution(arguments) if row.word == "conv" else _noun(row)
        if row.branches and row.word == "residual":
            phrase = f"x + f(x) with f = {self.rows([inner for branch in row.branches for inner in branch])}"
        elif row.branches:
            parts = [self.rows(branch) or "its input" for branch in row.branches]
            phrase = f"the {phrase} of {'; '.join(parts) if len(parts) > 2 else ' and '.join(parts)}"
        if shared is not None:
            phrase += f" with the weights of {_names(shared)}"
        if "with" in row.args:
            phrase += f" with {_names(row.args['with'])}"
        if "from" in row.args:
            phrase += f" of {_names(row.args['from'])}"
        if "when" in row.args:
            phrase += f" (if {_condition(row.args['when'])})"
        return phrase

    def convolution(self, args: Mapping[str, Expr]) -> str:
        """Return a convolution with its kernel and dilation, and whether it is depthwise."""
        default = BLOCKS["conv"].parameters["kernel"].default
        kernel, groups, dilation = (
            args.get(key, other) for key, other in (("kernel", default), ("groups", 1), ("dilation", 1))
        )
        sides = [*kernel] if isinstance(kernel, tuple) else [kernel] * self.rank
        size = "x".join(map(_side, sides))
        depthwise = groups != 1 and groups in (args.get("width"), ref("in"))
        noun = f"{size} convolution" if self.rank > 1 else f"convolution of kernel {size}"
        noun = f"depthwise {noun}" if depthwise else noun
        if dilation == 1:
            return noun
        return f"{noun} of dilation {dilation}" if isinstance(dilation, int) else f"dilated {noun}"


def _maps(row: Row) -> tuple[str, ...]:
    """Return the maps that the word of a row reads by name."""
    return BLOCKS[row.word].maps if row.word in BLOCKS else ()


def _noun(row: Row) -> str:
    """Return what the word of a row is called."""
    if row.word == "scale":
        return f"factor {_plain(row.args['by'])}" if "by" in row.args else "layer scale"
    if row.word in ("avgpool", "maxpool") and "over" in row.args:
        return f"{'mean' if row.word == 'avgpool' else 'maximum'} over {_plain(row.args['over'])}"
    return WORDS.get(row.word, row.word.lstrip("$"))


def _side(kernel: Expr) -> str:
    return str(kernel) if isinstance(kernel, int) else "k"


def _names(value: Expr) -> str:
    return " and ".join(map(_plain, value)) if isinstance(value, tuple) else _plain(value)


def _condition(value: Expr) -> str:
    """Return a condition without the brackets of its comparisons."""
    if not (isinstance(value, Arithmetic) and value.operator in ("and", "or")):
        return _plain(value)
    sides = []
    for side in (value.left, value.right):
        mixed = isinstance(side, Arithmetic) and side.operator in {"and", "or"} - {value.operator}
        sides.append(f"({_condition(side)})" if mixed else _condition(side))
    return f" {value.operator} ".join(sides)


def _plain(value: Expr) -> str:
    """Return an expression in the names that the source has: the channels read are `inputs`."""
    return re.sub(r"\$in\b", "inputs", expression_text(value)).replace("$", "")
