"""Any of Optuna's samplers that goes by results, on a copy of the history.

::

    sampler: {rule: optuna, name: GPSampler, settings: {n_startup_trials: 20}}

Their settings are those of Optuna, but the seed, which follows from the job's, and what no job can hold.
Choices that only some networks have are drawn by them as Optuna does it, one by one.
"""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import optuna
from optuna.samplers import BaseGASampler, BaseSampler

from archscape.spaces.kinds import word
from archscape.spaces.language.plain import Plain, plain_mapping
from archscape.spaces.language.settings import ConflictError
from archscape.spaces.vocabulary import nearest

from .base import ASKS, Proposal, Sampler
from .optuna_mirror import OptunaMirror, ask, silence_optuna
from .start import random_start

if TYPE_CHECKING:
    from archscape.spaces import Space

    from ..study.history import History

DEFAULT = "TPESampler"

REFUSED: Mapping[str, str] = {
    "BruteForceSampler": "sees the latest trials alone here; `sampler: grid` walks through a space",
    "CmaEsSampler": "keeps its state with its trials, and this search keeps networks and results alone; "
    "`GPSampler` models numbers too",
    "GridSampler": "takes a grid of its own; `sampler: grid` walks through the space of the job",
    "PartialFixedSampler": "takes another sampler; fix choices in the space",
    "QMCSampler": "counts the trials in its study; `sampler: quasi-random` is such a sequence",
}
"""Why samplers of Optuna cannot be had here, and what can."""

QUIET = "warn_independent_sampling"
"""A setting whose default warns at every trial of a space where choices open others."""

TYPES: Mapping[str, type | tuple[type, ...]] = {"int": int, "float": (int, float), "bool": bool, "str": str}
"""The types of settings that a job can hold, as signatures name them."""


@cache
def optuna_samplers() -> Mapping[str, type[BaseSampler]]:
    """Return Optuna's samplers by name."""
    classes: dict[str, Any] = {name: getattr(optuna.samplers, name) for name in optuna.samplers.__all__}
    is_whole = {name: inspect.isclass(cls) and not inspect.isabstract(cls) for name, cls in classes.items()}
    return {name: cls for name, cls in classes.items() if is_whole[name]}


NAME = word(
    *optuna_samplers(), law=f"one of {', '.join(name for name in optuna_samplers() if name not in REFUSED)}"
)
"""Names of samplers; those that are refused are told apart from slips of the pen."""


class OptunaRule:
    """The word for it in a job; `name` is Optuna's."""

    name: ClassVar[str] = "optuna"

    @property
    def word(self) -> str:
        """The word for it in a document."""
        return OptunaRule.name


@dataclass(frozen=True, kw_only=True)
class OptunaSampler(OptunaRule, Sampler):
    """One of Optuna's own samplers by its name, such as GPSampler, with Optuna's settings.

    Attributes:
        name: Optuna's name for it.
        settings: Its settings, by Optuna's names.
    """

    name: Annotated[str, NAME] = field(  # type: ignore[misc]
        default_factory=lambda: DEFAULT  # a plain default would be the class's own name
    )
    settings: Annotated[
        Mapping[str, Plain], plain_mapping("a mapping of Optuna's settings, as in {n_startup_trials: 20}")
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check name and settings, without asking the sampler anything."""
        super().__post_init__()
        if self.name in REFUSED:
            raise ConflictError("optuna", "name", f"{self.name} {REFUSED[self.name]}")
        taken = writable(optuna_samplers()[self.name])
        for key, value in self.settings.items():
            if key not in taken:
                near = nearest(key, taken)
                law = f"there is no '{key}' {self._signature()}"
                raise ConflictError("optuna", "settings", f"{law}; did you mean {near}?" if near else law)
            if not accepts(taken[key], value):
                law = f"{key} is {' | '.join(_types(taken[key]))} {self._signature()}, but got {value!r}"
                raise ConflictError("optuna", "settings", law)
        try:
            self._sampler(seed=0)
        except (TypeError, ValueError) as error:
            raise ConflictError("optuna", "settings", f"{self.name}: {error}") from None
        except ImportError as error:
            raise ConflictError("optuna", "name", f"{self.name} needs another package: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Return name and settings in plain types, as a document has them."""
        written: dict[str, Any] = super().to_dict()
        return {key: value for key, value in written.items() if value != {}}

    def _signature(self) -> str:
        taken = map(str, writable(optuna_samplers()[self.name]).values())
        return f"in Optuna's {self.name}({', '.join(taken)})".replace(": '", ": ").replace("' =", " =")

    def _sampler(self, *, seed: int) -> BaseSampler:
        cls: Any = optuna_samplers()[self.name]
        if issubclass(cls, BaseGASampler):
            cls = _generational(cls)
        parameters = inspect.signature(cls).parameters
        quiet = {QUIET: False} if QUIET in parameters and parameters[QUIET].default else {}
        with silence_optuna():
            sampler: BaseSampler = cls(seed=seed, **{**quiet, **self.settings})
        return sampler

    @cached_property
    def _mirror(self) -> OptunaMirror:
        return OptunaMirror(by_number=True)

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        """Yield what the sampler returns, moved by one decision if it breaks the limits of the space."""
        if not history.complete:
            yield from random_start(space, history, rng, 0)
            return
        study = self._mirror.study(space, history, self._sampler(seed=rng.getrandbits(31)))
        for _ in range(ASKS):
            with silence_optuna():
                sample = ask(study, space, keep=True)
            if not space.feasible(sample):
                sample = space.mutate(sample.decisions, rng)
            yield Proposal(sample=sample, reason=f"by Optuna's {self.name}")


def writable(cls: type[BaseSampler]) -> dict[str, inspect.Parameter]:
    """Return the settings of a sampler of Optuna that a job can hold, by name."""
    parameters = inspect.signature(cls).parameters
    return {
        name: parameter
        for name, parameter in parameters.items()
        if name != "seed" and {*_types(parameter)} <= {*TYPES, "None"}
    }


def accepts(parameter: inspect.Parameter, value: Plain) -> bool:
    """Return whether a value is of a type that a setting is annotated with."""
    for name in _types(parameter):
        if value is None and name == "None":
            return True
        if name in TYPES and isinstance(value, TYPES[name]) and (name == "bool") == isinstance(value, bool):
            return True
    return False


def _types(parameter: inspect.Parameter) -> list[str]:
    return re.findall(r"[^\s|]+", str(parameter.annotation).strip("'"))


@cache
def _generational(cls: type[BaseGASampler]) -> type[BaseGASampler]:
    """Return a genetic sampler whose generations follow from the numbers of trials.

    Optuna notes a trial's generation when it is sampled, and a copied history has no such notes.
    """

    class Generational(cls):  # type: ignore[misc, valid-type]
        def get_trial_generation(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> int:
            return int(trial.number // self.population_size)

        def get_population(self, study: optuna.Study, generation: int) -> list[optuna.trial.FrozenTrial]:
            trials = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
            return [each for each in trials if self.get_trial_generation(study, each) == generation]

    return Generational
