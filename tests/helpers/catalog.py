"""The catalog's networks and spaces as parameters of tests; no table is compiled to collect them."""

from __future__ import annotations

import re

import pytest

from archscape.spaces import catalog_names
from archscape.spaces.catalog_files import CATALOG

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

RUN = [pytest.param(name, marks=pytest.mark.full) if name in LARGE | SIBLINGS else name for name in NETWORKS]
"""The names of all networks, for tests that run each; `make full` alone runs `LARGE` and `SIBLINGS`."""
