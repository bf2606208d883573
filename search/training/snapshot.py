"""The state of a training between two steps: taken out of a loop, put into another of the same identity."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NotRequired, TypedDict

import torch

from .random_states import global_states, set_global_states

if TYPE_CHECKING:
    from .loop import Loop


class RankState(TypedDict):
    """What of a training on several devices differs from one to the other."""

    generators: dict[str, torch.Tensor]
    pieces: int


class Snapshot(TypedDict):
    """All that the next step of a training depends on, and what it has come to.

    `order` is that of the samples in the epoch under way and `total` the sum of its losses so far; `average`
    is the mean of the weights where the recipe asks for one. `ranks` is what the processes have that train
    on several devices.
    """

    model: dict[str, torch.Tensor]
    average: NotRequired[dict[str, torch.Tensor]]
    ranks: NotRequired[list[RankState]]
    moments: list[list[torch.Tensor]]
    schedule: dict[str, float]
    generators: dict[str, torch.Tensor]
    order: torch.Tensor
    total: torch.Tensor
    pieces: int
    steps: int
    clocks: dict[str, float]
    history: list[dict[str, float]]


def take_snapshot(loop: Loop) -> Snapshot:
    """Return the state between two steps; it shares memory with the loop.

    All processes of a training have to ask for it together.
    """
    generators = {"loop": loop.generator.get_state(), **global_states(loop.device)}
    pieces = loop.gradient_step.micro_batches
    snapshot = Snapshot(
        model=dict(loop.model.state_dict()),
        moments=loop.optimizer.moments,
        schedule=loop.rate.state(),
        generators=generators,
        order=loop.order,
        total=loop.total,
        pieces=pieces,
        steps=loop.steps,
        clocks={**loop.clocks, "seconds": loop.seconds()},
        history=loop.history,
    )
    if loop.average is not None:
        snapshot["average"] = dict(loop.average.model.state_dict())
    if loop.ranks is not None:
        snapshot["ranks"] = loop.ranks.all_gather(RankState(generators=generators, pieces=pieces))
    return snapshot


def restore(loop: Loop, snapshot: Snapshot) -> None:
    """Let a loop that has started resume from the snapshot of one of the same identity."""
    loop.model.load_state_dict(snapshot["model"])
    if loop.average is not None:
        loop.average.model.load_state_dict(snapshot["average"])
    for moments, values in zip(loop.optimizer.moments, snapshot["moments"], strict=True):
        for moment, value in zip(moments, values, strict=True):
            moment.copy_(value)
    loop.rate.restore(snapshot["schedule"])
    loop.order = snapshot["order"].to(loop.data.train.x.device)
    loop.total = snapshot["total"].to(loop.device)
    own = snapshot if loop.ranks is None else snapshot["ranks"][loop.ranks.rank]
    loop.gradient_step.micro_batches = own["pieces"]
    loop.steps = snapshot["steps"]
    loop.history = snapshot["history"]
    loop.clocks = {name: snapshot["clocks"][name] for name in loop.clocks}
    loop.started = time.perf_counter() - snapshot["clocks"]["seconds"]
    loop.generator.set_state(own["generators"]["loop"])
    set_global_states(loop.device, own["generators"])
