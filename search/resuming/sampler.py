"""The sampler of a search: a study keeps the one that it began with, unless the job names another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces.errors import JobError, about
from archscape.spaces.language.user_function import relative_digests

from ..job.reading import read_kept
from ..samplers import AUTO
from ..samplers.own import OwnSampler
from .differences import CODE, shown

if TYPE_CHECKING:
    from ..job import Job
    from ..samplers import Sampler
    from ..study.reader import StudyReader

SAMPLER = "sampler"


def with_sampler_of(study: StudyReader, job: Job) -> tuple[Job, str]:
    """Return a job with the sampler that its study goes on with, and why it was chosen; "" if it was named.

    Raises:
        JobError: If that is a class of the user's that has changed, and the job does not name it.
    """
    if job.sampler not in ("", AUTO):
        return job, ""
    kept = "" if study.is_new else kept_sampler(study)
    if not job.sampler and kept:
        vouch_kept(study, kept)
        return replace(job, sampler=kept), ""
    chosen, reason = job.with_sampler()
    return chosen, reason if chosen.sampler != kept else ""


def kept_sampler(study: StudyReader) -> str | Sampler:
    """Return the sampler that a study was worked on with last; "" if it does not say."""
    sampler: str | Sampler = read_kept(study.settings.get("job", ""), SAMPLER) or ""
    return sampler


@about(SAMPLER)
def vouch_kept(study: StudyReader, sampler: str | Sampler) -> None:
    """Let this process run the class of the user's that a study samples with, if it is still the same.

    Raises:
        InputError: If it is not.
    """
    if not isinstance(sampler, OwnSampler):
        return
    files = study.settings.get(CODE, {}).get(SAMPLER, {}).get("files", {})
    sampler.function.check()
    if relative_digests(sampler.function.digests()) != files:
        named = shown(sampler.to_dict()) if sampler.settings else str(sampler.function)
        remedy = f"name it in the job to go on with it as it is: `sampler: {named}`"
        raise JobError(f"{Path(sampler.function.file)} has changed since the study sampled with it; {remedy}")
    sampler.function.vouch()
    replace(sampler).check()
