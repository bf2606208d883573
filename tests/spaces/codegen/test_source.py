"""The generated source: readable, formatted, torch alone, and the very thing that trains."""

from __future__ import annotations

import re
import subprocess
import sys
import traceback
from contextlib import suppress
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from helpers.catalog import NETWORKS

from archscape.spaces import Network, Space, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.class_text import SourceWriter
from archscape.spaces.codegen.source import class_name, source
from archscape.spaces.codegen.trials import changed
from archscape.spaces.graph import Body
from archscape.spaces.module_names import module_name
from archscape.spaces.operators import Activation

SAMPLES = [(name, seed) for name in ("cifar", "digits") for seed in range(30)]

REBUILT = [
    *("mobilenetv3-large", "mobilenetv3-small", "mobilenetv2", "efficientnet-b0", "efficientnetv2-s"),
    *("fbnet-c", "resnet50", "regnetx-200mf", "seresnet50", "convnext-tiny", "densenet121", "googlenet"),
]


def sampled(name: str, seed: int) -> Network:
    return Space.load(name).sample(Random(seed)).network


def steps(body: Body) -> list[str]:
    return [node.name for node in body.nodes]


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
    assert len(text.splitlines()) < 100
    assert text.count("class ") == 3  # Conv, the bottleneck, the network


def test_uses_that_differ_in_what_is_optional_share_a_class() -> None:
    text = source(load_network("efficientnet-b0"))
    assert text.count("\nclass ") == 5  # DropPath, Conv, Se, Mbconv, the network
    assert (
        "self.conv1 = (\n            Conv(inputs, expand * inputs, kernel=1) if expand > 1 else nn.Identity()"
        in text
    )
    assert "self.mbconv6 = nn.Sequential(" in text
    assert "$" not in text


def test_only_relations_of_the_definition_are_written() -> None:
    """Found by tracing the block with other numbers than those of the network."""
    text = source(load_network("resnet50"))
    assert "self.projection = stride > 1 or inputs != width" in text
    assert "nn.Conv2d(inputs, width // 4, 1, bias=False)" in text


def test_a_composed_block_is_its_class_in_every_use() -> None:
    text = source(load_network("fbnet-c"))
    assert "self.fbnet1 = Fbnet(16, kernel=3, expand=1, width=16)" in text
    assert "self.fbnet2 = Fbnet(16, kernel=3, expand=6, width=24, stride=2)" in text  # without the sum
    assert "y + x if self.residual else y" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_rows_of_several_blocks_are_one_module(name: str) -> None:
    stems = re.findall(r"self\.(\w+)_\d+ = ", source(load_network(name)))
    assert all(stems.count(stem) <= 3 for stem in stems)


def test_what_is_rounded_is_not_written_as_a_quotient() -> None:
    text = source(load_network("mobilenetv3-large"))
    assert "exp // 4" not in text  # the table has divisible($exp / 4, 8): of 200 it is 48
    assert "padding=kernel // 2" in text


@pytest.mark.parametrize("name", REBUILT)
def test_classes_are_what_their_blocks_are_with_other_arguments_too(name: str) -> None:
    """Each block is traced, and its class made, with each argument in turn that is not the network's."""
    network = load_network(name)
    writer = SourceWriter(network.body)
    namespace: dict[str, Any] = {}
    exec(source(network), namespace)
    writer.lines(class_name(network), "")
    compared = 0
    for written in writer.classes.classes[:-1]:
        parameters = writer.parameters(written)
        for key, change in product(parameters, (lambda n: 5 * n, lambda n: n + 40, lambda n: n + 6)):
            for _, body, _ in changed(written.topology.members[0], (key,), [change]):
                if steps(body) not in map(steps, written.topology.members):
                    continue  # the class has a step in every use, or in none
                with suppress(LookupError), torch.device("meta"):
                    values = {name: p.extract(body) for name, p in parameters.items()}
                    arguments = {
                        name: eval(str(Activation(value).interchangeable), namespace)
                        if isinstance(value, str)
                        else value
                        for name, value in values.items()
                    }
                    module = namespace[written.name](**arguments)
                    counted = sum(p.numel() for p in module.parameters())
                    assert counted == body.totals.params, (written.name, arguments)
                    compared += 1
    assert compared > 3


def test_a_number_that_is_one_is_not_taken_for_a_flag() -> None:
    network = Network.from_yaml(
        """
        network: padded
        input: 1x8x8
        layers:
          - conv: {width: 8}
          - conv: {width: 8, padding: valid, act: none}
          - conv: {width: 8}
        """
    )
    text = source(network)
    assert "def __init__(self, inputs: int, padding: int, act: bool = True) -> None:" in text
    assert "self.act = act" in text


@pytest.mark.parametrize("name", ["mobilenetv3-large", "r2plus1d-18"])
def test_a_class_stands_behind_those_that_it_uses(name: str) -> None:
    network = load_network(name)
    with torch.device("meta"):
        assert sum(p.numel() for p in fresh(network).parameters()) == network.totals.params


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), SAMPLES[::3])
def test_state_dicts_interchange_and_outputs_are_bit_equal(name: str, seed: int) -> None:
    network = sampled(name, seed)
    own, sent = build(network).eval(), fresh(network).eval()
    sent.load_state_dict(own.state_dict(), strict=True)
    image = torch.randn(2, *network.input, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(own(image), sent(image))


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
    assert "<archscape Lenet5" in shown
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


def test_uses_that_differ_in_an_activation_share_a_class() -> None:
    network = load_network("mobilenetv3-small")
    text = source(network)
    assert text.count("\nclass ") == 4  # Conv, Se, Bneck, the network
    assert "act: type[nn.Module] | None = nn.Hardswish," in text
    assert "self.act = act() if act else nn.Identity()" in text
    assert "Conv(exp, exp, kernel=kernel, stride=stride, groups=exp, act=act)" in text
    assert "Bneck(24, kernel=3, exp=88, width=24, act=nn.ReLU, se=False)" in text
    kinds = [type(module) for module in build(network).modules()]
    assert (kinds.count(torch.nn.Hardswish), kinds.count(torch.nn.ReLU)) == (18, 5)
