"""Records what TensorFlow Lite Micro needs for networks as LiteRT converts them: what tests hold our plan to.

Claim: the planned part of the arena is equal to the byte to the one that TensorFlow Lite Micro's recorder
tells, in float and in int8, and the persistent part is equal or at most a tenth more.

Command, in an environment of its own (2 GB), since converters bring their own versions of everything:

    python3.11 -m venv tflm
    tflm/bin/pip install torch==2.13.0 litert-torch==0.10.0 tflite-micro PyYAML safetensors
    PYTHONPATH=. tflm/bin/python benchmarks/tflm_fixtures.py                  # writes tests/fixtures
    PYTHONPATH=. tflm/bin/python benchmarks/tflm_fixtures.py --run RUN --dtype float32 --limit 65536

The second converts every network that a search with a limit on `sram` trained, and counts those whose
interpreter starts with an arena of the limit.

Weights are random, so that no two constants are the same by chance. Maps are channels last at the input and
at outputs. int8 is LiteRT's static quantisation, calibrated on noise. Files are written once more, in one
piece and without names: the quantizer puts large tensors behind the file, where TensorFlow Lite Micro does
not find them, and names are of no use on a device.
The recorder runs in a process of its own. `smallest` is the smallest arena that the interpreter starts with,
found by halving.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from archscape.analysis.costs.memory.targets import DTYPES, target_memory
from archscape.analysis.costs.memory.targets.rules import tflite_model
from archscape.spaces import Network, load_network
from archscape.spaces.values import shape_text

OUT = Path(__file__).parents[1] / "tests" / "fixtures" / "tflm.json"
TOOLS = ("torch", "litert-torch", "litert-converter", "ai-edge-quantizer", "tflite-micro")
NETWORKS: list[tuple[str, tuple[int, ...] | None]] = [
    ("lenet5", None),
    ("resnet20", None),
    ("mobilenetv1", (3, 64, 64)),
    ("mobilenetv2", (3, 64, 64)),
    ("mobilenetv3-small", (3, 64, 64)),
    ("squeezenet1.1", (3, 64, 64)),
    ("googlenet-bn", (3, 64, 64)),
    ("shufflenetv2-x0.5", (3, 64, 64)),
    ("dilated-context", (21, 16, 16)),
    ("nin", None),
]
TABLES = (
    """
network: dense
input: 3x24x24
layers:
  - conv: {width: 16}
  - dense: {depth: 2, growth: 8}
  - transition: {ratio: 1/2}
  - dense: {depth: 2, growth: 8}
  - avgpool
  - linear: {width: 10}
""",
    """
network: squeeze-and-excite
input: 3x32x32
layers:
  - conv: {width: 8, stride: 2}
  - basic: {width: 16, depth: 2, stride: 2, se: 1/4}
  - inverted: {width: 24, expand: 2, stride: 2, se: 1/4, act: hardswish}
  - avgpool
  - linear: {width: 10}
""",
    """
network: keyword
input: 40x49
layers:
  - conv: {width: 16, kernel: 3, stride: 2}
  - plain: {width: 24, conv: separable, depth: 2}
  - basic: {width: 24}
  - conv: {width: 12, kernel: 1, norm: none}
  - linear: {width: 12}
""",
    """
network: causal
input: 4x32
layers:
  - conv: {width: 8, padding: causal}
  - conv: {width: 8, dilation: 2, padding: causal}
  - avgpool
  - linear: {width: 3}
""",
    """
network: small
input: 1x16x16
layers:
  - conv: {width: 4, stride: 2}
  - basic: {width: 8, stride: 2}
  - avgpool
  - linear: {width: 10}
""",
)
"""Small networks of kinds that the catalog has at large: dense blocks, gates, 1-D maps, very few weights."""
ARENA = 1 << 28
RECORDER = """
import sys
from tflite_micro.python.tflite_micro import runtime
runtime.Interpreter.from_file(sys.argv[1], arena_size=int(sys.argv[2])).print_allocations()
"""
SHOWN = ("arena", "persistent", "smallest", "file")
PARTS = {"arena": r"Arena allocation head (\d+)", "persistent": r"Arena allocation tail (\d+)"}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide what native code prints."""
    with open(os.devnull, "w") as nothing:
        kept = [os.dup(1), os.dup(2)]
        sys.stdout.flush()
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            for number, descriptor in enumerate(kept, 1):
                os.dup2(descriptor, number)
                os.close(descriptor)


def with_random_weights(module: nn.Module) -> nn.Module:
    """Return a module whose weights and statistics differ from each other and from their starts."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            if tensor.is_floating_point():
                tensor.add_(torch.rand(tensor.shape, generator=generator) * 0.1)
    return module.eval()


def convert(network: Network, path: Path) -> tuple[int, ...]:
    """Write a network as a float file of TensorFlow Lite; return the shape of its input there."""
    import litert_torch

    flat, (channels, *extent) = network.graph.flatten(), network.input_shapes[0]
    module = with_random_weights(network.build())
    shape = (1, channels, *extent)
    if len(extent) == 2:
        maps = [place for place, value in enumerate(flat.outputs) if len(flat.shape_of(value)) == 3]
        module = litert_torch.to_channel_last_io(module, args=[0], outputs=maps or None)
        shape = (1, *extent, channels)
    with quiet():
        litert_torch.convert(module.eval(), (torch.randn(shape),)).export(str(path))
    return shape


def quantize(source: Path, path: Path, shape: tuple[int, ...]) -> None:
    """Write a float file in int8."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import quantizer, recipe

    with quiet():
        signatures = Interpreter(str(source)).get_signature_list()
        (key, names), rng = next(iter(signatures.items())), np.random.default_rng(0)
        samples = [{names["inputs"][0]: rng.standard_normal(shape, dtype=np.float32)} for _ in range(4)]
        quantizing = quantizer.Quantizer(str(source))
        quantizing.load_quantization_recipe(recipe.static_wi8_ai8())
        result = quantizing.quantize(quantizing.calibrate({key: samples}))
        path.write_bytes(result.quantized_model)


