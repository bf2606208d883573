"""State dicts with the names of earlier versions load into the modules of today."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from archscape.spaces import Network, Space, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.old_names import names_of_today, old_name, old_names

STORED: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parents[2] / "fixtures/old_names.json").read_text()
)
SPACES = ("cifar", "nas-bench-macro")


def test_numbered_rows_are_blocks_of_one_module() -> None:
    names = old_names(load_network("regnetx-200mf").body)
    assert names["x_block.0.conv1"] == "x_block_1.conv1"
    assert names["x_block.12.norm3"] == "x_block_13.norm3"


def test_rows_that_may_not_stand_were_numbered_where_they_were_a_chain() -> None:
    names = old_names(load_network("efficientnet-b0").body)
    assert names["mbconv1.conv2.conv1"] == "mbconv1.0.conv1"  # without the 1x1 that expands
    assert names["mbconv2.0.conv1.conv1"] == "mbconv2_1.0.conv1"
    assert names["mbconv2.1.conv1.conv1"] == "mbconv2_2.conv1.conv1"  # with the sum: no chain


def test_the_convolution_that_expands_was_the_first() -> None:
    names = old_names(load_network("mobilenetv2").body)
    assert "inverted1.conv1" not in names  # it does not expand
    assert names["inverted2.0.expand_conv"] == "inverted2.0.conv1"
    assert names["inverted2.0.conv2"] == "inverted2.0.conv3"


@pytest.mark.parametrize("name", STORED)
def test_a_state_dict_with_the_names_of_an_earlier_version_loads(name: str) -> None:
    """The fixture has what commit f6983092 called the weights: of each module its tensors."""
    network = Space.load(name).sample(Random(1)).network if name in SPACES else load_network(name)
    with torch.device("meta"):
        module = build(network)
    names, state = old_names(network.body), module.state_dict()
    stored = [f"{owner}.{tensor}" for owner, tensors in STORED[name].items() for tensor in tensors.split()]
    assert stored != [*state]
    assert [*names_of_today(dict.fromkeys(stored), names)] == [*state]
    assert [old_name(key, names) for key in state] == stored
    assert [*names_of_today(state, names)] == [*state]
    module.load_state_dict(dict(zip(stored, state.values(), strict=True)), strict=True)


def test_the_weights_of_each_layer_are_its_own() -> None:
    network = Network.from_yaml(
        """
        network: numbered
        input: 2x8x8
        layers:
          - inverted: {name: stage_1, width: 4, expand: 2}
          - inverted: {name: stage_2, width: 4, expand: 1}
          - inverted: {name: stage_3, width: 4, expand: 2}
        """
    )
    module = build(network)
    assert [name for name, _ in module.named_children()] == ["stage"]
    names = old_names(network.body)
    state = {
        key: torch.randn_like(value.float()).to(value.dtype) for key, value in module.state_dict().items()
    }
    module.load_state_dict({old_name(key, names): value for key, value in state.items()})
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())


def test_a_part_of_another_module_loads_old_names_too() -> None:
    network = load_network("regnetx-200mf").at(classes=3)
    names, module = old_names(network.body), build(network)
    old = {old_name(key, names): value for key, value in module.state_dict().items()}
    whole = nn.Sequential(nn.Identity(), module, nn.BatchNorm2d(3))
    rest = {key: value for key, value in whole.state_dict().items() if key.startswith("2.")}
    whole.load_state_dict({f"1.{key}": value for key, value in old.items()} | rest)
    averaged = AveragedModel(module)
    stored = {f"module.{key}": value for key, value in old.items()}
    averaged.load_state_dict({"n_averaged": averaged.n_averaged, **stored})


def test_what_fits_neither_is_refused() -> None:
    module = build(load_network("resnet20"))
    with pytest.raises(RuntimeError, match="Missing key"):
        module.load_state_dict({"elsewhere.weight": torch.zeros(1)})


def test_the_first_block_of_a_stage_may_be_a_chain() -> None:
    names = old_names(load_network("efficientnetv2-s").body)
    assert names["mbconv1.0.conv3.norm1"] == "mbconv1_1.3.norm1"
    assert names["mbconv3.14.conv1.conv1"] == "mbconv3_15.conv1.conv1"
