"""How a network runs, which its memory and latency depend on: batch, type, optimizer, device, threads."""

from __future__ import annotations

from typing import Annotated

import typer

BATCH = typer.Option("--batch", min=1, help="Batch size: inputs at once.")
DTYPE = typer.Option(
    "--dtype",
    metavar="TYPE",
    help="Type of weights and maps: float32, float16, bfloat16; float64 for memory.",
)
OPTIMIZER = typer.Option(
    "--optimizer", metavar="NAME", help="Optimizer in training: sgd, momentum, adam or adamw."
)
FIT = typer.Option(
    "--fit", metavar="SIZE", help="Also show the largest batch in a memory of this size, as in 16GiB."
)
MODE = typer.Option(
    "--mode", metavar="MODE", help="For the memory of inference: graph or eager; `docs/memory.md`."
)
DEVICE = typer.Option("--device", metavar="NAME", help="Device of the latency: cpu or cuda.")
THREADS = typer.Option("--threads", min=1, help="CPU threads of PyTorch.")

BatchOption = Annotated[int, BATCH]
DtypeOption = Annotated[str, DTYPE]
OptimizerOption = Annotated[str, OPTIMIZER]
FitOption = Annotated[str | None, FIT]
DeviceOption = Annotated[str, DEVICE]
ThreadsOption = Annotated[int, THREADS]
