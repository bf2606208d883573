"""An ONNX file as a table of costs: its graph and the shapes in it are read, its numbers are not.

The shapes follow from those of the inputs by ONNX's own inference, at a batch of one. Parameters are the
constants that stand where an operator has its weights, and those of more than one element that are added to a
map or multiplied with one; each counts once, where it is read first. Statistics of norms, scales and zero
points of quantised tensors, and what scales an input before anything else are no parameters; nor are a bias
of zeros and a gamma of ones that exporters make up where a layer has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape

from .onnx_graph import drop_numbers, inferred, known_shapes, load, sizes
from .onnx_operators import ELEMENTWISE, LAYOUT, OPERATORS, QUANTISED
from .rules import Call
from .sizes import bind, named
from .table import Counted, FileProfile, counted, coverage, printable, sample_shape

DOMAINS = ("", "ai.onnx")
FOLDING = "FuseBatchNorm"
WINDOWED = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "QLinearConv", "ConvInteger")
BIASED = ("Conv", "ConvTranspose")
ONE = b"\x00\x00\x80\x3f"
"""1 in float32."""


class _Leaf(NamedTuple):
    """A constant of the file: its elements, and whether they are fractions or stand for such."""

    size: int
    fractional: bool


@dataclass(kw_only=True)
class _Walk:
    """What is known of the values of a graph while its operators are met in order.

    Attributes:
        shapes: By name.
        filled: Vectors all of whose numbers are 0, or 1, and which bear no name of a module.
        constants: The constants of the file that each value comes of which hangs on no input.
        raw: Values that are an input, as yet only scaled.
        seen: The constants that have been counted.
        idle: Those that an operator reads, but not as parameters.
    """

    shapes: Mapping[str, Shape]
    filled: Collection[str]
    constants: dict[str, dict[str, _Leaf]]
    raw: set[str]
    seen: set[str] = field(default_factory=set)
    idle: dict[str, int] = field(default_factory=dict)


def read(path: Path, wanted: Mapping[str, Shape]) -> FileProfile:
    """Return what the network in an ONNX file costs.

    Args:
        path: The file. Weights that lie beside it are not opened.
        wanted: The shape of a sample of each input whose sizes are open; "" is the only one.

    Raises:
        InputError: If it cannot be read, or sizes are open that nobody gives.
    """
    model = load(path)
    filled = _filled(model.graph)
    drop_numbers(model.graph)
    graph = model.graph
    stored = {tensor.name for tensor in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    declared = [value for value in graph.input if value.name not in stored]
    wanted = named(wanted, [value.name for value in declared])
    inputs = {value.name: sizes(value, wanted, path) for value in declared}
    shapes, values = bind(inputs, wanted, path=str(path))
    graph = inferred(model, shapes, values, path).graph
    known = known_shapes(graph, shapes)
    _check_extents(graph, known, path)
    batch = next((shape[0] for shape in shapes.values() if shape), 1)
    walk = _Walk(
        shapes=known,
        filled=filled,
        constants={
            tensor.name: {tensor.name: _Leaf(prod(tensor.dims), _is_fractional(tensor.data_type))}
            for tensor in graph.initializer
        },
        raw=set(inputs),
    )
    layers = [layer for node in graph.node for layer in _layer(node, walk, batch)]
    versions = {opset.domain: opset.version for opset in model.opset_import}
    maker = " ".join(filter(None, (model.producer_name, model.producer_version)))
    return FileProfile(
        name=path.name,
        format=printable(
            f"ONNX, opset {versions.get('', versions.get('ai.onnx', '?'))}{maker and f', of {maker}'}"
        ),
        inputs={printable(name): sample_shape(shape, batch) for name, shape in shapes.items()},
        layers=[layer for layer, _ in layers],
        coverage=coverage(layers, {name: size for name, size in walk.idle.items() if name not in walk.seen}),
        notes=tuple(_notes(graph, batch)),
    )


def _filled(graph: Any) -> set[str]:
    """Return the names of the vectors of zeros, or of ones, that exporters make up."""
    vectors = [tensor for tensor in graph.initializer if len(tensor.dims) == 1 and tensor.raw_data]
    made_up = [tensor for tensor in vectors if "." not in tensor.name]
    return {t.name for t in made_up if t.raw_data in (bytes(len(t.raw_data)), ONE * (len(t.raw_data) // 4))}


def _check_extents(graph: Any, shapes: Mapping[str, Shape], path: Path) -> None:
    """Check that layers with a window leave something of their map.

    Raises:
        InputError: If one does not.
    """
    for node in graph.node:
        size = min(shapes.get(node.output[0], ()), default=1) if node.output else 1
        if size < 0 or (size == 0 and node.op_type in WINDOWED):
            law = f"{node.op_type} '{printable(_name(node, {}))}' leaves nothing of a map of this size"
            raise InputError(f"{path}: {law}; give a larger one as --input, if the file leaves it open")
        if node.op_type == "Conv":
            _check_channels(node, shapes, path)


def _check_channels(node: Any, shapes: Mapping[str, Shape], path: Path) -> None:
    """Check that a convolution reads as many channels as its weights, which ONNX's inference does not."""
    reads, weight = (shapes.get(name, ()) for name in node.input[:2])
    groups = next((each.i for each in node.attribute if each.name == "group"), 1)
    if reads[1:] and weight[1:] and reads[1] != weight[1] * groups:
        law = f"Conv '{printable(_name(node, {}))}' reads {weight[1] * groups} channels, but gets {reads[1]}"
        raise InputError(f"{path}: {law}; give those as --input, if the file leaves them open")


