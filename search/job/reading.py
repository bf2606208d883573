"""Reading the file of a job: each setting by its kind, or by the method of its name."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from archscape.analysis.costs.latency.calibration import Calibration
from archscape.analysis.costs.latency.device_setup import this_machine
from archscape.analysis.costs.latency.store import load
from archscape.analysis.costs.latency.store import read as read_calibration
from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import Direction
from archscape.spaces import Space
from archscape.spaces.errors import JobError, suggest
from archscape.spaces.language.document import Document, Place, Runs, Tree, read_file, read_text
from archscape.spaces.language.limits import COSTS, Limit, read_limits
from archscape.spaces.language.settings import kinds_of, read_name, read_rule, read_value
from archscape.spaces.language.user_function import UserFunction, is_function, read_function
from archscape.spaces.vocabulary import meant

from ..costs.latency import LATENCY, LatencyObjective, parse_latency_limit
from ..datasets import EMBEDDED
from ..datasets.settings import DataSettings, read_data
from ..pruners import PRUNERS, PrunerSettings
from ..samplers import SAMPLERS, Sampler
from ..samplers.trial_space import check_names, trial_space
from ..study.artifacts import check_address
from ..study.budget import Budget
from ..study.tracking.reading import Track, read_trackers
from ..training.choices import AnyRecipe
from ..training.choices.reading import read_any_recipe
from ..training.own.settings import TrainFunction, read_train
from ..training.recipe import Recipe
from .enqueued import Decisions, check_enqueued, read_enqueued
from .job import NEEDED, Job, check_one_input, check_train_alone
from .objectives import DIRECTION, KnownMetrics, check_own_name, check_share

ENQUEUE = "enqueue"


def read_job(path: str | Path, *, data: str = "", runs: Runs = "all") -> Job:
    """Read a job file, and the space that it names.

    Args:
        path: The file.
        data: Where its data lies on this machine; "" for the place that the file names.
        runs: Which Python files it may name to be run: all, if the user starts it; "nothing" where it was
            found in the folder of a search.

    Raises:
        InputError: At the first part that is wrong, with its place.
    """
    document = read_file(path, kind=JobError, runs=runs)
    tree = document.tree
    if not isinstance(tree, dict):
        raise document.error((), "a job is a mapping: `search:`, `space:`, `data:`")
    if "layers" in tree:
        kind = "space" if "space" in tree else "network"
        law = f"this is a {kind}; a job is needed here, which names a space"
        raise document.error(
            (kind,), law + (f", as in `space: {Path(path).name}`" if kind == "space" else "")
        )
    check_keys(document)
    if data and data not in EMBEDDED:
        place, named = str(Path(data).resolve()), tree.get("data")
        tree = tree | {"data": {**named, "path": place} if isinstance(named, dict) else place}
    return replace(job_of(document, tree, Path(path).resolve().parent), origin=document)


def read_setting(key: str, text: str) -> Any:
    """Return one setting of a job from its words, as an option of a command has it.

    Args:
        key: The setting, `data` or `recipe`.
        text: A word, or a mapping in braces; a relative path is relative to the working folder.

    Raises:
        InputError: If it is wrong.

    >>> read_setting("recipe", "{epochs: 5}").epochs
    5
    """
    tree: Tree = {key: text}
    document = Document(tree=tree, name=f"--{key}", kind=JobError)
    if text.lstrip().startswith("{"):
        document = read_text(f"{key}: {text}", name=f"--{key}", kind=JobError)
    tree = document.tree
    assert isinstance(tree, dict)
    return getattr(_Reader(replace(document, runs="all"), tree, Path.cwd()), f"_{key}")(key)


def check_keys(document: Document, *, unless: Collection[str] = ()) -> None:
    """Check that a job has the settings that it needs, unless they are among these, and none but its own.

    Raises:
        InputError: If it has not.
    """
    tree = document.tree
    assert isinstance(tree, dict)
    known = [setting.name for setting in fields(Job) if setting.name != "origin"]
    for key in tree:
        if key not in known:
            raise document.unknown((key,), "a job", known, remedy=_elsewhere(key, known))
    for key in NEEDED:
        if key not in tree and key not in unless and not (key == "data" and "train" in tree):
            raise document.error((), f"a job needs `{key}:`")
    if "train" in tree:
        with document.at(("train",)):
            check_train_alone(has_recipe="recipe" in tree, has_cache="cache" in tree)


def job_of(
    document: Document, tree: Mapping[str, Tree], folder: Path, given: Mapping[str, Any] | None = None
) -> Job:
    """Return the job of a tree of settings.

    Args:
        document: Says where they stand.
        tree: The settings.
        folder: What paths are relative to.
        given: Settings that are objects already, in place of those of the tree.

    Raises:
        InputError: At the first setting that is wrong, with its place.
    """
    given = given or {}
    texts = {key: value for key, value in tree.items() if key not in given}
    settings = {**_Reader(document, texts, folder).settings(), **given}
    if ENQUEUE in texts:
        recipe = settings.get("recipe", Recipe())
        check_names(settings["space"], recipe)
        space = trial_space(settings["space"], recipe)
        settings[ENQUEUE] = _enqueued(document, texts[ENQUEUE], space, folder)
    job = Job(**{"search": settings["space"].name, **settings})
    _check_enqueued(document, job)
    with document.at(("stop",)):
        job.pruner()
    return job


def _enqueued(document: Document, tree: Tree, space: Space, folder: Path) -> tuple[Decisions, ...]:
    """Return the decisions of the networks that are tried first."""
    if not isinstance(tree, list):
        raise document.error((ENQUEUE,), "`enqueue:` is a list, as in [resnet20, mine.yaml]")

    def find(name: str) -> str:
        file = folder / os.path.expanduser(name)
        return str(file) if file.is_file() else name

    samples: dict[str, Decisions] = {}
    for i, item in enumerate(tree):
        with document.at((ENQUEUE, i)):
            if document.runs == "nothing" and not isinstance(item, dict):  # a file may name code
                raise JobError("a job in the folder of a search has networks as mappings of decisions")
            sample = read_enqueued(item, space, find)
            if sample.hash() in samples:
                raise JobError("it gives the network of one above, trained in the same way")
        samples[sample.hash()] = sample.decisions
    return tuple(samples.values())


def _check_enqueued(document: Document, job: Job) -> None:
    """Check the networks that are tried first by the limits; those of a run were checked when it began."""
    if document.runs != "nothing":
        for i, sample in enumerate(job.enqueued.values()):
            with document.at((ENQUEUE, i)):
                check_enqueued(sample, job.trial_space, job.costs)


def _elsewhere(key: str, known: Iterable[str]) -> str:
    """Return where a key that a job does not have belongs, if that is the recipe or the command line."""
    if key in ("storage", "out", "engine"):
        return f"; it is an option of the command: --{key}"
    ours = [] if meant(key, known) else meant(key, kinds_of(Recipe))
    return f"; the recipe has it: `recipe: {{{ours[0]}: ...}}`" if ours else ""


@dataclass(frozen=True)
class _Reader:
    """Reads the settings of a job: those with a kind by it, each other one by the method of its name."""

    document: Document
    tree: Mapping[str, Tree]
    folder: Path

    def settings(self) -> dict[str, Any]:
        kinds = kinds_of(Job)
        settings: dict[str, Any] = {}
        for key, tree in self.tree.items():
            if key in kinds:
                settings[key] = read_value(kinds[key], tree, self.document, (key,), name=key)
            elif key not in (LATENCY, ENQUEUE):
                settings[key] = getattr(self, f"_{key}")(key)
        return settings | {LATENCY: self._latency()}

    def _latency(self) -> LatencyObjective | None:
        """Return what the job wants to know of latency, by its calibration or the one of this machine."""
        sections = [
            key
            for key in ("objectives", "within")
            if isinstance(section := self.tree.get(key), dict) and LATENCY in section
        ]
        if not sections and LATENCY not in self.tree:
            return None
        text = self._word(LATENCY) if LATENCY in self.tree else ""
        with self.document.at((LATENCY,) if text else (sections[0], LATENCY)):
            if text.startswith("{"):
                calibration = Calibration.from_json(text, name="the calibration in the job")
            else:
                calibration = read_calibration(self._file(text)) if text else load(this_machine())
        limit = None
        if "within" in sections:
            with self.document.at(("within", LATENCY)):
                limit = parse_latency_limit(str(self._mapping("within", "{latency: ..5ms}")[LATENCY]))
        return LatencyObjective(calibration=calibration, within=limit)

    def _space(self, key: str) -> Space:
        name = self._word(key)
        file = self._file(name)
        if file.is_file():
            space = Space.load(str(file), runs=self.document.runs)
        else:
            with self.document.at((key,)):
                space = Space.load(name, runs=self.document.runs)
        with self.document.at((key,)):
            check_one_input(space)
        return space

    def _data(self, key: str) -> str | DataSettings:
        tree = self.tree[key]
        if not isinstance(tree, dict):
            return self._find_data(self._word(key), (key,))
        settings = read_data(tree, self.document, (key,), find=self._find_data, find_list=self._find_file)
        return settings if settings.named else settings.path

    def _find_data(self, name: str, place: Place) -> str:
        if name in EMBEDDED:
            return name
        if is_function(name):
            return str(read_function(name, self.document, place, []))
        file = self._file(name)
        if not file.exists():
            law = f"'{name}' is neither embedded data nor a file ({file}){suggest(name, EMBEDDED)}"
            raise self.document.error(place, law)
        return str(file)

    def _find_file(self, name: str, place: Place) -> str:
        file = self._file(name)
        if not file.is_file():
            raise self.document.error(place, f"there is no file {file}")
        return str(file)

    def _recipe(self, key: str) -> AnyRecipe:
        is_checked = self.document.runs == "nothing"  # when the search began
        return read_any_recipe(self.tree[key], self.document, (key,), check=not is_checked)

    def _train(self, key: str) -> TrainFunction:
        return read_train(self.document, (key,), self.tree[key])

    def _objectives(self, key: str) -> dict[str, Direction]:
        directions = self._mapping(key, "{accuracy: maximize, macs: minimize}")
        for name in directions:
            self._known(key, name, "a search", self.known_metrics.names)
        objectives = {
            name: cast("Direction", read_value(DIRECTION, tree, self.document, (key, name), name=name))
            for name, tree in directions.items()
        }
        for name, way in objectives.items():
            with self.document.at((key, name)):
                self.known_metrics.check_direction(name, way)
        with self.document.at((key,)):
            self.known_metrics.check_objectives(objectives)
        return objectives

    @property
    def known_metrics(self) -> KnownMetrics:
        """The metrics that the job may name."""
        own = self.tree.get("metrics")
        return KnownMetrics(own=tuple(own) if isinstance(own, dict) else (), is_open="train" in self.tree)

    def _known(self, key: str, name: str, owner: str, names: Iterable[str]) -> None:
        """Check that a metric may be named.

        Raises:
            JobError: If not, with its place.
        """
        with self.document.at((key, name)):
            is_known = self.known_metrics.has(name)
        if not is_known:
            raise self.document.unknown((key, name), owner, names)

    def _within(self, key: str) -> dict[str, Limit | MetricLimit]:
        limits = self._mapping(key, "{params: ..200k}")
        costs = {name: limit for name, limit in limits.items() if name in COSTS}
        others = {name: limit for name, limit in limits.items() if name not in (*COSTS, LATENCY)}
        for name in others:
            self._known(key, name, key, [*COSTS, *self.known_metrics.names])
        read: dict[str, Limit | MetricLimit] = {**read_limits(self.document, costs, (key,))}
        for name, text in others.items():
            with self.document.at((key, name)):
                read[name] = limit = MetricLimit.parse(text if isinstance(text, str) else "")
                check_share(name, limit)
        return read

    def _metrics(self, key: str) -> dict[str, UserFunction]:
        functions = {}
        for name, text in self._mapping(key, "{params_per_pixel: my_metrics.py:f}").items():
            with self.document.at((key, name)):
                check_own_name(name)
            functions[name] = read_function(text, self.document, (key, name), ["network"])
        return functions

    def _stop(self, key: str) -> PrunerSettings:
        return read_rule(PRUNERS, self.tree[key], self.document, (key,))

    def _budget(self, key: str) -> Budget:
        place, kinds = (key,), kinds_of(Budget)
        limits = self._mapping(key, "{hours: 8, epochs: 2000}")
        for name in limits:
            if name not in kinds:
                raise self.document.unknown((*place, name), "a budget", kinds)
        values = {
            name: read_value(kinds[name], tree, self.document, (*place, name), name=name)
            for name, tree in limits.items()
        }
        with self.document.at(place):
            return Budget(**values)

    def _sampler(self, key: str) -> str | Sampler:
        if not isinstance(self.tree[key], dict):
            return read_name(SAMPLERS, self.tree[key], self.document, (key,))
        sampler = read_rule(SAMPLERS, self.tree[key], self.document, (key,))
        return sampler.name if sampler == type(sampler)() else sampler

    def _artifacts(self, key: str) -> str:
        address = self._word(key)
        with self.document.at((key,)):
            check_address(address)
        return address if "://" in address else str(self._file(address))

    def _track(self, key: str) -> tuple[Track, ...]:
        return read_trackers(self.tree[key], self.document, (key,))

    def _cache(self, key: str) -> str:
        folder = self._file(self._word(key))
        if folder.exists() and not folder.is_dir():
            raise self.document.error((key,), f"`{key}:` is a folder, but {folder} is none")
        return str(folder)

    def _file(self, name: str) -> Path:
        """Return a path of the job: a relative one is relative to the job file, `~` is the home folder."""
        return self.folder / os.path.expanduser(name)

    def _word(self, key: str) -> str:
        value = self.tree[key]
        if not isinstance(value, str) or not value:
            raise self.document.error((key,), f"`{key}:` is one word")
        return value

    def _mapping(self, key: str, example: str) -> dict[Any, Tree]:
        value = self.tree[key]
        if not isinstance(value, dict):
            raise self.document.error((key,), f"`{key}:` is a mapping, as in {example}")
        return value
