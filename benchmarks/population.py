"""A population of 100,000 networks with their costs, against sampling one by one and against building each.

Claim: 100,000 networks of the `cifar` space within its limits, with decisions, parameters, MACs, FLOPs and
activations as a pandas table, in under 5 s on one core.

Command: `python benchmarks/population.py` (writes benchmarks/results/population-DATE.md)

What is compared. `population` starts with nothing remembered: a fresh process, the space just read.
`Space.sample + totals` is the same networks drawn one by one, 3,000 after 1,000 that fill the memory of
blocks. `build + fvcore` is what one does without archscape, for 20 of the very same networks: make the torch
module (its class compiled beforehand) and let fvcore count its FLOPs, activations and parameters. Seconds are
of the process (CPU time), the median of three interleaved rounds, each with a seed of its own.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
import warnings
from random import Random
from statistics import median

import torch
from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis, parameter_count
from results import write_results

from archscape.spaces import Space
from archscape.spaces.codegen.source import class_name, source
from archscape.spaces.space import Sample

NUMBER = 100_000
SAMPLED = 3_000
BUILT = 20
ROUNDS = 3
PROGRAM = """
import time
from archscape.analysis.statistics.population import population
from archscape.spaces import Space
space = Space.load("cifar")
start = time.process_time()
table = population(space, {number}, seed={seed})
assert len(table) == {number}
print(time.process_time() - start)
"""


def populate(seed: int) -> float:
    """Return the CPU seconds of a network in a population of a fresh process."""
    program = PROGRAM.format(number=NUMBER, seed=seed)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(done.stdout) / NUMBER


def sample(space: Space, seed: int) -> float:
    """Return the CPU seconds of a network sampled by itself."""
    rng = Random(seed)
    for _ in range(1_000):
        space.sample(rng).totals  # noqa: B018 - fills the memory that the next lines use
    start = time.process_time()
    for _ in range(SAMPLED):
        space.sample(rng).totals  # noqa: B018
    return (time.process_time() - start) / SAMPLED


def build(space: Space, seed: int) -> float:
    """Return the CPU seconds of a network that is built and counted by fvcore."""
    rng = Random(seed)
    return sum(count(space.sample(rng)) for _ in range(BUILT)) / BUILT


def count(drawn: Sample) -> float:
    """Return the CPU seconds of fvcore for one network; its parameters are ours."""
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(source(drawn.network), namespace)
    model_class = namespace[class_name(drawn.network)]
    image = torch.zeros(1, *drawn.space.input)
    start = time.process_time()
    model = model_class().eval()
    FlopCountAnalysis(model, image).total()
    ActivationCountAnalysis(model, image).total()
    params = parameter_count(model)[""]
    seconds = time.process_time() - start
    assert params == drawn.totals.params
    return seconds


def main() -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    space = Space.load("cifar")
    rounds = [(populate(seed), sample(space, seed), build(space, seed)) for seed in range(ROUNDS)]
    ours, sampled, built = (median(column) for column in zip(*rounds, strict=True))
    lines = ["| way | networks a second | seconds for 100,000 | population is faster |", "|:--|--:|--:|--:|"]
    for way, each in (
        ("population", ours),
        ("Space.sample + totals", sampled),
        ("build + fvcore", built),
    ):
        lines.append(f"| {way} | {1 / each:,.0f} | {each * NUMBER:,.2f} | {each / ours:,.1f}x |")
    spread = ", ".join(f"{seconds[0] * NUMBER:.2f}" for seconds in rounds)
    lines += ["", f"The rounds of `population`: {spread} s."]
    write_results("population", __doc__ or "", lines)


if __name__ == "__main__":
    main()
