"""What training costs: candidates an hour, the time of a step, batches and augmentation, against peers.

Aims: a search trains at least 10 times as many candidates an hour as PyTorch's tutorial on Ray Tune, to the
same accuracy. A step takes at most 5% longer than the bare loop of its forward and backward passes; a plain
eager NCHW loop takes at least 1.25 times (ResNet-20) and 1.7 times (MobileNetV2) as long, and 2.2 and 2.8
times as long as a step in bfloat16. Batches with flips and shifts are at most 1% of a step of ResNet-20.
Image by image with Pillow, augmentation takes at least 10 times as long, with kornia twice. What was
measured, in the results, misses some of them.

Command: `python benchmarks/training.py` (about 10 minutes; writes benchmarks/results/training-DATE.md; kornia
is measured where it is installed). `--short` tries all of it in a minute and writes nothing.
Hardware: two free cores, no GPU; bfloat16 needs avx512_bf16.

Candidates: both train the same networks, all of a small space, on the same images of `cluttered-digits` by
the recipe `quick`, from the start of the first process to the end of the last: `archscape search` on two
workers, and `helpers/references/tune_tutorial.py`, the tutorial's search, with what is fastest on two cores:
two trials at once, two processes a loader. `--published` adds it with two CPUs a trial and eight processes.

Steps: on 3 x 32 x 32, ten classes, one thread, CPU time. `archscape` is what the training loop calls for a
step, from picking samples to the moved weights, in a process with a worker's settings; the bare loop is in
the same process in turns with it: channels last, fused SGD, slices of one tensor, and nothing else. The eager
loop has a process of its own: NCHW, `torch.optim.SGD`, float32, the C library as it is.

Batches: samples picked by number out of data in memory, standardised when they were loaded; with random flips
and shifts; and picked out of bytes as they lie on a disk, standardised in each batch, flipped and shifted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import sqrt
from pathlib import Path
from random import Random
from statistics import mean, median, stdev
from typing import TYPE_CHECKING

from augmentation import compare
from results import write_results

if TYPE_CHECKING:
    import torch

    from archscape.search.training.loop import Loop

HERE = Path(__file__).parent
SEARCHES, ROUNDS, STEPS = 2, 3, 4
BATCHES = {"ResNet-20": 128, "MobileNetV2": 64}

# The network of the tutorial, padded since samples are small, and the widths that it searches, but the least.
SPACE = """\
space: tutorial
input: 1x16x16
let:
  l1: {32, 64, 128, 256}
  l2: {32, 64, 128, 256}
layers:
  - conv: {width: 6, kernel: 5, norm: none}
  - maxpool: {kernel: 2, stride: 2}
  - conv: {width: 16, kernel: 5, norm: none}
  - maxpool: {kernel: 2, stride: 2}
  - linear: {width: $l1, act: relu}
  - linear: {width: $l2, act: relu}
  - linear: {width: 10}
"""
CANDIDATES = 16
JOB = """\
search: tutorial
space: tutorial.yaml
data: cluttered-digits
recipe: quick
sampler: random
trials: {trials}
workers: 2
"""
# Sandler et al. 2018, table 2, with strides for 32 x 32.
MOBILE = """\
network: mobilenetv2-32
input: 3x32x32
defaults: {act: relu6}
layers:
  - conv:     {width: 32}
  - inverted: {expand: 1, width: 16}
  - inverted: {expand: 6, width: 24, depth: 2}
  - inverted: {expand: 6, width: 32, depth: 3, stride: 2}
  - inverted: {expand: 6, width: 64, depth: 4, stride: 2}
  - inverted: {expand: 6, width: 96, depth: 3}
  - inverted: {expand: 6, width: 160, depth: 3, stride: 2}
  - inverted: {expand: 6, width: 320}
  - conv:     {width: 1280, kernel: 1}
  - avgpool
  - linear:   {width: 10}
