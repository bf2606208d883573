"""A job: which space, on which data, for which objectives, how long.

It is a YAML file that reads like this:

```yaml
search: digits-frontier
space: digits                  # catalog name or file
data: cluttered-digits         # embedded name or path
recipe: quick                  # preset name, or a mapping that starts from one
objectives: {accuracy: maximize, macs: minimize}
within: {params: ..200k}       # tightens the space's own limits
stop: halving                  # early, by Pareto rank; or a mapping, or left out
sampler: nsga2
trials: 30
workers: 2
seed: 0
```

`search`, `space` and `data` are needed. Without the others: the recipe, objectives and sampler above, no
further limits, no stop, 30 trials, one worker, seed 0, `device: auto`, one training for each network
(`repeats: 1`), a `lease: 60` seconds long, no `cache:`. A relative path is relative to the job file.

`stop` and `sampler` are a name, or a mapping that changes settings, as in `{rule: nsga2, population: 30}`.

`latency` may be an objective, and a limit: `within: {latency: ..5ms}`. `latency: FILE` names the calibration
that tells it; without that it is the one that `archscape calibrate` keeps for this machine's processor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

import yaml

from archscape.analysis.costs.latency.calibration import Calibration
from archscape.analysis.costs.latency.device_setup import this_machine
from archscape.analysis.costs.latency.store import load
from archscape.analysis.costs.latency.store import read as read_calibration
from archscape.analysis.metrics import OBJECTIVES, WAYS, Direction
from archscape.spaces import Space
from archscape.spaces.errors import JobError, suggest
from archscape.spaces.kinds import matching, whole, word
from archscape.spaces.language.document import Document, Tree, read_file
from archscape.spaces.language.limits import Limit, read_limits
from archscape.spaces.language.settings import Settings, kinds_of, read_name, read_rule, read_value

from .datasets import EMBEDDED
from .latency import LATENCY, LatencyObjective, parse_latency_limit
from .pruners import PRUNERS, Pruner, PrunerSettings
from .samplers import SAMPLERS, Sampler
from .training.recipe import Recipe, read_recipe

NEEDED = ("search", "space", "data")

NAME = matching(
    r"[A-Za-z][A-Za-z0-9_.-]{0,49}",
    "the name of a folder and of what is exported: letters, digits, `.`, `_`, `-`, at most 50, "
    "and starts with a letter",
)
DIRECTION = word(*WAYS, law=" or ".join(WAYS))
DEVICE = matching(r"auto|cpu|cuda(:\d+)?", "auto, cpu, cuda or cuda:N")


@dataclass(frozen=True, kw_only=True)
class Job(Settings):
    """What to search.

    Attributes:
        search: Name of the search, and of its folder.
        space: Where the networks come from.
        data: Name of an embedded data set, or an absolute path.
        recipe: How every network is trained.
        objectives: Direction of each objective, the most important first.
        within: Limits on top of the space's own.
        stop: How trials are stopped early, if at all.
        latency: What tells the latency of its networks, and its limit; None where nobody asks.
        sampler: `nsga2`, `random` or `tpe`; or one of these with settings.
        trials: How many networks are tried.
        workers: How many are trained at the same time.
        seed: From which all randomness follows.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        repeats: With how many seeds each network is trained; its metrics are their means.
        lease: Seconds without a sign of life after which a worker's trial is given to another.
        cache: Folder of results that studies with the same recipe and data share; "" for none.
    """

    name: ClassVar[str] = "job"
    search: Annotated[str, NAME]
    space: Space
    data: str
    recipe: Recipe = field(default_factory=Recipe)
    objectives: Mapping[str, Direction] = field(
        default_factory=lambda: {"accuracy": "maximize", "macs": "minimize"}
    )
    within: Mapping[str, Limit] = field(default_factory=dict)
    stop: PrunerSettings | None = None
    latency: LatencyObjective | None = None
    sampler: str | Sampler = "nsga2"
    trials: Annotated[int, whole(1, 1_000_000)] = 30
    workers: Annotated[int, whole(1, 1024)] = 1
    seed: Annotated[int, whole(0, 2**31 - 1)] = 0
    device: Annotated[str, DEVICE] = "auto"
    repeats: Annotated[int, whole(1, 100)] = 1
    lease: Annotated[int, whole(1, 86_400)] = 60
    cache: str = ""

    @property
    def limited_space(self) -> Space:
        """The space within the limits of the job."""
        return self.space.tighten(self.within)

    def pruner(self) -> Pruner | None:
        """Return what stops trials early, if anything does.

        Raises:
            JobError: If it does not fit the objectives or the recipe.
        """
        return self.stop.pruner(self.objectives, self.recipe.epochs) if self.stop else None

    def facts(self) -> dict[str, Any]:
        """Return what may not change over the life of a study: trials would not compare, or not repeat."""
        return {
            "space": self.limited_space.to_yaml(),
            "data": Path(self.data).name,
            "recipe": self.recipe.to_dict(),
            "objectives": dict(self.objectives),
            "stop": self.stop.to_dict() if self.stop else None,
            "latency": self.latency.facts() if self.latency else None,
            "seed": self.seed,
            "repeats": self.repeats,
        }

    def settings(self) -> dict[str, Any]:
        """Return what a worker needs beside the facts; it may change from one run to the next."""
        space = self.space.to_yaml()
        return {
            "job": self.to_yaml(space="space.yaml"),
            "space": space,
            "lease": self.lease,
            "trials": self.trials,
        }

    def to_yaml(self, *, space: str) -> str:
        """Return the job as a file with every setting spelled out.

        Args:
            space: Catalog name or path under which the reader of the file finds the space.
        """
        limits = {name: str(limit) for name, limit in self.within.items()}
        if self.latency and self.latency.within:
            limits[LATENCY] = str(self.latency.within)
        settings = {
            "search": self.search,
            "space": space,
            "data": self.data,
            "recipe": self.recipe.to_dict(),
            "objectives": dict(self.objectives),
            "within": limits,
            "stop": self.stop and self.stop.to_dict(),
            LATENCY: self.latency and self.latency.calibration.to_json(indent=None),
            "sampler": self.sampler if isinstance(self.sampler, str) else self.sampler.to_dict(),
            **{name: getattr(self, name) for name in kinds_of(Job) if name not in NEEDED},
            "cache": self.cache,
        }
        written = {name: value for name, value in settings.items() if value not in (None, "", {})}
        return yaml.safe_dump(written, sort_keys=False, default_flow_style=None, width=100)


def read_job(path: str | Path, *, data: str = "") -> Job:
    """Read a job file, and the space that it names.

    Args:
        path: The file.
        data: Where its data lies on this machine; "" for the place that the file names.

    Raises:
        InputError: At the first part that is wrong, with its place.
    """
    document = read_file(path, kind=JobError)
    tree = document.tree
    if not isinstance(tree, dict):
        raise document.error((), "a job is a mapping: `search:`, `space:`, `data:`")
    known = [setting.name for setting in fields(Job)]
    for key in tree:
        if key not in known:
            raise document.unknown((key,), "a job", known)
    for key in NEEDED:
        if key not in tree:
            raise document.error((), f"a job needs `{key}:`")
    tree = tree | ({"data": str(Path(data).resolve())} if data and data not in EMBEDDED else {})
    job = Job(**_Reader(document, tree, Path(path).resolve().parent).settings())
    with document.at(("stop",)):
        job.pruner()
    return job


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
            elif key != LATENCY:
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
                calibration = read_calibration(self.folder / text) if text else load(this_machine())
        limit = None
        if "within" in sections:
            with self.document.at(("within", LATENCY)):
                limit = parse_latency_limit(str(self._mapping("within", "{latency: ..5ms}")[LATENCY]))
        return LatencyObjective(calibration=calibration, within=limit)

    def _space(self, key: str) -> Space:
        name = self._word(key)
        file = self.folder / name
        if file.is_file():
            return Space.load(str(file))
        with self.document.at((key,)):
            return Space.load(name)

    def _data(self, key: str) -> str:
        name = self._word(key)
        if name in EMBEDDED:
            return name
        file = self.folder / name
        if not file.exists():
            law = f"'{name}' is neither embedded data nor a file ({file}){suggest(name, EMBEDDED)}"
            raise self.document.error((key,), law)
        return str(file)

    def _recipe(self, key: str) -> Recipe:
        return read_recipe(self.tree[key], self.document, (key,))

    def _objectives(self, key: str) -> dict[str, Direction]:
        directions = self._mapping(key, "{accuracy: maximize, macs: minimize}")
        if not directions:
            raise self.document.error((key,), "a search has at least one objective")
        for name in directions:
            if name not in OBJECTIVES:
                raise self.document.unknown((key, name), "a search", OBJECTIVES)
        return {
            name: cast("Direction", read_value(DIRECTION, tree, self.document, (key, name), name=name))
            for name, tree in directions.items()
        }

    def _within(self, key: str) -> dict[str, Limit]:
        limits = self._mapping(key, "{params: ..200k}")
        costs = {name: limit for name, limit in limits.items() if name != LATENCY}
        return read_limits(self.document, costs, (key,))

    def _stop(self, key: str) -> PrunerSettings:
        return read_rule(PRUNERS, self.tree[key], self.document, (key,))

    def _sampler(self, key: str) -> str | Sampler:
        if not isinstance(self.tree[key], dict):
            return read_name(SAMPLERS, self.tree[key], self.document, (key,))
        sampler = read_rule(SAMPLERS, self.tree[key], self.document, (key,))
        return sampler.name if sampler == type(sampler)() else sampler

    def _cache(self, key: str) -> str:
        return str(self.folder / self._word(key))

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
