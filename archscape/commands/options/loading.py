"""How trained weights are loaded into the source of their network, and what they read and give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...output import log

if TYPE_CHECKING:
    from ...spaces import Network
    from ...spaces.codegen.formats.base import Preprocessing


def say_loading(source: Path, network: Network, weights: Path, data: Mapping[str, str]) -> None:
    """Say how weights are loaded, where they lie beside the source of their network.

    Args:
        source: The file of its class.
        network: The network.
        weights: The file of the weights.
        data: What they say of the data that they were trained on.
    """
    from ...spaces.codegen.source import class_name

    name = class_name(network)
    log(f"Load it, in {source.parent}:")
    log(f"  from {source.stem} import {name}; from safetensors.torch import load_file")
    log(f"  model = {name}().eval()")
    log(f"  model.load_state_dict(load_file({json.dumps(weights.name)}))")
    if "mean" not in data:
        return
    log("It reads samples as it was trained on them: (source - mean) / std, channel by channel, with")
    log(f"  mean = {data['mean']}; std = {data['std']}  # of {data['data']}, in the file's metadata too")
    if "class_names" in data:
        log(f"  classes = {data['class_names']}  # by the place of the output")
    if "target_mean" in data:
        _say_outputs(data)


def say_samples(network: Network, units: Preprocessing, *, inside: bool) -> None:
    """Say what files that compute by themselves read.

    Args:
        network: The network.
        units: What is done to samples of the data before the network.
        inside: Whether the files do it.
    """
    if inside:
        read = f"samples of {network.input_text} as the data have them, {units.dtype}"
        log(f"In go {read}; mean and std are inside.")
        return
    log(f"In go samples of {network.input_text}, float32: (source - mean) / std, with")
    log(f"  mean = {[*units.mean]}; std = {[*units.std]}")


def _say_outputs(data: Mapping[str, str]) -> None:
    """Say what a network gives, where its targets are measured or the samples themselves."""
    mean, std = data["target_mean"], data["target_std"]
    if data.get("task") == "next-sample":
        log("It gives a number for each level of what comes next, the greatest for the likeliest.")
        return
    if data.get("task") == "vae":
        log("It gives probabilities from 0 to 1, and the mean and the log variance of its code.")
        if {*json.loads(mean)} == {0} and {*json.loads(std)} == {1}:
            return
        log("In the units of the source the probabilities are output * std + mean, with")
    else:
        log("What it gives has such units too; in those of the source it is output * std + mean, with")
    log(f"  mean = {mean}; std = {std}")
