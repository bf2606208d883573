"""`--engine`: what runs the workers of a search."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from archscape.spaces.errors import InputError

if TYPE_CHECKING:
    from archscape.search.executors.local import Executor


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
            from archscape.search.executors.ray.engine import RayEngine

            return RayEngine(address=address, storage=storage, cpus=cpus, gpus=gpus)
        for option, set_by_user in (
            ("--ray-address", bool(address)),
            ("--trial-cpus", cpus != 1),
            ("--trial-gpus", bool(gpus)),
        ):
            if set_by_user:
                raise InputError(f"{option} needs --engine ray")
        return None
