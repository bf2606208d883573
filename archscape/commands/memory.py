"""`archscape profile --memory`: what a network takes at inference and in training, and what batch fits."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..output import Format, emit
from ..spaces.errors import InputError
from .common import say

if TYPE_CHECKING:
    from ..analysis.costs.memory import Memory
    from ..analysis.costs.memory.training import TrainingMemory
    from ..spaces import Network

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
MOST = 2**60
DTYPE, OPTIMIZER = "float32", "momentum"
PLACES = ("saved", "place", "phase")
PARTS = ("weights", "state", "gradients", "activations", "peak")
MemoryOption = Annotated[
    bool, typer.Option("--memory", help="Show the memory of inference and training in place of the layers.")
]
BatchOption = Annotated[
    int | None,
    typer.Option(min=1, help="With --memory or --latency: inputs at once. [default: 1]", show_default=False),
]
DtypeOption = Annotated[
    str | None,
    typer.Option(
        help="With --memory or --latency: float32, float16 or bfloat16; with --memory float64 as well. "
        "[default: float32]",
        metavar="TYPE",
    ),
]
OptimizerOption = Annotated[
    str | None,
    typer.Option(help="With --memory: sgd, momentum, adam or adamw. [default: momentum]", metavar="NAME"),
]
FitOption = Annotated[
    str | None,
    typer.Option(help="With --memory: the largest batches for so much, as in 16GiB.", metavar="SIZE"),
]


class Ask(NamedTuple):
    """What is asked about memory."""

    batch: int | None
    dtype: str | None
    optimizer: str | None
    fit: str | None

    def check_idle(self) -> None:
        """Raise if something is given, though memory is not asked for."""
        for name, value in self._asdict().items():
            if value is not None:
                raise InputError(f"--{name} says how memory is counted; give --memory as well")


class Found(NamedTuple):
    """Memory of one use of a network.

    Attributes:
        use: Such as `inference, eager` or `training, adamw`.
        held: What it takes.
        largest: The largest batch that fits; None where no size was given.
    """

    use: str
    held: Memory | TrainingMemory
    largest: int | None


def show_memory(network: Network, ask: Ask, form: Format, title: str) -> None:
    """Print a line for inference in each mode and one for training."""
    from ..analysis.costs.memory import UNCOUNTED, foreign

    rows: list[tuple[object, ...]] = [
        (
            use,
            *(getattr(held, part, "") for part in PARTS),
            held.place,
            *([] if largest is None else [largest]),
        )
        for use, held, largest in _find(network, ask)
    ]
    columns = ("memory", *PARTS, "peak at", *([f"batch in {ask.fit}"] if ask.fit else []))
    emit(columns, rows, form, title=f"{title}, batch {ask.batch or 1}")
    say(f"Convention: {UNCOUNTED}.")
    for layer in foreign(network.graph.flatten()):
        say(f"{layer} is a foreign module, counted by its input, output and state alone: a lower bound.")


def with_memory(result: dict[str, Any], network: Network, ask: Ask) -> dict[str, Any]:
    """Return the JSON of a profile with the memory of the network, and the bytes of every layer's map."""
    from ..analysis.costs.memory import map_bytes

    made = map_bytes(network, batch=ask.batch or 1, dtype=ask.dtype or DTYPE)
    layers = [layer | {"bytes": made[layer["name"]]} for layer in result["layers"]]
    return result | {"layers": layers, "memory": _as_json(network, ask)}


def _as_json(network: Network, ask: Ask) -> dict[str, Any]:
    from ..analysis.costs.memory import UNCOUNTED, foreign

    given = {"batch": ask.batch or 1, "dtype": ask.dtype or DTYPE, "fit": ask.fit, "convention": UNCOUNTED}
    unknown = {"unknown": list(foreign(network.graph.flatten()))}
    inference: dict[str, Any] = {}
    for use, held, largest in _find(network, ask):
        found = {name: getattr(held, name) for name in (*PARTS, *PLACES) if hasattr(held, name)}
        inference[use.rpartition(" ")[2]] = found | {"largest_batch": largest}
    training = {"optimizer": ask.optimizer or OPTIMIZER, **inference.pop(ask.optimizer or OPTIMIZER)}
    return {**given, **unknown, "inference": inference, "training": training}


def _find(network: Network, ask: Ask) -> list[Found]:
    from ..analysis.costs.memory import MODES, largest_batch, memory
    from ..analysis.costs.memory.training import largest_training_batch, training_memory

    batch, dtype, optimizer = ask.batch or 1, ask.dtype or DTYPE, ask.optimizer or OPTIMIZER
    limit = read_size(ask.fit) if ask.fit else None
    found = [
        Found(
            f"inference, {mode}",
            memory(network, batch=batch, dtype=dtype, mode=mode),
            None if limit is None else largest_batch(network, limit, dtype=dtype, mode=mode),
        )
        for mode in MODES
    ]
    training = Found(
        f"training, {optimizer}",
        training_memory(network, batch=batch, dtype=dtype, optimizer=optimizer),
        None if limit is None else largest_training_batch(network, limit, dtype=dtype, optimizer=optimizer),
    )
    return [*found, training]


def read_size(text: str) -> int:
    """Return a size in bytes.

    Raises:
        InputError: If it is not a number and a unit, or beyond any memory.

    >>> read_size("16GiB"), read_size("1.5 MB")
    (17179869184, 1500000)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *([A-Za-z]+)", text.strip())
    if match is None or match[2] not in UNITS:
        raise InputError(f"a size is a number and one of {', '.join(UNITS)}, as in 16GiB, but got '{text}'")
    size = int(Fraction(match[1]) * UNITS[match[2]])
    if size > MOST:
        raise InputError(f"a size is at most {MOST // UNITS['GiB']:,} GiB, but got '{text}'")
    return size
