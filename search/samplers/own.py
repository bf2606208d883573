"""Samplers of the user's own: a class in a file, `sampler: my_sampler.py:Mine`.

::

    sampler: {rule: my_sampler.py:Mine, alpha: 1}

The class is a subclass of `Sampler`, whose fields are its settings, or any with a method
`sample(space, history, rng)`, whose arguments are. It is imported when it is first asked, by who may run it;
reading a job and looking at a search import nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cached_property
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from archscape.spaces.errors import Infeasible, InputError, JobError, SpaceError, about, suggest
from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.plain import Plain, plain
from archscape.spaces.language.settings import RULE, kinds_of
from archscape.spaces.language.user_errors import failures, place_of
from archscape.spaces.language.user_function import UserFunction, is_function, read_function

from ..study.proposal import Prediction, Proposal
from . import SAMPLERS
from .base import ASKS, Sampler

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

    from ..study.history import History, Record

EXAMPLE = "my_sampler.py:Mine"
CALLED_WITH = ("space", "history", "rng")


@dataclass(frozen=True, kw_only=True)
class OwnSampler(Sampler):
    """A class of the user's that samples, as a job names it; what it does and returns is checked.

    Attributes:
        function: The class, in a Python file.
        settings: Its settings, in plain values.
    """

    function: UserFunction
    settings: Mapping[str, Plain] = field(default_factory=dict)

    @classmethod
    def of(cls, sampler: Sampler) -> OwnSampler:
        """Return how a job names a sampler that is an object in Python.

        Raises:
            JobError: If workers cannot import its class.
        """
        changed = {
            each.name: value
            for each in fields(sampler)
            if each.init and (value := getattr(sampler, each.name)) != _default(each)
        }
        return cls(function=UserFunction.of(type(sampler)), settings=changed)

    @property
    def name(self) -> str:  # type: ignore[override]
        """How it is shown: `my_sampler.py:Mine`."""
        return self.function.name

    @property
    def looks_back(self) -> bool:  # type: ignore[override]
        """Whether a sample depends on how other trials ended, as its class says."""
        return bool(getattr(self._inner, "looks_back", True))

    def to_dict(self) -> dict[str, Any]:
        """Return it as a job has it."""
        return {RULE: str(self.function), **self.settings}

    @about("sampler")
    def check(self) -> None:
        """Check that it can be made with its settings, and asked for samples.

        Raises:
            InputError: If it cannot, with its place.
        """
        assert self._inner is not None

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        """Yield what it proposes, as far as it is within the limits of the space.

        Raises:
            InputError: If it raises, or does not return samples of the space; with the place.
        """
        self.check()
        with self._sampling():
            for proposal in self._proposals(space, history, rng):
                checked = replace(proposal, sample=self._checked(proposal.sample, space), sampler=self.name)
                if space.feasible(checked.sample):
                    yield checked

    def _proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        inner = self._inner
        if not isinstance(inner, Sampler):
            for _ in range(ASKS):
                yield Proposal(sample=inner.sample(space, history, rng))
            return
        for proposal in inner.proposals(space, history, rng):
            if not isinstance(proposal, Proposal):
                raise JobError(f"`proposals` yields Proposal(sample=...), but got {_shown(proposal)}")
            predicted = _predictions(proposal.predicted)
            yield replace(proposal, reason=str(proposal.reason), predicted=predicted)

    def recommend(self, space: Space, history: History) -> Record | None:
        """Return the trial that it recommends; where it says nothing on that, the best that was observed."""
        from ..study.history import Record  # who reads a job needs it not

        recommend = getattr(self._inner, "recommend", None)
        if recommend is None:
            return super().recommend(space, history)
        with self._sampling():
            record = recommend(space, history)
            if record is not None and not (isinstance(record, Record) and record in history.complete):
                raise JobError(f"`recommend` returns one of `history.complete`, but got {_shown(record)}")
            return record

    def expected(self, space: Space, history: History, record: Record) -> Mapping[str, Prediction]:
        """Return what it expects of the network of a trial; nothing where it has no model."""
        if not isinstance(self._inner, Sampler):
            return {}
        with self._sampling():
            return _predictions(self._inner.expected(space, history, record))

    @cached_property
    def _inner(self) -> Any:
        """What its class makes of its settings.

        Raises:
            InputError: If that fails.
        """
        cls = self.function.load()
        if not isinstance(cls, type):
            raise JobError(
                f"{self.name} is no class, but {_shown(cls)}; a sampler is a class, as in {EXAMPLE}"
            )
        settings = self._settings_of(cls)
        with failures(f"{self.name} cannot be made", where=self.function.file):
            inner = cls(**settings)
        names = ("proposals", "sample") if isinstance(inner, Sampler) else ("sample",)
        for name in names:
            self._check_method(inner, name)
        return inner

    def _settings_of(self, cls: type) -> dict[str, Any]:
        """Return the settings for a class, each of its kind where that is known.

        Raises:
            JobError: If one is unknown, missing or wrong.
        """
        known, open_ended = self._parameters(cls)
        for name in self.settings:
            if name not in known and not open_ended:
                remedy = suggest(name, known) if known else "; it has none"
                raise JobError(f"{self.name} has no setting '{name}'{remedy}")
        missing = [name for name, is_needed in known.items() if is_needed and name not in self.settings]
        if missing:
            example = f"{{{RULE}: {self.name}, {missing[0]}: ...}}"
            raise JobError(f"{self.name} needs its setting '{missing[0]}', as in {example}")
        kinds, values = kinds_of(cls) if issubclass(cls, Sampler) else {}, dict[str, Any]()
        for name, value in self.settings.items():
            try:
                values[name] = kinds[name].read(value) if name in kinds else value
            except ValueError:
                refusal = kinds[name].refusal(value, repr(value))
                raise JobError(f"{self.name}: {name} {refusal}") from None
        return values

    def _parameters(self, cls: type) -> tuple[dict[str, bool], bool]:
        """Return the settings of a class, and which are needed; and whether it takes any other one."""
        if issubclass(cls, Sampler):
            return {each.name: _default(each) is MISSING for each in fields(cls) if each.init}, False
        parameters = signature(cls).parameters.values()
        named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
        known = {each.name: each.default is Parameter.empty for each in parameters if each.kind in named}
        return known, any(each.kind is Parameter.VAR_KEYWORD for each in parameters)

    def _check_method(self, inner: object, name: str) -> None:
        """Check that a method takes what samplers are asked with.

        Raises:
            JobError: If there is none, or it takes other arguments; with its line.
        """
        method = getattr(inner, name, None)
        call = f"{name}({', '.join(CALLED_WITH)})"
        if not callable(method):
            raise JobError(f"{self.name} has no method `{call}`; a sampler needs it")
        try:
            signature(method).bind(*CALLED_WITH)
        except TypeError:
            law = f"{name}{signature(method)} takes other arguments: it is called as {call}"
            raise JobError(f"{_place(method) or self.function.file}: {self.name}: {law}") from None

    def _checked(self, sample: object, space: Space) -> Sample:
        """Return what was sampled, as a sample of the space.

        Raises:
            JobError: If it is none.
        """
        from archscape.spaces import Sample

        if not isinstance(sample, Sample):
            law = "`sample` returns a sample of the space, as `space.sample(rng)` does"
            raise JobError(f"{law}, but got {_shown(sample)}")
        try:
            return space.replay(sample.decisions)
        except SpaceError as error:
            raise JobError(f"`sample` returned a network of another space: {error}") from None

    @contextmanager
    def _sampling(self) -> Iterator[None]:
        """Let whatever goes wrong meanwhile end the search, with its place; no worker would do better."""
        try:
            yield
        except Infeasible:  # there is nothing to sample
            raise
        except (Exception, SystemExit) as error:
            text = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            line = place_of(error) or _place(getattr(self._inner, "sample", None)) or self.function.file
            failure = JobError(f"{line}: {self.name}: {' '.join(text.split())}")
            failure.setting = "sampler"
            raise failure from error


def is_own(tree: Tree) -> bool:
    """Return whether what a job has as its sampler names a class in a file."""
    rule = tree.get(RULE) if isinstance(tree, dict) else tree
    return isinstance(rule, str) and (is_function(rule) or rule.partition(":")[0].endswith(".py"))


def read_own(tree: Tree, document: Document, place: Place) -> OwnSampler:
    """Return the sampler of the user's that a document names at a place; nothing is imported.

    Raises:
        InputError: If there is none; with the place.
    """
    settings = dict(tree) if isinstance(tree, dict) else {RULE: tree}
    rule = (*place, RULE) if isinstance(tree, dict) else place
    function = read_function(settings.pop(RULE), document, rule)
    return OwnSampler(function=function, settings={name: plain(value) for name, value in settings.items()})


def as_job_names(sampler: Sampler) -> Sampler:
    """Return a sampler as a job can name it: one of the user's by its file."""
    if isinstance(sampler, OwnSampler):
        return sampler
    is_known = sampler.word in SAMPLERS and SAMPLERS.load(sampler.word) is type(sampler)
    return sampler if is_known else OwnSampler.of(sampler)


def _predictions(predicted: Mapping[str, Iterable[float]]) -> dict[str, Prediction]:
    return {name: Prediction(*map(float, each)) for name, each in predicted.items()}


def _default(each: Any) -> object:
    """Return the default of a field; MISSING if it has none."""
    return each.default if each.default_factory is MISSING else each.default_factory()


def _place(method: object) -> str:
    """Return the file and line of a method; "" if they are not known."""
    code = getattr(method, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return "None" if value is None else f"{text[:60]}{'…' * (len(text) > 60)}, {type(value).__name__}"
