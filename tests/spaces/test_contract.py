"""The contract of every block and operator, in one, two and three dimensions.

Whatever the language can say is counted as what PyTorch builds: parameters, MACs, activations and shapes,
exactly. A new block needs one line in `SETTINGS`; a block or an operator without one fails the suite.
A setting is what a row is given; `Setting` says more where a block has fewer dimensions, reads several maps,
or holds operations that a peer cannot count.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archscape.spaces import Network, Row, Term
from archscape.spaces.blocks import BLOCKS
from archscape.spaces.build import build
from archscape.spaces.expressions import Expr
from archscape.spaces.helpers import definitions
from archscape.spaces.operators import OPERATORS, Conv, Linear


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


INPUTS = {1: (8, 33), 2: (8, 13, 12), 3: (8, 7, 9, 8)}

QUARTER = Fraction(1, 4)
SETTINGS: dict[str, list[dict[str, Expr] | Setting]] = {
    "avgpool": [
        {},
        {"kernel": 3, "stride": 2},
        {"kernel": 2, "padding": "ceil"},
        {"kernel": 3, "padding": "valid"},
    ],
    "basic": [
        {"width": 8},
        {"width": 16, "stride": 2, "depth": 3, "se": QUARTER},
        {"width": 8, "kernel": 5, "conv": "separable", "preact": True, "depth": 2},
        {"width": 24, "conv": Term("grouped", (4,)), "preact": True, "stride": 2, "se": QUARTER},
        {"width": 8, "conv": Term("dilated", (2,)), "act": "silu", "norm": None},
        {"width": 12, "conv": "factorised", "kernel": 5, "act": "gelu", "bias": True},
    ],
    "bottleneck": [
        {"width": 16, "depth": 2},
        {"width": 32, "stride": 2, "squeeze": 2, "groups": 4, "depth": 2},
        {"width": 32, "conv": "separable", "se": QUARTER, "kernel": 5, "act": "hardswish"},
        {"width": 8, "preact": True, "depth": 2, "act": "elu"},
        {"width": 16, "conv": Term("dilated", (3,)), "stride": 2, "norm": None, "act": None},
    ],
    "conv": [
        {"width": 12},
        {"width": 16, "kernel": 1, "depth": 3, "act": "relu6"},
        {"width": 16, "kernel": 5, "stride": 2, "groups": 8, "bias": True},
        {"width": 6, "kernel": 4, "padding": "valid", "norm": None, "act": "tanh"},
        {"width": 6, "dilation": 2, "padding": 1, "act": "sigmoid"},
        {"width": 6, "stride": 3, "padding": 0, "act": "leaky_relu"},
        {"width": 6, "kernel": 2, "act": "hardsigmoid", "bias": False, "norm": None},
    ],
    "dense": [
        {"depth": 1, "growth": 4},
        {"depth": 3, "growth": 8, "kernel": 5, "width": 12, "stride": 2},
        {"depth": 4, "growth": 2, "act": "silu", "norm": None},
    ],
    "dropout": [{}, {"rate": 0}, {"rate": Fraction(1, 5)}],
    "factorised": [{"width": 12}, {"width": 8, "kernel": 5, "stride": 2, "depth": 2}],
    "inception": [
        {"1x1": 4, "3x3": (3, 5), "5x5": (2, 6), "pool": 7},
        {"1x1": 4, "3x3": (3, 5), "5x5": (2, 6), "pool": 7, "norm": None, "depth": 2},
    ],
    "inverted": [
        {"width": 8, "expand": 1},
        {"width": 8, "expand": 3, "depth": 2, "se": QUARTER},
        {"width": 12, "expand": 6, "kernel": 5, "stride": 2, "act": "relu6"},
    ],
    "linear": [{"width": 10}, {"width": 5, "bias": False, "act": "relu"}, {"width": 6, "depth": 2}],
    "lrn": [{}, {"size": 3}],
    "maxpool": [
        {},
        {"kernel": 3, "stride": 2},
        {"kernel": 3, "stride": 2, "padding": "ceil"},
        {"kernel": 3, "stride": 1},
    ],
    "norm": [{}, {"act": None}],
    "plain": [
        {"width": 8, "depth": 2},
        {"width": 16, "stride": 2, "conv": "separable", "kernel": 5, "se": QUARTER},
        {"width": 16, "conv": Term("grouped", (8,)), "act": "relu6"},
    ],
    "separable": [{"width": 12}, {"width": 16, "kernel": 5, "stride": 2, "depth": 2}],
    "transition": [{}, {"ratio": QUARTER, "stride": 1}, {"stride": 3}],
}


def cases(words: Iterable[str]) -> Iterator[tuple[str, str, Setting, int]]:
    for word in words:
        for number, given in enumerate(SETTINGS[word]):
            setting = given if isinstance(given, Setting) else Setting(given)
            yield from ((f"{word}-{number}-{rank}d", word, setting, rank) for rank in setting.ranks)


CASES = [pytest.param(word, setting, rank, id=name) for name, word, setting, rank in cases(SETTINGS)]
BY_TORCH = [case for case in CASES if case.values[1].torch_counts]  # type: ignore[union-attr]
BY_FVCORE = [case for case in CASES if case.values[1].fvcore_counts]  # type: ignore[union-attr]
pytestmark = pytest.mark.filterwarnings(
    # fvcore traces, and the tracer of torch 2.13 announces its own end.
    "ignore:.*torch.jit.*:DeprecationWarning",
    "ignore:.*:torch.jit.TracerWarning",
)


def network(word: str, setting: Setting, rank: int) -> Network:
    return Network(name="contract", input=INPUTS[rank], layers=(*setting.above, Row(word, **setting.args)))


def image(shape: tuple[int, ...], batch: int = 1) -> Tensor:
    return torch.randn(batch, *shape, generator=torch.Generator().manual_seed(0))


@contextmanager
def quiet_fvcore() -> Iterator[None]:
    logger = logging.getLogger("fvcore")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def test_every_block_is_under_contract() -> None:
    assert set(SETTINGS) == set(BLOCKS)


def test_every_operator_is_under_contract() -> None:
    seen = {
        type(node.op)
        for _, word, setting, rank in cases(SETTINGS)
        for node in network(word, setting, rank).graph.flatten().nodes
    }
    assert seen == set(OPERATORS)


@pytest.mark.parametrize(("word", "setting", "rank"), CASES)
def test_params_are_those_of_the_module(word: str, setting: Setting, rank: int) -> None:
    net = network(word, setting, rank)
    assert sum(p.numel() for p in build(net).parameters()) == net.totals.params


@pytest.mark.parametrize(("word", "setting", "rank"), BY_TORCH)
def test_macs_are_half_of_the_flops_that_pytorch_counts(word: str, setting: Setting, rank: int) -> None:
    net = network(word, setting, rank)
    module = build(net).eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(image(net.input))
    assert counter.get_total_flops() == 2 * net.totals.macs


@pytest.mark.parametrize(("word", "setting", "rank"), BY_FVCORE)
def test_macs_and_activations_are_those_of_fvcore(word: str, setting: Setting, rank: int) -> None:
    from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis

    net = network(word, setting, rank)
    module = build(net).eval()
    with quiet_fvcore():
        flops = FlopCountAnalysis(module, image(net.input)).by_operator()
        written = ActivationCountAnalysis(module, image(net.input)).total()
    assert flops["conv"] + flops["linear"] + flops["addmm"] == net.totals.macs
    assert written == net.totals.activations


@pytest.mark.parametrize(("word", "setting", "rank"), CASES)
def test_the_graph_computes_what_the_module_computes(word: str, setting: Setting, rank: int) -> None:
    """Walk the graph operator by operator: shapes as declared, and the module's output bit by bit."""
    net = network(word, setting, rank)
    module = build(net).eval()
    flat = net.graph.flatten()
    values = [image(net.input, batch=2)]
    with torch.inference_mode():
        for node in flat.nodes:
            given = [values[i] for i in node.inputs]
            result = apply(module, node.name, node.op, given)
            assert tuple(result.shape[1:]) == node.shape, node
            values.append(result)
        assert torch.equal(values[flat.output], module(values[0]))


