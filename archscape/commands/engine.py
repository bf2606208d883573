"""`--engine`: what runs the workers of a search."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ..spaces.errors import InputError

if TYPE_CHECKING:
    from ..search.executors.local import Executor


class Engine(StrEnum):
    """What runs the workers of a search."""

    local = "local"
    ray = "ray"

    def executor(self, *, storage: str, address: str, cpus: float, gpus: float) -> Executor | None:
        """Return the executor; None for the pool that a search has by itself.

        Args:
            storage: Where the study lies.
            address: Of a Ray cluster.
            cpus: CPUs of a trial.
            gpus: GPUs of a trial.

        Raises:
            InputError: If what only Ray knows is asked of another engine.
        """
        if self is Engine.ray:
            from ..search.executors.ray.engine import RayEngine

            return RayEngine(address=address, storage=storage, cpus=cpus, gpus=gpus)
        given = [
            name
            for name, is_given in (
                ("--ray-address", bool(address)),
                ("--trial-cpus", cpus != 1),
                ("--trial-gpus", bool(gpus)),
            )
            if is_given
        ]
        if given:
            raise InputError(f"{given[0]} needs --engine ray")
        return None
