"""Every network of NAS-Bench-Macro, its parameters and MACs, against the published table.

Claim: the 6,561 networks of the space `nas-bench-macro` are counted in under 5 seconds on one core, without
building a module, with no difference from the table; at least 300 times as fast as building each and
counting with fvcore.

Command: `python benchmarks/nasbench.py TABLE.csv` (writes benchmarks/results/nasbench-DATE.md). TABLE.csv has
the columns `arch`, `params` and `flops` as published with NAS-Bench-Macro (Su et al. 2021).

What is compared. `archscape` is each network from its list of decisions to its totals, and the declaration of
the space. The peer builds the torch module from the source that archscape exports and counts it with fvcore's
FlopCountAnalysis; it is timed on every 200th network, interleaved, and its median stands for all.
"""

from __future__ import annotations

import csv
import logging
import sys
import time
import warnings
from statistics import median

import torch
from fvcore.nn import FlopCountAnalysis
from results import write_results

from archscape.spaces import Space, load_space
from archscape.spaces.codegen.source import class_name, source

ROUNDS = 3
EVERY = 200
FIRST, OTHER = ("project", "expand3", "expand6"), ("identity", "keep3", "keep6")


def decisions(digits: str) -> dict[str, str]:
    """Return the decisions of a network, one digit a layer; the first layer of a stage has its own word."""
    chosen = {}
    for number, digit in enumerate(digits.zfill(8), 1):
        first = number in (1, 3, 6)
        word, options = ("first", FIRST) if first else ("layer", OTHER)
        chosen[f"layer{number}.{word}"] = options[int(digit)]
    return chosen


def count(rows: list[dict[str, str]]) -> tuple[float, int]:
    """Return the seconds that all networks take, and how many differ from the table."""
    start = time.perf_counter()
    space = load_space("nas-bench-macro")
    totals = [space.replay(decisions(row["arch"])).totals for row in rows]
    seconds = time.perf_counter() - start
    published = [(int(row["params"]), int(row["flops"])) for row in rows]
    return seconds, sum((t.params, t.macs) != known for t, known in zip(totals, published, strict=True))


def build_and_count(space: Space, row: dict[str, str]) -> float:
    """Return the seconds that building one network and counting it with fvcore take."""
    network = space.replay(decisions(row["arch"])).network
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(source(network), namespace)
    image = torch.zeros(1, *network.input)
    start = time.perf_counter()
    FlopCountAnalysis(namespace[class_name(network)]().eval(), image).total()
    return time.perf_counter() - start


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("Usage: python benchmarks/nasbench.py TABLE.csv")
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    space = load_space("nas-bench-macro")
    ours, theirs, differences = [], [], 0
    for _ in range(ROUNDS):
        seconds, differences = count(rows)
        ours.append(seconds)
        theirs += [build_and_count(space, row) for row in rows[::EVERY]]
    whole, peer = median(ours), median(theirs) * len(rows)
    lines = [
        "| way | 6,561 networks | against |",
        "|:--|--:|--:|",
        f"| build + fvcore (median of {len(theirs)}, times 6,561) | {peer:,.0f} s | 1x |",
        f"| archscape (median of {ROUNDS}) | {whole:.2f} s | {peer / whole:,.0f}x |",
        "",
        f"{differences} of {len(rows):,} networks differ from the published parameters and MACs.",
    ]
    write_results("nasbench", __doc__ or "", lines)


if __name__ == "__main__":
    main()
