"""A training by the user's function: each end has a name, and a call that was cut off goes on."""

from __future__ import annotations

import os
import pickle
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from archscape.search.training.outcome import Outcome
from archscape.search.training.own.call import call_function
from archscape.search.training.own.context import TrainContext
from archscape.search.training.own.metrics import ContractError
from archscape.search.training.own.settings import TrainFunction
from archscape.search.training.own.trial_files import TrialFiles
from archscape.spaces import Network
from archscape.spaces.language.user_function import UserFunction

Fit = Callable[[Network, TrainContext], Any]


@pytest.fixture
def call(network: Network, tmp_path: Path) -> Callable[..., Outcome]:
    """Calls a function for one network, whose files lie in a folder of the test's."""

    def call(function: Fit, *, epochs: int = 3, seconds: float | None = None, **others: Any) -> Outcome:
        named = UserFunction(file=__file__, function="fit")
        train = TrainFunction(call=named, epochs=epochs, seconds=seconds, settings={"rate": 0.1})
        arguments: dict[str, Any] = {
            "objectives": {"score": "maximize"},
            "files": TrialFiles.of(tmp_path, "hash"),
            "identity": {"seed": 7},
            "seed": 7,
            "device": "cpu",
            "log": lambda line: None,
        }
        return call_function(function, network, train, **{**arguments, **others})

    return call


def reporting(scores: Mapping[int, float]) -> Fit:
    """Return a function that reports a score for each epoch, and resumes after those it has a file of."""

    def fit(network: Network, context: TrainContext) -> dict[str, float]:
        score = 0.0
        for epoch, score in scores.items():
            file = context.checkpoints / str(epoch)
            if file.exists():
                continue
            file.touch()
            if not context.report(epoch, {"score": score}):
                break
        return {"score": score, "final": 1}

    return fit


def test_a_function_gets_its_context_and_gives_metrics_and_weights(
    call: Callable[..., Outcome], network: Network
) -> None:
    seen: list[TrainContext] = []

    def fit(network: Network, context: TrainContext) -> dict[str, object]:
        seen.append(context)
        model = network.build()
        for epoch in range(1, context.epochs + 1):
            assert context.report(np.int64(epoch), {"score": torch.tensor(epoch / 10), "loss": np.float32(1)})
        context.save(nn.DataParallel(model))
        return {"score": torch.tensor([0.5]), "calibration": 2}

    outcome = call(fit, device="cpu")
    (context,) = seen
    assert (context.settings, context.data, context.device) == ({"rate": 0.1}, None, "cpu")
    assert (context.seed, context.epochs, context.should_stop()) == (7, 3, False)
    assert outcome.status == "complete"
    assert outcome.metrics["score"] == 0.5
    assert (outcome.metrics["calibration"], outcome.metrics["epochs"]) == (2, 3)
    assert [(row["epoch"], round(row["score"], 6)) for row in outcome.history] == [
        (1, 0.1),
        (2, 0.2),
        (3, 0.3),
    ]
    assert outcome.state is not None
    torch.manual_seed(7)
    first = network.build().state_dict()  # weights follow from the seed
    assert all(torch.equal(value, outcome.state[name]) for name, value in first.items())


def test_a_context_is_not_for_other_processes(call: Callable[..., Outcome]) -> None:
    outcome = call(lambda network, context: pickle.dumps(context))
    assert "TypeError: a TrainContext stays in the process that was given it; hand on" in outcome.cause


def test_what_was_not_handed_over_is_not_there(call: Callable[..., Outcome]) -> None:
    assert call(reporting({1: 0.5})).state is None


def test_a_report_that_is_answered_no_prunes_and_the_promoted_call_goes_on(
    call: Callable[..., Outcome],
) -> None:
    """The folder of the function survives; the history holds what both calls reported."""
    fit = reporting({1: 0.1, 2: 0.2, 3: 0.3})
    pruned = call(fit, report=lambda epoch, row: epoch < 2)
    assert (pruned.status, len(pruned.history), pruned.metrics["score"]) == ("pruned", 2, 0.2)
    complete = call(fit)
    assert complete.status == "complete"
    assert [row["epoch"] for row in complete.history] == [1, 2, 3]
    assert complete.metrics["seconds"] > pruned.history[-1]["seconds"]


