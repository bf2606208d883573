"""A job: what follows from its settings for a search, and what a study and a folder keep of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from archscape.analysis.metrics import METRICS, TARGET, Direction, names_asked
from archscape.spaces import Sample, Space
from archscape.spaces.errors import InputError
from archscape.spaces.language.limits import Limit
from archscape.spaces.language.settings import kinds_of
from archscape.spaces.language.user_function import UserFunction, is_function
from archscape.spaces.language.uses import used_digests

from ..costs.asked import AskedCosts
from ..costs.latency import LATENCY
from ..costs.training_recipe import trained_by
from ..datasets.settings import DataSettings
from ..pruners import Pruner
from ..samplers import AUTO
from ..samplers.own import OwnSampler
from ..samplers.trial_space import trial_space
from ..study.kept_weights import ALL
from ..study.tracking.reading import plain
from ..study.trial_hash import CHOICES
from ..training.recipe import Recipe
from .settings import NEEDED, JobSettings


@dataclass(frozen=True, kw_only=True, repr=False)
class Job(JobSettings):
    """What to search; its settings are those of `JobSettings`."""

    def with_sampler(self) -> tuple[Job, str]:
        """Return the job with a sampler in place of `auto` or none, and why that one; "" if it had one.

        The choice follows from the job alone.
        """
        if self.sampler not in ("", AUTO):
            return self, ""
        from ..samplers.auto import choose_sampler

        known = METRICS | self.own_metrics
        before = sum(known[name].is_known_before_training for name in self.objectives)
        choice = choose_sampler(
            self.trial_space,
            trials=self.asked_trials,
            measured=len(self.objectives) - before,
            known=before,
        )
        return replace(self, sampler=choice.sampler), choice.reason

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Give an input error about a setting of the job that is raised meanwhile its place in the file."""
        try:
            yield
        except InputError as error:
            tree = self.origin.tree if self.origin else None
            if self.origin is None or not isinstance(tree, dict) or error.setting not in tree:
                raise
            raise self.origin.error((error.setting,), str(error), kind=type(error)) from None

    @property
    def limited_space(self) -> Space:
        """The space within the limits of the job."""
        return self.space.tighten(
            {name: limit for name, limit in self.within.items() if isinstance(limit, Limit)}
        )

    @cached_property
    def trial_space(self) -> Space:
        """Where trials come from: the space within the limits, with what the recipe leaves open."""
        return trial_space(self.limited_space, self.recipe)

    @cached_property
    def enqueued(self) -> dict[str, Sample]:
        """The samples that are tried first, by their hashes."""
        samples = [self.trial_space.sample_of_texts(decisions) for decisions in self.enqueue]
        return {sample.hash(): sample for sample in samples}

    @cached_property
    def costs(self) -> AskedCosts | None:
        """What it asks of a network before its training beyond the totals of its graph; None for nothing."""
        asked, known = names_asked(self.measured), METRICS | self.own_metrics
        if not asked and self.latency is None:
            return None
        limits = {name: limit for name, limit in self.limits.items() if known[name].is_known_before_training}
        return AskedCosts(
            names=asked,
            **trained_by({} if self.train else self.recipe.to_dict()),
            target=self.target,
            functions=self.metrics,
            latency=self.latency,
            limits=limits,
        )

    def pruner(self) -> Pruner | None:
        """Return what stops trials early, if anything does.

        Raises:
            JobError: If it does not fit the objectives or the recipe.
        """
        return self.stop.pruner(self.objectives, self.epochs) if self.stop else None

    @property
    def epochs(self) -> int:
        """Epochs of a training."""
        return self.train.epochs if self.train else self.recipe.epochs

    @property
    def seconds(self) -> float | None:
        """Time limit of a trial, all its repeats together; None where there is none."""
        limit = self.train.seconds if self.train else self.recipe.seconds
        return None if limit is None else limit * self.repeats

    @property
    def trained_metrics(self) -> dict[str, Direction]:
        """What training has to give, for the objectives and the limits, with the direction of each."""
        known = METRICS | self.own_metrics
        ways = {name: known[name].direction for name in (*self.objectives, *self.limits)}
        return {name: way for name, way in ways.items() if known[name].is_quality}

    @property
    def functions(self) -> dict[str, UserFunction]:
        """The user's functions on which results depend, by the setting that names them."""
        train = {"train": self.train.call} if self.train else {}
        data = str(self.data)
        if is_function(data):
            train["data"] = UserFunction.parse(data, Path())
        return train | {f"metrics.{name}": function for name, function in self.metrics.items()}

    @property
    def sampler_class(self) -> dict[str, UserFunction]:
        """The class of the user's that samples, by the setting that names it, if one does."""
        return {"sampler": self.sampler.function} if isinstance(self.sampler, OwnSampler) else {}

    @property
    def sampler_code(self) -> dict[str, Any]:
        """What a study keeps of that class, as `UserFunction.facts` has it."""
        return {setting: function.facts() for setting, function in self.sampler_class.items()}

    def code(self) -> dict[str, str]:
        """Return the SHA-256 of each Python file that workers run on the user's word, by its path."""
        digests = used_digests(self.space.uses)
        for function in (*self.functions.values(), *self.sampler_class.values()):
            digests |= function.digests()
        return digests

    def facts(self) -> dict[str, Any]:
        """Return what may not change over the life of a study: trials would not compare, or not repeat."""
        uses = used_digests(self.space.uses)
        code = {setting: function.facts() for setting, function in self.functions.items()}
        return {
            "space": self.limited_space.to_yaml(),
            "data": self.data.facts() if isinstance(self.data, DataSettings) else Path(self.data).name,
            "recipe": None if self.train else self.recipe.to_dict(),
            **({} if isinstance(self.recipe, Recipe) else {CHOICES: [*self.recipe.paths]}),
            **({"train": self.train.facts()} if self.train else {}),
            **self.measured,
            "stop": self.stop.to_dict() if self.stop else None,
            "latency": self.latency.facts() if self.latency else None,
            "seed": self.seed,
            "repeats": self.repeats,
            "deterministic": {"workers": self.workers} if self.deterministic else None,
            **({"uses": uses} if uses else {}),
            **({"code": code} if code else {}),
        }

    def settings(self) -> dict[str, Any]:
        """Return what a worker needs beside the facts; it may change from one run to the next."""
        code = self.sampler_code
        return {
            "job": self.to_yaml(space="space.yaml"),
            "space": self.space.to_yaml(),
            "lease": self.lease,
            "trials": self.asked_trials,
            **({"keep": self.keep} if self.keep != ALL else {}),
            **({"artifacts": self.artifacts} if self.artifacts else {}),
            **({"code": code} if code else {}),
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
            "data": self.data.to_dict() if isinstance(self.data, DataSettings) else self.data,
            "recipe": None if self.train else self.recipe.to_dict(),
            "train": self.train and self.train.to_dict(),
            "objectives": dict(self.objectives),
            "within": limits,
            "metrics": {name: str(function) for name, function in self.metrics.items()},
            "stop": self.stop and self.stop.to_dict(),
            LATENCY: self.latency and self.latency.calibration.to_json(indent=None),
            TARGET: self.target and self.target.to_dict(),
            "sampler": self.sampler if isinstance(self.sampler, str) else self.sampler.to_dict(),
            **{name: getattr(self, name) for name in kinds_of(Job) if name not in NEEDED},
            "budget": self.budget and self.budget.to_dict(),
            "enqueue": [dict(decisions) for decisions in self.enqueue] or None,
            "cache": self.cache,
            "keep": self.keep if self.keep != ALL else "",
            "artifacts": self.artifacts,
            "track": [plain(track) for track in self.track] or None,
        }
        if not self.asked_trials:
            del settings["trials"]
        written = {name: value for name, value in settings.items() if value not in (None, "", {})}
        return yaml.safe_dump(written, sort_keys=False, default_flow_style=None, width=100)