def _layer(node: Any, walk: _Walk, batch: int) -> Iterator[Counted]:
    """Yield the layer of an operator, if it works on a map; note what its outputs are."""
    names = list(node.input)
    if node.op_type in BIASED and names[2:] and names[2] in walk.filled:
        names.pop()
    read = names[:1] if node.op_type == "CastLike" else names
    maps = [name for name in read if name and name not in walk.constants]
    has_graph = any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute)
    if (not maps and not has_graph) or node.op_type in ("Shape", "Size"):
        leaves = _leaves(node, names, walk)
        walk.constants |= dict.fromkeys(filter(None, node.output), leaves)
        return
    scaled = node.op_type in (*LAYOUT, *ELEMENTWISE) and walk.raw.issuperset(maps)
    walk.raw |= {*node.output} if scaled else set()
    rule = OPERATORS.get(node.op_type) if node.domain in DOMAINS else None
    own = {} if scaled and node.op_type in ELEMENTWISE else _parameters(node, names, walk)
    for name in set(names) & walk.constants.keys():
        walk.idle |= {leaf: size for leaf, (size, fractional) in walk.constants[name].items() if fractional}
    params = sum(leaf.size for name, leaf in own.items() if name not in walk.seen)
    walk.seen |= own.keys()
    call = Call(
        op=f"{node.domain}.{node.op_type}" if node.domain not in DOMAINS else node.op_type,
        reads={place: walk.shapes.get(name) for place, name in enumerate(names) if name},
        writes=tuple(walk.shapes.get(name) for name in node.output),
        constant={place for place, name in enumerate(names) if name in walk.constants},
        options={attribute.name: _option(attribute) for attribute in node.attribute},
    )
    shape = sample_shape(walk.shapes.get(node.output[0]) if node.output else None, batch)
    yield counted(call, rule, name=_name(node, own), params=params, shape=shape)


def _leaves(node: Any, names: Sequence[str], walk: _Walk) -> dict[str, _Leaf]:
    """Return the constants that the outputs of a node without maps come of."""
    if node.op_type == "Constant":
        tensor = next((attribute.t for attribute in node.attribute if attribute.HasField("t")), None)
        leaf = tensor and _Leaf(prod(tensor.dims), _is_fractional(tensor.data_type))
        return {node.output[0]: leaf} if leaf else {}
    if node.op_type in ("Shape", "Size"):
        return {}
    if node.op_type == "DequantizeLinear":
        return {leaf: _Leaf(size, True) for leaf, (size, _) in walk.constants.get(names[0], {}).items()}
    return {leaf: what for name in names if name for leaf, what in walk.constants.get(name, {}).items()}


def _parameters(node: Any, names: Sequence[str], walk: _Walk) -> dict[str, _Leaf]:
    """Return the constants that are parameters of an operator."""
    rule = OPERATORS.get(node.op_type)
    places: Sequence[int] = rule.weights if rule else ()
    if node.op_type in ELEMENTWISE:
        places = (0, 1)
    if node.op_type == "Gather":
        places = (0,)
    read = [names[place] for place in places if 0 <= place < len(names)]
    leaves = {leaf: what for name in read for leaf, what in walk.constants.get(name, {}).items()}
    least = 2 if node.op_type in ELEMENTWISE else 1
    whole = node.op_type in QUANTISED
    return {
        leaf: what
        for leaf, what in leaves.items()
        if what.size >= (least if leaf in read else 2)
        and (what.fractional or whole)
        and leaf not in walk.filled
    }


def _name(node: Any, own: Mapping[str, _Leaf]) -> str:
    """Return the name of a layer: that of its weights, of its place in the module, or its own."""
    weight = next(iter(own), "").removesuffix("_quantized")
    if weight.endswith((".weight", ".bias")):
        return weight.rpartition(".")[0]
    return str(node.name or (node.output[0] if node.output else node.op_type))


def _option(attribute: Any) -> Any:
    """Return the value of an attribute: a number, a text, or several numbers; None of another kind."""
    kinds = {1: "f", 2: "i", 3: "s", 6: "floats", 7: "ints"}
    value = getattr(attribute, kinds[attribute.type]) if attribute.type in kinds else None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _is_fractional(dtype: int) -> bool:
    """Tell whether a type of ONNX holds fractions: floats, not whole numbers, truth values and texts."""
    return dtype in (1, 10, 11, 14, 15, 16, 17, 18, 19, 20, 23)


def _notes(graph: Any, batch: int) -> Iterator[str]:
    if batch != 1:
        yield f"Its batch is fixed at {batch}: costs are those of all {batch} samples."
    folded = sum(any(FOLDING in entry.value for entry in node.metadata_props) for node in graph.node)
    if folded:
        yield f"{folded} batch norms are folded into convolutions: a bias at most is left of gamma and beta."
    quantised = sum(node.op_type == "DequantizeLinear" for node in graph.node)
    if quantised:
        yield f"It is quantised ({quantised} x DequantizeLinear); parameters are a number, not bytes."
