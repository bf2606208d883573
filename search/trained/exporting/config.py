"""The `config.json` of a bundle: what model hubs and other programs read in timm's keys, the rest in ours."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from archscape._version import __version__
from archscape.analysis.costs.memory import UNCOUNTED as MEMORY_CONVENTION
from archscape.analysis.costs.memory import memory
from archscape.analysis.costs.profile import CONVENTION
from archscape.spaces.bundle_files import BUNDLE, CONFIG, DIGESTS, VERSION
from archscape.spaces.codegen.source import class_name

from .reference import initialised

if TYPE_CHECKING:
    from archscape.spaces import Network
    from archscape.spaces.codegen.formats.base import ExportOptions

    from .measured import Measured
    from .subject import Subject

BYTE = 255


def config_of(subject: Subject, options: ExportOptions, files: Mapping[str, str]) -> dict[str, Any]:
    """Return what `config.json` says.

    Args:
        subject: The network.
        options: How it was exported.
        files: The SHA-256 of every other file, by its name.
    """
    network = subject.network
    names = subject.trained.data.class_names if subject.trained else ()
    return {
        "architecture": class_name(network),
        "num_classes": _classes(subject),
        "pretrained_cfg": _pretrained(subject),
        **({"label_names": list(names)} if names else {}),
        "format": BUNDLE,
        "version": VERSION,
        "archscape": __version__,
        "network": network.name,
        "network_hash": network.hash(),
        "title": subject.title,
        "inputs": {name: list(shape) for name, shape in network.inputs.items()},
        "outputs": [list(shape) for shape in network.body.shapes],
        "is_trained": subject.weights is not None,
        "task": subject.trained.data.task if subject.trained else None,
        "costs": costs_of(subject),
        "metrics": [_measured(each) for each in subject.measured],
        "preprocessing": preprocessing_facts(subject, options),
        "data": _data(subject),
        "recipe": dict(subject.recipe) or None,
        **dict(subject.facts),
        "standing": subject.standing or None,
        DIGESTS: dict(files),
    }


def costs_of(subject: Subject) -> dict[str, Any]:
    """Return what a network costs, with the conventions that its numbers follow."""
    totals, needed = subject.network.totals, memory(subject.network)
    return {
        "params": totals.params,
        "macs": totals.macs,
        "flops": totals.flops,
        "activations": totals.activations,
        "convention": CONVENTION,
        "weights_bytes": needed.weights,
        "peak_inference_bytes": needed.peak,
        "memory_convention": f"float32, batch 1; {MEMORY_CONVENTION}",
        **({"latency": subject.latency} if subject.latency else {}),
    }


def preprocessing_facts(subject: Subject, options: ExportOptions) -> dict[str, Any]:
    """Return what is done to samples, and where: inside the files that compute by themselves, or outside."""
    units = subject.preprocessing
    if units is None:
        return {"known": False, "inside": [], "softmax_inside": options.softmax}
    steps = ["convert to float32", "subtract mean", "divide by std"]
    outside = [] if _size(subject) is None else ["decode", "scale and cut to size"]
    return {
        "known": True,
        "samples": units.dtype,
        "mean": list(units.mean),
        "std": list(units.std),
        "inside": steps if options.preprocessing else [],
        "outside": outside if options.preprocessing else [*outside, *steps],
        "softmax_inside": options.softmax,
    }


def digests_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the files of a folder but for `config.json`, by name."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != CONFIG
    }


def _classes(subject: Subject) -> int:
    """Return how many classes there are; without data, how many numbers the first output has."""
    return subject.trained.data.classes if subject.trained else subject.network.body.shapes[0][0]


def _pretrained(subject: Subject) -> dict[str, Any]:
    """Return timm's `pretrained_cfg`: mean and std are of samples from 0 to 1 where the data are bytes."""
    network, units = subject.network, subject.preprocessing
    (shape, *_) = network.input_shapes
    scale = BYTE if units is not None and units.dtype == "uint8" else 1
    scaled = _size(subject) is not None
    return {
        "tag": subject.folder,
        "custom_load": False,
        "input_size": list(shape),
        "interpolation": "bilinear" if scaled else None,
        "crop_pct": 1.0 if scaled else None,
        "crop_mode": "center" if scaled else None,
        "mean": None if units is None else [value / scale for value in units.mean],
        "std": None if units is None else [value / scale for value in units.std],
        "num_classes": _classes(subject),
        **_ends(network),
    }


def _ends(network: Network) -> dict[str, str | None]:
    """Return the names of the first convolution and of the last linear layer, where there are such."""
    named = [*initialised(network).named_modules()]
    convolutions = [name for name, module in named if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d)]
    linear = [name for name, module in named if isinstance(module, nn.Linear)]
    return {
        "first_conv": convolutions[0] if convolutions else None,
        "classifier": linear[-1] if linear else None,
    }


def _size(subject: Subject) -> list[int] | None:
    """Return to which size images are scaled and cut when the data are read; None where they are not."""
    return subject.data_settings.get("size")


def _measured(measured: Measured) -> dict[str, Any]:
    """Return a metric in plain types."""
    return {
        "name": measured.name,
        "split": measured.part,
        "value": measured.value,
        "trainings": measured.trainings,
        **({} if measured.spread is None else {"std": measured.spread}),
        **({} if measured.own is None else {"of_these_weights": measured.own}),
    }


def _data(subject: Subject) -> dict[str, Any] | None:
    if subject.trained is None:
        return None
    data = subject.trained.data
    targets = data.statistics.targets
    parts = {name: len(getattr(data, name)) for name in ("train", "val", "test")}
    return {
        "name": subject.data_name,
        "fingerprint": data.fingerprint,
        "samples": parts,
        "settings": dict(subject.data_settings),
        **({"target_mean": list(targets.mean), "target_std": list(targets.std)} if targets else {}),
    }
