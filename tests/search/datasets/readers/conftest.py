from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archscape.search.datasets.arrays import Source
from archscape.search.datasets.settings import DataSettings
from archscape.search.datasets.sources import open_source
from archscape.spaces.errors import InputError

Refusal = Callable[..., str]


@pytest.fixture
def refusal() -> Refusal:
    """Return the one line that reading a path, with some settings, ends in."""

    def read(path: Path | str, **settings: object) -> str:
        with pytest.raises(InputError) as caught:
            open_source(DataSettings(path=str(path), **settings))  # type: ignore[arg-type]
        message = str(caught.value)
        assert "\n" not in message
        return message

    return read


@pytest.fixture
def notes() -> Callable[..., tuple[Source, list[str]]]:
    """Return what a path gives, and the lines that were said meanwhile."""

    def read(path: Path | str, **settings: object) -> tuple[Source, list[str]]:
        lines: list[str] = []
        source = open_source(DataSettings(path=str(path), **settings), say=lines.append)  # type: ignore[arg-type]
        return source, [line for line in lines if "decoded once" not in line]

    return read
