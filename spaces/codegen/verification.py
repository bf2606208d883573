"""Verification: what is written computes what the network computes, at several batch sizes, in float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from archscape.spaces.errors import ExportError

from .whole_module import samples, whole_module

if TYPE_CHECKING:
    from .formats.base import Export

BATCHES = (1, 2, 7)
"""Sizes of a batch: 1, which tracers take for a constant; what was traced; another."""

TOLERANCE = 1e-5
"""The largest relative error of float32."""


def verify(export: Export, run: Callable[..., Any], what: str) -> None:
    """Check on random samples that what was made of a network gives the module's outputs.

    Args:
        export: What was exported.
        run: Takes a tensor for every input, and returns a tensor, or a sequence of them.
        what: Whose outputs they are, for the message.

    Raises:
        ExportError: If a relative error is above `TOLERANCE`.
    """
    for batch, error in errors(export, run):
        if not error <= TOLERANCE:
            law = f"differ from those of network {export.network.name} by {error:.1e} at batch {batch}"
            raise ExportError(f"outputs of {what} {law} (at most {TOLERANCE:.0e}): nothing was written")


def errors(export: Export, run: Callable[..., Any]) -> Iterator[tuple[int, float]]:
    """Yield the largest relative error at each size of a batch."""
    module = whole_module(export)
    for batch in BATCHES:
        maps = samples(export, batch, seed=batch)
        with torch.inference_mode():
            yield batch, largest_error(outputs(run(*maps)), outputs(module(*maps)))


def check_outputs(export: Export, run: Callable[..., Any], what: str) -> None:
    """Check that outputs have the module's shapes and are finite, of what gives other numbers by intent.

    Raises:
        ExportError: If they are not.
    """
    module = whole_module(export)
    for batch in BATCHES:
        maps = samples(export, batch, seed=batch)
        with torch.inference_mode():
            results, expected = outputs(run(*maps)), outputs(module(*maps))
        is_sound = [each.shape for each in results] == [each.shape for each in expected]
        if not is_sound or not all(each.isfinite().all() for each in results):
            law = f"are of another shape, or not finite, at batch {batch}: nothing was written"
            raise ExportError(f"outputs of {what} of network {export.network.name} {law}")


def outputs(results: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """Return outputs as a sequence, of one too."""
    return (results,) if isinstance(results, Tensor) else results


def largest_error(results: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """Return the largest relative error, max|a - b| / max|b|, of any output; infinite where shapes differ."""
    if [each.shape for each in results] != [each.shape for each in expected]:
        return float("inf")
    pairs = zip(results, expected, strict=True)
    return float(torch.tensor([relative_error(a, b) for a, b in pairs]).max())  # NaN if any is


def relative_error(result: Tensor, expected: Tensor) -> float:
    """Return max|a - b| / max|b|; of what should be 0 everywhere, 0 or infinity.

    >>> relative_error(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 4.0]))
    0.25
    """
    difference, size = (float(each.abs().max()) for each in (result - expected, expected))
    return difference / size if size else difference and float("inf")
