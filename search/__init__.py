"""Who tries what, where: jobs, studies, samplers, workers, training, data.

::

    from archscape.search import read_job, run

    results = run(read_job("job.yaml"))      # the same call again resumes it

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .folder import results
    from .job import Job, read_job
    from .search import run
    from .study.study import Study

_HOMES = {"Job": "job", "read_job": "job", "results": "folder", "run": "search", "Study": "study.study"}

__all__ = ["Job", "Study", "read_job", "results", "run"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
