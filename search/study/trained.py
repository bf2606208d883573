"""Trained trials of a study: which ones are complete, their networks and weights; nothing is run."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.analysis.limits import violation
from archscape.analysis.results import ADDED
from archscape.spaces.errors import CodeNotRun, InputError
from archscape.spaces.language.written import WrittenNetwork
from archscape.spaces.loading import read_stored

from .artifacts import Artifacts
from .kept_weights import ALL
from .secrets import hide_secrets

if TYPE_CHECKING:
    from torch import Tensor

    from archscape.spaces import Network

    from .reader import StudyReader
    from .trial import Trial


def weights_file(study: StudyReader, trial: Trial) -> Path:
    """Return the file with the weights of a trial: in the folder of the run, or where the study knows them.

    Raises:
        InputError: If it is in neither place.
    """
    written = study.places().get(trial.number)
    here, there = weights_paths(study, trial, written)
    file = next((file for file in (here, there) if file.is_file()), None)
    if file is not None:
        return file
    if trial.cause == ADDED:
        law = "was added with a result that was known, and has no weights"
        raise InputError(f"trial {trial.number} {law}; choose another with --trial")
    places = Artifacts.all_of(study)
    if any(_fetch(artifacts, study, trial, here) for artifacts in places):
        return here
    if trial.number not in (kept := kept_numbers(study)):
        law = f"the job says `keep: {study.settings['keep']}`, and others are better"
        held = f"those of {'trial' if len(kept) == 1 else 'trials'} {', '.join(map(str, kept))} are"
        raise InputError(f"{here}: the weights of trial {trial.number} were not kept: {law}; {held}")
    nor = "".join(f", nor in {artifacts}" for artifacts in places)
    if written is None or (written["host"], there) == (socket.gethostname(), here.resolve()):
        raise InputError(f"{here}: the weights of trial {trial.number} are missing{nor and f' here{nor}'}")
    raise InputError(
        f"{here}: the weights of trial {trial.number} are not here{nor}; they were written on "
        f"{written['host']} to {there}: run this there, or copy them"
    )


def weights_paths(study: StudyReader, trial: Trial, written: Mapping[str, str] | None) -> tuple[Path, Path]:
    """Return where the weights of a trial may lie: in the folder of the run, and where they were written.

    Args:
        study: The study.
        trial: The trial.
        written: What `study.places` has of it.
    """
    name = f"{trial.hash}.safetensors"
    here = study.address.folder / "checkpoints" / name
    return here, Path(written["folder"], name) if written else here


def _fetch(artifacts: Artifacts, study: StudyReader, trial: Trial, target: Path) -> bool:
    """Bring the weights of a trial from artifacts to a file; False if they are not there.

    Raises:
        InputError: If they cannot be read, or are not those of the trial; the file is not written then.
    """
    from ..training.weights import read_weights

    digest = study.weights_digest(trial)
    whose = f"the weights of trial {trial.number} there"
    try:
        return bool(digest) and artifacts.fetch(
            trial.hash, digest, target, check=partial(read_weights, digest=digest, whose=whose)
        )
    except InputError as error:
        reason = str(error).partition(f": {whose}")[2]
        remedy = "bring the file back from a copy, or choose another trial with --trial"
        raise InputError(f"{artifacts}: {whose}{reason}; {remedy}") from None
    except Exception as error:  # whatever a file system raises
        raise InputError(f"{artifacts}: cannot be read: {hide_secrets(str(error))}") from None


def kept_numbers(study: StudyReader) -> list[int]:
    """Return the complete trials whose weights are kept, by number."""
    kept = study.kept_weights(study.settings.get("keep", ALL))
    study.weights_to_remove(kept)
    return sorted(kept.held)


def trained(
    study: StudyReader, number: str, *, note: Callable[[str], None]
) -> tuple[Trial, Network, dict[str, Tensor], dict[str, str]]:
    """Return a trial, its network, its trained weights by today's names, and the data they were trained on.

    The last holds `data`, and `mean` and `std` of each channel as JSON: a sample is `(source - mean) / std`.

    Args:
        study: The study; it knows where weights lie that are not in the folder that it is seen from.
        number: `best`, the complete trial with the best first objective (of those within the limits, if any
            is), or a trial's number.
        note: Takes a line if the study keeps no digest of its weights, which cannot be checked then.

    Raises:
        InputError: If there is no such trial, it is not complete, or its weights are missing or damaged.
        CodeNotRun: If its network uses Python that nobody named to be run.
    """
    from archscape.spaces.codegen.old_names import names_of_today, old_names

    from ..training.weights import read_weights

    trial = complete_trial(study, number)
    network = network_of(study, trial)
    if isinstance(network, WrittenNetwork):
        raise CodeNotRun(f"trial {trial.number}: {network.note}; {network.remedy}")
    digest = study.weights_digest(trial)
    if why := why_no_weights(study, trial):
        raise InputError(f"trial {trial.number}: {why}")
    if not digest:
        note(f"trial {trial.number}: no digest of its weights is kept: weights not checked")
    file = weights_file(study, trial)
    try:
        weights = read_weights(file, digest=digest, whose=f"the weights of trial {trial.number}")
    except (InputError, OSError) as error:
        reason = f"{file}: cannot be read: {error.strerror}" if isinstance(error, OSError) else error
        remedy = "bring the file back from a copy, or choose another trial with --trial"
        raise InputError(f"{reason}; {remedy}") from None
    state = names_of_today(weights.state, old_names(network.body))
    return trial, network, state, dict(weights.metadata)


def why_no_weights(study: StudyReader, trial: Trial) -> str:
    """Return why a complete trial has no weights: its training function handed none over; "" if it has."""
    train = study.facts.get("train")
    if not train or study.weights_digest(trial):
        return ""
    return f"{train['call']} kept none; a training function hands them over with `context.save(module)`"


def network_of(study: StudyReader, trial: Trial) -> Network | WrittenNetwork:
    """Return the network of a trial under the name that it is exported by; nothing is run."""
    return replace(read_stored(trial.network), name=f"{study.name}-{trial.number}")


def complete_trial(study: StudyReader, number: str = "best") -> Trial:
    """Return a complete trial by its number, or the `best`, by the first objective.

    Raises:
        InputError: If there is no such trial, or it is not complete.
    """
    complete = _complete(study)
    if number == "best":
        objective, direction = next(iter(study.objectives.items()))
        sign = -1 if direction == "maximize" else 1

        def badness(number: str) -> tuple[float, float]:
            metrics = complete[number].metrics
            return violation(study.limits, metrics), sign * metrics[objective]

        number = min(complete, key=badness)
    if number not in complete:
        numbers = ", ".join(complete)
        law = f"no trial '{number}' is complete; those that are: {numbers}"
        raise InputError(f"{study.address.folder}: {law}")
    return complete[number]


def frontier_trials(study: StudyReader) -> list[Trial]:
    """Return the complete trials that no other dominates, by number.

    Raises:
        InputError: If no trial is complete.
    """
    from .frontier import FrontierState

    complete = _complete(study)
    state = FrontierState(objectives=study.objectives)
    for trial in complete.values():
        values = {**trial.costs, **trial.metrics}
        state.add(trial.number, values, ended=0, violation=violation(study.limits, values))
    return [complete[str(number)] for number in sorted(state.front)]


def _complete(study: StudyReader) -> dict[str, Trial]:
    complete = {str(trial.number): trial for trial in study.trials() if trial.state == "complete"}
    if not complete:
        raise InputError(f"{study.address.folder}: no trial is complete, so there is nothing to export")
    return complete
