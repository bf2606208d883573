"""Names that PyTorch, Python or the source has: each is refused, or gives a network that everything takes."""

from __future__ import annotations

import builtins
import keyword
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from archscape.spaces import Network, Row, SpaceError, catalog_names, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.derived_names import of_module, page
from archscape.spaces.codegen.export import export
from archscape.spaces.codegen.helpers import helper_names
from archscape.spaces.codegen.source import class_name, source
from archscape.spaces.errors import InputError
from archscape.spaces.module_names import module_name
from archscape.spaces.naming import ATTRIBUTES, VARIABLES, attribute, named_by, variable
from archscape.spaces.testing import check_export, check_tracing

ROOT = Path(__file__).parents[2]
WORDS = sorted(
    {
        *ATTRIBUTES,
        *VARIABLES,
        *dir(builtins),
        *keyword.softkwlist,
        "y",
        "x2",
        "inputs",
        "width",
        "conv",
        "range",
    }
)
"""Every name that something has, and the names that the writer of source gives itself."""
FEW = [
    "code",
    "graph",
    "meta",
    "type_name",
    "requires_grad",
    "attend",
    "Scale",
    "print",
    "match",
    "y",
    "conv1",
]
"""One of each kind, or two: these `make test` takes at every place."""

ROW = """
network: one
input: 4x8x8
layers:
  - conv: {{name: {0}, width: 4}}
  - basic: {{width: 4}}
  - add: {{with: {0}}}
  - conv: {{width: 4}}
"""
BLOCK = """
network: one
input: 4x8x8
blocks:
  {0}(wide):
    - conv: {{width: $wide}}
    - residual: [conv: {{width: $wide}}, shuffle: {{groups: 2}}]
layers:
  - {0}: {{wide: 4}}
  - {0}: {{wide: 8}}
"""
ARGUMENT = """
network: one
input: 4x8x8
blocks:
  part({0}, wide = 4):
    - conv: {{width: $wide, kernel: ${0}, last_norm: zero}}
    - residual: [conv: {{width: $wide}}, maxpool: {{kernel: ${0}, stride: 1}}, shuffle: {{groups: 2}}]
layers:
  - part: {{{0}: 3}}
  - part: {{{0}: 5, wide: 8}}
"""
MAP = """
network: one
input: 4x8x8
blocks:
  part({0}):
    - conv: {{width: 4}}
    - add: {{with: {0}}}
    - shuffle: {{groups: 2}}
    - conv: {{width: 4}}
    - concat: {{with: {0}}}
layers:
  - conv: {{name: first, width: 4}}
  - part: {{{0}: first}}
"""
INPUT = """
network: one
input: {{image: 4x8x8, {0}: 4x8x8}}
layers:
  - conv: {{width: 4}}
  - add: {{with: {0}}}
  - shuffle: {{groups: 2}}
  - concat: {{with: {0}}}
"""
OUTPUT = """
network: one
input: 4x8x8
layers:
  - conv: {{name: {0}, width: 4}}
  - act: {{name: activated, act: relu}}
  - shuffle: {{name: shuffled, groups: 2}}
outputs: [{0}, activated, shuffled]
"""
NETWORK = """
network: {0}
input: 4x8x8
layers:
  - conv: {{width: 4}}
  - basic: {{width: 4}}
"""
PLACES = {
    "row": ROW,
    "block": BLOCK,
    "argument": ARGUMENT,
    "map": MAP,
    "input": INPUT,
    "output": OUTPUT,
    "network": NETWORK,
}


def named(place: str, word: str) -> Network | None:
    """Return the network with a name at a place; None where it is refused."""
    try:
        return Network.from_yaml(PLACES[place].format(word))
    except SpaceError:
        return None


def together(place: str, words: list[str]) -> Iterator[Network]:
    """Yield the network of each name that is not refused."""
    for word in words:
        network = named(place, word)
        if network is not None:
            yield network


def check_named(network: Network) -> None:
    compile(source(network), "sent.py", "exec")
    build(network).load_state_dict(build(network).state_dict())
    check_tracing(network)
    check_export(network)


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_name_of_other_tools_is_refused_or_changes_nothing_for_them(place: str) -> None:
    taken = [*together(place, FEW)]
    assert len(taken) > len(FEW) // 2
    for network in taken:
        check_named(network)


@pytest.mark.full
@pytest.mark.parametrize("place", PLACES)
def test_every_name_is_refused_or_changes_nothing_for_other_tools(place: str) -> None:
    for network in together(place, WORDS):
        check_named(network)


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_name_is_refused_with_one_error_that_names_it(place: str) -> None:
    refused = [word for word in WORDS if named(place, word) is None]
    assert refused or place == "network"
    for word in refused[::5]:
        with pytest.raises(SpaceError) as error:
            Network.from_yaml(PLACES[place].format(word))
        assert word in str(error.value).splitlines()[0]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_names_are_those_of_the_installed_classes() -> None:
    written = (ROOT / "spaces" / "taken_names.py").read_text(encoding="utf-8")
    assert written == page(), "run `make reference`"
    assert {"train", "parameters", "T_destination"} <= of_module()
    assert {"code", "graph", "meta"} <= ATTRIBUTES
    assert helper_names() <= VARIABLES