def test_a_folder_of_another_training_is_emptied(call: Callable[..., Outcome]) -> None:
    fit = reporting({1: 0.1, 2: 0.2, 3: 0.3})
    call(fit, report=lambda epoch, row: epoch < 2)
    reported: list[int] = []
    call(fit, identity={"seed": 8}, report=lambda epoch, row: reported.append(epoch))
    assert reported == [1, 2, 3]


def test_a_request_to_stop_interrupts_whatever_the_function_makes_of_it(call: Callable[..., Outcome]) -> None:
    def obstinate(network: Network, context: TrainContext) -> dict[str, float]:
        assert context.report(1, {"score": 1}) is False
        assert context.should_stop()
        raise RuntimeError("stopped")

    assert call(obstinate, should_stop=lambda: True).status == "interrupted"
    assert call(lambda network, context: {"score": 1}, should_stop=lambda: True).status == "interrupted"


def test_what_a_report_raises_passes_through_the_function(call: Callable[..., Outcome]) -> None:
    """Such as a lost lease: the function only hears that it is to stop."""

    class Lost(BaseException):
        pass

    def lose(epoch: int, row: Mapping[str, float]) -> bool:
        raise Lost

    with pytest.raises(Lost):
        call(reporting({1: 0.1, 2: 0.2}), report=lose)


def test_time_runs_out_at_a_report(call: Callable[..., Outcome]) -> None:
    outcome = call(reporting({1: 0.1, 2: 0.2}), seconds=1e-9)
    assert (outcome.status, outcome.cause) == ("timed_out", "the 1e-09 seconds of `train:` ended in epoch 1")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_divergence(call: Callable[..., Outcome], value: float) -> None:
    outcome = call(reporting({1: 0.1, 2: value}))
    assert (outcome.status, outcome.cause) == ("diverged", f"score is {value} in epoch 2")
    outcome = call(lambda network, context: {"score": value})
    assert (outcome.status, outcome.cause) == ("diverged", f"score is {value} in what <lambda> returned")
    outcome = call(lambda network, context: {"score": 1, "other": value})
    assert outcome.status == "complete"
    assert "other" not in outcome.metrics


def test_an_error_names_the_line_of_the_users_code(call: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "own_error.py").write_text(
        "import torch\n\n\ndef fit(network, context):\n    torch.ones(2) @ 3\n"
    )
    function = UserFunction.parse("own_error.py:fit", tmp_path)
    function.vouch()
    outcome = call(function.load())
    assert outcome.status == "error"
    assert outcome.cause.startswith(f"{tmp_path}/own_error.py:5: TypeError: ")
    assert "Traceback" in outcome.trace

    def exits(network: Network, context: TrainContext) -> None:
        raise SystemExit(3)

    assert "SystemExit: 3" in call(exits).cause

    def grows(network: Network, context: TrainContext) -> None:
        raise torch.OutOfMemoryError("no room")

    assert call(grows).status == "out_of_memory"


@pytest.mark.parametrize(
    ("returned", "law"),
    [
        (None, "it returned nothing; it has to be a mapping of metrics, as in {'accuracy': 0.9}"),
        (0.9, "it returned 0.9, a float; it has to be a mapping"),
        ({"score": "high"}, "it returned score: 'high', a str; a metric is a number"),
        ({"score": torch.ones(3)}, r"it returned score: Tensor of shape \(3,\); .item\(\) makes"),
        ({"score": None}, "it returned score: None, a NoneType; a metric is a number"),
        ({3: 0.1}, "it returned 3 as the name of a metric; a name is a text"),
        ({"params": 3, "score": 1}, "it returned 'params', which is known without it"),
        (
            {"scor": 0.1},
            "`score` is an objective or a limit of the job, but it returned only scor; add it there",
        ),
        ({}, "`score` is an objective or a limit of the job, but it returned none; add it there, or name"),
    ],
)
def test_what_is_no_metric_ends_the_search_with_the_place_of_the_function(
    call: Callable[..., Outcome], returned: object, law: str
) -> None:
    def fit(network: Network, context: TrainContext) -> object:
        return returned

    line = fit.__code__.co_firstlineno
    with pytest.raises(ContractError, match=f"test_call.py:{line}: fit: {law}") as caught:
        call(fit)
    assert caught.value.setting == "train"


