"""A module of any making against fvcore's count of FLOPs alone, in one process, interleaved, medians.

Claim: all costs of a module, layer by layer, take at most 1.5 times what fvcore takes for its FLOPs alone;
and where fvcore knows every operator, both find the same products.

Command: `python benchmarks/modules.py` (writes benchmarks/results/modules-DATE.md)

Both are given the same module, built already, and the same input of zeros, on one thread. `fvcore FLOPs` is
`FlopCountAnalysis(...).by_module()`; ours is `archscape.profile`: parameters, MACs, FLOPs and activations by
layer, unknown operators listed, and the module put back as it was. `run` is the module alone, without any
counting. The ratio is the median of ours over the median of fvcore's.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from statistics import median
from timeit import timeit

import torch
from fvcore.nn import FlopCountAnalysis
from results import write_results
from torch import nn

from archscape import profile
from archscape.spaces import load_network
from archscape.spaces.codegen.build import build

ROUNDS = 9
PRODUCTS = ("conv", "linear", "addmm", "mm", "bmm", "matmul", "einsum")


def encoder() -> nn.Module:
    """Return a transformer of the size of ViT-S/16, without its patches."""
    layer = nn.TransformerEncoderLayer(384, 6, 1536, activation="gelu", batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)


def of_catalog(name: str) -> tuple[nn.Module, torch.Tensor]:
    network = load_network(name)
    return build(network), torch.zeros(1, *network.input)


MODULES: dict[str, Callable[[], tuple[nn.Module, torch.Tensor]]] = {
    **{
        name: lambda name=name: of_catalog(name)  # type: ignore[misc]
        for name in ("resnet50", "mobilenetv2", "efficientnet-b0", "convnext-tiny", "densenet121", "resnet20")
    },
    "transformer, 12 x 384, 197 tokens": lambda: (encoder(), torch.zeros(1, 197, 384)),
    "lstm, 2 x 256, 64 steps": lambda: (nn.LSTM(256, 256, num_layers=2), torch.zeros(64, 1, 256)),
}


def compare(module: nn.Module, x: torch.Tensor) -> tuple[dict[str, float], int, int]:
    """Return the median seconds of each way, and the products that fvcore and we find."""
    module = module.eval()

    def fvcore() -> object:
        return FlopCountAnalysis(module, x).by_module()

    def ours() -> object:
        return profile(module, input=x)

    def run() -> None:
        with torch.inference_mode():
            module(x)

    ways: dict[str, Callable[[], object]] = {"fvcore FLOPs": fvcore, "ours": ours, "run": run}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for way in ways.values():
        way()
    for _ in range(ROUNDS):
        for way, function in ways.items():
            times[way].append(timeit(function, number=1))
    counts = FlopCountAnalysis(module, x).by_operator()
    products = sum(int(counts[word]) for word in PRODUCTS)
    return {way: median(values) for way, values in times.items()}, products, profile(module, input=x).macs


def main() -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    heads = ("module", "fvcore FLOPs", "ours", "run alone", "ours / fvcore", "macs, fvcore", "macs, ours")
    lines = [f"| {' | '.join(heads)} |", "|:--|" + "--:|" * (len(heads) - 1)]
    for name, make in MODULES.items():
        medians, theirs, macs = compare(*make())
        ratio = medians["ours"] / medians["fvcore FLOPs"]
        cells = [f"{value * 1e3:,.1f} ms" for value in medians.values()]
        lines.append(f"| {name} | {' | '.join(cells)} | {ratio:.2f} | {theirs:,} | {macs:,} |")
    write_results("modules", __doc__ or "", lines)


if __name__ == "__main__":
    main()
