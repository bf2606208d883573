"""The catalog's networks and spaces as parameters of tests; no table is compiled to collect them."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from archscape.spaces import Network, catalog_names
from archscape.spaces.catalog_files import CATALOG
from archscape.spaces.errors import SpaceError

LARGE = {
    *("convnext-base", "efficientnet-b5", "efficientnet-b6", "efficientnet-b7", "r2plus1d-18", "r3d-18"),
    *("regnetx-16gf", "regnetx-32gf", "regnety-16gf", "regnety-32gf", "resnext101-64x4d", "unet3d"),
    *("wide-resnet101-2", "deconvnet"),
}
"""Networks that take longest to run, and of whose kinds there are smaller ones, or a block of its own."""

SIBLINGS = {
    *(
        "alexnet-single",
        "amoebanet-a-imagenet",
        "densenet201",
        "fcn16s",
        "fcn32s",
        "inceptionv3-aux",
        "localizer",
    ),
    *("efficientnet-b1", "efficientnet-b2", "efficientnet-b3", "efficientnet-b4", "plain34", "resnet34"),
    *("regnetx-400mf", "regnetx-800mf", "regnetx-1.6gf", "regnetx-3.2gf", "regnetx-8gf", "resnet50-paper"),
    *("regnety-800mf", "regnety-1.6gf", "regnety-3.2gf", "regnety-8gf", "resnet101", "resnet152"),
    *("vgg11", "vgg13", "vgg19", "wavenet-3-stacks", "zfnet-wide"),
}
"""Networks of the same rows as others of their family, deeper or wider."""

FILES_OF_SPACES = {
    path.stem
    for path in CATALOG.glob("*.yaml")
    if re.search("^space:", path.read_text("utf-8"), re.MULTILINE)
}
SPACES = [name for name in catalog_names() if name in FILES_OF_SPACES]
NETWORKS = [name for name in catalog_names() if name not in FILES_OF_SPACES]
"""The names; members of families are networks, and `test_catalog.py` holds both against what is loaded."""

LIGHT = {
    *("amoebanet-a", "amoebanet-a-imagenet", "conv-autoencoder", "darts-v2", "dcgan-discriminator"),
    *("dcgan-generator", "denoiser", "densenet121", "dilated-context", "dqn", "edsr-baseline-x2"),
    *("efficientnet-b0", "efficientnet-b1", "efficientnet-b2", "fbnet-c", "gdn-codec", "googlenet"),
    *("googlenet-bn", "highway", "lenet5", "mnasnet-b1", "mobilenetv1", "mobilenetv2", "mobilenetv3-large"),
    *("mobilenetv3-small", "neocognitron", "nin", "p4cnn", "patchgan", "regnetx-1.6gf", "regnetx-200mf"),
    *("regnetx-400mf", "regnetx-800mf", "regnety-400mf", "regnety-800mf", "repvgg-a0", "resnet20"),
    *("shufflenet-g3", "shufflenetv2-x0.5", "shufflenetv2-x1.0", "squeezenet", "squeezenet1.1"),
    *("srcnn-9-5-5", "tdnn", "texture-network", "vae", "wavenet", "wavenet-3-stacks"),
}
"""Networks of fewer than 10 million parameters; `test_tools.py` holds them against what is counted."""

RUN = [pytest.param(name, marks=pytest.mark.full) if name in LARGE | SIBLINGS else name for name in NETWORKS]
"""The names of all networks, for tests that run each; `make full` alone runs `LARGE` and `SIBLINGS`."""


def reduced(network: Network) -> Network:
    """Return the same rows on the smallest of the inputs that are 8, 4 and 2 times smaller which they fit."""
    for factor in (8, 4, 2):
        smaller = {name: (c, *[n // factor for n in axes]) for name, (c, *axes) in network.inputs.items()}
        with suppress(SpaceError):
            return network.at(input=smaller if len(smaller) > 1 else smaller.popitem()[1])
    return network
