"""The contract of a block: what it counts is what PyTorch builds, exactly. For tests of blocks, your own too.

::

    from archscape.spaces.testing import check

    def test_my_block() -> None:
        check(my_block, width=12, stride=2)

Each check raises an AssertionError that says what differs.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import symbolic_trace
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from . import graph
from .blocks import Block, block
from .codegen.build import build
from .codegen.exported_program import exported_program
from .codegen.folded_weights import fold_weights
from .codegen.folding import folded
from .codegen.formats.base import Export
from .codegen.helpers import definitions
from .codegen.literals import literal
from .codegen.verification import TOLERANCE, errors, largest_error, outputs
from .graph import Op, Shape
from .language.expressions import Expr
from .language.rows import Row
from .network import Network
from .operators import avgpool, conv, linear

INPUTS: dict[int, Shape] = {1: (8, 33), 2: (8, 13, 12), 3: (8, 7, 9, 8)}
"""The map that a block reads, by the number of its spatial axes."""


def check(word: Block[Any], *, ranks: tuple[int, ...] = (1, 2, 3), **args: Expr) -> None:
    """Check a block as a row gives it, in every number of dimensions that it claims.

    Args:
        word: The block.
        ranks: Numbers of spatial axes.
        args: What the row is given.

    Raises:
        AssertionError: If the block counts anything else than PyTorch does.
    """
    for rank in ranks:
        row = Row(word.word, **args)
        network = Network(name="contract", input=INPUTS[rank], layers=(row,), uses=(word,))
        for law in LAWS:
            law(network)


def example_network(operator: type[Op]) -> Network:
    """Return a network in which an operator stands as its own example says, on maps that have gradients."""
    attributes, shapes = operator.example
    op = operator(*attributes)
    output = op.shape(*shapes)
    reached = op.memory(shapes, output, True).reaches
    extent = max([shape[1:] for shape in shapes]) or (3, 2)

    @block(styled=False, repeats=False)
    def example(x: graph.Tensor) -> graph.Tensor:
        """The operator on what it reads; what it gives no gradient to is the input itself."""
        weighted = [_map_of(x, shape) for shape in shapes[:reached]]
        return graph.join(op, (*weighted, *[x] * (len(shapes) - len(weighted))))

    rows = (Row("example"), Row("conv", width=3, kernel=1) if len(output) > 1 else Row("linear", width=3))
    name, channels = operator.__name__.lower(), shapes[-1][0]
    return Network(name=name, input=(channels, *extent), layers=rows, uses=(example,))


def _map_of(x: graph.Tensor, shape: Shape) -> graph.Tensor:
    """Return a map, or a vector, of a shape, with weights that gradients reach."""
    if len(shape) == 1:
        return linear(x, width=shape[0])
    y = conv(x, width=shape[0], kernel=1, bias=True)
    steps = tuple([n // m for n, m in zip(x.shape[1:], shape[1:], strict=True)])
    return y if set(steps) == {1} else avgpool(y, kernel=steps)


def check_params(network: Network) -> None:
    """Check that the module has the parameters that are counted."""
    built = sum(p.numel() for p in build(network).parameters())
    assert built == network.totals.params, f"{built} parameters are built, {network.totals.params} counted"


def check_macs(network: Network) -> None:
    """Check that MACs are half of the FLOPs that PyTorch's FlopCounterMode sees.

    Attention runs as plain products: the counter does not know the fused kernel of CPUs.
    """
    module = build(network).eval()
    plain = sdpa_kernel(SDPBackend.MATH)
    with plain, FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(*images(network))
    seen = counter.get_total_flops() / 2
    assert seen == network.totals.macs, f"PyTorch sees {seen:.0f} MACs, {network.totals.macs} are counted"


def check_fvcore(network: Network) -> None:
    """Check that MACs and activations are those that fvcore counts."""
    module = build(network).eval()
    with _quiet_fvcore():
        from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis

        flops = FlopCountAnalysis(module, images(network)).by_operator()
        written = ActivationCountAnalysis(module, images(network)).total()
    seen = sum(flops[kind] for kind in ("conv", "linear", "addmm"))
    assert seen == network.totals.macs, f"fvcore sees {seen} MACs, {network.totals.macs} are counted"
    counted = network.totals.activations
    assert written == counted, f"fvcore sees {written} activations, {counted} are counted"


def check_graph(network: Network) -> None:
    """Check the graph operator by operator: shapes as declared, and the module's output bit by bit."""
    module = build(network).eval()
    flat = network.graph.flatten()
    inputs = images(network, batch=2)
    values = [*inputs]
    with torch.inference_mode():
        for node in flat.nodes:
            assert isinstance(node.op, Op)
            result = apply(module, node.module, node.op, [values[i] for i in node.inputs])
            shape = tuple(result.shape[1:])
            assert shape == node.shape, f"{node.name} gives {shape}, {node.shape} is declared"
            values.append(result)
        assert torch.equal(values[flat.output], module(*inputs)), "graph and module differ"


