"""How a network runs, which its memory and latency depend on: batch, type, optimizer, device, threads."""

from __future__ import annotations

from typing import Annotated

from typer import Option

BatchOption = Annotated[int, Option("--batch", min=1, help="Batch size: inputs at once.")]
DtypeOption = Annotated[
    str, Option(metavar="TYPE", help="Of weights and maps: float32, float16, bfloat16; float64 for memory.")
]
OptimizerOption = Annotated[
    str, Option(metavar="NAME", help="Optimizer in training: `momentum` is SGD with it.")
]
FitOption = Annotated[
    str | None, Option(metavar="SIZE", help="Also show the largest batch in this memory, as in 16GiB.")
]
TargetOption = Annotated[
    str,
    Option(
        metavar="NAME", help="The runtime of a small device: tflm, TensorFlow Lite Micro; --dtype is int8."
    ),
]
BoardOption = Annotated[
    str, Option(metavar="NAME", help="A board of the target, to compare with: `archscape list boards`.")
]
DeviceOption = Annotated[str, Option(metavar="NAME", help="Device of the latency: cpu or cuda.")]
ThreadsOption = Annotated[int, Option(min=1, help="CPU threads of PyTorch.")]