"""


def searched(folder: Path, count: int) -> tuple[float, list[float]]:
    """Search with archscape; return the seconds and the accuracies."""
    import pandas as pd

    (folder / "tutorial.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB.format(trials=count))
    command = [sys.executable, "-m", "archscape", "search", str(folder / "job.yaml")]
    started = time.perf_counter()
    subprocess.run([*command, "--out", str(folder / "run")], check=True, capture_output=True)
    seconds = time.perf_counter() - started
    trials = pd.read_csv(folder / "run" / "trials.csv")
    assert list(trials["status"]) == ["complete"] * count
    return seconds, [*trials["accuracy"]]


def tuned(folder: Path, count: int, cpus: int, loaders: int) -> tuple[float, list[float]]:
    """Search as the tutorial does, with so many CPUs a trial and processes a loader."""
    started = time.perf_counter()
    module = "helpers.references.tune_tutorial"
    command = [sys.executable, "-m", module, str(folder), str(cpus), str(loaders)]
    paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    subprocess.run(
        command, check=True, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, capture_output=True
    )
    seconds = time.perf_counter() - started
    accuracies = json.loads((folder / "accuracies.json").read_text())
    assert len(accuracies) == count
    return seconds, accuracies


def write_inputs(folder: Path, count: int) -> None:
    """Write the networks of the space, and the images that both train on."""
    import numpy as np

    from archscape.search.datasets.dataset import load_dataset
    from archscape.spaces import Space

    (folder / "tutorial.yaml").write_text(SPACE)
    space, rng, networks = Space.load(folder / "tutorial.yaml"), Random(0), {}
    while len(networks) < count:
        network = space.sample(rng).network
        networks[network.hash()] = network.to_json()
    (folder / "networks.json").write_text(json.dumps([*networks.values()]))
    data = load_dataset("cluttered-digits")
    arrays = {"mean": data.mean[0], "std": data.std[0]}
    for name, part in (("train", data.train), ("val", data.val)):
        arrays[f"x_{name}"] = (part.x * data.std[0] + data.mean[0]).round().byte()[:, 0].numpy()
        arrays[f"y_{name}"] = part.y.numpy()
    np.savez(folder / "images.npz", **arrays)


def candidates(rounds: int, count: int, *, published: bool) -> list[str]:
    """Return the lines that compare searches."""
    searches: dict[str, Callable[[Path, int], tuple[float, list[float]]]] = {
        "archscape": searched,
        "the tutorial, two trials at once": partial(tuned, cpus=1, loaders=2),
        **({"the tutorial": partial(tuned, cpus=2, loaders=8)} if published else {}),
    }
    runs: dict[str, list[tuple[float, list[float]]]] = {side: [] for side in searches}
    for _ in range(rounds):
        for side, search in searches.items():
            with tempfile.TemporaryDirectory() as folder:
                write_inputs(Path(folder), count)
                runs[side].append(search(Path(folder), count))
    seconds = {side: median(run[0] for run in each) for side, each in runs.items()}
    ours, *others = seconds.values()
    ratios = ", and as published ".join(f"**{other / ours:.1f}x**" for other in others)
    lines = [
        f"Candidates an hour, against PyTorch's tutorial on Ray Tune with two trials at once: {ratios}.",
        "",
        f"Medians of {rounds} interleaved searches of {count} candidates, process start included:",
        "",
        "| search | seconds | candidates an hour | validation accuracy |",
        "|:--|--:|--:|--:|",
    ]
    for side, each in runs.items():
        scores = [score for run in each for score in run[1]]
        accuracy = f"{mean(scores):.2%} ± {stdev(scores) / sqrt(len(scores)):.2%}"
        hourly = 3600 * count / seconds[side]
        lines.append(f"| {side} | {seconds[side]:.1f} | {hourly:.0f} | {accuracy} |")
    return lines


def samples(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(count, 3, 32, 32, generator=rng), torch.randint(0, 10, (count,), generator=rng)
    return x, y


def build_network(name: str) -> torch.nn.Module:
    import torch

    from archscape.spaces import Network, load_network
    from archscape.spaces.codegen.build import build

    network = load_network("resnet20") if name == "ResNet-20" else Network.from_yaml(MOBILE)
    torch.manual_seed(0)
    return build(network.at(input=(3, 32, 32), classes=10))


def plain_step(name: str, batch: int, *, is_bare: bool) -> Callable[[], object]:
    """Return a step of a loop written by hand: as fast as torch alone gets, or as a beginner's."""
    import torch
    from torch import nn

    layout = torch.channels_last if is_bare else torch.contiguous_format
    x, y = samples(2 * batch)
    x, model = x.contiguous(memory_format=layout), build_network(name).to(memory_format=layout).train()
    settings = {"lr": 0.01, "momentum": 0.9, "weight_decay": 1e-4}
    optimizer = torch.optim.SGD(model.parameters(), fused=True if is_bare else None, **settings)
    turns = iter(range(1 << 30))

    def step() -> None:
        rows = slice(start := next(turns) % 2 * batch, start + batch)
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def loop(name: str, batch: int, precision: str) -> Loop:
    """Return the training loop of archscape, ready for its first step."""
    import torch

    from archscape.search.datasets.dataset import load_dataset
    from archscape.search.datasets.split import Split
    from archscape.search.training.loop import Loop
    from archscape.search.training.recipe import read_recipe

    x, y = samples(2 * batch)
    part = Split(x=x.contiguous(memory_format=torch.channels_last), y=y)
    data = replace(load_dataset("digits"), train=part, val=part, test=part, input=(3, 32, 32))
    recipe = read_recipe(
        {"optimizer": "sgd", "batch": str(batch), "weight_decay": "1e-4", "precision": precision}
    )
    made = Loop(
        data=data, recipe=recipe, device=torch.device("cpu"), seed=0, rungs=(), should_stop=lambda: False
    )
    made.start(lambda: build_network(name))
    return made


