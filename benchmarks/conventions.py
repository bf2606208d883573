"""Every convention against its tool at the networks' own inputs: are the totals equal, and what do they take.

Claim: operations and parameters equal on every network of the catalog up to 5 GMAC, and each total at least
50 times faster than the tool counts a module that is built already.

Command: `python benchmarks/conventions.py` (writes benchmarks/results/conventions-DATE.md)

fvcore and ptflops compute; torchinfo runs on shapes alone (`device="meta"`). One process, one thread, each
network once with each tool, ours right before it; the seconds are sums over the networks. The tests hold the
larger networks against the tools too, on smaller inputs.
"""

from __future__ import annotations

import inspect
import logging
import time
import warnings

import torch
from fvcore.nn import FlopCountAnalysis, parameter_count
from ptflops import get_model_complexity_info
from results import write_results
from torch import nn
from torchinfo import summary

from archscape.analysis.costs.conventions import count
from archscape.spaces import Network, catalog_names, load
from archscape.spaces.codegen.build import build

LARGEST = 5 * 10**9


def fvcore(model: nn.Module, network: Network) -> tuple[int, int]:
    inputs = tuple(torch.zeros(1, *shape) for shape in network.input_shapes)
    analysis = FlopCountAnalysis(model, inputs).unsupported_ops_warnings(False)
    return int(analysis.uncalled_modules_warnings(False).total()), parameter_count(model)[""]


def ptflops(model: nn.Module, network: Network) -> tuple[int, int]:
    names = list(inspect.signature(model.forward).parameters)

    def inputs(_: tuple[int, ...]) -> dict[str, torch.Tensor]:
        return {name: torch.zeros(1, *shape) for name, shape in zip(names, network.input_shapes, strict=True)}

    ops, params = get_model_complexity_info(
        model, (1,), print_per_layer_stat=False, as_strings=False, input_constructor=inputs
    )
    return ops, params


def torchinfo(model: nn.Module, network: Network) -> tuple[int, int]:
    inputs = [torch.empty(1, *shape, device="meta") for shape in network.input_shapes]
    report = summary(model.to("meta"), input_data=inputs, device="meta", verbose=0)
    return report.total_mult_adds, report.total_params


def main() -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    tables = [table for name in catalog_names() if isinstance(table := load(name), Network)]
    networks = [network for network in tables if network.totals.macs <= LARGEST]
    lines = [
        "| convention | networks | equal | seconds, tool | seconds, ours | ratio |",
        "|:--|" + "--:|" * 5,
    ]
    for tool in (fvcore, ptflops, torchinfo):
        equal, theirs, ours = 0, 0.0, 0.0
        for network in networks:
            model = build(network).eval()
            start = time.perf_counter()
            tally = count(network, tool.__name__)
            middle = time.perf_counter()
            equal += (tally.total, tally.params) == tool(model, network)
            ours, theirs = ours + middle - start, theirs + time.perf_counter() - middle
        ratio = f"{theirs / ours:,.0f}x"
        lines.append(f"| {tool.__name__} | {len(networks)} | {equal} | {theirs:.1f} | {ours:.3f} | {ratio} |")
    write_results("conventions", __doc__ or "", lines)


if __name__ == "__main__":
    main()
