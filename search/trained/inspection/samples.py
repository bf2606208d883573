"""Samples, and what a network says of them: each task in its own words, maps and boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from archscape.analysis.inspection.confusion import Confusion
from archscape.analysis.inspection.look import Map, Predictions, Sample

from ...datasets.arrays import IGNORED, Units
from ...datasets.dataset import Dataset
from ...datasets.split import Split
from ...training.evaluation import BATCH
from ...training.tasks.base import Task
from ...training.tasks.next_sample import LEVELS

MOST_NUMBERS = 16
"""Numbers of a target up to which all that were given are kept."""
SHOWN_NUMBERS = 4
"""Numbers of a target that a sample says."""

Says: TypeAlias = Mapping[str, Any]
"""Fields of `Sample` that depend on the task."""


class Observed(NamedTuple):
    """What a part of the data gave.

    Attributes:
        losses: Of each sample alone, (n,).
        metrics: Those of the task.
        confusion: What is taken for what, where there are classes.
        predictions: The numbers that were to be told and those given, where a target is a few numbers.
    """

    losses: Tensor
    metrics: dict[str, float]
    confusion: Confusion | None
    predictions: Predictions | None


def observe(
    module: nn.Module, data: Dataset, task: Task, show: Callable[[str, float, float], None]
) -> Observed:
    """Return what the validation part gives, in the batches of every evaluation.

    Args:
        module: In evaluation mode, on its device.
        data: The data.
        task: What it learned.
        show: Takes how far this is.
    """
    part, device = data.val, next(module.parameters()).device
    batch, tally = BATCH[device.type], task.tally(device)
    losses, given, there = list[Tensor](), list[Tensor](), list[Tensor]()
    keeps = data.statistics.targets is not None and len(task.output) == 1 and task.output[0] <= MOST_NUMBERS
    with torch.inference_mode(), task.evaluating(module, device):
        for start in range(0, len(part), batch):
            show("measuring samples", start, len(part))
            outputs, targets = _answers(module, part, task, slice(start, start + batch), device)
            tally.add(outputs, targets)
            ends = range(len(targets))
            losses += [task.mean_loss(outputs[i : i + 1], targets[i : i + 1]).cpu() for i in ends]
            given += [outputs.cpu()] * keeps
            there += [targets.cpu()] * keeps
    counts = tally.confusion()
    confusion = Confusion.of(
        counts, names=data.class_names, unit="pixels" if data.target else "samples"
    ) if counts else None  # fmt: skip
    numbers = (
        Predictions(there=_source(torch.cat(there), data), given=_source(torch.cat(given), data))
        if keeps
        else None
    )
    return Observed(torch.stack(losses), tally.metrics(), confusion, numbers)


def samples_of(
    module: nn.Module, data: Dataset, task: Task, indices: Sequence[int], losses: Tensor
) -> tuple[Sample, ...]:
    """Return samples of the validation part with what the network says of them."""
    if not indices:
        return ()
    device = next(module.parameters()).device
    rows = torch.tensor(indices)
    with torch.inference_mode(), task.evaluating(module, device):
        x, _ = data.val.batch(rows.to(data.val.x.device), device)
        outputs, targets = _answers(module, data.val, task, rows.to(data.val.x.device), device)
    say = VIEWS.get(task.name, _anything)
    values = in_source(x, data)
    return tuple(
        Sample(
            index=index,
            x=values[at],
            loss=float(losses[index]),
            **say(data, outputs[at].cpu(), targets[at].cpu()),
        )
        for at, index in enumerate(indices)
    )


def in_source(x: Tensor, data: Dataset) -> np.ndarray:
    """Return standardised samples in the units of the source, (n, C, *spatial)."""
    return _units(x, Units(mean=data.mean, std=data.std))


def _answers(
    module: nn.Module, part: Split, task: Task, rows: Tensor | slice, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return what a module gives for samples, the first of several outputs, and their targets."""
    x, targets = part.batch(rows, device)
    return task.judged(module(x)), task.targets_of(x, targets)


