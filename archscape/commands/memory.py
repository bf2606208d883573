"""`archscape memory`: what a network takes at inference and in training, and what batch fits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from ..output import Format, FormatOption, emit, emit_json, log
from ..spaces.errors import InputError
from .options.costs import costs_json, title_of
from .options.networks import InputOption, NetworkArgument, find_network
from .options.settings import BatchOption, DtypeOption, FitOption, OptimizerOption

if TYPE_CHECKING:
    from ..analysis.costs.memory import Memory
    from ..analysis.costs.memory.training import TrainingMemory
    from ..spaces import Network

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
MOST = 2**60
PARTS = ("weights", "state", "gradients", "activations", "peak")
PEAK = ("saved", "place", "phase")
EXAMPLES = (
    "archscape memory resnet50",
    "archscape memory resnet50 --batch 32 --optimizer adamw --fit 80GiB",
)


class MemorySettings(NamedTuple):
    """What the memory of a network depends on; `fit` is the size in which the largest batch is sought."""

    batch: int
    dtype: str
    optimizer: str
    fit: str | None


def memory(
    network: NetworkArgument,
    form: FormatOption = Format.table,
    shape: InputOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = "float32",
    optimizer: OptimizerOption = "momentum",
    fit: FitOption = None,
) -> None:
    """Show memory at inference and in training, and what batch fits.

    In bytes of tensors, known from the graph alone; nothing is built. `json` adds the bytes of each layer's
    map. `docs/memory.md` says what is counted.
    """
    table, settings = find_network(network, shape), MemorySettings(batch, dtype, optimizer, fit)
    if form is Format.json:
        from ..analysis.costs.profile import profile

        emit_json(with_memory(costs_json(profile(table)), table, settings))
    else:
        show_memory(table, settings, form)


def show_memory(network: Network, settings: MemorySettings, form: Format) -> None:
    """Print a line for inference in each mode and one for training."""
    from ..analysis.costs.memory import UNCOUNTED, foreign

    rows: list[tuple[object, ...]] = [
        (
            use,
            *(getattr(memory, part, "") for part in PARTS),
            memory.place,
            *([] if largest is None else [largest]),
        )
        for use, memory, largest in _memory_of_uses(network, settings)
    ]
    columns = ("memory", *PARTS, "peak at", *([f"batch in {settings.fit}"] if settings.fit else []))
    emit(columns, rows, form, title=f"{title_of(network)}, batch {settings.batch}")
    log(f"Convention: {UNCOUNTED}.")
    for layer in foreign(network.graph.flatten()):
        log(f"{layer} is a foreign module, counted by its input, output and state alone: a lower bound.")


def with_memory(result: dict[str, Any], network: Network, settings: MemorySettings) -> dict[str, Any]:
    """Return the JSON of a network's costs with its memory, and the bytes of every layer's map."""
    from ..analysis.costs.memory import UNCOUNTED, foreign, map_bytes

    sizes = map_bytes(network, batch=settings.batch, dtype=settings.dtype)
    layers = [layer | {"bytes": sizes[layer["name"]]} for layer in result["layers"]]
    uses: dict[str, Any] = {}
    for use, memory, largest in _memory_of_uses(network, settings):
        values = {name: getattr(memory, name) for name in (*PARTS, *PEAK) if hasattr(memory, name)}
        uses[use.rpartition(" ")[2]] = values | {"largest_batch": largest}
    training = uses.pop(settings.optimizer)
    return result | {
        "layers": layers,
        "memory": {
            "batch": settings.batch,
            "dtype": settings.dtype,
            "fit": settings.fit,
            "convention": UNCOUNTED,
            "unknown": list(foreign(network.graph.flatten())),
            "inference": uses,
            "training": {"optimizer": settings.optimizer, **training},
        },
    }


def _memory_of_uses(
    network: Network, settings: MemorySettings
) -> Iterator[tuple[str, Memory | TrainingMemory, int | None]]:
    """Yield each use, its memory, and the largest batch that fits if a size is given."""
    from ..analysis.costs.memory import MODES, largest_batch, memory
    from ..analysis.costs.memory.training import largest_training_batch, training_memory

    batch, dtype, optimizer, fit = settings
    limit = read_size(fit) if fit else None
    for mode in MODES:
        largest = None if limit is None else largest_batch(network, limit, dtype=dtype, mode=mode)
        yield f"inference, {mode}", memory(network, batch=batch, dtype=dtype, mode=mode), largest
    training = training_memory(network, batch=batch, dtype=dtype, optimizer=optimizer)
    fits = None if limit is None else largest_training_batch(network, limit, dtype=dtype, optimizer=optimizer)
    yield f"training, {optimizer}", training, fits


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
