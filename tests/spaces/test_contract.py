"""The contract of every block and operator, in one, two and three dimensions.

Whatever the language can say is counted as what PyTorch builds: parameters, MACs, activations and shapes,
exactly. A new block needs one line in `SETTINGS`; without one it fails the suite. A new operator is taken up
by itself: it states an example of its use.
A setting is what a row is given; `Setting` says more where a block has fewer dimensions, reads several maps,
or holds operations that a peer cannot count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from archscape.spaces import Network, Row, Term
from archscape.spaces.blocks import BLOCKS
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.folding import foldings
from archscape.spaces.graph import Op
from archscape.spaces.language.expressions import Expr
from archscape.spaces.operators import OPERATORS, Attention, ContextPool, Conv, Linear, Reparameterise, Unpool
from archscape.spaces.operators.activation import ACTIVATIONS
from archscape.spaces.operators.pad import PAD_MODES
from archscape.spaces.testing import (
    INPUTS,
    check_folding,
    check_fvcore,
    check_gradients,
    check_graph,
    check_macs,
    check_onnx,
    check_params,
    check_tracing,
    example_network,
    image,
)


@dataclass(frozen=True)
class Setting:
    """One use of a block.

    Attributes:
        args: What its row is given.
        ranks: Numbers of spatial axes that the block claims.
        above: Rows that stand above it.
        torch_counts: Whether PyTorch's FlopCounterMode knows all its operations.
        fvcore_counts: Whether fvcore does.
    """

    args: dict[str, Expr]
    ranks: tuple[int, ...] = (1, 2, 3)
    above: tuple[Row, ...] = ()
    torch_counts: bool = True
    fvcore_counts: bool = True


QUARTER, TENTH = Fraction(1, 4), Fraction(1, 10)
STARTS = ("he", "xavier", "lecun", "truncated")
MOMENTS = (Row("conv", name="mean", width=4), Row("conv", name="logvar", from_="input", width=4))
POOLED = (Row("conv", width=8), Row("maxpool"))
TWO = (Row("conv", name="a", width=8), Row("conv", width=8, kernel=1))
SMALLER = (Row("conv", name="a", width=8), Row("conv", width=8, padding="valid"))
CROSSED = (Row("avgpool", name="a"), Row("maxpool", from_="input", over="channels"))
TURNED = (Row("p4conv", width=4),)
SETTINGS: dict[str, list[dict[str, Expr] | Setting]] = {
    "add": [
        Setting({"with": "a"}, above=TWO),
        Setting({"with": ("a", "input")}, above=TWO),
        Setting({"with": "a", "crop": True}, above=SMALLER),
        Setting({"with": ("a", "input")}, above=(TWO[0], Row("avgpool"))),
        Setting({"with": "a"}, above=CROSSED),
    ],
    "concat": [
        Setting({"with": "a"}, above=TWO),
        Setting({"with": ("a", "input"), "crop": True}, above=SMALLER),
    ],
    "multiply": [
        Setting({"with": "a"}, above=TWO),
        Setting({"with": "a"}, above=(TWO[0], Row("avgpool"))),
        Setting({"with": "input"}, above=(TWO[0], Row("maxpool", over="channels"))),
        Setting({"with": "a"}, above=CROSSED),
    ],
    "subtract": [
        Setting({"with": "a"}, above=TWO),
        Setting({"with": ("a", "input")}, above=(TWO[0], Row("avgpool"))),
        Setting({"with": "a"}, above=CROSSED),
    ],
    "residual": [
        Setting({"from": "input", "f": "a"}, above=TWO[:1]),
        Setting({"from": "input", "f": "a", "droppath": TENTH}, above=TWO[:1]),
        Setting({"from": "input", "f": "a", "droppath": TENTH, "scale": TENTH}, above=TWO[:1]),
        Setting({"from": "input", "f": "a"}, above=(Row("conv", name="a", width=12),)),
    ],
    "act": [
        {},
        *(Setting({"act": function}, ranks=(2,)) for function in ACTIVATIONS),
        Setting({"act": Term("leaky_relu", (Fraction(1, 5),))}, ranks=(2,)),
        Setting({"act": Term("prelu", (1,))}, ranks=(2,)),
    ],
    "attention": [
        Setting({"heads": 2}, fvcore_counts=False),
        Setting({"heads": 4, "width": 12, "depth": 2}, fvcore_counts=False),
    ],
    "avgpool": [
        {},
        {"kernel": 3, "stride": 2},
        {"kernel": 2, "padding": "ceil"},
        {"kernel": 3, "padding": "valid"},
        {"kernel": 3, "stride": 1, "pad_counts": False},
        {"kernel": 3, "stride": 2, "padding": "same_upper"},
        {"kernel": 3, "stride": 2, "padding": "same_upper", "pad_counts": False},
        {"kernel": 3, "stride": 2, "padding": "ceil", "pad_counts": False},
        {"over": "channels"},
        Setting({"over": "group"}, ranks=(2,), above=TURNED),
    ],
    "basic": [
        {"width": 8},
        {"width": 16, "stride": 2, "depth": 3, "se": QUARTER},
        {"width": 8, "kernel": 5, "conv": "separable", "preact": True, "depth": 2},
        {"width": 24, "conv": Term("grouped", (4,)), "preact": True, "stride": 2, "se": QUARTER},
        {"width": 8, "conv": Term("dilated", (2,)), "act": "silu", "norm": None},
        {"width": 12, "conv": "factorised", "kernel": 5, "act": "gelu", "bias": True},
        {"width": 12, "stride": 2, "shortcut": "pad", "droppath": TENTH, "last_norm": "zero"},
        {"width": 12, "preact": True, "shortcut": "pad", "droppath": TENTH, "norm": "layer", "depth": 2},
        {"width": 12, "stride": 2, "shortcut": None, "depth": 2, "se": QUARTER},
        {"width": 12, "preact": True, "shortcut": None, "stride": 2},
    ],
    "blurpool": [{}, {"kernel": 4}, {"kernel": 1}, {"kernel": 5, "stride": 1}],
    "bottleneck": [
        {"width": 16, "depth": 2},
        {"width": 32, "stride": 2, "squeeze": 2, "groups": 4, "depth": 2},
        {"width": 32, "conv": "separable", "se": QUARTER, "kernel": 5, "act": "hardswish"},
        {"width": 8, "preact": True, "depth": 2, "act": "elu"},
        {"width": 16, "conv": Term("dilated", (3,)), "stride": 2, "norm": None, "act": None},
        Setting({"width": 16, "conv": "deformable", "stride": 2, "depth": 2}, ranks=(2,)),
        {"width": 16, "stride": 2, "stride_on": "first", "norm": Term("group", (2,)), "last_norm": "zero"},
        {"width": 16, "stride": 2, "shortcut": None, "depth": 2},
    ],
    "context": [Setting({"ratio": QUARTER}, fvcore_counts=False)],
    "conv": [
        {"width": 12},
        {"width": 16, "kernel": 1, "depth": 3, "act": "relu6"},
        {"width": 16, "kernel": 5, "stride": 2, "groups": 8, "bias": True},
        {"width": 6, "kernel": 4, "padding": "valid", "norm": None, "act": "tanh"},
        {"width": 6, "dilation": 2, "padding": 1, "act": "sigmoid"},
        {"width": 6, "stride": 3, "padding": 0, "act": "leaky_relu"},
        {"width": 6, "kernel": 2, "act": "hardsigmoid", "bias": False, "norm": None},
        {"width": 6, "dilation": 2, "padding": "full"},
        Setting({"width": 6, "kernel": 4, "dilation": 2, "padding": "causal"}, ranks=(1,)),
        *({"width": 6, "groups": 2, "bias": True, "init": init} for init in STARTS),
        {"width": 6, "kernel": 4, "stride": 2, "padding": "same_upper"},
        *({"width": 6, "kernel": 5, "padding_mode": mode} for mode in PAD_MODES),
        Setting({"width": 6, "padding": ((0, 2), (1, 0)), "dilation": (1, 2)}, ranks=(2,)),
    ],
    "crop": [{"extent": 4}, {"extent": 7}],
    "deform": [
        Setting({"width": 12}, ranks=(2,)),
        Setting({"width": 8, "kernel": 5, "stride": 2, "groups": 4, "modulated": True}, ranks=(2,)),
        Setting({"width": 6, "dilation": (2, 1), "padding": "valid", "norm": None}, ranks=(2,)),
        Setting({"width": 6, "stride": 2, "padding": "same_upper", "padding_mode": "reflect"}, ranks=(2,)),
    ],
    "dense": [
        {"depth": 1, "growth": 4},
        {"depth": 3, "growth": 8, "kernel": 5, "width": 12, "stride": 2},
        {"depth": 4, "growth": 2, "act": "silu", "norm": None},
    ],
    "dropout": [{}, {"rate": 0}, {"rate": Fraction(1, 5)}],
    "droppath": [{"rate": TENTH}, {"rate": 0}],
    "factorised": [{"width": 12}, {"width": 8, "kernel": 5, "stride": 2, "depth": 2}],
    "flatten": [Setting({}, above=(Row("act"),))],
    "gdn": [{}],
    "highway": [{}, {"kernel": 5, "depth": 2, "gate_bias": -1, "init": "he", "norm": None}],
    "identity": [Setting({}, above=(Row("act"),))],
    "igdn": [{}],
    "inception": [
        {"1x1": 4, "3x3": (3, 5), "5x5": (2, 6), "pool": 7},
        {"1x1": 4, "3x3": (3, 5), "5x5": (2, 6), "pool": 7, "norm": None, "depth": 2},
    ],
    "inverted": [
        {"width": 8, "expand": 1},
        {"width": 8, "expand": 2, "shortcut": None, "depth": 2},
        {"width": 8, "expand": 3, "depth": 2, "se": QUARTER},
        {"width": 12, "expand": 6, "kernel": 5, "stride": 2, "act": "relu6"},
        {"width": 8, "expand": 6, "droppath": TENTH, "last_norm": "zero", "depth": 2},
    ],
    "linear": [{"width": 10}, {"width": 5, "bias": False, "act": "relu"}, {"width": 6, "depth": 2}],
    "lrn": [{}, {"size": 3}],
    "masked": [
        {"width": 6, "kind": "a", "kernel": 5},
        {"width": 8, "kind": "b", "depth": 2, "norm": None},
    ],
    "p4conv": [
        Setting({"width": 4, "depth": 2}, ranks=(2,)),
        Setting({"width": 3, "kernel": 4, "stride": 2, "padding": "valid", "bias": True}, ranks=(2,)),
        Setting({"width": 4, "norm": "layer", "act": "prelu", "padding": 2}, ranks=(2,), above=TURNED),
    ],
    "maxpool": [
        {},
        {"kernel": 3, "stride": 2},
        {"kernel": 3, "stride": 2, "padding": "ceil"},
        {"kernel": 3, "stride": 2, "padding": "same_upper"},
        Setting({"kernel": 5, "stride": 1, "padding": ((0, 2), (2, 1))}, ranks=(2,)),
        {"kernel": 3, "stride": 1},
        {"kernel": None},
        {"over": "channels"},
        Setting({"over": "group"}, ranks=(2,), above=TURNED),
    ],
    "mlpconv": [{"width": 12}, {"width": 6, "kernel": 5, "stride": 2, "inner": (4, 10), "norm": None}],
    "non_local": [
        Setting({"last_norm": "zero"}, fvcore_counts=False),
        Setting({"ratio": QUARTER, "norm": None, "depth": 2}, fvcore_counts=False),
    ],
    "norm": [
        {},
        {"act": None},
        {"norm": "layer"},
        {"norm": "instance"},
        {"norm": Term("group", (4,))},
        {"norm": Term("batch", (TENTH, QUARTER))},
        {"norm": Term("group", (2, TENTH)), "affine": False},
        *({"norm": norm, "affine": False} for norm in ("batch", "layer", "instance")),
        Setting({"norm": "layer"}, ranks=(2,), above=(Row("linear", width=10),)),
    ],
    "pad": [
        {"sides": 2},
        Setting({"sides": (0, 1)}, ranks=(2,)),
        Setting({"sides": ((0, 2), 1), "mode": "replicate"}, ranks=(2,)),
        *({"sides": 3, "mode": mode} for mode in PAD_MODES),
        {"channels": 4},
        {"channels": (1, 3), "sides": 1},
        Setting({"channels": 2}, ranks=(2,), above=(Row("linear", width=10),)),
    ],
    "pixelshuffle": [Setting({}, ranks=(2,))],
    "plain": [
        {"width": 8, "depth": 2},
        {"width": 16, "stride": 2, "conv": "separable", "kernel": 5, "se": QUARTER},
        {"width": 16, "conv": Term("grouped", (8,)), "act": "relu6"},
    ],
    "reparameterise": [
        # At inference the variance is not read, and fvcore's tracer leaves out what made it.
        Setting({"from": "mean", "logvar": "logvar"}, ranks=(2,), above=MOMENTS, fvcore_counts=False),
    ],
    "reshape": [Setting({"shape": (4, 2, 3)}, ranks=(2,), above=(Row("linear", width=24),))],
    "resize": [
        Setting({"like": "conv"}, above=POOLED),
        Setting({"like": "conv", "mode": "bilinear"}, above=POOLED),
    ],
    "scale": [{}, {"init": 1}, {"by": TENTH}, {"by": -2}],
    "se": [{"ratio": QUARTER}, {"width": 6, "gate": "hardsigmoid", "function": "silu"}],
    "separable": [{"width": 12}, {"width": 16, "kernel": 5, "stride": 2, "depth": 2}],
    "shift": [{}, {"by": 3}],
    "shortcut": [{"width": 12, "stride": 2}, Setting({"width": 8}, above=(Row("act"),))],
    "shuffle": [{"groups": 2}, {"groups": 4}],
    "shufflev1": [
        {"width": 24, "stride": 2, "groups": 2, "depth": 2},
        {"width": 48, "stride": 2, "groups": 4},
    ],
    "shufflev2": [{"width": 8}, {"width": 16, "stride": 2, "depth": 2}],
    "softmax": [{"parts": 2}, {"parts": 8}],
    "split": [
        Setting({"part": 2, "parts": (1, 5, 2)}, above=(Row("act"),)),
        Setting({"part": 2}, above=(Row("act"),)),
        Setting({"part": 1, "parts": 4}, above=(Row("act"),)),
    ],
    "transition": [{}, {"ratio": QUARTER, "stride": 1}, {"stride": 3}],
    "unpool": [
        Setting({"like": "conv"}, above=POOLED, fvcore_counts=False),
        Setting(
            {"like": "conv", "kernel": 2, "stride": 3, "padding": "ceil"},
            above=(POOLED[0], Row("maxpool", kernel=2, stride=3, padding="ceil")),
            fvcore_counts=False,
        ),
    ],
    "upconv": [
        {"width": 12},
        {"width": 12, "kernel": 3, "padding": 1, "output_padding": 1},
        {"width": 6, "kernel": 3, "depth": 2},
        {"width": 6, "kernel": 4, "stride": 3, "padding": 1, "groups": 2, "norm": None},
        {"width": 8, "kernel": 5, "stride": 2, "padding": "valid"},
    ],
    "upsample": [{}, {"scale": 3, "mode": "bilinear"}, Setting({"scale": (1, 2)}, ranks=(2,))],
    "wavenet": [
        Setting({"width": 8, "skip": 6, "depth": 3}, ranks=(1,)),
        Setting({"width": 4, "skip": 6, "depth": 2, "stacks": 2, "kernel": 3}, ranks=(1,)),
    ],
    "zero": [{}, {"stride": 2}],
}


def cases(words: Iterable[str]) -> Iterator[tuple[str, str, Setting, int]]:
    for word in words:
        for number, entry in enumerate(SETTINGS[word]):
            setting = entry if isinstance(entry, Setting) else Setting(entry)
            yield from ((f"{word}-{number}-{rank}d", word, setting, rank) for rank in setting.ranks)


CASES = [pytest.param(word, setting, rank, id=name) for name, word, setting, rank in cases(SETTINGS)]
BY_TORCH = [case for case in CASES if case.values[1].torch_counts]  # type: ignore[union-attr]
BY_FVCORE = [case for case in CASES if case.values[1].fvcore_counts]  # type: ignore[union-attr]


def network(word: str, setting: Setting, rank: int) -> Network:
    return Network(name="contract", input=INPUTS[rank], layers=(*setting.above, Row(word, **setting.args)))


def test_every_block_is_under_contract() -> None:
    assert set(SETTINGS) == set(BLOCKS)


UNTRACED = {Attention, ContextPool, Reparameterise, Unpool}
"""Operators that fvcore counts in part, or cannot trace; `test_conventions.py` says what it makes of them."""


@pytest.mark.slow
@pytest.mark.usefixtures("onnx_exporter")
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
def test_every_operator_keeps_the_contract_in_its_own_example(operator: type[Op]) -> None:
    example = example_network(operator)
    assert operator in {type(node.op) for node in example.graph.flatten().nodes}
    for check in (check_params, check_macs, check_graph, check_gradients, check_tracing, check_onnx):
        check(example)
    if operator not in UNTRACED:
        check_fvcore(example)


@pytest.mark.parametrize(("word", "setting", "rank"), CASES)
def test_params_are_those_of_the_module(word: str, setting: Setting, rank: int) -> None:
    check_params(network(word, setting, rank))


@pytest.mark.parametrize(("word", "setting", "rank"), BY_TORCH)
def test_macs_are_half_of_the_flops_that_pytorch_counts(word: str, setting: Setting, rank: int) -> None:
    check_macs(network(word, setting, rank))


@pytest.mark.slow
@pytest.mark.parametrize(("word", "setting", "rank"), BY_FVCORE)
def test_macs_and_activations_are_those_of_fvcore(word: str, setting: Setting, rank: int) -> None:
    check_fvcore(network(word, setting, rank))


@pytest.mark.parametrize(("word", "setting", "rank"), CASES)
def test_the_graph_computes_what_the_module_computes(word: str, setting: Setting, rank: int) -> None:
    check_graph(network(word, setting, rank))


@pytest.mark.parametrize(("word", "setting", "rank"), CASES)
def test_gradients_flow_to_every_parameter_and_the_input(word: str, setting: Setting, rank: int) -> None:
    check_gradients(network(word, setting, rank))


@pytest.mark.slow
@pytest.mark.parametrize(("word", "setting", "rank"), CASES)
def test_fx_traces_the_module(word: str, setting: Setting, rank: int) -> None:
    check_tracing(network(word, setting, rank))


@pytest.mark.parametrize(
    ("word", "setting", "rank"),
    [case for case in CASES if any(foldings(network(*case.values).body))],  # type: ignore[arg-type]
)
def test_folded_batch_norms_change_nothing(word: str, setting: Setting, rank: int) -> None:
    check_folding(network(word, setting, rank))


def exported(number: int, rank: int, ranks: tuple[int, ...]) -> bool:
    """Whether `make test` exports it: the first setting of a block, of two axes where it takes them."""
    return number == 0 and rank == (2 if 2 in ranks else ranks[0])


@pytest.mark.slow
@pytest.mark.usefixtures("onnx_exporter")
@pytest.mark.parametrize(
    ("word", "setting", "rank"),
    [
        pytest.param(
            word,
            setting,
            rank,
            id=name,
            marks=() if exported(int(name.split("-")[1]), rank, setting.ranks) else pytest.mark.full,
        )
        for name, word, setting, rank in cases(SETTINGS)
    ],
)
def test_program_and_onnx_file_compute_what_the_module_computes(
    word: str, setting: Setting, rank: int
) -> None:
    check_onnx(network(word, setting, rank))


def test_layers_are_counted_one_by_one_as_pytorch_counts_them() -> None:
    """Two errors that cancel in the sum would show here."""
    setting = Setting({"width": 32, "stride": 2, "squeeze": 2, "groups": 4, "depth": 2})
    net = network("bottleneck", setting, 2)
    module = build(net).eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(image(net.input))
    counted = counter.get_flop_counts()
    flat = net.graph.flatten()
    weighted = [node for node in flat.nodes if isinstance(node.op, Conv | Linear)]
    assert len(weighted) == 7
    for node in weighted:
        flops = sum(counted[f"{type(module).__name__}.{node.name}"].values())
        assert flops == 2 * node.op.costs(flat.shapes(node), node.shape).macs, node.name