def _units(values: Tensor, units: Units) -> np.ndarray:
    shape = (1, -1, *[1] * (values.ndim - 2))
    mean, std = (np.array(each, dtype=np.float64).reshape(shape) for each in (units.mean, units.std))
    source: np.ndarray = values.cpu().double().numpy() * std + mean
    return source


def _source(values: Tensor, data: Dataset) -> np.ndarray:
    """Return measured targets in the units of their source."""
    assert data.statistics.targets is not None
    return _units(values, data.statistics.targets)


def _classification(data: Dataset, output: Tensor, target: Tensor) -> Says:
    given, share = int(output.argmax()), float(output.softmax(0).max())
    return {
        "label": class_name(data, int(target)),
        "given": f"{class_name(data, given)} ({share:.0%})",
        "is_right": given == int(target),
    }


def _multi_label(data: Dataset, output: Tensor, target: Tensor) -> Says:
    there, given = ([at for at in range(len(each)) if each[at] > 0] for each in (target, output))
    said = {name: ", ".join(class_name(data, at) for at in labels) or "none" for name, labels in
            (("label", there), ("given", given))}  # fmt: skip
    return {**said, "is_right": there == given}


def _regression(data: Dataset, output: Tensor, target: Tensor) -> Says:
    there, given = (_source(each[None], data)[0] for each in (target, output))
    return {"label": _numbers(there), "given": _numbers(given)}


def _localisation(data: Dataset, output: Tensor, target: Tensor) -> Says:
    boxes = {
        name: tuple(_source(each[None], data)[0].tolist())
        for name, each in (("is", target), ("given", output))
    }
    return {**_regression(data, output, target), "boxes": boxes}


def _segmentation(data: Dataset, output: Tensor, target: Tensor) -> Says:
    given = output.argmax(0)
    right = (given == target) & (target != IGNORED)
    share = float(right.sum() / (target != IGNORED).sum().clamp(min=1))
    return {
        "given": f"{share:.0%} of the pixels right",
        "maps": (_map(target, "target", "classes"), _map(given, "given", "classes")),
    }


def _denoising(data: Dataset, output: Tensor, target: Tensor) -> Says:
    return {
        "maps": tuple(
            _map(_source(each[None], data)[0], name) for name, each in (("target", target), ("given", output))
        )
    }


def _reconstruction(data: Dataset, output: Tensor, target: Tensor) -> Says:
    return {"maps": (_map(_source(output[None], data)[0], "given"),)}


def _next_sample(data: Dataset, output: Tensor, target: Tensor) -> Says:
    levels = output.argmax(0)
    if data.input[0] > 1:
        return {
            "maps": (_map(target.clamp(min=0), "target", "classes"), _map(levels, "likeliest", "classes"))
        }
    return {"maps": (_map(_source((levels / (LEVELS - 1))[None, None], data)[0], "likeliest"),)}


def _anything(data: Dataset, output: Tensor, target: Tensor) -> Says:
    """Show what has the shape of a sample, of a task that is not known here."""
    shown = {"target": target, "given": output}
    return {"maps": tuple(_map(each, name) for name, each in shown.items() if each.ndim == len(data.input))}


VIEWS: Mapping[str, Callable[[Dataset, Tensor, Tensor], Says]] = {
    "classification": _classification,
    "multi-label": _multi_label,
    "regression": _regression,
    "localisation": _localisation,
    "segmentation": _segmentation,
    "denoising": _denoising,
    "reconstruction": _reconstruction,
    "next-sample": _next_sample,
}
"""What is said of a sample, by task."""


def _map(values: Tensor | np.ndarray, name: str, kind: Any = "numbers") -> Map:
    return Map(values=np.asarray(values, dtype=np.float64), name=name, kind=kind)


def class_name(data: Dataset, label: int) -> str:
    """Return the name of a class, its number where it has none."""
    return data.class_names[label] if label < len(data.class_names) else str(label)


def _numbers(values: np.ndarray) -> str:
    more = ", ..." if len(values) > SHOWN_NUMBERS else ""
    return ", ".join(f"{value:.3g}" for value in values[:SHOWN_NUMBERS]) + more
