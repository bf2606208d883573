"""How a job differs from the study that it resumes: refused where trials would not compare, else told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import TARGET
from archscape.spaces.errors import JobError

from ..job.objectives import unit_of
from ..study.kept_weights import ALL
from ..study.trial_hash import CHOICES

if TYPE_CHECKING:
    from ..job import Job
    from ..study.reader import StudyReader

WITHIN = "within"
USES = "uses"
CODE = "code"
LIMITS = "limits"
MEASURED = (LIMITS, "metrics", TARGET)
"""Facts that only studies with metrics or limits of their own, or a small device, have."""

MAY_CHANGE = (
    *("sampler", "trials", "budget", "enqueue", "workers", "device", "lease", "cache"),
    *("keep", "artifacts", "track"),
)
"""Settings of a job that may change over the life of a study; all others are facts of it."""


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the facts in which a study and a job differ, each by its name in the job, with both values."""
    changed: dict[str, tuple[str, str]] = {}
    for key, value in {**dict.fromkeys(key for key in MEASURED if key in old), **new}.items():
        known = old.get(key)
        if known == value or key == CHOICES:  # those follow from the recipe
            continue
        if key == "space":
            changed |= _of_spaces(str(known), str(value))
        elif key == USES:
            changed[key] = _of_files(known or {}, value), _of_files(value, known or {})
        elif key == CODE:
            old_files, new_files = _files(known or {}), _files(value)
            changed[key] = _of_files(old_files, new_files), _of_files(new_files, old_files)
        elif key == LIMITS:
            names = list({**(known or {}), **(value or {})})
            changed[WITHIN] = _limits(_written(known or {}), names), _limits(_written(value or {}), names)
        elif key == "deterministic":
            changed[key] = _deterministic(known), _deterministic(value)
        elif isinstance(known, dict) and isinstance(value, dict):
            keys = [name for name in {**known, **value} if known.get(name) != value.get(name)]
            changed[key] = shown(_some(known, keys)), shown(_some(value, keys))
        else:
            changed[key] = shown(known), shown(value)
    return changed


def changes(old: str, new: str) -> str:
    """Return in words which settings of a job that may change have changed; "" if none.

    Args:
        old: The job that the study was worked on with, as YAML.
        new: The one it is resumed with.
    """
    before, after = ({"keep": ALL} | yaml.safe_load(job) for job in (old, new))
    pairs = [(name, before.get(name), after.get(name)) for name in MAY_CHANGE]
    return ", ".join(f"{name}: {shown(b)} (was {shown(a)})" for name, a, b in pairs if a != b)


def differences_of(study: StudyReader, job: Job) -> dict[str, tuple[str, str]]:
    """Return in which facts a job differs from its study.

    A deterministic study keeps the number of workers that it began with. Of the files that the space uses, an
    earlier version may not have kept the content.
    """
    facts, known = job.facts(), dict(study.facts)
    if job.deterministic and known.get("deterministic"):
        facts["deterministic"] = known["deterministic"]
    if USES in facts:
        known[USES] = facts[USES] if study.uses is None else study.uses
    return differences(known, facts)


def check_same(study: StudyReader, job: Job) -> None:
    """Check that a study was begun with the same job, in what its trials depend on.

    Raises:
        JobError: If it was not.
    """
    changed = differences_of(study, job)
    if changed:
        folder = study.address.folder
        (name, (old, new)), *others = changed.items()
        more = f" (and another {', '.join(other for other, _ in others)})" if others else ""
        elsewhere = "choose another folder with --out"
        remedy = f"resume it with {folder / 'job.yaml'}, or {elsewhere}"
        if study.address.storage:
            remedy = elsewhere = "give the search another name, and another folder with --out"
        if name in (USES, CODE):
            remedy = f"the code of its trials has changed: bring the old one back, or {elsewhere}"
        raise JobError(f"{folder}: its study began with {name} {old}, but the job has {new}{more}; {remedy}")


def notes_on(study: StudyReader, job: Job) -> list[str]:
    """Return what is other than before where a search resumes, a line each."""
    trials, notes = sum(study.counts().values()), []
    if trials and (changed := changes(study.settings["job"], job.to_yaml(space="space.yaml"))):
        notes.append(f"{job.search} resumes with {changed}")
    before, now = study.settings.get(CODE, {}), job.sampler_code
    if trials and any(name in before and before[name] != code for name, code in now.items()):
        notes.append(f"{job.search} resumes with another content of {now['sampler']['call']}")
    if trials > job.trials:
        notes.append(f"{job.search} has {trials} trials, more than the {job.trials} asked for; all are kept")
    return notes


def _of_spaces(old: str, new: str) -> dict[str, tuple[str, str]]:
    """Return how two spaces differ: in their limits, which a job may tighten, or in the first other line."""
    before, after = yaml.safe_load(old), yaml.safe_load(new)
    limits, wanted = before.pop(WITHIN, None) or {}, after.pop(WITHIN, None) or {}
    changed = {}
    if before != after:
        lines = set(old.splitlines()), set(new.splitlines())
        a = next((line for line in old.splitlines() if line not in lines[1]), "")
        b = next((line for line in new.splitlines() if line not in lines[0]), "")
        changed["space"] = f"`{a.strip()}`", f"`{b.strip()}`"
    if limits != wanted:
        names = [name for name in {**limits, **wanted} if limits.get(name) != wanted.get(name)]
        changed[WITHIN] = _limits(limits, names), _limits(wanted, names)
    return changed


def _of_files(digests: Mapping[str, str], others: Mapping[str, str]) -> str:
    """Return the Python files whose content is another one, each with the begin of its SHA-256."""
    changed = [name for name, digest in digests.items() if others.get(name) != digest]
    return ", ".join(f"{name} (SHA-256 {digests[name][:12]})" for name in changed) or "none"


def _files(code: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of each file of the user's functions, by its path in the folder of its function."""
    return {name: digest for function in code.values() for name, digest in function["files"].items()}


def _written(limits: Mapping[str, str]) -> dict[str, str]:
    """Return limits on metrics, as a study keeps them, as a job writes them."""
    return {name: str(MetricLimit.parse(text, unit_of(name))) for name, text in limits.items()}


def _limits(limits: Mapping[str, Any], names: list[str]) -> str:
    return "{" + ", ".join(f"{name}: {limits.get(name, 'no limit')}" for name in names) + "}"


def _some(values: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}


def _deterministic(fact: Mapping[str, int] | None) -> str:
    return f"true, with `workers: {fact['workers']}`" if fact else "false"


def shown(value: object) -> str:
    """Return a setting as a job has it, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_part(each)}" for name, each in value.items()) + "}"
    return "none" if value is None else str(value)


def _part(value: object) -> str:
    """Return a part of a setting as a job has it: behind options of a choice there is nothing."""
    if isinstance(value, Mapping):
        parts = (name if each is None else f"{name}: {_part(each)}" for name, each in value.items())
        return "{" + ", ".join(parts) + "}"
    return f"[{', '.join(map(_part, value))}]" if isinstance(value, list) else shown(value)
