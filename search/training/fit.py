"""Whether a network fits its data: what goes in, and what has to come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archscape.spaces.errors import JobError
from archscape.spaces.values import shape_text

if TYPE_CHECKING:
    from archscape.spaces.graph import Shape

    from ..datasets.dataset import Dataset
    from .tasks.base import Task


def check_input(whose: str, shape: Shape, data: Dataset) -> None:
    """Check that a network takes the samples of data.

    Args:
        whose: What messages call it, as in `space digits`.
        shape: What it takes.
        data: The data.

    Raises:
        JobError: If it does not.
    """
    if shape != data.input:
        raise JobError(
            f"{whose} takes {shape_text(shape)}, "
            f"but a sample of {data.name} is {shape_text(data.input)}{_missing_axis(shape, data.input)}"
        )


def check_output(whose: str, output: Shape, task: Task) -> None:
    """Check that a network gives what a task asks for.

    Raises:
        JobError: If it does not; the message says which last row would.
    """
    if not task.fits(output):
        raise JobError(
            f"{whose} ends in {shape_text(output)}, but {task.data.name} has {task.targets}; "
            f"let its last row be `{task.row}`{_other_size(output, task.output)}"
        )


def _missing_axis(space: Shape, sample: Shape) -> str:
    """Return how to bring samples to channels first, if only that is missing."""
    if len(sample) == len(space) and (*sample[-1:], *sample[:-1]) == space:
        return "; channels stand first, as after `np.moveaxis(x, -1, 1)`"
    return "; it lacks the axis of the channels: `x[:, None]`" if (1, *sample) == space else ""


def _other_size(output: Shape, wanted: Shape) -> str:
    """Return that a map has another size, if the last row alone does not mend that."""
    size = shape_text(wanted[1:])
    return f" on a map of {size}, to which `upconv` leads back" if size and output[1:] != wanted[1:] else ""
