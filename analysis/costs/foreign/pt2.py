"""A `.pt2` file of `torch.export.save` as a table of costs: the JSON of its graph is read, and nothing else.

`torch.export.load` unpickles the sample inputs of the archive, which runs whatever a file says. So the member
with the graph alone is opened, as text; weights, constants and sample inputs stay closed. Shapes are those of
the trace, with one in place of an open batch. The signature tells parameters from buffers.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape

from ..layers import Layer
from .aten_operators import rule_of
from .rules import Call, Rule
from .sizes import Size, bind, evaluate, named, plain
from .table import Counted, FileProfile, check_file, counted, coverage, printable, sample_shape

GRAPH = re.compile(r"(?:[^/]+/)?models/[^/]+\.json")
"""The member with the graph, as PyTorch 2.13 calls it."""
LARGEST = 2**28
"""Bytes of that member; the graph of a network of ten thousand operators has 2^25."""
ATEN = re.compile(r"torch\.ops\.aten\.(\w+)\.\w+")
NEVER_READ = "never read"
_DAMAGE = (KeyError, TypeError, IndexError, AttributeError, ValueError, RecursionError)


@dataclass(kw_only=True)
class _Program:
    """What the graph of a file says.

    Attributes:
        nodes: The operators in order.
        tensors: The sizes of each value by name, as they are written.
        inputs: The names of what a user gives.
        parameters: By the name of a value that of a parameter.
        constants: Values that are parameters, buffers or other constants.
        version: Of PyTorch.
    """

    nodes: Sequence[Mapping[str, Any]]
    tensors: Mapping[str, Sequence[Size]]
    hints: Mapping[str, int]
    inputs: Sequence[str]
    parameters: Mapping[str, str]
    constants: set[str]
    version: str
    seen: set[str] = field(default_factory=set)


def read(path: Path, wanted: Mapping[str, Shape]) -> FileProfile:
    """Return what the network in a `.pt2` file costs.

    Args:
        path: The file.
        wanted: The shape of a sample of each input whose sizes are open, if not that of the trace; "" is the
            only one.

    Raises:
        InputError: If it cannot be read.
    """
    text = _graph_text(path)
    with _damaged(path):
        program = _program(json.loads(text))
        inputs = {name: program.tensors[name] for name in program.inputs}
    wanted = named(wanted, inputs)
    traced = {name: _traced(sizes, program) for name, sizes in inputs.items() if name not in wanted}
    shapes, values = bind(inputs, {**wanted, **traced}, path=str(path))
    batch = next((shape[0] for shape in shapes.values() if shape), 1)
    known = {name: _shape(sizes, values) for name, sizes in program.tensors.items()}
    with _damaged(path):
        layers = [_layer(node, program, known, batch) for node in program.nodes if _is_shown(node)]
        layers += _never_read(program, known)
    notes = () if batch == 1 else (f"Its batch is fixed at {batch}: costs are those of all {batch} samples.",)
    return FileProfile(
        name=path.name,
        format=printable(f"exported program of PyTorch {program.version}"),
        inputs={printable(name): sample_shape(shape, batch) for name, shape in shapes.items()},
        layers=[layer for layer, _ in layers],
        coverage=coverage(layers, {}),
        notes=notes,
    )


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    """Say that a file is damaged where what its JSON holds is not what PyTorch writes."""
    try:
        yield
    except InputError:
        raise
    except _DAMAGE as error:
        cause = printable(f"{type(error).__name__}: {error}")
        law = "its graph is not as PyTorch 2.13 writes it, or is damaged"
        raise InputError(f"{path}: {law} ({cause})") from None


def _graph_text(path: Path) -> bytes:
    """Return the JSON of the graph; no other member of the archive is opened.

    Raises:
        InputError: If it is no such archive.
    """
    try:
        check_file(path)
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if GRAPH.fullmatch(info.filename)]
            if len(members) != 1:
                law = f"holds {len(members)} graphs, and one is what torch.export.save of PyTorch 2.13 writes"
                raise InputError(f"{path}: {law}; write it anew with that")
            with archive.open(members[0]) as member:
                text = member.read(LARGEST + 1)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        law = f"no file of torch.export.save, or a damaged one: {printable(str(error))}"
        raise InputError(f"{path}: {law}") from None
    if len(text) > LARGEST:
        raise InputError(f"{path}: its graph is larger than {LARGEST // 2**20} MiB, which no network's is")
    return text


def _program(tree: Mapping[str, Any]) -> _Program:
    module = tree["graph_module"]
    graph, signature = module["graph"], module["signature"]
    inputs: list[str] = []
    parameters: dict[str, str] = {}
    constants: set[str] = set()
    for spec in signature["input_specs"]:
        ((kind, value),) = spec.items()
        name = _argument_name(value["arg"])
        if kind == "user_input":
            inputs += [name] if name else []
        else:
            constants.add(name)
        if kind == "parameter":
            parameters[name] = value["parameter_name"]
    tensors = {name: [_size(size) for size in meta["sizes"]] for name, meta in graph["tensor_values"].items()}
    return _Program(
        nodes=graph["nodes"],
        tensors=tensors,
        hints=_hints(graph["tensor_values"]),
        inputs=inputs,
        parameters=parameters,
        constants=constants,
        version=str(tree.get("torch_version", "?")),
    )


def _argument_name(argument: Mapping[str, Any]) -> str:
    """Return the name of a tensor among inputs; "" for a number."""
    inner = argument.get("as_tensor", argument)
    return str(inner.get("name", "")) if isinstance(inner, dict) else ""


def _size(size: Mapping[str, Any]) -> Size:
    if "as_int" not in size:
        return plain(str(size["as_expr"]["expr_str"]))
    if size["as_int"] < 0:
        raise ValueError(f"a size of {size['as_int']}")
    return int(size["as_int"])


def _hints(values: Mapping[str, Any]) -> dict[str, int]:
    """Return what each open size was when the program was traced, where that is known."""
    exprs = [size["as_expr"] for meta in values.values() for size in meta["sizes"] if "as_expr" in size]
    known = {plain(str(expr["expr_str"])): (expr.get("hint") or {}).get("as_int") for expr in exprs}
    return {name: int(hint) for name, hint in known.items() if hint is not None}


def _traced(sizes: Sequence[Size], program: _Program) -> Shape:
    """Return the shape of a sample as it was traced; open sizes of unknown extent are an error of `bind`."""
    known = [program.hints.get(size) if isinstance(size, str) else size for size in sizes[1:]]
    return tuple(size for size in known if size is not None)


def _shape(sizes: Sequence[Size], values: Mapping[str, int]) -> Shape | None:
    known = [evaluate(size, values) if isinstance(size, str) else size for size in sizes]
    shape = tuple(size for size in known if size is not None)
    return shape if len(shape) == len(known) else None


def _is_shown(node: Mapping[str, Any]) -> bool:
    """Tell operators from Python's own on sizes and lists, such as taking one of several."""
    return not str(node["target"]).startswith(("_operator.", "math.", "torch.sym_"))


