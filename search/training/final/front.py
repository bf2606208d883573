"""The final training of several networks, those of a frontier: each as one, and what all give together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from archscape.spaces.atomic import write_json

from ..device import resolve_device
from ..tasks import make_task
from .ensemble import can_average
from .held_out import HeldOut
from .results import FinalResults
from .seeds import SeedFiles

if TYPE_CHECKING:
    from torch import nn

    from archscape.spaces import Network

    from ...datasets.dataset import Dataset

FILE = "frontier.json"
"""What all give together, beside the folders of each."""


def measure_front(
    networks: Sequence[Network], results: Sequence[FinalResults], data: Dataset, *, device: str
) -> dict[str, float]:
    """Return the metrics of the mean of what all seeds of all networks give for the test part.

    Args:
        networks: Trained on the same data.
        results: What the final training of each came to.
        data: The data.
        device: Where to measure.

    Returns:
        Metrics such as `test_accuracy`; none where outputs cannot be averaged.
    """
    task = make_task(data)
    modules: list[nn.Module] = []
    if not can_average(task):
        return {}
    for network, result in zip(networks, results, strict=True):
        part = HeldOut(network=network, data=data, task=task, device=resolve_device(device))
        known = [SeedFiles(result.out, seed.seed).read() for seed in result.complete]
        modules += part.modules(network, {each.result.seed: each.weights for each in known if each}).values()
    return part.together(modules) if len(modules) > 1 else {}


def front_rows(
    results: Sequence[FinalResults], ensemble: Mapping[str, float]
) -> list[tuple[str, Mapping[str, float]]]:
    """Return a name and metrics for each network, the mean of its seeds, and for all together."""
    rows: list[tuple[str, Mapping[str, float]]] = [
        (result.out.name, result.mean) for result in results if result.complete
    ]
    return [*rows, ("ensemble", ensemble)] if ensemble else rows


def write_front(out: Path, rows: Sequence[tuple[str, Mapping[str, float]]]) -> Path:
    """Write the rows to a folder; return the file."""
    write_json(out / FILE, {name: dict(metrics) for name, metrics in rows})
    return out / FILE
