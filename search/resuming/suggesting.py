"""Proposing networks from what a study has tried, without training one: what a sampler would try next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from archscape.spaces.errors import InputError

from ..job.adding import costs_of, space_of
from ..samplers import AUTO, Sampler, make_sampler
from ..samplers.auto import choose_sampler
from ..samplers.base import propose_unique
from ..study.history import Record
from .differences import differences
from .sampler import kept_sampler, vouch_kept

if TYPE_CHECKING:
    from archscape.spaces import Space

    from ..study.history import History
    from ..study.proposal import Proposal
    from ..study.study import Study


def suggest(
    study: Study, number: int, *, sampler: str | Sampler = "", seed: int | None = None
) -> Iterator[Proposal]:
    """Yield what is to be tried next; each proposal sees those before it as trials that run.

    With the sampler and the seed of the study these are the very networks that its search would try, as far
    as no trial ends meanwhile and its job enqueues none. Nothing is written.

    Args:
        study: The study.
        number: How many.
        sampler: In place of the study's.
        seed: In place of the study's.

    Raises:
        Exhausted: If there is no further network that it has not tried.
        InputError: If a sampler of the user's is not there, has changed, or does not work.
    """
    space, asked = space_of(study), costs_of(study)
    chosen = make_sampler(_sampler(study, space, sampler))
    settings: dict[str, Any] = study.facts.get("train") or study.facts.get("recipe") or {}
    history = replace(
        study.history(),
        asked=asked,
        trials=study.settings.get("trials", 0),
        epochs=settings.get("epochs", 0),
    )
    for _ in range(number):
        rng = Random(f"{study.facts['seed'] if seed is None else seed}:{history.next_number}")
        proposal = propose_unique(chosen, space, _as_search_sees(history, study.lag), rng)
        yield proposal
        history = _with_pending(history, proposal)


def check_space(study: Study, space: Space, name: str) -> None:
    """Check that a space is the one that a study searches, limits of its job apart.

    Raises:
        InputError: If it is another one; with the first difference.
    """
    kept = study.settings.get("space", study.facts["space"])
    changed = differences({"space": kept}, {"space": space.to_yaml()})
    if changed:
        (what, (old, new)), *_ = changed.items()
        law = f"{study.name} searches another space than {name}: its {what} {old}, there {new}"
        raise InputError(f"--from: {law}; give the space of that search, as in RUN/space.yaml")


def _sampler(study: Study, space: Space, sampler: str | Sampler) -> str | Sampler:
    kept = "" if sampler else kept_sampler(study)
    vouch_kept(study, kept)
    sampler = sampler or kept
    if sampler not in ("", AUTO):
        return sampler
    known = sum(study.metrics[name].is_known_before_training for name in study.objectives)
    measured, trials = len(study.objectives) - known, study.settings.get("trials", 0)
    return choose_sampler(space, trials=trials, measured=measured, known=known).sampler


def _as_search_sees(history: History, lag: int | None) -> History:
    """Return what a proposal sees: in a deterministic study not how the latest trials ended."""
    if lag is None:
        return history
    return history.until(min([history.next_number - lag + 1, *history.pending]))


def _with_pending(history: History, proposal: Proposal) -> History:
    """Return a history in which a proposal is being tried."""
    sample, number = proposal.sample, history.next_number
    record = Record(
        number=number,
        decisions=sample.decisions,
        hash=sample.hash(),
        metrics=history.costs_of(sample),
    )
    return replace(
        history,
        pending={**history.pending, number: record},
        hashes=history.hashes | {record.hash},
        next_number=number + 1,
    )
