"""Folded batch norms: what is exported in their place, what stays, and why. That blocks give the same is in
the contract of blocks.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from archscape.spaces import Network, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.export import export
from archscape.spaces.codegen.folded_weights import fold_weights
from archscape.spaces.codegen.folding import fold_text, folded, foldings, unfolded
from archscape.spaces.codegen.formats.base import ExportOptions
from archscape.spaces.codegen.source import source
from archscape.spaces.errors import InputError
from archscape.spaces.testing import check_folding, shift_statistics

FOLD = ExportOptions(fold=True)


def table(rows: str) -> Network:
    return Network.from_yaml(f"network: folds\ninput: 4x8x8\nlayers:\n{rows}\n")


@pytest.mark.parametrize("name", ["resnet20", "unet"])
def test_all_norms_of_plain_and_residual_networks_are_folded(name: str) -> None:
    network = load_network(name)
    norms = [node for node in network.graph.flatten().nodes if node.op.kind == "norm"]
    assert len(norms) == len([*foldings(network.body)])
    assert "BatchNorm" not in source(folded(network))


@pytest.mark.parametrize(
    "row",
    [
        "conv: {width: 6, groups: 2, bias: true}",
        "conv: {width: 8, groups: 4, norm: 'batch(1/10)'}",
        "upconv: {width: 6, groups: 2}",
        "conv: {width: 6, affine: false}",
    ],
)
def test_groups_bias_and_the_constants_of_a_norm_are_folded(row: str) -> None:
    network = table(f"- {row}")
    assert any(foldings(network.body))
    assert not any(unfolded(network.body))
    check_folding(network)


def test_a_norm_after_a_linear_layer_is_folded() -> None:
    network = table("- linear: {width: 6}\n- norm")
    assert next(foldings(network.body))[:2] == ("linear", "norm")
    check_folding(network)


@pytest.mark.parametrize(
    ("rows", "stays"),
    [
        ("- norm", "first in its block"),
        ("- maxpool\n- norm", "behind MaxPool"),
        ("- conv: {width: 4}\n- norm", "behind the block conv"),
        ("- conv: {width: 4, norm: none, act: none}\n- norm\n- add: {with: conv}", "conv is read without it"),
        ("- p4conv: {width: 4}", "behind P4Lift"),
    ],
)
def test_a_norm_that_cannot_be_folded_stays_and_says_why(rows: str, stays: str) -> None:
    network = table(rows)
    assert stays in [reason for _, reason in unfolded(network.body)]
    assert "BatchNorm" in source(folded(network))
    check_folding(network)


def test_weights_that_are_shared_are_folded_once_with_their_block() -> None:
    network = table("- conv: {width: 4, name: a}\n- conv: {like: a, name: b}")
    assert [folding.norm for folding in foldings(network.body)] == ["a.norm1"]
    check_folding(network)


def test_what_stays_is_said_in_a_line() -> None:
    assert fold_text(table("- conv: {width: 4}")) == "1 batch norm folded"
    text = "0 batch norms folded; 1 stays (behind MaxPool): norm"
    assert fold_text(table("- maxpool\n- norm")) == text


def test_source_and_weights_of_a_folded_export_belong_together_and_the_table_stays(tmp_path: Path) -> None:
    network = table("- basic: {width: 8, depth: 2}\n- avgpool\n- linear: {width: 3}")
    module = build(network).eval()
    shift_statistics(module)
    formats = ("source", "spec", "weights")
    files = export(network, tmp_path, formats=formats, weights=module.state_dict(), options=FOLD)
    namespace: dict[str, type[nn.Module]] = {}
    exec(compile(files["source"].read_text(), "folds.py", "exec"), namespace)
    smaller = namespace["Folds"]().eval()
    smaller.load_state_dict(load_file(files["weights"]), strict=True)
    x = torch.randn(3, 4, 8, 8)
    torch.testing.assert_close(smaller(x), module(x), rtol=1e-5, atol=1e-5)
    assert load_network(files["spec"]) == network
    with safe_open(files["weights"], "pt") as file:
        assert file.metadata()["batch_norms"] == "folded"


def test_weights_without_their_norms_are_an_error() -> None:
    network = table("- conv: {width: 4}")
    state = build(network).state_dict()
    del state["conv.norm1.running_var"]
    with pytest.raises(InputError, match=r"do not fit network folds: conv.norm1.running_var is missing"):
        fold_weights(network, state)
