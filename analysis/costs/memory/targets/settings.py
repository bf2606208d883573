"""What a job says of the small device that its networks are for: `target: {runtime: tflm, board: pico}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from archscape.spaces import Network
from archscape.spaces.kinds import optional, word
from archscape.spaces.language.settings import Settings

from . import DTYPES, TARGETS, target_memory
from .base import TargetMemory
from .boards import BOARDS, Board


@dataclass(frozen=True, kw_only=True)
class TargetSettings(Settings):
    """A small device, and how networks run there.

    Attributes:
        runtime: What runs them there.
        dtype: The type of maps and weights.
        board: The board, whose memory limits `sram` and `flash` where the job has no limit of its own.

    >>> TargetSettings(board="pico").limits
    {'sram': 270336, 'flash': 2097152}
    """

    name: ClassVar[str] = "target"
    runtime: Annotated[str, word(*TARGETS)] = "tflm"
    dtype: Annotated[str, word(*DTYPES)] = DTYPES[0]
    board: Annotated[str | None, optional(word(*BOARDS))] = None

    @property
    def on_board(self) -> Board | None:
        """The board, if one is named."""
        return BOARDS[self.board] if self.board else None

    @property
    def limits(self) -> dict[str, int]:
        """What the board has of each metric, in bytes; nothing without one."""
        board = self.on_board
        return {"sram": board.sram, "flash": board.flash} if board else {}

    def memory(self, network: Network) -> TargetMemory:
        """Return what a network takes there."""
        return target_memory(network, target=self.runtime, dtype=self.dtype)

    def to_dict(self) -> dict[str, str]:
        """Return the settings as a document has them."""
        board = {"board": self.board} if self.board else {}
        return {"runtime": self.runtime, "dtype": self.dtype, **board}
