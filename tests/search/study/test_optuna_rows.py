"""Optuna's rows: through Optuna itself, every trial is what the study has, in every state."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState

from archscape import search
from archscape.analysis.results import FINAL, OPEN
from archscape.search.pruners import Pruner
from archscape.search.study.lease import Lease
from archscape.search.study.optuna_rows import SCHEMA_VERSION, STATES, load_models
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces import Space
from archscape.spaces.errors import StudyError

Finished = Callable[..., Result]
See = Callable[[Study], optuna.Study]
FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "seed": 0}


@pytest.fixture(params=["sqlite", "postgresql"])
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Study]:
    server = request.param == "postgresql"
    storage = request.getfixturevalue("postgres").url("mirrored") if server else ""
    with Study.open(tmp_path, name=tmp_path.name, storage=storage, facts=FACTS) as study:
        yield study


@pytest.fixture
def through_optuna() -> Iterator[See]:
    storages = []

    def see(study: Study) -> optuna.Study:
        target = str(study.address.target)
        server = target.replace("postgresql:", "postgresql+psycopg:")
        storages.append(optuna.storages.RDBStorage(server if "://" in target else f"sqlite:///{target}"))
        return optuna.load_study(study_name=study.name, storage=storages[-1])

    yield see
    for storage in storages:
        storage.engine.dispose()


def ask(study: Study, plan: SearchPlan, owner: Owner) -> Lease:
    lease = study.ask_unique(plan.propose, owner, trials=24)
    assert lease is not None
    return lease


def test_tables_of_the_installed_optuna_are_those_that_are_written() -> None:
    """Of each table, also the columns: an insert that names another one fails in a test of a study below."""
    models = load_models()
    assert models.SCHEMA_VERSION == SCHEMA_VERSION
    assert set(models.BaseModel.metadata.tables) == {
        *("studies", "study_directions", "study_system_attributes", "study_user_attributes"),
        *("trials", "trial_heartbeats", "trial_intermediate_values", "trial_params"),
        *("trial_system_attributes", "trial_user_attributes", "trial_values", "version_info"),
    }


@pytest.mark.parametrize("version", ["13", "unknown"])
def test_an_optuna_with_other_tables_is_an_error(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    models = load_models()
    if version == "unknown":
        monkeypatch.setitem(sys.modules, models.__name__, None)
    else:
        monkeypatch.setattr(models, "SCHEMA_VERSION", int(version))
    message = (
        f"Optuna {optuna.__version__} has tables of version {version}, but a study needs version 12; "
        "install Optuna 5.0"
    )
    with pytest.raises(StudyError, match=re.escape(message)):
        load_models()


def test_one_file_alone_names_the_private_tables_of_optuna() -> None:
    root = Path(str(search.__file__)).parent
    naming = [path.name for path in root.rglob("*.py") if "optuna.storages._" in path.read_text()]
    assert naming == ["optuna_rows.py"]


def test_every_state_has_its_word_in_optuna() -> None:
    assert set(STATES) == {*OPEN, *FINAL}
    assert all(STATES[state].is_finished() == (state in FINAL) for state in STATES)


def test_shows_states_values_and_attributes(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished, through_optuna: See, never: Pruner
) -> None:
    leases = [ask(study, plan, owner) for _ in range(5)]
    study.tell(finished(leases[0], 0.9))
    study.tell(finished(leases[1], status="failed", cause="diverged", message="loss is nan"))
    study.release(leases[2])
    study.report(leases[3], {1: {"accuracy": 0.3}}, pruner=never)
    seen = through_optuna(study)
    assert seen.directions == [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]
    assert [trial.state for trial in seen.trials] == [
        *(TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING, TrialState.WAITING, TrialState.RUNNING)
    ]
    complete, failed, *_, running = seen.trials
    assert complete.values == [0.9, leases[0].costs["macs"]]
    assert complete.user_attrs == {
        "hash": leases[0].hash,
        "seed": leases[0].seed,
        "costs": dict(leases[0].costs),
        "metrics": dict(finished(leases[0], 0.9).metrics),
        "worker": "w1",
        "proposal": {"sampler": "random"},
    }
    assert complete.datetime_start is not None
    assert complete.datetime_complete is not None
    assert complete.datetime_start <= complete.datetime_complete
    assert failed.values is None
    assert (failed.user_attrs["cause"], failed.user_attrs["message"]) == ("diverged", "loss is nan")
    assert (running.values, running.datetime_complete) == (None, None)
    assert [trial.number for trial in seen.best_trials] == [0]


def test_shows_trials_that_were_stopped_early_once_they_have_ended(
    study: Study, plan: SearchPlan, owner: Owner, through_optuna: See, never: Pruner
) -> None:
    lease = ask(study, plan, owner)
    study.report(lease, {1: {"accuracy": 0.3}}, pruner=never)
    study.release(lease)
    study.next_work(owner, trials=1, pruner=never)
    [trial] = through_optuna(study).trials
    assert trial.state == TrialState.PRUNED
    assert (trial.user_attrs["cause"], trial.user_attrs["message"]) == ("never", "nobody goes on")
    assert trial.user_attrs["metrics"]["accuracy"] == 0.3


def test_shows_parameters_with_their_options(
    study: Study, plan: SearchPlan, owner: Owner, through_optuna: See
) -> None:
    for _ in range(4):
        ask(study, plan, owner)
    for seen, trial in zip(through_optuna(study).trials, study.trials(), strict=True):
        assert seen.params == trial.decisions
        for path, option in seen.distributions.items():
            options = plan.space.paths[path]
            assert isinstance(option, IntDistribution)
            assert tuple(range(option.low, option.high + 1, option.step)) == tuple(options)


def test_shows_words_and_uneven_numbers_as_categories(
    study: Study, owner: Owner, plan: SearchPlan, through_optuna: See
) -> None:
    space = Space.from_yaml(
        "space: words\ninput: 1x8x8\nlayers:\n"
        "  - conv: {width: {4, 5, 9}, kernel: {1, 3}, act: {relu, silu}}\n  - linear: {width: 10}\n"
    )
    ask(study, replace(plan, space=space), owner)
    [seen] = through_optuna(study).trials
    [trial] = study.trials()
    assert seen.params == trial.decisions
    kinds = {path.rpartition(".")[2]: seen.distributions[path] for path in seen.params}
    assert kinds["width"] == CategoricalDistribution((4, 5, 9))
    assert kinds["act"] == CategoricalDistribution(("relu", "silu"))
    assert isinstance(kinds["kernel"], IntDistribution)


def test_shows_logarithmic_ranges_as_such(
    study: Study, owner: Owner, plan: SearchPlan, through_optuna: See
) -> None:
    space = Space.from_yaml(
        "space: logs\ninput: 1x8x8\nlayers:\n"
        "  - conv: {width: 4..64 log}\n  - dropout: {rate: 0.01..0.5 log}\n  - linear: {width: 10}\n"
    )
    ask(study, replace(plan, space=space), owner)
    [seen] = through_optuna(study).trials
    [trial] = study.trials()
    assert seen.distributions["conv.width"] == IntDistribution(4, 64, log=True)
    assert seen.distributions["dropout.rate"] == FloatDistribution(0.01, 0.5, log=True)
    assert seen.params == {path: float(option) for path, option in trial.decisions.items()}


def test_optuna_can_go_on_with_its_own_samplers(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished, through_optuna: See
) -> None:
    """What it reads is whole enough for a sampler to learn from it."""
    for number in range(12):
        study.tell(finished(ask(study, plan, owner), accuracy=number / 12))
    ours = through_optuna(study)
    copy = optuna.create_study(
        directions=ours.directions, sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=0)
    )
    copy.add_trials(ours.trials)
    path, option = next(iter(ours.trials[0].distributions.items()))
    assert isinstance(option, IntDistribution)
    assert (
        option.low <= copy.ask().suggest_int(path, option.low, option.high, step=option.step) <= option.high
    )


def test_removing_a_study_leaves_the_others(
    study: Study, plan: SearchPlan, owner: Owner, tmp_path: Path, through_optuna: See
) -> None:
    ask(study, plan, owner)
    storage = str(study.address.target)
    name = f"{study.name}-second"
    (tmp_path / "second").mkdir()
    with Study.open(tmp_path / "second", name=name, storage=storage, facts=FACTS) as other:
        ask(other, plan, owner)
        study.delete()
        assert len(other.trials()) == 1
        assert len(through_optuna(other).trials) == 1
    with pytest.raises(KeyError):
        through_optuna(study)