def our_step(name: str, batch: int, precision: str) -> Callable[[], object]:
    import torch

    from archscape.search.training.step import StepInputs

    made, order = loop(name, batch, precision), torch.randperm(2 * batch)
    turns = iter(range(1 << 30))

    def step() -> None:
        start = next(turns) % 2 * batch
        made.total += made.step(StepInputs(order[start : start + batch], 0.01, 0.0))

    return step


def pipelines(batch: int) -> dict[str, Callable[[], object]]:
    """Return what makes a batch, by what is counted."""
    import torch

    from archscape.search.datasets.split import Split
    from archscape.search.datasets.statistics import Units
    from archscape.search.training.augment.apply import augment

    x, y = samples(20 * batch)
    ready = Split(x=x.contiguous(memory_format=torch.channels_last), y=y)
    stored = Split(
        x=(x * 50 + 128).clamp(0, 255).byte(), y=y, x_units=Units(mean=(128.0,) * 3, std=(50.0,) * 3)
    )
    generator, cpu = torch.Generator().manual_seed(0), torch.device("cpu")
    rows = torch.randperm(20 * batch)[:batch]

    def picked(part: Split) -> tuple[torch.Tensor, torch.Tensor]:
        return part.batch(rows, cpu)

    return {
        "picked": lambda: picked(ready),
        "picked, flip, shift": lambda: augment(*picked(ready), ("flip", "shift"), generator),
        "picked from bytes, standardised, flip, shift": lambda: augment(
            *picked(stored), ("flip", "shift"), generator
        ),
    }


def measure(name: str, side: str, batch: int, steps: int) -> dict[str, list[float]]:
    """Return CPU seconds of steps in this process, its peers in turns."""
    import torch

    from archscape.search.training.allocator import keep_freed_memory

    torch.set_num_threads(1)
    if side == "eager":
        calls = {"eager": plain_step(name, batch, is_bare=False)}
    else:
        keep_freed_memory()
        calls = {
            "bare": plain_step(name, batch, is_bare=True),
            "float32": our_step(name, batch, "float32"),
            "bfloat16": our_step(name, batch, "bfloat16"),
            **(pipelines(batch) if name == "ResNet-20" else {}),
        }
    times: dict[str, list[float]] = {call: [] for call in calls}
    for turn in range(steps + 1):
        for call, take in calls.items():
            start = time.process_time()
            take()
            if turn:  # the first one makes ready
                times[call].append(time.process_time() - start)
    return times