@pytest.mark.parametrize(
    ("reports", "law"),
    [
        ([(0, 1)], r"it reported epoch 0, but epochs count from 1: `context.report\(epoch \+ 1"),
        ([(4, 1)], "it reported epoch 4, but `train:` gives it 3 epochs; .* raise `train: {epochs: 4}`"),
        ([(1, 1), (1, 1)], "it reported epoch 1 after epoch 1; each is reported once"),
        ([(1.0, 1)], "it reported epoch 1.0; an epoch is a whole number"),
        ([(1, "1")], "it reported score: '1', a str"),
    ],
)
def test_a_report_that_is_none_ends_the_search_even_if_the_function_hides_it(
    call: Callable[..., Outcome], reports: list[tuple[Any, Any]], law: str
) -> None:
    def fit(network: Network, context: TrainContext) -> dict[str, float]:
        try:
            for epoch, score in reports:
                context.report(epoch, {"score": score})
        except Exception:
            pass
        return {"score": 1}

    with pytest.raises(ContractError, match=law):
        call(fit)


def test_an_objective_is_missed_at_the_first_report(call: Callable[..., Outcome]) -> None:
    def fit(network: Network, context: TrainContext) -> dict[str, float]:
        context.report(1, {"accuracy": 1})
        raise AssertionError

    line = fit.__code__.co_firstlineno + 1
    with pytest.raises(ContractError, match=f"py:{line}: fit: `score` is an objective .* only accuracy; add"):
        call(fit)


def test_a_report_without_metrics_asks_alone_unless_early_stopping_compares_it(
    call: Callable[..., Outcome],
) -> None:
    def fit(network: Network, context: TrainContext) -> dict[str, float]:
        assert context.report(1)
        return {"score": 1}

    outcome = call(fit)
    assert (outcome.history, outcome.metrics["epochs"]) == ([], 1)
    with pytest.raises(
        ContractError, match="`score` is an objective or a limit of the job, but it reported none"
    ):
        call(fit, rungs=(1,), identity={"seed": 8})


def test_weights_of_another_network_are_refused(call: Callable[..., Outcome], network: Network) -> None:
    def saving(weights: object) -> Fit:
        def fit(network: Network, context: TrainContext) -> dict[str, float]:
            context.save(weights)  # type: ignore[arg-type]
            return {"score": 1}

        return fit

    state = network.build().state_dict()
    name = next(iter(state))
    for weights, law in (
        ({}, f"it saved weights without '{name}'"),
        ({**state, "more": torch.ones(1)}, "it saved weights with 'more'"),
        ({**state, name: torch.ones(1)}, rf"it saved '{name}' as \(1,\), but the network's is"),
    ):
        with pytest.raises(ContractError, match=law):
            call(saving(weights), identity={"of": law})


def test_globals_are_seeded_and_put_back(call: Callable[..., Outcome], tmp_path: Path) -> None:
    drawn = []

    def fit(network: Network, context: TrainContext) -> dict[str, float]:
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(0)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        os.chdir(tmp_path)
        return {"score": 1}

    def states() -> object:
        numpy = np.random.get_state(legacy=True)
        return random.getstate(), numpy[1].tolist(), torch.get_rng_state().tolist(), os.getcwd()

    before = states()
    call(fit)
    call(fit, identity={"another": "folder"})
    assert states() == before
    assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (torch.float32, True)
    assert drawn[0] == drawn[1]


def test_repeats_are_means_and_a_finished_one_is_not_called_again(call: Callable[..., Outcome]) -> None:
    calls: list[int] = []

    def fit(network: Network, context: TrainContext) -> dict[str, float]:
        calls.append(context.seed)
        if len(calls) == 2:
            raise KeyboardInterrupt
        score = 0.2 if context.seed == 7 else 0.6
        context.report(1, {"score": score})
        context.save(network.build())
        return {"score": score}

    reported: list[tuple[int, float]] = []

    def report(epoch: int, row: Mapping[str, float]) -> bool:
        reported.append((epoch, row["repeat"]))
        return True

    first = call(fit, repeats=2, report=report)
    assert first.cause.startswith("repeat 2 of 2: ")
    outcome = call(fit, repeats=2, report=report)
    assert calls[0] == 7
    assert len(calls) == 3
    assert calls[1] == calls[2]
    assert reported == [(1, 1), (4, 2)]
    assert outcome.metrics["score"] == pytest.approx(0.4)
    assert outcome.metrics["score_std"] == pytest.approx(0.2 * 2**0.5)
    assert (outcome.metrics["kept_repeat"], outcome.metrics["repeats"]) == (2, 2)
    assert [row["repeat"] for row in outcome.history] == [1, 2]
    assert outcome.state is not None