def finish(path: Path) -> None:
    """Write a file once more, in one piece and without names."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(str(path))
    flatbuffer_utils.strip_strings(model)
    flatbuffer_utils.write_model(model, str(path))


def run_recorder(path: Path, arena: int) -> str:
    """Return what the interpreter prints that starts with an arena; nothing if it does not start."""
    command = [sys.executable, "-c", RECORDER, str(path), str(arena)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode == 0 else ""


def record(path: Path, expected: int) -> dict[str, Any]:
    """Return what the recorder tells of a file, and the operators that the file has.

    Args:
        path: The file.
        expected: The arena that it is expected to start with; the smallest is searched from there.
    """
    text = run_recorder(path, ARENA)
    found = {part: re.search(pattern, text) for part, pattern in PARTS.items()}
    parts = {part: int(match[1]) for part, match in found.items() if match}
    if len(parts) < len(PARTS):
        raise SystemExit(f"TensorFlow Lite Micro does not run {path}")
    low, high = 0, 2 * sum(parts.values()) // 16
    tries = [expected // 16, expected // 16 - 1]
    while low < high:
        middle = tries.pop(0) if tries else (low + high) // 2
        if low <= middle < high:
            low, high = (low, middle) if run_recorder(path, 16 * middle) else (middle + 1, high)
    return {**parts, "smallest": 16 * high, "file": path.stat().st_size, "steps": steps_of(path)}


def steps_of(path: Path) -> list[str]:
    """Return each operator of a file, with the elements of its output."""
    from ai_edge_litert import schema_py_generated as schema

    codes = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    (graph,) = model.subgraphs
    steps = []
    for operator in graph.operators:
        code = codes[model.operatorCodes[operator.opcodeIndex].builtinCode]
        steps.append(f"{code} {prod(map(int, graph.tensors[operator.outputs[0]].shape))}")
    return steps


def planned(network: Network, dtype: str) -> dict[str, Any]:
    """Return what we say of a network."""
    memory, model = target_memory(network, dtype=dtype), tflite_model(network, dtype)
    steps = [f"{step.code} {model.tensors[step.output].elements}" for step in model.steps]
    return {
        "arena": memory.arena,
        "persistent": memory.persistent,
        "smallest": memory.sram,
        "file": memory.flash,
        "steps": steps,
    }


def measure(network: Network) -> dict[str, dict[str, Any]]:
    """Return what the recorder tells of a network in each type, and print it beside what we say."""
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {dtype: Path(folder) / f"{dtype}.tflite" for dtype in DTYPES}
        shape = convert(network, files["float32"])
        quantize(files["float32"], files["int8"], shape)
        for dtype, path in files.items():
            finish(path)
            ours = planned(network, dtype)
            results[dtype] = found = record(path, ours["smallest"])
            parts = ", ".join(f"{part} {found[part]:,} {ours[part] - found[part]:+,}" for part in SHOWN)
            same = "same" if ours["steps"] == found["steps"] else "OTHER"
            print(f"{network.name:20} {dtype:8} {same} operators; {parts}", flush=True)
    return results


def fixtures() -> Iterator[dict[str, Any]]:
    """Yield the record of every network."""
    for name, shape in NETWORKS:
        network = load_network(name)
        yield {
            "network": name,
            "input": shape_text(shape or network.input_shapes[0]),
            **measure(network.at(input=shape) if shape else network),
        }
    for table in TABLES:
        yield {"table": table, **measure(Network.from_yaml(table))}


def check_run(folder: Path, dtype: str, limit: int) -> None:
    """Convert the networks of a search, and count those that start with so much memory."""
    with (folder / "trials.csv").open(encoding="utf-8", newline="") as file:
        networks = [Network.from_json(row["network"]) for row in csv.DictReader(file)]
    needs = [measure(network)[dtype]["smallest"] for network in networks]
    fitting = sum([need <= limit for need in needs])
    print(f"{fitting} of {len(needs)} start with {limit:,} bytes; the largest needs {max(needs):,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--run", type=Path, help="the folder of a search whose networks are measured instead")
    parser.add_argument("--dtype", choices=DTYPES, default="int8", help="the type that the search was for")
    parser.add_argument("--limit", type=int, default=65536, help="the bytes that the search allowed")
    arguments = parser.parse_args()
    if arguments.run:
        check_run(arguments.run, arguments.dtype, arguments.limit)
        return
    records = {"tools": {tool: version(tool) for tool in TOOLS}, "networks": list(fixtures())}
    OUT.write_text(json.dumps(records, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
