"""Memory against PyTorch's own: as exact, and without a run. In one process, interleaved, medians.

Claim: inference peak equal to the byte to what PyTorch holds, in both modes, on eight networks; training peak
within 2% of MemTracker on five, for SGD with momentum and Adam; the training estimate at least 1,000 times
faster than MemTracker on ResNet-50 at batch 8.

Command: `python benchmarks/memory.py` (writes benchmarks/results/memory-DATE.md)

What is compared. The peak of inference is that of `allocations.py`, which follows the storage of every
tensor that PyTorch dispatches; so is `storages`, of forward and backward, beside the same weights and
state. MemTracker (`torch.distributed._tools.mem_tracker`) follows one step of training; its time is that
step alone, with a network and an optimizer that are ready. `fake` is the same on fake tensors, where
nothing is computed. Ours is from the declared network, lowered before, to the peak with its parts and its
place. Deviations are of the whole peak, and of what is not weights and state, which both know. Times are
those of one processor.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from statistics import median

import torch
from helpers.allocations import MemTracked, eager_peak, graph_peak
from helpers.allocations import training as follow_training
from results import write_results
from torch._subclasses.fake_tensor import FakeTensorMode

from archscape.analysis.costs.memory import largest_batch, memory
from archscape.analysis.costs.memory.training import largest_training_batch, training_memory
from archscape.spaces import load_network
from archscape.spaces.graph import Shape
from archscape.spaces.values import shape_text

ROUNDS = 3
OURS_PER_ROUND = 30
BATCH = 8
INFERENCE: list[tuple[str, Shape | None]] = [
    ("alexnet", None),
    ("densenet121", None),
    ("efficientnet-b0", None),
    ("googlenet", None),
    ("mobilenetv2", None),
    ("resnet50", None),
    ("unet", (1, 188, 188)),
    ("vgg16", None),
]
TRAINING: list[tuple[str, Shape | None, int]] = [
    ("densenet121", (3, 112, 112), 4),
    ("mobilenetv2", (3, 112, 112), 8),
    ("resnet50", (3, 112, 112), 4),
    ("unet-same", (1, 96, 96), 2),
    ("vgg11", (3, 64, 64), 4),
]


def seconds(function: Callable[[], object]) -> float:
    """Return the seconds of one processor: others on the machine do not count."""
    start = time.process_time()
    function()
    return time.process_time() - start


def inference() -> list[str]:
    """Return a line for each network and mode."""
    lines = ["| network | input | mode | ours | PyTorch | deviation |", "|:--|:--|:--|--:|--:|--:|"]
    for name, shape in INFERENCE:
        network = load_network(name).at(input=shape)
        for mode, measure in (("graph", graph_peak), ("eager", eager_peak)):
            ours, theirs = memory(network, batch=2, mode=mode).activations, measure(network, 2)
            images = f"2x{shape_text(network.input)}"
            lines.append(f"| {name} | {images} | {mode} | {ours:,} | {theirs:,} | {ours / theirs - 1:+.3%} |")
    return lines


def training() -> list[str]:
    """Return a line for each network and optimizer."""
    lines = [
        "| network | input | optimizer | ours | storages | MemTracker | deviation | without weights, state |",
        "|:--|:--|:--|--:|--:|--:|--:|--:|",
    ]
    for name, shape, batch in TRAINING:
        network = load_network(name).at(input=shape)
        followed = follow_training(network, batch)[1]
        for optimizer in ("momentum", "adam"):
            memory = training_memory(network, batch=batch, optimizer=optimizer)
            theirs = MemTracked(network, batch, optimizer).peak()
            still = memory.weights + memory.state
            rest = (memory.peak - still) / (theirs - still) - 1
            images = f"{batch}x{shape_text(network.input)}"
            lines.append(
                f"| {name} | {images} | {optimizer} | {memory.peak:,} | {followed + still:,} | {theirs:,} "
                f"| {memory.peak / theirs - 1:+.3%} | {rest:+.3%} |"
            )
    return lines


def speed() -> list[str]:
    """Return a line for each way to the training peak of ResNet-50, and for what else we tell."""
    network = load_network("resnet50")
    real = MemTracked(network, BATCH, "momentum")
    with FakeTensorMode(allow_non_fake_inputs=True):
        fake = MemTracked(network, BATCH, "momentum")

    def on_fake_tensors() -> None:
        with FakeTensorMode(allow_non_fake_inputs=True):
            fake.peak()

    limit = 80 * 2**30
    peers: dict[str, Callable[[], object]] = {"MemTracker": real.peak, "MemTracker, fake": on_fake_tensors}
    ours: dict[str, Callable[[], object]] = {
        "training peak": lambda: training_memory(network, batch=BATCH),
        "inference peak, graph": lambda: memory(network),
        "inference peak, eager": lambda: memory(network, mode="eager"),
        "largest batch in 80 GiB, inference": lambda: largest_batch(network, limit),
        "largest batch in 80 GiB, training": lambda: largest_training_batch(network, limit),
    }
    times: dict[str, list[float]] = {way: [] for way in (*peers, *ours)}
    for _ in range(ROUNDS):
        for way, function in peers.items():
            times[way].append(seconds(function))
        for way, function in ours.items():
            times[way] += [seconds(function) for _ in range(OURS_PER_ROUND)]
    medians = {way: median(values) for way, values in times.items()}
    lines = [
        f"| resnet50, batch {BATCH} | median | against MemTracker | against it on fake tensors |",
        "|:--|--:|--:|--:|",
    ]
    for way, value in medians.items():
        ratios = [f"{medians[peer] / value:,.1f}x" for peer in peers]
        lines.append(f"| {way} | {value * 1e3:,.2f} ms | {' | '.join(ratios)} |")
    return lines


def main() -> None:
    torch.set_num_threads(1)  # on a shared machine more threads wait for each other, to the peer's harm
    warnings.filterwarnings("ignore")
    write_results("memory", __doc__ or "", [*speed(), "", *inference(), "", *training()])


if __name__ == "__main__":
    main()
