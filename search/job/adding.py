"""Adding a network to a study: to be trained, or with a result that is known from elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from archscape.analysis.limits import MetricLimit
from archscape.spaces import Space
from archscape.spaces.errors import InputError, JobError, StudyError, about, suggest
from archscape.spaces.language.document import read_text

from ..costs.asked import AskedCosts, asked_costs
from ..costs.latency import LATENCY, parse_latency_limit
from ..samplers.trial_space import trial_space
from ..study.reader import StudyReader
from ..study.study import Study
from ..study.trial_hash import CHOICES
from ..training.choices.reading import read_any_recipe
from .enqueued import check_enqueued, read_enqueued


def add_network(study: Study, network: str, metrics: Iterable[str] = (), *, source: str = "") -> int:
    """Add a network to a study, whoever works on it; return the number of its trial.

    Args:
        study: The study.
        network: A name or a file; its decisions as JSON.
        metrics: What its training gave, each as `accuracy=0.91`; none if it is to be trained.
        source: Where that is known from.

    Raises:
        InputError: If it is no member of the space, or over its limits, or a metric is wrong or missing.
        StudyError: If the study has the network.
    """
    values = _read_metrics(study, metrics)
    if source and not values:
        raise InputError("--source says where a result is known from; give that with --metrics")
    space = space_of(study)
    sample = read_enqueued(_item(network), space, str)
    with about("network"):
        check_enqueued(sample, space, costs_of(study))
    number = study.add(sample, values or None, source=source)
    if number is None:
        digest = sample.hash()
        known = next(trial.number for trial in study.trials() if trial.hash == digest)
        alike = ", trained in this way" if CHOICES in study.facts else ""
        raise StudyError(f"{study.name}: trial {known} has this network{alike}")
    return number


def space_of(study: StudyReader) -> Space:
    """Return the space that the trials of a study come from."""
    space = Space.from_yaml(study.facts["space"])
    if CHOICES not in study.facts:
        return space
    document = read_text(json.dumps(study.facts["recipe"]), name="recipe", kind=JobError)
    return trial_space(space, read_any_recipe(document.tree, document, (), check=False))


def _item(text: str) -> object:
    """Return decisions as a mapping, and the name or the file of a network as it is."""
    if not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f'NETWORK: decisions are JSON, as in {{"stage1.depth": 2}}, but {error}') from None


def costs_of(study: StudyReader) -> AskedCosts:
    """Return what a study asks of a network before its training, with the limits that can be told then."""
    costs = asked_costs(study.facts, study.settings)
    limits = {
        name: MetricLimit.parse(text, study.metrics[name].unit)
        for name, text in study.facts.get("limits", {}).items()
        if study.metrics[name].is_known_before_training
    }
    latency, within = costs.latency, (study.facts.get(LATENCY) or {}).get("within")
    if latency is not None and within:
        latency = replace(latency, within=parse_latency_limit(within))
    return replace(costs, limits=limits, latency=latency)


def _read_metrics(study: Study, texts: Iterable[str]) -> Mapping[str, float]:
    """Return metrics by name; with any, all objectives and limits that only training tells are needed."""
    values: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        known = [name for name, metric in study.metrics.items() if not metric.is_known_before_training]
        if not equals or name not in known:
            law = f"it is NAME=VALUE, of a metric of training{suggest(name, known)}"
            raise InputError(f"--metrics {text}: {law}")
        values[name] = _number(text, number)
        if study.metrics[name].formatting == "share" and not 0 <= values[name] <= 1:
            raise InputError(f"--metrics {text}: {name} is a share, from 0 to 1")
    needed = [name for name in study.objectives if not study.metrics[name].is_known_before_training]
    missing = [name for name in (*needed, *study.limits) if name not in values]
    if values and missing:
        what = "objective" if missing[0] in needed else "limit on"
        raise InputError(f"--metrics: the study has the {what} {missing[0]}; give {missing[0]}=VALUE too")
    return values


def _number(text: str, number: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"--metrics {text}: it is a number, but got '{number}'")
    return value
