"""The generated source: readable, formatted, torch alone, and the very thing that trains."""

from __future__ import annotations

import ast
import subprocess
import sys
import traceback
from pathlib import Path
from random import Random

import pytest
import torch

from archscape.spaces import Network, Space, catalog_names, load, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.export import module_name
from archscape.spaces.codegen.source import class_name, source

NETWORKS = [name for name in catalog_names() if isinstance(load(name), Network)]
SAMPLES = [(name, seed) for name in ("cifar", "digits") for seed in range(30)]


def sampled(name: str, seed: int) -> Network:
    return Space.load(name).sample(Random(seed)).network


def fresh(network: Network) -> torch.nn.Module:
    """Build from the text alone, as somebody who was sent the file."""
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(compile(source(network), "sent.py", "exec"), namespace)
    return namespace[class_name(network)]()


@pytest.mark.slow
def test_source_is_formatted_and_lints(tmp_path: Path) -> None:
    for name in NETWORKS:
        (tmp_path / f"{module_name(name)}.py").write_text(source(load_network(name)))
    for name, seed in SAMPLES:
        (tmp_path / f"{name}_{seed}.py").write_text(source(sampled(name, seed)))
    ruff = Path(sys.executable).with_name("ruff")
    rules = ["--select", "F,E4,E7,E9,I,N", "--ignore", "N812"]
    for command in (["format", "--check", "--diff"], ["check", *rules]):
        done = subprocess.run(
            [ruff, command[0], "--isolated", *command[1:], tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_resnet50_is_as_short_as_by_hand() -> None:
    text = source(load_network("resnet50"))
    assert len(text.splitlines()) < 250
    assert text.count("class ") == 4  # Conv, two bottlenecks, the network


@pytest.mark.parametrize("name", NETWORKS)
def test_source_imports_torch_alone(name: str) -> None:
    imports = [
        n
        for n in ast.walk(ast.parse(source(load_network(name))))
        if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    modules = {alias.name for n in imports if isinstance(n, ast.Import) for alias in n.names}
    modules |= {n.module or "" for n in imports if isinstance(n, ast.ImportFrom)}
    assert modules <= {"torch", "torch.nn.functional"}


@pytest.mark.parametrize(("name", "seed"), SAMPLES[::3])
def test_state_dicts_interchange_and_outputs_are_bit_equal(name: str, seed: int) -> None:
    network = sampled(name, seed)
    own, sent = build(network).eval(), fresh(network).eval()
    sent.load_state_dict(own.state_dict(), strict=True)
    image = torch.randn(2, *network.input, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(own(image), sent(image))


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_catalog_networks_have_the_parameters_that_are_counted(name: str) -> None:
    network = load_network(name)
    with torch.device("meta"):
        module = fresh(network)
    assert sum(p.numel() for p in module.parameters()) == network.totals.params


@pytest.mark.parametrize(
    "name", ["resnet18", "googlenet", "densenet121", "seresnet50", "mobilenetv2", "lenet5"]
)
def test_names_of_the_graph_are_names_of_the_module(name: str) -> None:
    network = load_network(name)
    with torch.device("meta"):
        modules = dict(fresh(network).named_modules())
    for node in network.graph.flatten().nodes:
        if not hasattr(node.op, "costs") or not node.op.stateful:  # type: ignore[union-attr]
            continue
        assert node.name in modules


def test_a_traceback_shows_the_generated_line() -> None:
    module = build(load_network("lenet5"))
    with pytest.raises(RuntimeError) as failure:
        module(torch.zeros(1, 3, 32, 32))
    shown = "".join(traceback.format_exception(failure.value))
    assert "<archscape lenet5" in shown
    assert "x = torch.tanh(self.conv1(x))" in shown


def test_a_block_named_like_its_network_keeps_both_apart() -> None:
    network = Network.from_yaml(
        "network: basic\ninput: 1x8x8\nlayers: [basic: {width: 4}, avgpool, linear: {width: 2}]"
    )
    assert class_name(network) == "BasicNetwork"
    assert fresh(network)(torch.zeros(1, 1, 8, 8)).shape == (1, 2)


@pytest.mark.parametrize("name", ["torch", "nn", "tensor", "F", "class", "conv", "None", "int"])
def test_no_network_name_breaks_the_text(name: str) -> None:
    network = Network(name=name, input=(1, 8, 8), layers=load_network("resnet20").at(input=(1, 8, 8)).layers)
    assert fresh(network)(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
