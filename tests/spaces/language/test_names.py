"""Names that begin with a digit: of networks, rows, blocks, choices and variables, as papers have them."""

from __future__ import annotations

from random import Random

import pytest
import torch

from archscape.spaces import Network, Space, SpaceError
from archscape.spaces.codegen import export as exporting
from archscape.spaces.codegen.source import source

TEXT = """\
network: 3d-unet
input: 4x16x16
let: {2w: 8}
blocks:
  3x3(width):
    - conv: {name: 1x1, width: $width, kernel: 1}
    - conv: {width: $width}
    - add:  {with: 1x1}
layers:
  - 3x3:  {width: $2w}
  - conv: {name: 7x7, width: 8, kernel: 7}
  - 3x3:  {name: last, width: 8, from: 7x7}
  - add:  {with: 7x7}
"""


def test_names_may_begin_with_a_digit() -> None:
    network = Network.from_yaml(TEXT)
    assert [call.name for call in network.calls] == ["3x31", "7x7", "last", "add"]
    assert Network.from_yaml(network.to_yaml()) == Network.from_json(network.to_json()) == network


def test_what_is_generated_has_names_of_python() -> None:
    network = Network.from_yaml(TEXT)
    text = source(network)
    assert "class Network3dUnet(nn.Module)" in text
    assert "class Block3x3(nn.Module)" in text
    assert exporting.module_name(network.name) == "_3d_unet"
    module = network.build()
    assert module(torch.zeros(2, 4, 16, 16)).shape == (2, 8, 16, 16)
    assert sum(p.numel() for p in module.parameters()) == network.totals.params
    assert any(key.startswith("_7x7.") for key in module.state_dict())


def test_in_a_space_words_of_digits_are_options() -> None:
    space = Space.from_yaml("""\
space: s
input: 4x8x8
choices: {3op: {1x1, 3x3, identity}}
blocks:
  1x1:
    - conv: {width: $in, kernel: 1}
  3x3:
    - conv: {width: $in}
  cell(op):
    - $op
layers:
  - cell: {name: 1st, op: $3op}
  - conv: {width: {4, 8}}
""")
    assert space.paths["1st.op"] == ("1x1", "3x3", "identity")
    assert space.count() == space.count_distinct() == 6
    sample = space.sample(Random(0))
    assert space.replay(sample.decisions).network == sample.network


def test_arguments_may_begin_with_a_digit() -> None:
    """Szegedy et al. 2014: the columns of table 1."""
    network = Network.from_yaml(
        "network: n\ninput: 8x16x16\nblocks:\n  mixed(1x1, 3x3):\n    - concat:\n"
        "        - conv: {width: $1x1, kernel: 1}\n        - conv: {width: $3x3}\n"
        "layers:\n  - mixed: {1x1: 4, 3x3: 8}\n  - mixed: {1x1: 6, 3x3: 10}\n"
    )
    assert network.body.shape == (16, 16, 16)
    assert Network.from_yaml(network.to_yaml()) == network
    assert "_3x3: int" in source(network)
    assert network.build()(torch.zeros(1, 8, 16, 16)).shape == (1, 16, 16, 16)


@pytest.mark.parametrize("name", ["200k", "1e5", "12", "3_000"])
def test_a_number_is_no_name(name: str) -> None:
    for old in ("3x3", "2w"):
        with pytest.raises(SpaceError, match=f"no number, but got '{name}'"):
            Network.from_yaml(TEXT.replace(old, name))
    with pytest.raises(SpaceError, match="a name is a word, but got"):
        Network.from_yaml(TEXT.replace("7x7", name))


def test_a_size_is_still_no_word() -> None:
    law = r"kernel is .*, but got '3x3'; a size is one number, or a sequence as in \[3, 3\]"
    with pytest.raises(SpaceError, match=law):
        Network.from_yaml(TEXT.replace("kernel: 7", "kernel: 3x3"))
