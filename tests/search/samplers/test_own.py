"""Samplers of the user's own: read from a job without being imported, checked, and asked as any other."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Annotated

import pytest

from archscape.search import make_job
from archscape.search.job import Job, read_job
from archscape.search.samplers import Sampler, make_sampler
from archscape.search.samplers.base import propose_unique
from archscape.search.samplers.own import OwnSampler
from archscape.search.study.history import History, Record
from archscape.spaces import Sample, Space
from archscape.spaces.errors import CodeNotRun, InputError, JobError
from archscape.spaces.kinds import whole
from archscape.spaces.language import user_function, uses
from archscape.spaces.language.user_function import UserFunction

PLAIN = """\
class Plain:
    def __init__(self, alpha=1, name="x"):
        self.alpha, self.name = alpha, name

    def sample(self, space, history, rng):
        return space.sample(rng)
"""

SUBCLASS = """\
from dataclasses import dataclass
from typing import Annotated
from archscape.search.samplers import Proposal, Prediction, Sampler
from archscape.spaces.kinds import whole


@dataclass(frozen=True, kw_only=True)
class Mine(Sampler):
    startup: Annotated[int, whole(0)] = 4

    def proposals(self, space, history, rng):
        expected = Prediction(self.startup, 0.5, 1)
        yield Proposal(sample=space.sample(rng), reason="a guess", predicted={"accuracy": expected})

    def recommend(self, space, history):
        return history.complete[-1]
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was named or imported in this process yet."""
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_sampler", raising=False)


def job(folder: Path, sampler: str, code: str = PLAIN + SUBCLASS) -> Job:
    (folder / "own_sampler.py").write_text(code)
    (folder / "job.yaml").write_text(f"search: a\nspace: digits\ndata: digits\nsampler: {sampler}\n")
    return read_job(folder / "job.yaml")


def own(folder: Path, code: str, **settings: int | str) -> OwnSampler:
    """Return the sampler `Mine` of a file, which may run."""
    (folder / "own_sampler.py").write_text(code)
    function = UserFunction(file=str(folder / "own_sampler.py"), function="Mine")
    function.vouch()
    return OwnSampler(function=function, settings=settings)


def nothing_tried() -> History:
    return History(objectives={"accuracy": "maximize"})


def test_any_class_with_a_method_samples_with_its_arguments_as_settings(tmp_path: Path) -> None:
    sampler = job(tmp_path, "{rule: own_sampler.py:Plain, alpha: 2.5, name: b}").sampler
    assert isinstance(sampler, OwnSampler)
    assert "own_sampler" not in sys.modules
    proposal = propose_unique(make_sampler(sampler), Space.load("digits"), nothing_tried(), Random(0))
    assert (proposal.sampler, proposal.reason, dict(proposal.predicted)) == ("own_sampler.py:Plain", "", {})
    assert (sampler._inner.alpha, sampler._inner.name) == (2.5, "b")


def test_subclass_proposes_with_reasons_and_predictions_and_recommends(tmp_path: Path) -> None:
    sampler = job(tmp_path, "{rule: own_sampler.py:Mine, startup: 2}").sampler
    assert isinstance(sampler, Sampler)
    proposal = propose_unique(sampler, Space.load("digits"), nothing_tried(), Random(0))
    assert (proposal.sampler, proposal.reason) == ("own_sampler.py:Mine", "a guess")
    assert proposal.predicted == {"accuracy": (2.0, 0.5, 1.0)}
    history = nothing_tried()
    history.complete += [Record(number=n, decisions={}, values=(v,)) for n, v in enumerate((0.9, 0.1))]
    assert sampler.recommend(Space.load("digits"), history) is history.complete[1]
    plain = job(tmp_path, "own_sampler.py:Plain").sampler
    assert isinstance(plain, Sampler)
    assert plain.recommend(Space.load("digits"), history) is history.complete[0]


def test_job_as_run_names_it_by_its_full_path(tmp_path: Path) -> None:
    read = job(tmp_path, "{rule: own_sampler.py:Mine, startup: 2}")
    again = tmp_path / "run" / "job.yaml"
    again.parent.mkdir()
    again.write_text(read.to_yaml(space="digits"))
    assert read_job(again, runs="nothing").sampler == read.sampler
    assert [*read.code()] == [str(tmp_path / "own_sampler.py")]
    assert "code" not in read.facts()
    assert read.settings()["code"]["sampler"]["call"] == "own_sampler.py:Mine"


def test_what_a_stored_job_names_is_not_run(tmp_path: Path) -> None:
    read = job(tmp_path, "own_sampler.py:Plain")
    uses._vouched.clear()
    stored = read_job(tmp_path / "job.yaml", runs="nothing")
    assert stored.sampler == read.sampler
    assert isinstance(stored.sampler, OwnSampler)
    with pytest.raises(CodeNotRun, match=r"'own_sampler\.py' is code and was not run"):
        stored.sampler.check()
    assert "own_sampler" not in sys.modules


@dataclass(frozen=True, kw_only=True)
class Here(Sampler):
    """A sampler in the file of a test."""

    startup: Annotated[int, whole(0)] = 4

    def sample(self, space: Space, history: History, rng: Random) -> Sample:
        """Return a random sample."""
        return space.sample(rng)


def test_python_gives_the_class_or_an_object_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__, type(sys)("here")))
    monkeypatch.setattr(sys.modules[__name__], "__file__", __file__, raising=False)
    monkeypatch.setattr(sys.modules[__name__], "Here", Here, raising=False)
    named = OwnSampler(function=UserFunction(file=str(Path(__file__).resolve()), function="Here"))
    settings = {"space": "digits", "data": "digits"}
    assert make_job(**settings, sampler=Here).sampler == named
    assert make_job(**settings, sampler=Here()).sampler == named
    changed = make_job(**settings, sampler=Here(startup=1))
    assert changed.sampler == replace(named, settings={"startup": 1})
    assert replace(changed, sampler=Here()).sampler == named


def test_class_without_a_name_is_called_as_it_is() -> None:
    assert Here().name == "Here"
    with pytest.raises(JobError, match="Here: startup is a whole number from 0, but got -1"):
        Here(startup=-1)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        ("own_sampler.py", r":4:10: 'own_sampler.py' is no function in a file: write FILE.py:name"),
        ("other.py:Mine", r":4:10: there is no file '.*other\.py'"),
        ("own_sampler.py:Main", r":4:10: .*own_sampler\.py has no 'Main'; did you mean 'Mine'\?"),
        ("{rule: own_sampler.py:Main, alpha: 1}", r":4:17: .* has no 'Main'; did you mean 'Mine'\?"),
        ("{rule: auto, startup: 3}", r":4:23: auto has no settings; name the sampler whose settings these"),
        ("atuo", r":4:10: no sampler 'atuo'; did you mean 'auto'\?"),
    ],
)
def test_what_a_job_cannot_name_is_said_with_its_place(tmp_path: Path, sampler: str, message: str) -> None:
    with pytest.raises(JobError, match=message):
        job(tmp_path, sampler)


@pytest.mark.parametrize(
    ("code", "settings", "message"),
    [
        ("def Mine(): pass\n", {}, r"own_sampler\.py:Mine is no class, but <function Mine"),
        ("class Mine:\n    pass\n", {}, r"has no method `sample\(space, history, rng\)`; a sampler needs it"),
        (
            "class Mine:\n    def sample(self, space):\n        pass\n",
            {},
            r"own_sampler\.py:2: own_sampler\.py:Mine: sample\(space\) takes other arguments: it is called",
        ),
        (SUBCLASS, {"strtup": 3}, r"own_sampler\.py:Mine has no setting 'strtup'; did you mean 'startup'\?"),
        (SUBCLASS, {"startup": -3}, r"Mine: startup is a whole number from 0, but got -3"),
        (PLAIN.replace("Plain", "Mine"), {"beta": 3}, r"has no setting 'beta'; it knows alpha, name"),
        (
            PLAIN.replace("Plain", "Mine").replace("alpha=1", "alpha"),
            {},
            r"needs its setting 'alpha', as in \{rule: own_sampler\.py:Mine, alpha: \.\.\.\}",
        ),
        ("import nowhere\nclass Mine: pass\n", {}, r"own_sampler\.py:1: cannot be imported: ModuleNotFound"),
        (
            "class Mine:\n    def __init__(self):\n        1 / 0\n",
            {},
            r"own_sampler\.py:3: own_sampler\.py:Mine cannot be made: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_class_that_is_no_sampler_is_refused(
    tmp_path: Path, code: str, settings: dict[str, int | str], message: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        own(tmp_path, code, **settings).check()
    assert raised.value.setting == "sampler"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return None", r"own_sampler\.py:2: .*`sample` returns a sample of the space, .* but got None"),
        ("return {'w': 3}", r"but got \{'w': 3\}, dict"),
        ("raise KeyError('w')", r"own_sampler\.py:3: own_sampler\.py:Mine: KeyError: 'w'"),
        ("return space.replay({})", r"own_sampler\.py:3: own_sampler\.py:Mine: space digits: .* is missing"),
        ("raise SystemExit(3)", r"own_sampler\.py:3: own_sampler\.py:Mine: SystemExit: 3"),
        (
            "from archscape.spaces import Space; return Space.load('cifar').sample(rng)",
            r"`sample` returned a network of another space: space digits",
        ),
    ],
)
def test_what_goes_wrong_while_it_samples_is_said_with_its_line(
    tmp_path: Path, body: str, message: str
) -> None:
    sampler = own(tmp_path, f"class Mine:\n    def sample(self, space, history, rng):\n        {body}\n")
    with pytest.raises(InputError, match=message) as raised:
        propose_unique(sampler, Space.load("digits"), nothing_tried(), Random(0))
    assert raised.value.setting == "sampler"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("yield space.sample(rng)", r"`proposals` yields Proposal\(sample=...\), but got"),
        ("yield Proposal(sample=space.sample(rng), predicted={'a': (1, 2)})", "TypeError"),
    ],
)
def test_proposals_that_are_none_are_refused(tmp_path: Path, body: str, message: str) -> None:
    head, _, _ = SUBCLASS.partition("        expected")
    with pytest.raises(InputError, match=message):
        next(
            own(tmp_path, f"{head}        {body}\n").proposals(
                Space.load("digits"), nothing_tried(), Random(0)
            )
        )


def test_what_is_beyond_the_limits_of_the_space_costs_no_trial(tmp_path: Path) -> None:
    loose = Space.load("digits")
    space = loose.tighten({"params": "..5k"})
    large = max((loose.sample(Random(seed)) for seed in range(9)), key=lambda sample: sample.totals.params)
    assert not space.feasible(space.replay(large.decisions))
    body = f"return space.replay({dict(large.decisions)})"
    code = f"class Mine:\n    def sample(self, space, history, rng):\n        {body}\n"
    proposal = propose_unique(own(tmp_path, code), space, nothing_tried(), Random(0))
    assert space.feasible(proposal.sample)
