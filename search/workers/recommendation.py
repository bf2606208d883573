"""The trial that a search recommends when it ends: the one whose network to take, by its sampler."""

from __future__ import annotations

from collections.abc import Callable

from archscape.analysis.metrics import score_of
from archscape.spaces.errors import InputError

from ..samplers import Sampler
from ..study.history import History, Record
from ..study.proposal import Prediction
from ..study.study import Study
from .trial_source import SearchPlan


def note_recommended(study: Study, plan: SearchPlan, *, say: Callable[[str], object]) -> None:
    """Note in a study which trial its sampler recommends, and what that expects of the score.

    What is wrong with a sampler of the user's is said; the best result is recommended then.
    """
    history = plan.seen(study.history())
    try:
        record, expected = _recommended(plan, history)
    except InputError as error:
        say(f"{error}; the best result is recommended")
        record, expected = Sampler.recommend(plan.sampler, plan.space, history), {}
    if record is not None:
        study.recommend(record.number, expected.get(score_of(study.objectives, study.metrics)))


def _recommended(plan: SearchPlan, history: History) -> tuple[Record | None, dict[str, Prediction]]:
    record = plan.sampler.recommend(plan.space, history)
    if record is None:
        return None, {}
    return record, dict(plan.sampler.expected(plan.space, history, record))
