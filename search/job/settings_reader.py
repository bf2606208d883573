"""Reading the settings of a job, each by its kind or by the method of its name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from archscape.analysis.costs.latency.calibration import Calibration
from archscape.analysis.costs.latency.device_setup import this_machine
from archscape.analysis.costs.latency.store import load
from archscape.analysis.costs.latency.store import read as read_calibration
from archscape.analysis.costs.memory.targets.settings import TargetSettings
from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import TARGET, Direction
from archscape.spaces import Space
from archscape.spaces.errors import suggest
from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.limits import COSTS, Limit, read_limits
from archscape.spaces.language.settings import (
    RULE,
    kinds_of,
    read_name,
    read_rule,
    read_settings,
    read_value,
)
from archscape.spaces.language.user_function import UserFunction, is_function, read_function

from ..costs.latency import LATENCY, LatencyObjective, parse_latency_limit
from ..datasets import EMBEDDED
from ..datasets.settings import DataSettings, read_data
from ..pruners import PRUNERS, PrunerSettings
from ..samplers import AUTO, NAMES, SAMPLERS, Sampler
from ..samplers.own import is_own, read_own
from ..study.artifacts import check_address
from ..study.budget import Budget
from ..study.tracking.reading import Track, read_trackers
from ..training.choices import AnyRecipe
from ..training.choices.reading import read_any_recipe
from ..training.own.settings import TrainFunction, read_train
from .job import Job
from .objectives import DIRECTION, KnownMetrics, check_own_name, check_share, unit_of
from .settings import check_one_input

ENQUEUE = "enqueue"


@dataclass(frozen=True)
class SettingsReader:
    """Reads the settings of a job: those with a kind by it, each other one by the method of its name.

    Attributes:
        document: Says where they stand.
        tree: The settings.
        folder: What paths are relative to.
    """

    document: Document
    tree: Mapping[str, Tree]
    folder: Path

    def settings(self) -> dict[str, Any]:
        """Return the settings by name, but those that take others: `enqueue`."""
        kinds = kinds_of(Job)
        settings: dict[str, Any] = {}
        for key, tree in self.tree.items():
            if key in kinds:
                settings[key] = read_value(kinds[key], tree, self.document, (key,), name=key)
            elif key not in (LATENCY, ENQUEUE):
                settings[key] = self.setting(key)
        return settings | {LATENCY: self._latency()}

    def setting(self, key: str) -> Any:
        """Return a setting that has no kind."""
        return getattr(self, f"_{key}")(key)

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
        return KnownMetrics(
            own=tuple(own) if isinstance(own, dict) else (),
            is_open="train" in self.tree,
            has_target=TARGET in self.tree,
        )

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
                read[name] = limit = MetricLimit.parse(text if isinstance(text, str) else "", unit_of(name))
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

    def _target(self, key: str) -> TargetSettings:
        tree = self.tree[key]
        if not isinstance(tree, str | dict):
            law = "`target:` is a runtime, or a mapping as in {runtime: tflm, board: pico}"
            raise self.document.error((key,), law)
        settings = tree if isinstance(tree, dict) else {"runtime": tree}
        return read_settings(TargetSettings(), settings, self.document, (key,), owner="a target")

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
        tree, place = self.tree[key], (key,)
        if is_own(tree):
            return read_own(tree, self.document, place)
        if not isinstance(tree, dict):
            return read_name(NAMES, tree, self.document, place)
        if tree.get(RULE) == AUTO:
            for name in tree.keys() - {RULE}:
                law = "auto has no settings; name the sampler whose settings these are"
                raise self.document.error((*place, name), law, at_key=True)
            return AUTO
        sampler = read_rule(SAMPLERS, tree, self.document, place)
        return sampler.word if sampler == type(sampler)() else sampler

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