def check_gradients(network: Network) -> None:
    """Check that gradients reach every input and every parameter, and are finite."""
    module = build(network).train()
    maps = [x.requires_grad_() for x in images(network, batch=4)]
    output = module(*maps)
    (output * torch.randn_like(output)).sum().backward()
    for name, parameter in [*zip(network.inputs, maps, strict=True), *module.named_parameters()]:
        assert parameter.grad is not None, f"no gradient reaches {name}"
        assert torch.isfinite(parameter.grad).all(), f"the gradient of {name} is not finite"


def check_tracing(network: Network) -> None:
    """Check that `torch.fx.symbolic_trace` takes the module, and gives one that computes the same."""
    module = build(network)
    symbolic_trace(module.train())
    traced = symbolic_trace(module.eval())
    maps = images(network, batch=3)
    with torch.inference_mode():
        _check_equal(traced(*maps), module(*maps), "the traced module")


def check_export(network: Network) -> None:
    """Check that `torch.export` takes the module with a batch of any size, and computes the same."""
    _check_program(Export(table=network, path=Path(network.name)))


def check_onnx(network: Network) -> None:
    """Check the same, and of the ONNX file that is made of the program; it needs the extra `onnx`."""
    from .codegen.formats.onnx import onnx_bytes, session

    export = Export(table=network, path=Path(network.name))
    _check_program(export)
    _check_errors(errors(export, session(onnx_bytes(export))), "the ONNX file")


def _check_program(export: Export) -> None:
    _check_errors(errors(export, exported_program(export).module()), "the exported program")


def _check_errors(at_batches: Iterable[tuple[int, float]], what: str) -> None:
    for batch, error in at_batches:
        assert error <= TOLERANCE, f"{what} and the module differ by {error:.1e} at batch {batch}"


def check_folding(network: Network) -> None:
    """Check that the network with its batch norms folded counts as it is built, and computes the same."""
    module, plain = build(network).eval(), folded(network)
    shift_statistics(module)
    smaller = build(plain).eval()
    smaller.load_state_dict(fold_weights(network, module.state_dict()), strict=True)
    built = sum(p.numel() for p in smaller.parameters())
    assert built == plain.totals.params, f"{built} parameters are built, {plain.totals.params} counted"
    maps = images(network, batch=2)
    with torch.inference_mode():
        results, expected = smaller(*maps), module(*maps)
    error = largest_error(outputs(results), outputs(expected))
    assert error <= TOLERANCE, f"the folded module differs by {error:.1e} of the largest output"


def shift_statistics(module: nn.Module) -> None:
    """Give batch norms what a training may leave in them, the same each time."""
    generator = torch.Generator().manual_seed(0)
    state = module.state_dict()
    for name in state:
        norm, _, last = name.rpartition(".")
        if last == "running_var":
            state[name].uniform_(0.5, 2, generator=generator)
            state[f"{norm}.running_mean"].uniform_(-0.5, 0.5, generator=generator)
            for parameter in module.get_submodule(norm).parameters():
                parameter.data.uniform_(0.5, 1.5, generator=generator)


def _check_equal(results: Tensor | Sequence[Tensor], expected: Tensor | Sequence[Tensor], what: str) -> None:
    several = isinstance(expected, tuple)
    pairs = zip(results, expected, strict=True) if several else [(results, expected)]
    assert all(torch.equal(a, b) for a, b in pairs), f"{what} and the module differ"  # type: ignore[arg-type]


LAWS = (
    check_params,
    check_macs,
    check_fvcore,
    check_graph,
    check_gradients,
    check_tracing,
    check_export,
    check_folding,
)
"""All that a block is held to."""


def apply(module: nn.Module, name: str, op: Op, inputs: list[Tensor]) -> Tensor:
    """Return what one operator of a module gives: its submodule's output, or that of its text."""
    if op.stateful:
        result: Tensor = module.get_submodule(name)(*inputs)
        return result
    texts = {key: repr(literal(value)) for key, value in op.attributes().items()}
    text = op.call([f"inputs[{i}]" for i in range(len(inputs))], texts, inputs[0].dim() - 2)
    known = {"torch": torch, "F": nn.functional, "Tensor": Tensor, "nn": nn}
    exec("\n\n".join(definitions(op.helpers())), known)
    return eval(text, known, {"inputs": inputs})  # type: ignore[no-any-return]


def image(shape: Shape, batch: int = 1) -> Tensor:
    """Return random maps, the same each time."""
    return torch.randn(batch, *shape, generator=torch.Generator().manual_seed(0))


def images(network: Network, batch: int = 1) -> tuple[Tensor, ...]:
    """Return random maps for every input of a network, the same each time."""
    return tuple([image(shape, batch) for shape in network.input_shapes])


@contextmanager
def _quiet_fvcore() -> Iterator[None]:
    """Silence fvcore about what it does not count, and the tracer it uses about its own end."""
    logger = logging.getLogger("fvcore")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
