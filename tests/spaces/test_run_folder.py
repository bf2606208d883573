"""The folder of a search is known by its study, or by what is left of it, to all who ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from archscape.commands.options.checks import check_file
from archscape.commands.options.studies import find_study
from archscape.search.study.claim import check_output
from archscape.spaces import load
from archscape.spaces.errors import CodeNotRun, InputError, StudyError
from archscape.spaces.run_folder import FILES, is_run_folder

TABLE = "network: n\ninput: 3x8x8\nuses: blocks_beside.py\nlayers: [{mine: {width: 4}}]\n"


@pytest.fixture(
    params=["study.db", "study.json", "trials.csv", "checkpoints/a.safetensors", "spool/trial-0.json"]
)
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with a job and one thing more that a search left."""
    file = tmp_path / request.param
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"storage": "/gone.db", "study": "a"}' if file.suffix == ".json" else "")
    (tmp_path / "job.yaml").touch()
    return tmp_path


def test_all_agree_on_what_is_left_of_a_search(folder: Path) -> None:
    assert is_run_folder(folder)
    (folder / "net.yaml").write_text(TABLE)
    with pytest.raises(CodeNotRun):
        load(folder / "net.yaml")
    for file in FILES:
        with pytest.raises(InputError, match="is the folder of"):
            check_file(folder / file, [Path(file).suffix], "")
    with pytest.raises(InputError, match="is the folder of"):
        check_output(folder)
    with pytest.raises(StudyError) as caught:  # there is none any more
        find_study(folder, "", "")
    assert "not the folder of a search" not in str(caught.value)


def test_all_agree_on_a_folder_with_a_job_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").touch()
    (tmp_path / "space.yaml").touch()
    assert not is_run_folder(tmp_path)
    check_file(tmp_path / "report.html", [".html"], "")
    check_output(tmp_path)
    with pytest.raises(
        InputError, match=r"not the folder of a search; it has no study\.db and no study\.json"
    ):
        find_study(tmp_path, "", "")


def test_results_alone_are_no_search(tmp_path: Path) -> None:
    """A table that was copied to one's own folder, for example."""
    (tmp_path / "trials.csv").touch()
    assert not is_run_folder(tmp_path)
