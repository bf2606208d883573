"""`archscape memory`: what a network takes at inference and in training, and what batch fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ..output import Format, FormatOption
from ..spaces.byte_sizes import read_size
from .options.checks import check_idle, is_given
from .options.costs import CostTable, network_costs, show_costs
from .options.networks import InputOption, NetworkArgument, UsesOption, find_network
from .options.settings import (
    BatchOption,
    BoardOption,
    DtypeOption,
    FitOption,
    OptimizerOption,
    TargetOption,
)
from .options.target_memory import target_table

if TYPE_CHECKING:
    from ..analysis.costs.memory import Memory
    from ..analysis.costs.memory.training import TrainingMemory
    from ..spaces import Network

PARTS = ("weights", "state", "gradients", "activations", "peak")
PEAK = ("saved", "place", "phase")
EXAMPLES = (
    "archscape memory resnet50",
    "archscape memory resnet50 --batch 32 --optimizer adamw --fit 80GiB",
    "archscape memory resnet20 --target tflm --board nano33ble",
)


def memory(
    context: typer.Context,
    network: NetworkArgument,
    form: FormatOption = Format.table,
    shape: InputOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = "float32",
    fit: FitOption = None,
    target: TargetOption = "",
    board: BoardOption = "",
    *,
    optimizer: OptimizerOption = "momentum",
    uses: UsesOption = None,
) -> None:
    """Show memory at inference and in training, and what batch fits.

    In bytes of tensors, known from the graph alone; nothing is built. `json` adds the bytes of each layer's
    map. With `--target`, show what a small device needs instead. `docs/memory.md` says what is counted.
    """
    from ..analysis.costs.profile import profile

    if target:
        check_idle(context, ("batch", "optimizer", "fit"), "is not of a small device; leave out --target")
        costs = profile(find_network(network, shape))
        on_target = dtype if is_given(context, "dtype") else "int8"
        table = target_table(costs.network, target, on_target, board)
        show_costs(network_costs(costs, form), [table], form, setting=f" on {target}, {on_target}")
        return
    check_idle(context, ("board",), "is one of a small device; give --target as well")
    costs = profile(find_network(network, shape))
    table = memory_table(costs.network, batch, dtype, optimizer, fit)
    show_costs(network_costs(costs, form), [table], form, setting=f", batch {batch}, in bytes")


def memory_table(network: Network, batch: int, dtype: str, optimizer: str, fit: str | None) -> CostTable:
    """Return a line for inference in each mode and one for training; `fit` is a size to fill with a batch."""
    from ..analysis.costs.memory import MODES, UNCOUNTED, largest_batch, map_bytes, memory
    from ..analysis.costs.memory.training import largest_training_batch, training_memory

    limit = read_size(fit) if fit else None
    uses: dict[str, Memory | TrainingMemory] = {
        mode: memory(network, batch=batch, dtype=dtype, mode=mode) for mode in MODES
    }
    uses[optimizer] = training_memory(network, batch=batch, dtype=dtype, optimizer=optimizer)
    largest: dict[str, int] = {}
    if limit is not None:
        largest = {mode: largest_batch(network, limit, dtype=dtype, mode=mode) for mode in MODES}
        largest[optimizer] = largest_training_batch(network, limit, dtype=dtype, optimizer=optimizer)
    rows = [
        (
            f"{'inference' if use in MODES else 'training'}, {use}",
            *(getattr(held, part, "") for part in PARTS),
            held.place,
            *([largest[use]] if fit else []),
        )
        for use, held in uses.items()
    ]
    values = {
        use: {name: getattr(held, name) for name in (*PARTS, *PEAK) if hasattr(held, name)}
        | {"largest_batch": largest.get(use)}
        for use, held in uses.items()
    }
    unknown = uses[optimizer].unknown
    bound = "is a foreign module, counted by its input, output and state alone: a lower bound."
    summary = {
        "batch": batch,
        "dtype": dtype,
        "fit": fit,
        "convention": UNCOUNTED,
        "unknown": list(unknown),
        "inference": {mode: values[mode] for mode in MODES},
        "training": {"optimizer": optimizer, **values[optimizer]},
    }
    columns = ("memory", *PARTS, "peak at", *([f"batch in {fit}"] if fit else []))
    notes = [f"Convention: {UNCOUNTED}.", *(f"{layer} {bound}" for layer in unknown)]
    sizes = [*map_bytes(network, batch=batch, dtype=dtype).values()]
    least = ("peak at", "state", "gradients", "activations", "weights")
    return CostTable(columns, rows, notes, {"bytes": sizes}, {"memory": summary}, least)
