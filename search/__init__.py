"""Who tries what, where: jobs, studies, samplers, workers, training, data.

::

    from archscape.search import load, read_job, run

    results = run(read_job("job.yaml"))      # the same call again resumes it
    results = run(space="digits", data="cluttered-digits", trials=30, workers=4)
    load("runs/digits").frame()              # one row a trial, one column a decision
    export("runs/digits", "best")            # the best trial as a bundle, with its card and proof

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .folder import load, results
    from .job import Job, make_job, read_job
    from .search import run
    from .study.study import Study
    from .trained.exporting.bundles import export
    from .training.own.context import TrainContext
    from .training.own.settings import TrainFunction

_NAMES = {
    "folder": ("load", "results"),
    "job": ("Job", "make_job", "read_job"),
    "search": ("run",),
    "study.study": ("Study",),
    "trained.exporting.bundles": ("export",),
    "training.own.context": ("TrainContext",),
    "training.own.settings": ("TrainFunction",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "Job",
    "Study",
    "TrainContext",
    "TrainFunction",
    "export",
    "load",
    "make_job",
    "read_job",
    "results",
    "run",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
