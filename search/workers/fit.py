"""Whether the networks of a job fit its data: what goes in, what has to come out, what is measured."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from archscape.spaces.errors import JobError, about

if TYPE_CHECKING:
    from ..datasets.dataset import Dataset
    from ..job import Job
    from ..training.choices import AnyRecipe
    from ..training.recipe import Recipe
    from ..training.tasks.base import Task


@about("data")
def check_fit(job: Job, data: Dataset) -> None:
    """Check that the networks of the space take the data's samples and give what its task asks for.

    What they have to give to a training function of the user's is for that to say.

    Raises:
        JobError: If they do not, or the recipe or the objectives are those of another task.
    """
    from ..training.augment.apply import check_augmentation
    from ..training.fit import check_input, check_network
    from ..training.mixing import check_mixing
    from ..training.tasks import make_task, measures_of

    space = job.limited_space
    (shape,) = space.input_shapes
    check_input(f"space {space.name}", shape, data)
    if job.train is not None:
        return
    for recipe in _differing(job.recipe):
        task = make_task(
            data,
            label_smoothing=recipe.label_smoothing,
            class_weights=recipe.class_weights,
            measures=measures_of(data.task, job.trained_metrics),
        )
        check_augmentation(recipe.augment, task)
        check_mixing(recipe, task)
    check_objectives_fit(job, task)
    network = space.sample(Random(job.seed)).network
    check_network(f"space {space.name}", network, task)


def _differing(recipe: AnyRecipe) -> list[Recipe]:
    """Return recipes that can be drawn, of which no two are the same to a task."""
    from ..training.choices import possible_recipes

    def of_task(recipe: Recipe) -> tuple[object, ...]:
        mixed = bool(recipe.mixup), bool(recipe.cutmix)
        return recipe.label_smoothing, recipe.class_weights, recipe.augment, *mixed

    return list({of_task(each): each for each in possible_recipes(recipe)}.values())


@about("objectives")
def check_objectives_fit(job: Job, task: Task) -> None:
    """Check that no objective is the metric of another task, which no training would report.

    Raises:
        JobError: If one is.
    """
    from ..training.tasks import MORE_METRICS, TASK_METRICS, default_objectives

    every = [name for table in (TASK_METRICS, MORE_METRICS) for metrics in table.values() for name in metrics]
    measured = [name for name in every if name not in task.metrics]
    for name in (*job.objectives, *job.limits):
        if name in measured:
            law = f"{name} is not measured in {task.name}, the task of {task.data.name}"
            ours = ", ".join(f"{ours}: {way}" for ours, way in default_objectives(task.name).items())
            raise JobError(f"{law}; write `objectives: {{{ours}}}`")
