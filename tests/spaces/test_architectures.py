"""Every architecture of the published table is in the catalog, with its exact counts.

The counts are those of the reference implementations in common use, or of the paper where the table says so.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from archscape import profile
from archscape.spaces import Network, load_network
from archscape.spaces.values import shape_text

NAMES = {
    "convnext_base": "convnext-base",
    "darknet53": "darknet53",
    "darts_v2_cifar": "darts-v2",
    "dcgan_discriminator": "dcgan-discriminator",
    "dcgan_generator": "dcgan-generator",
    "deeplabv3_resnet50": "deeplabv3-resnet50",
    "densenet201": "densenet201",
    "efficientnet_b1": "efficientnet-b1",
    "efficientnet_b2": "efficientnet-b2",
    "efficientnet_b3": "efficientnet-b3",
    "efficientnet_b4": "efficientnet-b4",
    "efficientnet_b6": "efficientnet-b6",
    "efficientnet_v2_s": "efficientnetv2-s",
    "fbnetc_100": "fbnet-c",
    "inception_v3": "inceptionv3",
    "mnasnet1_0": "mnasnet-b1",
    "mobilenet_v3_large": "mobilenetv3-large",
    "mobilenet_v3_small": "mobilenetv3-small",
    "quartznet15x5": "quartznet15x5",
    "r2plus1d_18": "r2plus1d-18",
    "r3d_18": "r3d-18",
    "regnet_x_1_6gf": "regnetx-1.6gf",
    "regnet_x_8gf": "regnetx-8gf",
    "regnet_y_16gf": "regnety-16gf",
    "regnet_y_400mf": "regnety-400mf",
    "regnet_y_800mf": "regnety-800mf",
    "repvgg_a0": "repvgg-a0",
    "res2net50_26w_4s": "res2net50-26w-4s",
    "resnext101_64x4d": "resnext101-64x4d",
    "shufflenet_v2_x0_5": "shufflenetv2-x0.5",
    "squeezenet1_0": "squeezenet",
    "srcnn_9_5_5": "srcnn-9-5-5",
    "unet3d": "unet3d",
    "wide_resnet101_2": "wide-resnet101-2",
    "xception": "xception",
}
"""The names of the table, and those of the catalog."""

Rows = dict[str, dict[str, str]]


@pytest.fixture
def rows(published: Callable[[str], Path]) -> Rows:
    with published("architectures.csv").open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_every_architecture_of_the_table_has_a_name_in_the_catalog(rows: Rows) -> None:
    assert set(rows) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_those_of_the_table(rows: Rows, name: str) -> None:
    row, network = rows[name], load_network(NAMES[name])
    assert params(name, network) == int(row["params"])
    if row["macs"]:
        assert (shape_text(network.input), network.totals.macs) == (row["input"], int(row["macs"]))


def params(name: str, network: Network) -> int:
    """Return what the table counts: 3D U-Net without norms, Inception-v3 with its auxiliary head."""
    if name == "inception_v3":
        return load_network("inceptionv3-aux").totals.params
    norms = sum(layer.params for layer in profile(network).layers if layer.op == "norm")
    return network.totals.params - (norms if name == "unet3d" else 0)