def apply(module: nn.Module, name: str, op: object, given: list[Tensor]) -> Tensor:
    if op.stateful:  # type: ignore[attr-defined]
        return module.get_submodule(name)(*given)
    from archscape.spaces.parameters import literal

    texts = {key: repr(literal(value)) for key, value in op.attributes().items()}  # type: ignore[attr-defined]
    arguments = [f"given[{i}]" for i in range(len(given))]
    text = op.call(arguments, texts, given[0].dim() - 2)  # type: ignore[attr-defined]
    known = {"torch": torch, "F": F, "Tensor": Tensor, "nn": nn, "given": given}
    exec("\n\n".join(definitions(op.helpers())), known)  # type: ignore[attr-defined]
    return eval(text, known)


@pytest.mark.parametrize(("word", "setting", "rank"), CASES)
def test_gradients_flow_to_every_parameter_and_the_input(word: str, setting: Setting, rank: int) -> None:
    net = network(word, setting, rank)
    module = build(net).train()
    given = image(net.input, batch=4).requires_grad_()
    output = module(given)
    (output * torch.randn_like(output)).sum().backward()
    for name, parameter in [("input", given), *module.named_parameters()]:
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


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
        found = sum(counted[f"{type(module).__name__}.{node.name}"].values())
        assert found == 2 * node.op.costs(flat.shapes(node), node.shape).macs, node.name
