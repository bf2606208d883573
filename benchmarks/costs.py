"""Costs against fvcore and building the model, in one process, interleaved, medians.

Claim: one architecture with its layer table at least 1,000 times faster on ResNet-50 and 250 times on
ResNet-20; with memory at inference and in training and all receptive fields at least 300 times on ResNet-50;
totals from remembered blocks at least 10,000 times on ResNet-50; sampling with feasibility of the `cifar`
space at least 5,000 networks a second on one core.

Command: `python benchmarks/costs.py` (writes benchmarks/results/costs-DATE.md)

What is compared. The peer is what one does without archscape: build the torch module (from the very source
archscape exports) and let fvcore make its layer table with parameters, FLOPs and activations
(`flop_count_table`); it knows no memory and no receptive field. For who needs no table, `fvcore FLOPs +
build` counts FLOPs alone. `lower + table` is archscape from the declared rows to the same table, with every
memory of blocks, windows and operators cleared before each run. `declare + lower + table` also checks the
rows against the language first. `table + memory + fields` adds to `lower + table` the weights, the peak at
inference (graph mode), the peak of a training step, and size, jump and centre of every receptive field;
`... + eager` the eager peak too. `totals` are parameters, MACs, FLOPs and activations of a network whose
blocks were met before, as in a search. Python looks for no garbage while it is timed (`timeit`).
"""

from __future__ import annotations

import logging
import random
import warnings
from collections.abc import Callable
from statistics import median
from timeit import timeit

import torch
from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis, flop_count_table
from results import write_results

from archscape.analysis.costs.memory import buffers, memory
from archscape.analysis.costs.memory.training import training_memory
from archscape.analysis.costs.profile import profile
from archscape.analysis.costs.receptive_field import fields
from archscape.spaces import Network, Space, load_network
from archscape.spaces.blocks.block import repeat, trace
from archscape.spaces.codegen.source import class_name, source
from archscape.spaces.graph import flat
from archscape.spaces.language.calls import network_body
from archscape.spaces.operators import convolution
from archscape.spaces.operators.norm import batch_norm

ROUNDS = 9
OURS_PER_ROUND = 20
REMEMBERED = (
    repeat,
    trace,
    convolution.conv_window,
    convolution.resolve_padding,
    convolution.window_size,
    batch_norm,
    flat,
    buffers,
)


def seconds(function: Callable[[], object]) -> float:
    return timeit(function, number=1)


def cold(function: Callable[[], object]) -> float:
    for remembered in REMEMBERED:
        remembered.cache_clear()
    return seconds(function)


def compare(network: Network) -> dict[str, float]:
    """Return the median seconds of each way to count one network."""
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(source(network), namespace)
    model_class = namespace[class_name(network)]
    image = torch.zeros(1, *network.input)

    def fvcore() -> str:
        model = model_class().eval()
        return flop_count_table(
            FlopCountAnalysis(model, image), max_depth=9, activations=ActivationCountAnalysis(model, image)
        )

    def fvcore_flops() -> object:
        return FlopCountAnalysis(model_class().eval(), image).by_module()

    def lower_and_table() -> object:
        network_body(network.name, network.calls, network.inputs, network.outputs)
        return profile(network)

    def declare_and_all() -> object:
        return profile(Network(name=network.name, input=network.input, layers=network.layers))

    def all_but_eager() -> object:
        return lower_and_table(), memory(network), training_memory(network), fields(network.graph)

    def all_there_is() -> object:
        return all_but_eager(), memory(network, mode="eager")

    peers = {"fvcore table + build": fvcore, "fvcore FLOPs + build": fvcore_flops}
    ours = {
        "lower + table": lower_and_table,
        "declare + lower + table": declare_and_all,
        "table + memory + fields": all_but_eager,
        "... + eager": all_there_is,
    }
    times: dict[str, list[float]] = {way: [] for way in (*peers, *ours, "totals")}
    fvcore()
    for _ in range(ROUNDS):
        for way, function in peers.items():
            times[way].append(seconds(function))
        for way, function in ours.items():
            times[way] += [cold(function) for _ in range(OURS_PER_ROUND)]
        network.totals  # noqa: B018 - fills the memory that the next lines measure
        times["totals"] += [seconds(lambda: network.totals) for _ in range(OURS_PER_ROUND)]
    return {name: median(values) for name, values in times.items()}


def sampling(space: Space, count: int = 20_000) -> float:
    """Return the feasible networks drawn per second, after 1,000 that fill the memory."""
    rng = random.Random(0)
    for _ in range(1_000):
        space.sample(rng)
    return count / seconds(lambda: [space.sample(rng) for _ in range(count)])


def main() -> None:
    torch.set_num_threads(1)  # on a shared machine more threads wait for each other, to the peer's harm
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    lines = ["| network | way | median | against table | against FLOPs |", "|:--|:--|--:|--:|--:|"]
    for name in ("resnet50", "resnet20"):
        medians = compare(load_network(name))
        for way, value in medians.items():
            table, flops = medians["fvcore table + build"] / value, medians["fvcore FLOPs + build"] / value
            lines.append(f"| {name} | {way} | {value * 1e6:,.1f} us | {table:,.1f}x | {flops:,.1f}x |")
    rate = sampling(Space.load("cifar"))
    lines += ["", f"`cifar`: {rate:,.0f} feasible networks sampled per second on one core."]
    write_results("costs", __doc__ or "", lines)


if __name__ == "__main__":
    main()
