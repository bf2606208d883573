"""Details of one trial as JSON: values, decisions, network, epochs, the end of its log."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.strip import to_strip
from archscape.analysis.drawing.svg import to_svg
from archscape.analysis.reports.format import label, value
from archscape.spaces import Network
from archscape.spaces.errors import SpaceError
from archscape.spaces.loading import read_stored

from ..folder import TRIAL_LOG
from ..study.proposal_rows import ProposalRecord
from ..study.reader import StudyReader
from ..study.trial import Trial

LOG_BYTES = 32_000

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


def detail(study: StudyReader, number: int, logs: Path) -> dict[str, Json] | None:
    """Return a trial as JSON; None if there is none of this number.

    Raises:
        StudyError: If the database cannot be reached.
    """
    record = study.trial(number)
    if record is None:
        return None
    trial, epochs = record
    metrics = {**trial.costs, **trial.metrics}
    proposal = study.proposals(number, patience=0).get(number)
    names = ("number", "state", "cause", "message", "hash", "seed", "attempts", "rung", "started", "finished")
    return {
        **{name: getattr(trial, name) for name in names},
        "worker": trial.worker or trial.holder,
        "values": {label(name): value(name, float(number)) for name, number in metrics.items()},
        "proposal": {} if proposal is None else _proposal(proposal, metrics),
        "decisions": {path: str(option) for path, option in trial.decisions.items()},
        "network": _network(trial),
        "figure": f"figure/{number}.svg" if drawn(trial.network, "figure") else None,
        "epochs": [
            {name: number if math.isfinite(number) else None for name, number in epoch.items()}
            for epoch in epochs.values()
        ],
        **_log(logs / TRIAL_LOG.format(number)),
    }


def _proposal(record: ProposalRecord, metrics: Mapping[str, float]) -> dict[str, Json]:
    """Return who proposed a trial and why, what was expected of it, and what was measured, if it was."""
    predictions: list[Json] = [
        {"name": name, "measured": metrics.get(name), **prediction._asdict()}
        for name, prediction in record.predicted.items()
    ]
    return {"sampler": record.sampler, "reason": record.reason, "predictions": predictions}


def _log(path: Path) -> dict[str, Json]:
    """Return the end of a log and where it lies; each worker keeps the logs of its own trials."""
    text = tail(path)
    note = "" if text is not None else "is not on this machine; each worker keeps the logs of its own trials."
    return {"log": text, "log_place": f"{path.parent.name}/{path.name}", "log_note": note}


def tail(path: Path) -> str | None:
    """Return the last lines of a log; None if it does not lie here."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOG_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return None
    return text if size <= LOG_BYTES else text.partition("\n")[2]


@lru_cache(maxsize=256)
def drawn(network: str, what: Literal["figure", "strip"]) -> str:
    """Return a network, given as JSON, as SVG: its figure or itself in a line; "" if it cannot be read."""
    try:
        known = read_stored(network)
    except SpaceError:
        return ""
    if not isinstance(known, Network):
        return ""
    return to_strip(known) if what == "strip" else to_svg(draw(known))


def _network(trial: Trial) -> str:
    """Return the network of a trial as YAML; as it lies in the study if this version cannot read it."""
    try:
        return read_stored(trial.network).to_yaml()
    except SpaceError:
        with suppress(ValueError):
            return json.dumps(json.loads(trial.network), indent=2)
        return trial.network