def measured(name: str, batch: int, rounds: int, steps: int) -> dict[str, float]:
    """Return the median CPU seconds of a step of each peer, over processes in turns."""
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for side in ("ours", "eager"):
            command = [sys.executable, __file__, "--measure", name, side, str(batch), str(steps)]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            for call, seconds in json.loads(out.splitlines()[-1]).items():
                times.setdefault(call, []).extend(seconds)
    ratio = median(ours / bare for ours, bare in zip(times["float32"], times["bare"], strict=True))
    return {**{call: median(seconds) for call, seconds in times.items()}, "ratio": ratio}


def steps_of(batches: Mapping[str, int], rounds: int, steps: int) -> list[str]:
    """Return the lines that compare steps."""
    table = {name: measured(name, batch, rounds, steps) for name, batch in batches.items()}
    lines = []
    for name, seconds in table.items():
        ours, half, eager = (seconds[side] for side in ("float32", "bfloat16", "eager"))
        lines.append(
            f"A step of {name}: **{seconds['ratio']:.3f}x** the bare loop; the plain eager NCHW loop takes "
            f"**{eager / ours:.2f}x** as long in float32, **{eager / half:.2f}x** as in bfloat16."
        )
    whole = {name: seconds for name, seconds in table["ResNet-20"].items() if name.startswith("picked")}
    step = table["ResNet-20"]["float32"]
    lines += [
        "",
        f"Medians of {rounds} interleaved processes, {steps} steps each; CPU milliseconds, one thread:",
    ]
    lines += [
        "",
        "| network | batch | bare loop | archscape | archscape, bfloat16 | eager NCHW |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for name, seconds in table.items():
        row = [f"{seconds[side] * 1e3:.1f}" for side in ("bare", "float32", "bfloat16", "eager")]
        lines.append(f"| {name} | {batches[name]} | {' | '.join(row)} |")
    lines += ["", "Batches, as a share of a step of ResNet-20 in float32, and in bfloat16:", ""]
    lines += ["| what is counted | CPU milliseconds | of a step | of one in bfloat16 |", "|:--|--:|--:|--:|"]
    half = table["ResNet-20"]["bfloat16"]
    for name, seconds in whole.items():
        lines.append(f"| {name} | {seconds * 1e3:.2f} | {seconds / step:.2%} | {seconds / half:.2%} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare training with its peers.")
    parser.add_argument("--short", action="store_true", help="try all of it, and write nothing")
    parser.add_argument("--published", action="store_true", help="run the tutorial as published too")
    parser.add_argument(
        "--measure", nargs=4, metavar=("NETWORK", "SIDE", "BATCH", "STEPS"), help=argparse.SUPPRESS
    )
    arguments = parser.parse_args()
    if arguments.measure:
        name, side, batch, steps = arguments.measure
        print(json.dumps(measure(name, side, int(batch), int(steps))))
        return
    short = arguments.short
    batches = dict.fromkeys(BATCHES, 4) if short else BATCHES
    lines = [
        *candidates(1 if short else SEARCHES, 2 if short else CANDIDATES, published=arguments.published),
        "",
        *steps_of(batches, 1 if short else ROUNDS, 1 if short else STEPS),
        "",
        *compare(1 if short else 15),
        "",
        f"Load average at the end: {os.getloadavg()[0]:.1f}.",
    ]
    if short:
        print("\n".join(lines))
        print("\nno figure is kept: it was a trial of the script")
    else:
        write_results("training", "Aims: " + (__doc__ or "").split("Aims: ")[1].split("\n\n")[0], lines)


if __name__ == "__main__":
    main()
