"""What the process of a final training and those that train for it tell each other, pickled over a socket."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ..outcome import Outcome

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from torch import nn

    from ...datasets.dataset import Dataset
    from ..recipe import Recipe
    from ..transfer import Transfer

STOP: Literal["stop"] = "stop"
"""Asks for an end between two steps."""


class Source(NamedTuple):
    """A network as its source text, which another process compiles: blocks of the user's own are in it."""

    text: str
    class_name: str

    def build(self) -> nn.Module:
        """Return a new module; its weights are drawn from torch's generator."""
        from archscape.spaces.codegen.compiled import compiled

        return compiled(self.text, self.class_name)()


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingJob:
    """One training, and the part that a process has in it.

    Attributes:
        checkpoint: Where its state is kept.
        device: That of the process.
        rank: The number of the process, of so many that train it together.
        port: Where the first of them keeps what they agree on; 0 if this is the first.
        threads: CPU threads of each.
        pieces: In how many pieces each passes its part of a batch, if those are more than the recipe's.
    """

    source: Source
    data: Dataset
    recipe: Recipe
    seed: int
    checkpoint: Path
    transfer: Transfer
    device: str = "cpu"
    rank: int = 0
    count: int = 1
    port: int = 0
    threads: int = 1
    pieces: int = 1

    def on(self, device: str, *, rank: int, port: int) -> TrainingJob:
        """Return the part of another process."""
        return replace(self, device=device, rank=rank, port=port)


class Port(NamedTuple):
    """Where the first process keeps what all agree on."""

    number: int


class EpochEnded(NamedTuple):
    """An epoch, from 1, and its row of the history."""

    epoch: int
    row: Mapping[str, float]


class Line(NamedTuple):
    """A line for the log."""

    text: str


Update: TypeAlias = Port | EpochEnded | Line | Outcome


def send(link: Connection, message: object) -> None:
    """Send a message whole, for `Connection.recv`; its `send` would share the memory of tensors."""
    link.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))
