"""Data is ready before workers start, and what would keep networks from learning is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search.job import read_job
from archscape.search.workers.data import few_steps


@pytest.mark.parametrize(
    ("samples", "epochs", "batch", "steps"),
    [(36, 3, 48, 3), (36, 7, 12, None), (36, 6, 12, 18), (960, 1, 48, None)],
)
def test_a_training_of_few_steps_is_said(
    job_file: Path, samples: int, epochs: int, batch: int, steps: int | None
) -> None:
    job = read_job(job_file)
    job = replace(job, recipe=replace(job.recipe, epochs=epochs, batch=batch))
    note = few_steps(job, samples)
    assert (f"batches of {min(batch, samples)} make {steps} steps a training" in note) if steps else not note
