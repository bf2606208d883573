"""A job from Python: the settings of a job file, as objects or in the words of the file.

::

    make_job(space="digits", data="cluttered-digits", within={"params": "..200k"}, trials=30)
    make_job(space=my_space, data="cifar.npz", recipe=Recipe(epochs=20), sampler={"rule": "nsga2"})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, TypedDict, Unpack

from archscape.analysis.costs.latency.calibration import Calibration
from archscape.analysis.costs.memory.targets.settings import TargetSettings
from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import Direction
from archscape.spaces import Network, Sample, Space
from archscape.spaces.errors import JobError
from archscape.spaces.language.document import Document, Tree
from archscape.spaces.language.expressions import Choice, Range, expression_text
from archscape.spaces.language.limits import Limit
from archscape.spaces.language.user_function import UserFunction

from ..datasets.settings import DataSettings
from ..pruners import PrunerSettings
from ..samplers import Sampler
from ..samplers.own import as_job_names
from ..study.budget import Budget
from ..study.tracking.settings import TrackerSettings
from ..training.choices import AnyRecipe, OpenRecipe
from ..training.own.settings import TrainFunction
from ..training.recipe import Recipe
from .job import Job
from .reading import check_keys, job_of

SETTINGS = (
    *(Budget, DataSettings, Recipe, OpenRecipe, TrainFunction, PrunerSettings, TrackerSettings),
    TargetSettings,
)

Tracks: TypeAlias = str | TrackerSettings | Mapping[str, object] | Callable[..., object]


class Keywords(TypedDict, total=False):
    """The settings of `Job` as keywords; a relative path is relative to the working folder."""

    search: str
    space: str | Path | Space
    data: str | Path | DataSettings | Mapping[str, object] | Callable[[], object]
    recipe: str | AnyRecipe | Mapping[str, object]
    train: str | TrainFunction | Mapping[str, object] | Callable[..., object]
    objectives: Mapping[str, Direction]
    within: Mapping[str, str | Limit | MetricLimit]
    metrics: Mapping[str, str | Callable[[Network], float]]
    stop: str | PrunerSettings | Mapping[str, object]
    latency: str | Path | Calibration
    target: str | TargetSettings | Mapping[str, object]
    sampler: str | Sampler | Mapping[str, object] | Callable[..., object]
    trials: int
    budget: Budget | Mapping[str, object]
    enqueue: Sequence[str | Path | Network | Sample | Mapping[str, object]]
    workers: int
    seed: int
    deterministic: bool
    device: str
    repeats: int
    lease: int
    cache: str | Path
    keep: str
    artifacts: str | Path
    track: Tracks | Sequence[Tracks]


def make_job(**settings: Unpack[Keywords]) -> Job:
    """Return the job of these settings; `search`, its name, is that of its space unless it is given.

    Raises:
        InputError: If a setting is unknown, missing or wrong; the message names it.

    >>> make_job(space="digits", data="digits", objectives={"accuracy": "maximize"}).trials
    30
    """
    named = {name: value for name, value in settings.items() if value is not None}
    objects = {name: value for name, value in named.items() if isinstance(value, Space)}
    document, tree = Document(tree=None, name="run", kind=JobError, runs="all"), dict[str, Tree]()
    for name, value in named.items():
        with document.at((name,)):
            tree[name] = None if name in objects else _tree(value)
    check_keys(replace(document, tree=tree), unless=("search",))
    return job_of(document, tree, Path.cwd(), objects)


def _tree(value: object) -> Tree:
    """Return a value as a document has it.

    Raises:
        JobError: If no document could have it.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Path | Limit | MetricLimit):
        return str(value)
    if isinstance(value, Calibration):
        return value.to_json(indent=None)
    if isinstance(value, Network):
        return value.to_json()
    if isinstance(value, Sample):
        return _tree(value.decisions)
    if isinstance(value, Sampler):
        return _tree(as_job_names(value).to_dict())
    if isinstance(value, SETTINGS):
        return _tree(value.to_dict())
    if isinstance(value, Range):
        return expression_text(value)
    if isinstance(value, Choice):
        return {expression_text(option): None for option in value.options}
    if isinstance(value, Mapping):
        return {str(key): _tree(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(each) for each in value]
    if isinstance(value, Callable):  # type: ignore[arg-type]
        return str(UserFunction.of(value))  # type: ignore[arg-type]
    shown = " ".join(repr(value).split())[:60]  # of an array a page else
    raise JobError(f"no setting of a job is {type(value).__name__}, but got {shown}")
