"""Whether a network fits its data: what goes in, and what has to come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archscape.spaces.errors import JobError
from archscape.spaces.values import shape_text

from .tasks.base import Task

if TYPE_CHECKING:
    from archscape.spaces import Network
    from archscape.spaces.graph import Shape

    from ..datasets.dataset import Dataset


def check_input(whose: str, shape: Shape, data: Dataset, remedy: str = "") -> None:
    """Check that a network takes the samples of data.

    Args:
        whose: What messages call it, as in `space digits`.
        shape: What it takes.
        data: The data.
        remedy: What may help, if not just the axis of the channels is missing.

    Raises:
        JobError: If it does not.
    """
    if shape != data.input:
        sample = shape_text(data.input)
        remedy = _missing_axis(shape, data.input) or remedy
        raise JobError(f"{whose} takes {shape_text(shape)}, but a sample of {data.name} is {sample}{remedy}")


def check_network(whose: str, network: Network, task: Task) -> None:
    """Check that a network gives what a task asks for; it is built where shapes do not say so.

    Raises:
        JobError: If it does not; the message says which row would.
    """
    if misfit := task.misfit(network.body.shapes):
        raise JobError(f"{whose} {misfit}")
    if type(task).check is not Task.check:
        try:
            task.check(network.build())
        except JobError as error:
            raise JobError(f"{whose}: {error}") from None


def _missing_axis(space: Shape, sample: Shape) -> str:
    """Return how to bring samples to channels first, if only that is missing."""
    if len(sample) == len(space) and (*sample[-1:], *sample[:-1]) == space:
        return "; channels stand first, as after `np.moveaxis(x, -1, 1)`"
    return "; it lacks the axis of the channels: `x[:, None]`" if (1, *sample) == space else ""
