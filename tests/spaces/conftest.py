"""Random documents: tables put together from every word and construct of the language, mostly good.

And what tests of exports share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

import pytest
from helpers.onnx_exporter import one_table

from archscape.spaces.blocks import BLOCKS, Block
from archscape.spaces.blocks.kinds import Kind
from archscape.spaces.language.parser import parse
from archscape.spaces.language.rows import STYLE

NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "8",
    "-1",
    "1/2",
    "1/4",
    "0.1",
    "[1, 3]",
    "[4, 6]",
    "[3, 3]",
    "[2, 2, 2]",
    "[[0, 1], [1, 1]]",
    "[[1, 0]]",
)
WORDS = (
    *("none", "true", "false", "same", "valid", "ceil", "causal", "relu", "silu", "sigmoid", "hardsigmoid"),
    *("leaky_relu(0.1)", "batch", "layer", "instance", "group(2)", "standard", "separable", "factorised"),
    *("grouped(2)", "dilated(2)", "nearest", "bilinear", "a", "b", "projection", "pad", "first", "kernel"),
    *("he", "xavier", "lecun", "truncated", "zero", "space", "channels", "batch(0.001)", "layer(1e-6)"),
    *("same_upper", "reflect", "replicate", "circular", "zeros", "prelu(1)"),
)
"""Values of the language; a kind of parameter is given those that it accepts."""
ODD = (
    *(
        "-1",
        "0",
        "1..400",
        "1000000",
        "999999999",
        "{1}",
        "{}",
        "[]",
        "[1, 2]",
        "{1, 1}",
        "[[8], {8}]",
        "1/3",
        "10M",
    ),
    *(
        "9 ** 64",
        "2 ** 2 ** 64",
        "(-2) ** 3",
        "2 ** -64",
        "1/0",
        "8 % 3",
        "((((8))))",
        "round(5/2)",
        "sqrt(-1)",
    ),
    *(
        "log(0)",
        "foo(2)",
        '"max(3, 4)"',
        '"min($w, 2)"',
        '"f(1, 2)"',
        "relu",
        "block",
        "input",
        "before",
        "with",
    ),
    *("$v", "$w - 40", "$w % 5", "$i", "$in", "$in.0", "$extent", "$nothing", "2 if 3 > 2 else 4"),
    *("1 if $w > 8 and $w < 9 or $w == 24 else 3", 9 * "1 if 1 > 2 else " + "8"),
)
OFTEN = {
    "width": ["8", "8", "8", "4", "16"],
    "stride": ["1", "1", "1", "2"],
    "kernel": ["1", "3", "3", "5"],
    "expand": ["1", "2", "4"],
    "growth": ["2", "4"],
    "groups": ["1", "2", "4"],
    "heads": ["1", "2"],
    "depth": ["1", "2", "3"],
    "scale": ["1", "2"],
    "extent": ["4", "8"],
    "part": ["1", "2"],
    "parts": ["2", "2", "4", "[3, 5]"],
}
"""Sizes that often fit, by the name of the parameter."""
RARE = {
    "linear",
    "flatten",
    "reshape",
    "wavenet",
    "deform",
    "inception",
    "crop",
    "reparameterise",
    "shufflev2",
}
KEEP = ("conv", "plain", "basic", "separable", "highway", "bottleneck", "factorised")
"""Words that keep the shape with the width they read."""
PASS = (
    "identity",
    "norm",
    "act",
    "dropout",
    "se: {width: 4}",
    "scale",
    "lrn",
    "droppath: {rate: 1/4}",
    "scale: {by: 0.1}",
)


@cache
def fitting(kind: Kind) -> tuple[str, ...]:
    """Return the written values that a kind accepts."""
    texts = []
    for text in (*NUMBERS, *WORDS):
        try:
            kind.accept(parse(text))  # type: ignore[arg-type]
        except ValueError:
            continue
        texts.append(text)
    return tuple(texts)


class Author:
    """Writes one document; the same seed gives the same.

    Attributes:
        open: Whether what is written now may leave something open.
        wrong: How often something odd is written where something good belongs.
        sizes: References that stand for a size where something is written now.
        rows: Names of the rows above.
        made: The blocks composed so far, by name: the row that uses each.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.space = self.random.random() < 0.6
        self.open = self.space
        self.wrong = self.random.choice((0, 0, 0.01, 0.05))
        self.sizes: list[str] = ["$w"]
        self.rows: list[str] = []
        self.made: dict[str, Callable[[], str]] = {}
        self.count = 0

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # Values

    def value(self, name: str, kind: Kind) -> str:
        """Return a value for a parameter."""
        if self.chance(self.wrong):
            return self.random.choice(ODD)
        texts = OFTEN.get(name) or list(fitting(kind)) or ["8"]
        if self.chance(0.15) and set(OFTEN.get(name, ())) > {"4"}:
            return self.size()
        if self.open and self.chance(0.25) and len(set(texts)) > 1:
            return f"{{{', '.join(self.random.sample(sorted(set(texts)), 2))}}}"
        return self.random.choice(texts)

    def size(self) -> str:
        """Return an expression for a size."""
        ref = self.random.choice(self.sizes)
        form = self.random.choice(
            (
                "{0}",
                "{0}",
                "2 * {0}",
                "{0} // 2 + 1",
                "{0} if {0} > 4 else 4",
                '"max({0}, 4)"',
                "round({0} / 3) + 1",
                "ceil(sqrt({0}))",
                "{0} % 3 + 1",
                "2 ** ({0} % 4)",
            )
        )
        return form.format(ref)

    def given(self, block: Block[object], *, keep: bool, few: int = 2) -> dict[str, str]:
        """Return what a row gives a library block; `keep` so that the shape is kept."""
        here = "$in" if "$in" in self.sizes else "8"
        optional = [p.name for p in block.parameters.values() if not p.required and p.name != "width"]
        names = [p.name for p in block.parameters.values() if p.required]
        names += ["width"] if block.word == "se" else []
        optional = [name for name in optional if block.word != "se" or name != "ratio"]
        names += self.random.sample(optional, min(len(optional), self.random.choice((0, 0, 1, few))))
        changing = ("stride", "padding", "stacks", "part", "shape", "sides", "extent", "scale", "preact")
        args = {n: self.value(n, block.parameters[n].kind) for n in names if not (keep and n in changing)}
        if "width" in args and block.word != "se" and (keep or self.chance(0.6)):
            args["width"] = here
        if block.styled and self.chance(0.2):
            key = self.random.choice(list(STYLE))
            args[key] = self.value(key, STYLE[key])
        if block.repeats and self.chance(0.15):
            args["depth"] = self.random.choice(("2", "{1, 2}", "0..2") if self.open else ("2", "1", "0"))
        if keep and "kernel" in args:
            args["kernel"] = self.random.choice(("1", "3"))
        return args

    # Rows

    def flow(self, word: str, args: dict[str, str], branches: list[str] | None = None) -> str:
        """Return a row as an item of a flow sequence."""
        if self.chance(self.wrong / 3):
            word = self.random.choice(("cnov", "any", *BLOCKS, "$op"))
        if self.chance(self.wrong / 3):
            args[self.random.choice((*OFTEN, *STYLE, "name", "from", "with", "when", "per", "x"))] = "8"
        parts = [f"{key}: {value}" for key, value in args.items()]
        if branches is None:
            return f"{word}: {{{', '.join(parts)}}}" if parts else word
        inner = f"[{', '.join(branches)}]"
        if not parts:
            return f"{word}: {inner}"
        return f"{word}: {{{', '.join(parts)}, {'rows' if word == 'residual' else 'branches'}: {inner}}}"

    def kept(self) -> str:
        """Return a row that keeps the shape."""
        if self.chance(0.3):
            return self.random.choice(PASS)
        word = self.random.choice(KEEP)
        return self.flow(word, self.given(BLOCKS[word], keep=True))

    def branch(self, level: int) -> str:
        """Return one branch: a row, or a list of rows."""
        rows = [self.row(level + 1, keep=True) for _ in range(self.random.choice((1, 1, 2)))]
        return self.braced(rows[0]) if len(rows) == 1 else f"[{', '.join(map(self.braced, rows))}]"

    @staticmethod
    def braced(row: str) -> str:
        return f"{{{row}}}" if ": " in row else row

    def row(self, level: int = 0, *, keep: bool = False) -> str:
        """Return a row of any sort; within others, `keep` the shape."""
        sort = self.random.random()
        if sort < 0.2 and level < 3:
            word = self.random.choice(
                ("add", "concat", "multiply", "subtract") if not keep else ("add", "subtract")
            )
            branches = [self.branch(level) for _ in range(self.random.choice((2, 2, 3)))]
            return self.flow(word, self.named(0.3) if not level else {}, branches)
        if sort < 0.3 and level < 3:
            rows = [self.braced(self.row(level + 1, keep=True)) for _ in range(self.random.choice((1, 2)))]
            return self.flow("residual", {"droppath": "1/4"} if self.chance(0.3) else {}, rows)
        if sort < 0.5 and self.made and not level:
            return self.made[self.random.choice(list(self.made))]()
        if keep or self.chance(0.4):
            return self.kept()
        if sort < 0.65 and len(self.rows) > 1 and not level:
            other = self.random.choice(self.rows[:-1])
            several = f"{{{', '.join(sorted({other, self.rows[0]}))}}}"
            named = several if self.open and other != self.rows[0] and self.chance(0.5) else other
            return self.flow(
                self.random.choice(("add", "add", "concat", "subtract")), {"with": named, **self.named(0.3)}
            )
        words = [word for word, block in BLOCKS.items() if block.maps == ("x",) and not block.variadic]
        word = self.random.choice([word for word in words if word not in RARE or self.chance(0.1)])
        args = {**self.named(0.4), **self.given(BLOCKS[word], keep=False)} if not level else {}
        if level == 0 and self.rows and self.chance(0.08):
            args["from"] = self.rows[-1] if self.chance(0.5) else "input"
        return self.flow(word, args or self.given(BLOCKS[word], keep=False))

    def named(self, share: float) -> dict[str, str]:
        """Return a name for a row, sometimes."""
        if not self.chance(share):
            return {}
        self.count += 1
        self.rows.append(f"r{self.count}" if not self.chance(self.wrong) else "forward")
        return {"name": self.rows[-1]}

    # Composed blocks

    def compose(self, name: str) -> str:
        """Return the definition of a block, and note how it is used."""
        self.open, sizes = False, self.sizes
        self.sizes = ["$in", "$extent"]
        text, use = self.random.choice(
            (
                self.chain,
                self.fork,
                self.joined,
                self.cell,
                self.tower,
                self.genes,
                self.caller,
                self.any_rows,
            )
        )(name)
        self.open, self.sizes = self.space, sizes
        self.made[name] = lambda: self.flow(name, {**self.named(0.3), **{k: v() for k, v in use.items()}})
        return text

    def chain(self, name: str) -> tuple[str, dict[str, Callable[[], str]]]:
        self.sizes += ["$a"]
        rows = f"[conv: {{width: $a, kernel: $k}}, {self.braced(self.row(1, keep=True))}]"
        return f"{name}(a, k = 3): {rows}", {"a": self.width, "k": lambda: self.pick("1", "3", "5")}

    def fork(self, name: str) -> tuple[str, dict[str, Callable[[], str]]]:
        rows = f"[concat: [conv: {{width: $in // 2}}, [{self.kept()}, conv: {{width: $in - $in // 2}}]]]"
        return f"{name}: {rows}", {"depth": lambda: self.pick("1", "2")}

    def joined(self, name: str) -> tuple[str, dict[str, Callable[[], str]]]:
        rows = f"[{self.braced(self.kept())}, add: {{with: skip}}]"
        return f"{name}(skip): {rows}", {"skip": lambda: self.random.choice([*self.rows, "input"])}

    def cell(self, name: str) -> tuple[str, dict[str, Callable[[], str]]]:
        """Return a cell: two states, one operation that its user names, those that nothing reads."""
        rows = [
            "conv: {name: h0, width: $in, kernel: 1}",
            "conv: {name: h1, from: before, width: $in, kernel: 1, stride: round($extent / $extent)}",
            "add: {name: s1, branches: [{$op: {from: h0}}, {identity: {from: $source}}]}",
            self.pick("concat", "add") + ": {with: [h0, h1], unused: true}",
        ]
        ops = ("identity", "zero", "norm", "act")
        return f"{name}(op, source): [{', '.join(map(self.braced, rows))}]", {
            "op": lambda: self.pick(*ops),
            "source": lambda: self.pick("h0", "h1", "input"),
            "depth": lambda: self.pick("1", "2", "3"),
        }

    def genes(self, name: str) -> tuple[str, dict[str, Callable[[], str]]]:
        rows = "[conv: {name: h0, width: $in}, $genes.0: {from: $genes.1}]"
        ops = ("identity", "norm", "act", "dropout")
        return f"{name}(genes): {rows}", {"genes": lambda: f"[{self.pick(*ops)}, {self.pick('h0', 'input')}]"}

    def tower(self, name: str) -> tuple[str, dict[str, Callable[[], str]]]:
        rows = f"[conv: {{width: 4 * $n, when: $n > 1 or $n == 1}}, {name}: {{n: $n - 1, when: $n > 1}}]"
        return f"{name}(n): {rows}", {"n": lambda: self.pick("1", "2", "3", "60")}

    def caller(self, name: str) -> tuple[str, dict[str, Callable[[], str]]]:
        inner = list(self.made)
        rows = f"[{self.braced(self.kept())}, $op: {{{'depth: 2' if self.chance(0.3) else ''}}}]"
        words = [*(w for w in inner if f"{w}(" not in w), "identity", "norm"][-2:]
        return f"{name}(op): {rows}", {"op": lambda: self.pick(*words)}

    def any_rows(self, name: str) -> tuple[str, dict[str, Callable[[], str]]]:
        rows = [self.braced(self.row(1, keep=self.chance(0.8))) for _ in range(self.random.choice((1, 2, 3)))]
        return f"{name}: [{', '.join(rows)}]", {}

    def pick(self, *options: str) -> str:
        """Return an option, or a choice of them."""
        if self.open and len(options) > 1 and self.chance(0.5):
            return f"{{{', '.join(self.random.sample(options, 2))}}}"
        return self.random.choice(options)

    def width(self) -> str:
        return self.value("width", BLOCKS["conv"].parameters["width"].kind)

    # Tables

    def document(self) -> str:
        """Return a document."""
        names = [f"b{number}" for number in range(self.random.choice((0, 1, 2, 3)))]
        blocks = [self.compose(name) for name in names]
        if self.space and self.chance(0.3):
            words = self.random.sample(KEEP, 2)
            inner = [f"{w}: {{{'kernel: {1, 3}' if self.chance(0.5) else ''}}}" for w in words]
            blocks.append(f"any: {{{', '.join(inner)}}}")
            self.made["any"] = lambda: self.flow("any", {"width": "8", **self.per()})
        layers = ["conv: {name: stem, width: 8}"] if self.chance(0.85) else []
        self.rows += ["stem"] if layers else []
        layers += [self.row() for _ in range(self.random.choice((1, 2, 3, 4)))]
        if self.chance(0.15):
            layers.append("conv: {width: 8 + 2 * $i, depth: 3}")
        if self.chance(0.5) or (self.space and not any("{" in row[row.find("{") + 1 :] for row in layers)):
            layers += ["avgpool", f"linear: {{name: head, width: {'{2, 3}' if self.open else '3'}}}"]
            self.rows.append("head")
        return "\n".join(self.lines(blocks, layers))

    def per(self) -> dict[str, str]:
        return self.random.choice(({}, {"depth": "1..2"}, {"depth": "2", "per": "block"}))

    def lines(self, blocks: list[str], layers: list[str]) -> Iterator[str]:
        yield f"{'space' if self.space else 'network'}: made"
        yield f"input: {self.random.choice(('3x16x16', '8x16x16', '8x16', '8x6x6x6', '1x1x1'))}"
        if self.chance(0.2):
            key = self.random.choice(list(STYLE))
            yield f"defaults: {{{key}: {self.value(key, STYLE[key])}}}"
        text = " ".join([*blocks, *layers])
        values = ("4..12 step 4", "{8, 16}") if self.space else ("8", "4 + 4")
        if re.search(r"\$w\b", text):
            yield f"let: {{w: {self.random.choice(values)}}}"
        used = [text for text in blocks if self.uses(text, blocks, layers) or self.chance(self.wrong)]
        if used:
            yield "blocks:"
            yield from (f"  {text}" for text in used)
        yield "layers:"
        yield from (f"  - {row}" for row in layers)
        if self.rows and ("head" in self.rows or self.chance(self.wrong)) and self.chance(0.3):
            several = dict.fromkeys((self.random.choice(self.rows), self.rows[-1]))
            yield f"outputs: [{', '.join(several)}]"
        if self.chance(0.2):
            yield f"alike: {self.random.choice(('graph', 'formula'))}"
        if self.space and self.chance(0.2):
            limits = ("{params: ..5k}", "{macs: 1k..20M}", "{params: ..1}", "..1k")
            yield f"within: {self.random.choice(limits)}"

    @staticmethod
    def uses(block: str, blocks: list[str], layers: list[str]) -> bool:
        word = re.match(r"\w+", block)
        assert word
        others = " ".join([*(text for text in blocks if text != block), *layers])
        return re.search(rf"\b{word[0]}\b", others) is not None


@pytest.fixture(scope="session")
def written() -> Callable[[int], str]:
    """Return the random document of a seed."""
    return lambda seed: Author(seed).document() + "\n"


@pytest.fixture(scope="session")
def onnx_exporter() -> Iterator[None]:
    """Make the exporter's table of operators once for all tests."""
    with one_table():
        yield
