"""Looking inside a trained network: its filters, maps, preferred inputs, features, mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from archscape.analysis.inspection import layers
from archscape.analysis.inspection.embedding import FEWEST, Embedding, embed
from archscape.analysis.inspection.look import LayerFilters, LayerMaps, LayerPreferred, Look
from archscape.analysis.inspection.preferred import preferred_inputs
from archscape.spaces.errors import InputError

from ...datasets.dataset import Dataset
from ...training.evaluation import BATCH
from ...training.tasks import make_task
from ..trained_network import Show, TrainedNetwork
from .samples import class_name, in_source, observe, samples_of

MOST_FILTERS, MOST_UNITS = 64, 24
"""Filters and units of a layer that are shown, from the first one."""
RANGE_SAMPLES = 256
"""Samples whose numbers say what is dark and what is light."""


@dataclass(frozen=True, kw_only=True)
class LookSettings:
    """What is looked at.

    Attributes:
        samples: Of the validation part, by their places; of the default ones those that there are.
        layers: Names of layers; () for the first, the middle and the last convolution.
        units: Units whose preferred input is found; () for the first `MOST_UNITS`.
        worst: How many samples with the highest loss are shown.
        features: How many samples features are compared of, the first ones.
        seed: Of preferred inputs and of t-SNE.
    """

    samples: tuple[int, ...] = (0, 5, 17)
    layers: tuple[str, ...] = ()
    units: tuple[int, ...] = ()
    worst: int = 12
    features: int = 1000
    seed: int = 0


DEFAULTS = LookSettings()


class _Features(NamedTuple):
    """Features by class, or why there are none."""

    embedding: Embedding | None
    note: str


def look_inside(trained: TrainedNetwork, settings: LookSettings, show: Show) -> Look:
    """Return what is inside a trained network.

    Args:
        trained: The network.
        settings: What is looked at.
        show: Takes how far this is.

    Raises:
        InputError: If there is no such layer, unit or sample.
    """
    data, module = trained.data, trained.module()
    task, convolutions = make_task(data), [*layers.convolutions(module)]
    named = settings.layers or _some(module, data)
    for name in named:
        layers.layer(module, name)
    indices = _indices(settings.samples, len(data.val))
    observed = observe(module, data, task, show)
    worst = observed.losses.nan_to_num(nan=torch.inf).argsort(descending=True, stable=True)[: settings.worst]
    filtered = tuple(dict.fromkeys([*convolutions[:1], *named]))
    maps, unseen = _maps(module, data, indices, named)
    features = _features(module, data, settings, show)
    notes = {
        "filters": "" if convolutions else "It has no convolution, so there are no filters.",
        "maps": unseen,
        "features": features.note,
        "confusion": ""
        if observed.confusion
        else f"What is taken for what needs classes; this is {data.task}.",
    }
    return Look(
        title=trained.title,
        network=trained.network.name,
        data=data.name,
        task=data.task,
        part=f"{len(data.val):,} samples of the validation part",
        metrics=observed.metrics,
        range=_range(data),
        filters=_filters(module, filtered),
        samples=samples_of(module, data, task, indices, observed.losses),
        maps=maps,
        preferred=_preferred(module, data, named, settings, show),
        embedding=features.embedding,
        confusion=observed.confusion,
        predictions=observed.predictions,
        worst=samples_of(module, data, task, worst.tolist(), observed.losses),
        notes={section: note for section, note in notes.items() if note},
    )


def _some(module: nn.Module, data: Dataset) -> tuple[str, ...]:
    """Return the first, the middle and the last convolution that gives maps of more than one place."""
    x, _ = data.val.batch(slice(0, 1), next(module.parameters()).device)
    given = layers.called(module, x, [*layers.convolutions(module)])
    mapping = [name for name, output in given.items() if output.shape[2:].numel() > 1]
    return tuple(dict.fromkeys(mapping[at] for at in (0, len(mapping) // 2, -1))) if mapping else ()


def _indices(samples: Sequence[int], count: int) -> list[int]:
    """Return the samples to show.

    Raises:
        InputError: If there are none of these numbers.
    """
    if samples == DEFAULTS.samples:
        return [index for index in samples if index < count]
    beyond = [index for index in samples if not 0 <= index < count]
    if beyond:
        raise InputError(f"--samples: the validation part has samples 0 to {count - 1}, but got {beyond[0]}")
    return [*samples]


def _range(data: Dataset) -> tuple[float, float]:
    x, _ = data.val.batch(slice(0, RANGE_SAMPLES), "cpu")
    values = in_source(x, data)
    return float(values.min()), float(values.max())


def _filters(module: nn.Module, names: Sequence[str]) -> tuple[LayerFilters, ...]:
    """Return the filters of those of the layers that are convolutions."""
    found = layers.convolutions(module)
    weights = {name: found[name].weight.detach().cpu().double() for name in names if name in found}
    for name in weights:
        if found[name].transposed:  # which keeps them by the channel that they read
            weights[name] = weights[name].transpose(0, 1)
    return tuple(LayerFilters(layer=n, weights=w[:MOST_FILTERS].numpy()) for n, w in weights.items())


def _maps(
    module: nn.Module, data: Dataset, indices: Sequence[int], names: Sequence[str]
) -> tuple[tuple[LayerMaps, ...], str]:
    """Return what layers give for samples, and which of them give no maps."""
    if not indices:
        return (), "There is no sample to show maps of."
    device = next(module.parameters()).device
    x, _ = data.val.batch(torch.tensor(indices).to(data.val.x.device), device)
    given = layers.outputs(module, x, names)
    flat = [name for name in names if given[name].ndim < 3]
    note = f"Of {', '.join(flat)} there are no maps: it gives one number a unit." if flat else ""
    shown = [name for name in names if name not in flat]
    return tuple(LayerMaps(layer=n, maps=given[n].cpu().double().numpy()) for n in shown), note


def _preferred(
    module: nn.Module, data: Dataset, names: Sequence[str], settings: LookSettings, show: Show
) -> tuple[LayerPreferred, ...]:
    """Return the preferred inputs of units of the layers, and of the classes where they are told apart."""
    last = layers.classifier(module) if data.task == "classification" else ""
    wanted = [*dict.fromkeys([*names, *([last] if last else [])])]
    x, _ = data.val.batch(slice(0, 1), next(module.parameters()).device)
    given, preferred = layers.outputs(module, x, wanted), []
    for done, name in enumerate(wanted):
        show("climbing to preferred inputs", done, len(wanted))
        width, is_classes = given[name].shape[1], name == last and given[name].ndim == 2
        asked = settings.units if name in names else ()
        units = asked or tuple(range(min(data.classes if is_classes else width, MOST_UNITS)))
        climbed = preferred_inputs(module, data.input, name, units, seed=settings.seed)
        inputs, before, after = (each.cpu().double().numpy() for each in climbed)
        called = tuple(class_name(data, unit) for unit in units) if is_classes else ()
        preferred.append(
            LayerPreferred(layer=name, units=units, names=called, inputs=inputs, before=before, after=after)
        )
    return tuple(preferred)


def _features(module: nn.Module, data: Dataset, settings: LookSettings, show: Show) -> _Features:
    """Return the features of the last layer that was named, or of what goes into the classifier, by class."""
    last, count = layers.classifier(module), min(len(data.val), settings.features)
    if data.task != "classification":
        return _Features(None, f"Features are coloured by the one class of a sample; this is {data.task}.")
    if count < FEWEST:
        return _Features(None, f"Of {count} samples there are too few to arrange; {FEWEST} are needed.")
    if not settings.layers and not last:
        return _Features(None, "It has no linear layer whose input could be compared; --layer names another.")
    show("arranging features", 0, 0)
    name = settings.layers[-1] if settings.layers else last
    parts, labels = list[torch.Tensor](), list[torch.Tensor]()
    device = next(module.parameters()).device
    for start in range(0, count, BATCH[device.type]):
        x, y = data.val.batch(slice(start, min(start + BATCH[device.type], count)), device)
        if settings.layers:
            features = layers.outputs(module, x, [name])[name]
        else:
            features = layers.inputs(module, x, name)
        parts.append(features.flatten(1).cpu())
        labels.append(y.cpu())
    rows = torch.cat(parts).double().numpy()
    if not np.isfinite(rows).all():
        return _Features(None, f"What {name} gives is not finite.")
    called = name if settings.layers else f"what goes into {name}"
    return _Features(embed(rows, torch.cat(labels).numpy(), layer=called, seed=settings.seed), "")