def test_a_name_becomes_another_attribute_than_every_other() -> None:
    names = [f"{word}{'_' * count}" for word in WORDS if word != "_" for count in range(3)]
    for renamed in (attribute, variable):
        assert len({renamed(name) for name in names}) == len({*names})
    assert [named_by(attribute(name)) for name in names] == names


def test_state_dicts_of_earlier_versions_load() -> None:
    network = load_network("conv-autoencoder")
    weights = build(network).state_dict()
    assert "code_.weight" in weights
    earlier = {name.replace("code_.", "code."): tensor for name, tensor in weights.items()}
    module = build(network)
    module.load_state_dict(earlier, strict=True)
    assert all(torch.equal(a, b) for a, b in zip(module.state_dict().values(), weights.values(), strict=True))


def test_earlier_weights_of_rows_that_differ_in_an_underscore_are_kept_apart() -> None:
    rows = "".join(f"  - conv: {{name: {name}, width: 4, norm: none}}\n" for name in ("code", "code_"))
    network = Network.from_yaml(f"network: n\ninput: 4x8x8\nlayers:\n{rows}")
    earlier = {
        f"{name}.{part}": torch.full(shape, value)
        for name, value in (("code", 1.0), ("code_", 2.0))
        for part, shape in (("weight", (4, 4, 3, 3)), ("bias", (4,)))
    }
    module = build(network)
    module.load_state_dict(earlier)
    assert {name: float(t.mean()) for name, t in module.state_dict().items() if "bias" in name} == {
        "code_.bias": 1.0,
        "code__.bias": 2.0,
    }


def test_exported_weights_have_the_names_of_the_source(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    network = load_network("conv-autoencoder")
    weights = build(network).state_dict()
    earlier = {name.replace("code_.", "code."): tensor for name, tensor in weights.items()}
    files = export(network, tmp_path, formats=["weights"], weights=earlier)
    assert load_file(files["weights"]).keys() == weights.keys()


FILES = {
    "class": "class_network",
    "torch": "torch_network",
    "random": "random_network",
    "numpy": "numpy_network",
    "archscape": "archscape_network",
    "None": "None_network",
    "3d-net": "_3d_net",
    "resnet50-32x4d": "resnet50_32x4d",
    "aux": "aux_network",
}


@pytest.mark.parametrize(("name", "stem"), FILES.items())
def test_a_file_is_called_so_that_it_can_be_imported_and_hides_nothing(name: str, stem: str) -> None:
    assert module_name(name) == stem


def test_files_of_the_catalog_are_called_like_their_networks() -> None:
    for name in catalog_names():
        assert module_name(name) == re.sub(r"\W", "_", name)


@pytest.mark.slow
def test_exported_source_imports_beside_all_else(tmp_path: Path) -> None:
    networks = [
        Network.from_yaml(NETWORK.format(name))
        for name in ("class", "torch", "random", "numpy", "archscape", "type", "F")
    ]
    program = ["import random, torch, numpy"]
    for network in networks:
        file = export(network, tmp_path)["source"]
        program.append(f"from {file.stem} import {class_name(network)} as Net; Net()")
    subprocess.run([sys.executable, "-c", "; ".join(program)], cwd=tmp_path, check=True)


def test_a_network_does_not_replace_the_files_of_another(tmp_path: Path) -> None:
    dash, dot = (Network.from_yaml(NETWORK.format(name)) for name in ("a-b", "a.b"))
    first = export(dash, tmp_path)
    before = {name: path.read_bytes() for name, path in first.items()}
    with pytest.raises(InputError, match=r"a_b\.py is not of network a\.b"):
        export(dot, tmp_path)
    assert {name: path.read_bytes() for name, path in first.items()} == before
    export(dash, tmp_path)


CLASS = "from torch import nn\nclass {0}(nn.Module):\n    def forward(self, x):\n        return x + 1\n"


@pytest.mark.parametrize(("file", "law"), [("my-blocks", "no name of Python"), ("class", "a word of Python")])
def test_a_file_of_modules_can_be_imported(file: str, law: str, tmp_path: Path) -> None:
    path = tmp_path / f"{file}.py"
    path.write_text(CLASS.format("Mixer"))
    with pytest.raises(SpaceError, match=law):
        Network(name="n", input=(4, 8, 8), layers=(Row("Mixer"),), uses=(str(path),))


def test_a_class_with_the_name_of_a_helper_is_one_error_where_both_stand(tmp_path: Path) -> None:
    path = tmp_path / "own_scale.py"
    path.write_text(CLASS.format("Scale"))
    rows = (Row("Scale"), Row("conv", width=4), Row("scale"))
    network = Network(name="n", input=(4, 8, 8), layers=rows, uses=(str(path),))
    with pytest.raises(SpaceError, match="'Scale' is a name that the source of this network uses itself"):
        source(network)


def test_a_network_is_not_written_over_the_file_that_it_is_read_from(tmp_path: Path) -> None:
    table = tmp_path / "own.yaml"
    text = NETWORK.format("own")
    table.write_text(f"{text}  # why it is so\n")
    with pytest.raises(InputError, match=r"own\.yaml: network own is read from it"):
        export(load_network(str(table)), tmp_path)
    assert "# why it is so" in table.read_text()
    table.write_text(load_network(str(table)).to_yaml())
    export(load_network(str(table)), tmp_path)