def _layer(
    node: Mapping[str, Any], program: _Program, known: Mapping[str, Shape | None], batch: int
) -> Counted:
    tensors: dict[int | str, str] = {}
    options: dict[str, Any] = {}
    for item in node["inputs"]:
        names = _tensor_names(item["arg"])
        several = len(names) > 1
        tensors |= {f"{item['name']}{index}" if several else item["name"]: n for index, n in enumerate(names)}
        if not names:
            options[item["name"]] = _plain(item["arg"])
    written = [name for output in node["outputs"] for name in _tensor_names(output)]
    own = [name for name in tensors.values() if name in program.parameters]
    unseen = [name for name in dict.fromkeys(own) if program.parameters[name] not in program.seen]
    program.seen |= {program.parameters[name] for name in unseen}
    if tensors and program.constants.issuperset(tensors.values()):
        program.constants |= {*written}
    call = Call(
        op=_operator(node["target"]),
        reads={key: known.get(name) for key, name in tensors.items()},
        writes=tuple(known.get(name) for name in written),
        constant=[key for key, name in tensors.items() if name in program.constants],
        options=options,
    )
    return counted(
        call,
        _rule(node["target"]),
        name=_name(node, [program.parameters[name] for name in own]),
        params=sum(prod(known.get(name) or (0,)) for name in unseen),
        shape=sample_shape(call.writes[0] if call.writes else None, batch),
    )


def _rule(target: str) -> Rule | None:
    match = ATEN.fullmatch(target)
    return rule_of(match[1]) if match else None


def _operator(target: str) -> str:
    """Return the name of an operator: `conv2d`, or in full of what is not PyTorch's own."""
    match = ATEN.fullmatch(target)
    return match[1] if match else target.removeprefix("torch.ops.")


def _tensor_names(argument: Mapping[str, Any]) -> list[str]:
    """Return the names of the tensors in an argument, of which there may be a list."""
    if "as_tensor" in argument:
        return [argument["as_tensor"]["name"]]
    if "as_tensors" in argument:
        return [tensor["name"] for tensor in argument["as_tensors"]]
    if "as_optional_tensors" in argument:
        return [t["as_tensor"]["name"] for t in argument["as_optional_tensors"] if "as_tensor" in t]
    return []


def _plain(argument: Mapping[str, Any]) -> Any:
    """Return the value of an argument that is no tensor: `{"as_ints": [1, 1]}`."""
    ((kind, value),) = argument.items()
    return None if kind == "as_none" else value


def _name(node: Mapping[str, Any], parameters: Sequence[str]) -> str:
    """Return the name of a layer: that of the module whose parameters it reads, or of what calls it there."""
    if parameters:
        return parameters[0].rpartition(".")[0] or parameters[0]
    stack = [part.split(",") for part in node["metadata"].get("nn_module_stack", "").split(";") if part]
    path, kind = (stack[-1][1], stack[-1][2]) if stack and len(stack[-1]) == 3 else ("", "")
    if path and kind.startswith("torch.nn."):
        return str(path)
    own = str(node.get("name") or node["outputs"][0].get("as_tensor", {}).get("name", node["target"]))
    return f"{path}.{own}" if path else own


def _never_read(program: _Program, known: Mapping[str, Shape | None]) -> Iterator[Counted]:
    """Yield the parameters that no operator reads."""
    for value, name in program.parameters.items():
        if name not in program.seen:
            program.seen.add(name)
            shape = known.get(value) or ()
            yield Counted(Layer(printable(name), NEVER_READ, shape, prod(shape), 0, 0, 0), "")
