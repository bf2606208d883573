"""What a search came to, in a line: what was trained, how far the study is, where the weights lie."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archscape.analysis.limits import violation
from archscape.analysis.metrics import score_of
from archscape.analysis.reports.format import plain_size, short_label, value
from archscape.analysis.results import OPEN, STOPPED_EARLY

from .folder import RunFolder
from .study.artifacts import Artifacts
from .study.budget import BUDGET, Budget
from .study.kept_weights import weights_bytes
from .study.trial_hash import CHOICES

if TYPE_CHECKING:
    from .study.reader import StudyReader
    from .study.trial import Trial


def closing(
    study: StudyReader, before: Mapping[str, int], *, trials: int, budget: Budget | None = None
) -> str:
    """Return what a search came to.

    Args:
        study: The study at its end.
        before: How many trials were in each state at its beginning.
        trials: How many the study may hold; 0 for any number.
        budget: What the search may spend, if anything limits that.
    """
    counts = study.counts()
    complete = counts.get("complete", 0)
    trained = complete - before.get("complete", 0)
    ended = sum(counts.values()) - sum(before.get(state, 0) for state in counts if state not in OPEN)
    what = "trial" if CHOICES in study.facts else "network"  # one may be trained in several ways
    now = f"{trained} {what}{'s' * (trained != 1)} trained" if ended else "nothing left to train"
    beyond = _beyond(study, study.trials()) if study.limits else 0
    others = [f"{beyond} of them {_limits(study)}"] if beyond else []
    early = sum(counts.get(state, 0) for state in STOPPED_EARLY)
    others += [f"{early} stopped early"] if early else []
    planned = max(trials, sum(counts.values()))
    amid = f", {', '.join(others)}," if others else ""
    state = f"{complete} of {planned} trials complete{amid} in study {study.name}"
    places = _places(study)
    weights = f"; weights in {', '.join(places)}" if complete and places else ""
    end = _budget_end(study, trials, budget)
    return f"{now}: {state}{weights}{end}{_other_than_best(study)}"


def _budget_end(study: StudyReader, trials: int, budget: Budget | None) -> str:
    """Return that the budget ended a search, and how it continues; "" if it did not."""
    limit = budget.forbids(study.spent(is_alive=False)) if budget else ""
    existing = study.trials() if limit else []
    cut = sum(trial.cause == BUDGET for trial in existing)
    if not limit or (trials and len(existing) >= trials and not cut):
        return ""
    left = f"; {cut} trial{'s were' if cut > 1 else ' was'} cut" if cut else ""
    return f"; its budget of {limit} ended it{left}: raise `budget:`, and the same command continues it"


def overview(study: StudyReader) -> list[str]:
    """Return how a study stands: its trials by state, the best of each objective, where its files are."""
    trials, counts = study.trials(), study.counts()
    lines = [", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no trial yet"]
    lines += [f"  failed: {cause} ({count})" for cause, count in study.failures().items()]
    for name in study.objectives:
        if best := _best(study, trials, name):
            lines.append(f"best {short_label(name)} {value(name, best.value)}: trial {best.number}")
    if recommended := _recommended(study):
        lines.append(f"recommended: {recommended}")
    if beyond := _beyond(study, trials):
        lines.append(f"{beyond} complete but {_limits(study)}")
    folder = study.address.folder
    places = {"files": [str(folder)] if study.owns(folder) else [], "weights": _places(study)}
    return lines + [f"{what} in {', '.join(found)}" for what, found in places.items() if found]


class _Best(NamedTuple):
    """The best trial by an objective, among the complete ones within the limits."""

    number: int
    value: float


def _best(study: StudyReader, trials: Sequence[Trial], name: str) -> _Best | None:
    """Return the best trial by an objective; None if there is none."""
    known = [
        _Best(trial.number, row[name])
        for trial in trials
        if trial.state == "complete" and name in (row := {**trial.costs, **trial.metrics})
        if not violation(study.limits, row)
    ]
    best = max if study.objectives[name] == "maximize" else min
    return best(known, key=attrgetter("value"), default=None)


def _recommended(study: StudyReader) -> str:
    """Return the trial that is recommended, and what is expected of its score; "" if none is."""
    known = study.recommended()
    if known is None:
        return ""
    text = f"trial {known['number']}"
    if "mean" in known:
        score = score_of(study.objectives, study.metrics)
        spread = f"{value(score, known['mean'])} ± {value(score, known['deviation'])}"
        text += f", of which {short_label(score)} {spread} is expected"
    return text


def _other_than_best(study: StudyReader) -> str:
    """Return which trial is recommended, where it is not the one that did best; or ""."""
    known, score = study.recommended(), score_of(study.objectives, study.metrics)
    best = _best(study, study.trials(), score) if score in study.objectives and known else None
    if known is None or best is None or best.number == known["number"]:
        return ""
    measured = f"trial {best.number} measured best, {value(score, best.value)}"
    return f"; recommended: {_recommended(study)}; {measured}"


def stopped(study: StudyReader, *, trials: int) -> str:
    """Return how far the study of a search is that did not come to its end; 0 is any number of trials."""
    counts = study.counts()
    begun = sum(counts.get(state, 0) for state in OPEN)
    more = f", and {begun} more begun" if begun else ""
    of = f" of {trials}" if trials else ""
    return f"stopped after {sum(counts.values()) - begun}{of} trials{more}"


def _beyond(study: StudyReader, trials: Sequence[Trial]) -> int:
    """Return how many complete trials are beyond the limits on what training gives."""
    complete = [trial for trial in trials if trial.state == "complete"]
    return sum(violation(study.limits, trial.metrics) > 0 for trial in complete)


def _limits(study: StudyReader) -> str:
    return "beyond " + ", ".join(f"{name} {limit}" for name, limit in study.limits.items())


def _places(study: StudyReader) -> list[str]:
    """Return the folders with the weights of a study; those on other machines with their hosts."""
    own = RunFolder(study.address.folder).checkpoints
    has_own = any(own.glob("*.safetensors"))
    places = [f"{own}{_used(own)}"] if has_own else []
    if (artifacts := Artifacts.of(study)) is not None:
        return [*places, str(artifacts)]
    for place in study.places().values():
        host, folder = place["host"], Path(place["folder"])
        if folder == own.resolve():
            continue
        if host != socket.gethostname():
            places.append(f"{host}:{folder}")
        elif folder.is_dir() or not has_own:  # else the folder was moved, or copied from another machine
            places.append(f"{folder}{_used(folder)}")
    return list(dict.fromkeys(places))


def _used(checkpoints: Path) -> str:
    """Return what the weights in a folder take of its disk, in brackets; "" if that is nothing."""
    count = weights_bytes(checkpoints)
    return f" ({plain_size(count)})" if count else ""
