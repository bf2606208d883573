"""The Python files of a space: trials of one study are all of the same code."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.in_process import InProcess

from archscape.search.job import Job, read_job
from archscape.search.join import join
from archscape.search.search import run
from archscape.search.study.study import Study
from archscape.spaces.errors import JobError, SpaceError
from archscape.spaces.language import uses
from archscape.spaces.language.uses import file_digest

BLOCKS = """\
from archscape.spaces.authoring import Tensor, block, conv_norm_act

@block
def mine(x: Tensor, *, width: int) -> Tensor:
    return conv_norm_act(x, width=width, kernel=3)
"""
SPACE = """\
space: small
input: 1x8x8
uses: blocks/used_here.py
layers: [{mine: {width: {4, 6, 8}}}, avgpool, {linear: {width: 10}}]
"""
JOB = "{search: small, space: space.yaml, data: digits, recipe: {epochs: 1}, trials: 1, device: cpu}"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing was named in this process yet, and what is run is forgotten."""
    monkeypatch.setattr(uses, "_vouched", set())
    yield
    sys.modules.pop("used_here", None)


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "job.yaml").write_text(JOB)
    file = tmp_path / "blocks" / "used_here.py"
    file.parent.mkdir()
    file.write_text(BLOCKS)
    return file


@pytest.fixture
def job(blocks: Path, tmp_path: Path) -> Job:
    return read_job(tmp_path / "job.yaml")


@pytest.fixture
def folder(job: Job, tmp_path: Path) -> Path:
    """The folder of a run with a trial."""
    run(job, out=tmp_path / "run", executor=InProcess())
    return tmp_path / "run"


def kept_by_an_earlier_version(folder: Path, *, settings: bool) -> None:
    """Move what a study keeps of its files to its settings, or remove it."""
    with closing(sqlite3.connect(folder / "study.db")) as database, database:
        rows = database.execute("select key, value_json from study_user_attributes").fetchall()
        known = {key: json.loads(value) for key, value in rows if key in ("archscape", "settings")}
        digests = known["archscape"].pop("uses")
        known["settings"] |= {"uses": digests} if settings else {}
        for key, value in known.items():
            change = "update study_user_attributes set value_json = ? where key = ?"
            database.execute(change, (json.dumps(value), key))


def test_a_search_whose_code_has_changed_is_refused_until_it_is_brought_back(
    folder: Path, blocks: Path, tmp_path: Path
) -> None:
    begun = file_digest(blocks)
    for in_settings in (False, True):
        if in_settings:
            kept_by_an_earlier_version(folder, settings=True)
        blocks.write_text(BLOCKS.replace("kernel=3", "kernel=5"))
        for _ in range(2):  # nothing is kept of the first attempt
            with pytest.raises(JobError) as caught:
                run(read_job(tmp_path / "job.yaml"), out=folder, executor=InProcess())
            old, new = (f"{blocks} (SHA-256 {digest[:12]})" for digest in (begun, file_digest(blocks)))
            assert str(caught.value) == (
                f"{folder}: its study began with uses {old}, but the job has {new}; the code of its trials "
                "has changed: bring the old one back, or choose another folder with --out"
            )
        blocks.write_text(BLOCKS)
        run(read_job(tmp_path / "job.yaml"), out=folder, executor=InProcess())
        with Study.open(folder) as study:
            assert study.uses == {str(blocks): begun}


def test_a_run_of_an_earlier_version_that_kept_nothing_of_its_files_resumes(
    folder: Path, blocks: Path, tmp_path: Path
) -> None:
    kept_by_an_earlier_version(folder, settings=False)
    blocks.write_text(f"{BLOCKS}\n# other\n")
    assert len(run(read_job(tmp_path / "job.yaml"), out=folder, executor=InProcess()).trials) == 1


def test_a_worker_brings_the_file_of_the_same_path_or_one_of_its_name(
    job: Job, blocks: Path, tmp_path: Path
) -> None:
    """Of two files of one name each is another one."""
    other = tmp_path / "others" / blocks.name
    other.parent.mkdir()
    other.write_text(f"{BLOCKS}\n# other\n")
    facts = job.facts() | {"uses": {str(blocks): file_digest(blocks), str(other): file_digest(other)}}
    storage, out = str(tmp_path / "study.db"), tmp_path / "out"
    Study.open(tmp_path / "run", name="small", storage=storage, facts=facts, settings=job.settings()).close()
    blocks.write_text(other.read_text())
    with pytest.raises(SpaceError, match=f"'{blocks}' is not the file that the search began with"):
        join(name="small", storage=storage, out=out, uses=[str(blocks)])
    copy = tmp_path / blocks.name
    copy.write_text(other.read_text())
    with pytest.raises(SpaceError, match=f"'{blocks}' is not the file that the search began with"):
        join(name="small", storage=storage, out=out, uses=[str(copy), str(other), str(blocks)])
