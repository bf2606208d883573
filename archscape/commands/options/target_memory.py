"""What a network takes on a small device as a table, with what a board has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...spaces.byte_sizes import size_text
from ...spaces.errors import InputError, suggest
from .costs import CostTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.costs.memory.targets import TargetMemory
    from ...analysis.costs.memory.targets.settings import TargetSettings
    from ...spaces import Network

PARTS = {
    "arena": "maps, by the planner",
    "persistent": "the runtime's, with pointers of 8 bytes",
    "sram": "working memory",
    "flash": "weights and the network",
}


def target_table(network: Network, runtime: str, dtype: str, board: str) -> CostTable:
    """Return what a network takes on a small device, with its share of a board unless that is "".

    Raises:
        InputError: If there is no such runtime, type or board.
    """
    from ...analysis.costs.memory.targets import DTYPES, TARGETS
    from ...analysis.costs.memory.targets.boards import BOARDS
    from ...analysis.costs.memory.targets.settings import TargetSettings

    if runtime not in TARGETS:
        raise InputError(f"--target: {TARGETS.missing(runtime)}")
    if board and board not in BOARDS:
        raise InputError(f"--board: `archscape list boards` has no '{board}'{suggest(board, BOARDS)}")
    if dtype not in DTYPES:
        raise InputError(f"--dtype of {runtime} is one of {', '.join(DTYPES)}, but got '{dtype}'")
    settings = TargetSettings(runtime=runtime, dtype=dtype, board=board or None)
    need = settings.memory(network)
    rows = [
        (part, meaning, getattr(need, part), *([_share(need, part, settings)] if board else []))
        for part, meaning in PARTS.items()
    ]
    columns = ("memory", "what it is", "bytes", *([f"of {board}"] if board else []))
    summary = {
        **settings.to_dict(),
        **{part: getattr(need, part) for part in PARTS},
        "peak_at": need.place,
        "unsupported": list(need.unsupported),
        **({"limits": settings.limits, "fits": not _beyond(need, settings)} if board else {}),
    }
    return CostTable(
        columns, rows, [*_notes(need, settings)], keys={"memory": {"target": summary}}, least=("what it is",)
    )


def _share(need: TargetMemory, part: str, settings: TargetSettings) -> str:
    limit = settings.limits.get(part)
    return f"{getattr(need, part) / limit:.1%} of {size_text(limit)}" if limit else ""


def _beyond(need: TargetMemory, settings: TargetSettings) -> list[str]:
    """Return of which memory of the board a network needs more than there is."""
    return [part for part, limit in settings.limits.items() if getattr(need, part) > limit]


def _notes(need: TargetMemory, settings: TargetSettings) -> Iterator[str]:
    yield f"Most of the arena is in use at {need.place}; one input, {need.dtype}."
    if need.unsupported:
        law = "not there, or not known how, and counted by their outputs and weights alone"
        how = f"`archscape lint NETWORK --target {settings.runtime}` has remedies"
        first, *others = need.unsupported
        named = f"{first} and {len(others)} more" if others else first
        yield f"{named}: {law}; {how}."
    if board := settings.on_board:
        beyond = _beyond(need, settings)
        verdict = f"does not fit, by its {' and '.join(beyond)}" if beyond else "fits"
        yield f"It {verdict}: {board.title} ({board.source}). The program itself needs room too."
