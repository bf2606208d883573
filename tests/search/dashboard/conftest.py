"""What the tests of the dashboard share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.dashboard import serving

from archscape.search.study.study import Study


@pytest.fixture
def run(tmp_path: Path, study: Study) -> Path:
    (tmp_path / "job.yaml").write_text("search: tiny\n")
    (tmp_path / "logs").mkdir()
    return tmp_path


@pytest.fixture
def server(run: Path) -> Iterator[str]:
    with serving(run, "--port", "0") as (url, _):
        yield url
