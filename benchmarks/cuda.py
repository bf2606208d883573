"""Training on a CUDA device: what layout, bfloat16, a graph of the step and several workers are each worth.

No claim: nobody has run it on a GPU yet. Where one is at hand its figures go to benchmarks/results; elsewhere
there are none.

Command: `python benchmarks/cuda.py` (at most ten minutes; needs torch, numpy, PyYAML and pytest alone; with
`--device cpu --short` the same code runs in a minute without a GPU, and no figure of it is kept)

What is compared. A ResNet-20, a MobileNet-like and a DenseNet-like network learn random images of CIFAR's
size, batch 128, by SGD with momentum. `plain`: forward, backward and step of `torch.optim.SGD`, channels
first, float32. The others are the steps of `archscape` with a shift, a mirror and the mean of the weights,
channels last: in float32, in bfloat16, and in bfloat16 captured as a CUDA graph. They take turns; medians.
Then workers that share the device each train a ResNet-20 so; then the peak of memory is held against
`archscape memory`, measured latency against what a calibration of the device predicts, and the tests of
`tests/search/training/test_cuda.py` run.
"""

from __future__ import annotations

if __name__ != "__main__":  # PyTorch, in a benchmark beside this one, looks for NVIDIA's package `cuda`
    raise ImportError("this is no module")

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT, HERE = Path(__file__).parents[1], Path(__file__).parent
# PyTorch looks for NVIDIA's package `cuda`, which a script of that name in the first folder would hide.
sys.path[:] = [str(ROOT), *(folder for folder in sys.path if Path(folder) != HERE)]

import numpy as np  # noqa: E402
import torch  # noqa: E402

sys.path.append(str(HERE))
from results import write_results  # noqa: E402

sys.path.pop()

from archscape.analysis.costs.latency import Predictor, calibrate, measure  # noqa: E402
from archscape.analysis.costs.memory.training import training_memory  # noqa: E402
from archscape.search.datasets.arrays import Source  # noqa: E402
from archscape.search.datasets.dataset import Dataset, make_dataset  # noqa: E402
from archscape.search.shutdown import never  # noqa: E402
from archscape.search.training.loop import Loop  # noqa: E402
from archscape.search.training.recipe import Recipe  # noqa: E402
from archscape.search.training.step import StepInputs  # noqa: E402
from archscape.spaces import Network  # noqa: E402

BATCH = 128
CUDA_TESTS = "tests/search/training/test_cuda.py"
TABLES = {
    "resnet20": """
    - conv: {width: 16}
    - basic: {width: 16, depth: 3}
    - basic: {width: 32, depth: 3, stride: 2}
    - basic: {width: 64, depth: 3, stride: 2}
    """,
    "mobilenet-like": """
    - conv: {width: 32}
    - inverted: {expand: 1, width: 16}
    - inverted: {expand: 6, width: 24, depth: 2}
    - inverted: {expand: 6, width: 32, depth: 3, stride: 2}
    - inverted: {expand: 6, width: 64, depth: 3, stride: 2}
    """,
    "densenet-like": """
    - conv: {width: 24}
    - dense: {depth: 6, growth: 12}
    - transition: {ratio: 1/2}
    - dense: {depth: 6, growth: 12}
    - transition: {ratio: 1/2}
    - dense: {depth: 6, growth: 12}
    - norm
    """,
}


class Scale(NamedTuple):
    """How much is measured."""

    batch: int
    rounds: int
    steps: int
    workers: tuple[int, ...]
    seconds: float
    graphs: int


FULL = Scale(BATCH, rounds=7, steps=30, workers=(1, 2, 4, 8), seconds=12.0, graphs=300)
SHORT = Scale(4, rounds=1, steps=5, workers=(1, 2), seconds=0.2, graphs=8)


def networks() -> list[Network]:
    tail = "    - avgpool\n    - linear: {width: 10}\n"
    return [
        Network.from_yaml(f"network: {name}\ninput: 3x32x32\nlayers:{rows.rstrip(' ')}{tail}")
        for name, rows in TABLES.items()
    ]


def data(count: int) -> Dataset:
    rng = np.random.default_rng(0)
    arrays = {}
    for part, size in (("train", count), ("val", 64), ("test", 64)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (size, 3, 32, 32), dtype=np.uint8)
        arrays[f"y_{part}"] = np.arange(size) % 10
    return make_dataset("random images", Source(arrays=arrays))


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def plain(network: Network, device: str, batch: int) -> Callable[[], object]:
    """Return a step as a tutorial has it."""
    model = network.build().to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = torch.randn(batch, 3, 32, 32, device=device), torch.arange(batch, device=device) % 10

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def ours(
    network: Network, device: str, batch: int, precision: str, *, is_captured: bool = False
) -> Callable[[], object]:
    """Return a step of archscape."""
    recipe = Recipe(
        optimizer="sgd", rate=0.01, batch=batch, precision=precision, ema=0.99, augment=("flip", "shift")
    )
    loop = Loop(
        data=data(4 * batch),
        recipe=recipe,
        device=torch.device(device),
        seed=0,
        rungs=(),
        should_stop=never,
        is_captured=is_captured,
        log=print,
    )
    loop.start(network.build)
    inputs = StepInputs(torch.arange(batch, device=device), 0.01, 0.99)
    return lambda: loop.step(inputs)


def timed(step: Callable[[], object], device: str, steps: int) -> float:
    """Return the seconds of a step."""
    synchronize(device)
    start = time.perf_counter()
    for _ in range(steps):
        step()
    synchronize(device)
    return (time.perf_counter() - start) / steps


def step_times(device: str, scale: Scale) -> list[str]:
    lines = [
        "## Steps",
        "",
        "| network | plain ms | channels last | + bfloat16 | + graph |",
        "|:--|--:|--:|--:|--:|",
    ]
    for network in networks():
        steps = [
            plain(network, device, scale.batch),
            ours(network, device, scale.batch, "float32"),
            ours(network, device, scale.batch, "bfloat16"),
            ours(network, device, scale.batch, "bfloat16", is_captured=True),
        ]
        for step in steps:
            timed(step, device, scale.steps)
        rounds = [[timed(step, device, scale.steps) for step in steps] for _ in range(scale.rounds)]
        first, *others = (median(times) for times in zip(*rounds, strict=True))
        cells = [f"{first / other:.2f}x ({other * 1e3:.2f})" for other in others]
        lines.append(f"| {network.name} | {first * 1e3:.2f} | {' | '.join(cells)} |")
    return lines


def work(device: str, scale: Scale) -> None:
    """Train from a signal on, and print how many steps were taken in the time."""
    step = ours(networks()[0], device, scale.batch, "bfloat16", is_captured=True)
    for _ in range(5):
        step()
    synchronize(device)
    print("ready", flush=True)
    sys.stdin.readline()
    end, steps = time.perf_counter() + scale.seconds, 0
    while time.perf_counter() < end:
        step()
        steps += 1
        if steps % 20 == 0:
            synchronize(device)
    synchronize(device)
    print(steps, flush=True)


def several_workers(device: str, scale: Scale, options: Sequence[str]) -> list[str]:
    lines = ["", "## Workers", "", "| workers | steps/s together | of one worker's |", "|--:|--:|--:|"]
    alone = 0.0
    for count in scale.workers:
        command = [sys.executable, __file__, "--device", device, "--work", *options]
        crew = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        try:
            for worker in crew:
                assert worker.stdout is not None
                while worker.stdout.readline() not in ("ready\n", ""):
                    pass
            for worker in crew:
                assert worker.stdin is not None
                worker.stdin.write("\n")
                worker.stdin.flush()
            results = [int(worker.communicate()[0].split()[-1]) / scale.seconds for worker in crew]
        finally:
            for worker in crew:
                worker.kill()
                worker.wait()
        alone = alone or sum(results)
        lines.append(f"| {count} | {sum(results):.1f} | {sum(results) / alone:.2f}x |")
    return lines


def peaks(device: str, scale: Scale) -> list[str]:
    """Return the peak of tensor bytes of a step beside what is predicted; measured on CUDA alone."""
    lines = ["", "## Memory of a step in float32", "", "| network | predicted MiB | measured MiB | error |"]
    lines.append("|:--|--:|--:|--:|")
    for network in networks():
        predicted = training_memory(network, batch=scale.batch, optimizer="momentum").peak
        cells = ["", ""]
        step = ours(network, device, scale.batch, "float32")
        step()
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            step()
            peak = torch.cuda.max_memory_allocated()
            cells = [f"{peak / 2**20:.1f}", f"{predicted / peak - 1:+.1%}"]
        lines.append(f"| {network.name} | {predicted / 2**20:.1f} | {' | '.join(cells)} |")
    note = "Measured beside the step: the data, the mean of the weights, what the allocator rounds up."
    return [*lines, "", note]


def latencies(device: str, scale: Scale) -> list[str]:
    lines = ["", "## Latency at batch 1", "", "| network | measured ms | predicted ms | interval holds |"]
    lines.append("|:--|--:|--:|:-:|")
    calibration = calibrate(device=device, seconds=5 * scale.seconds, graphs=scale.graphs)
    predictor = Predictor(calibration)
    for network, measured in zip(networks(), measure(networks(), device=device), strict=True):
        predicted = predictor.predict(network)
        held = "yes" if predicted.low <= measured.seconds <= predicted.high else "no"
        times = f"{measured.seconds * 1e3:.3f} | {predicted.seconds * 1e3:.3f}"
        lines.append(f"| {network.name} | {times} | {held} |")
    return lines


def cuda_tests() -> list[str]:
    """Run the tests of what no CPU can tell, without the fixtures of the others and what these need."""
    options = ["-q", "--noconftest", "-c", os.devnull, "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    command = [sys.executable, "-m", "pytest", *options, str(ROOT / CUDA_TESTS)]
    folders = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    environment = os.environ | {"PYTHONPATH": folders, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    print(done.stdout)
    summary = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr.strip()
    return ["", "## Tests", "", f"`{CUDA_TESTS}`: {summary}"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--short", action="store_true", help="seconds in place of minutes")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device that PyTorch can use is at hand, so there is no figure", file=sys.stderr)
        return 2
    scale = SHORT if options.short else FULL
    if options.device == "cpu":
        torch.set_num_threads(1)  # on a busy machine more threads wait for each other
    if options.work:
        work(options.device, scale)
        return 0
    parts = {
        "times of steps": lambda: step_times(options.device, scale),
        "several workers": lambda: several_workers(
            options.device, scale, ["--short"] if options.short else []
        ),
        "peaks of memory": lambda: peaks(options.device, scale),
        "latencies": lambda: latencies(options.device, scale),
        "tests": cuda_tests,
    }
    lines: list[str] = []
    for name, part in parts.items():
        print(f"{name} ...", file=sys.stderr)
        lines += part()
    if options.device == "cuda" and not options.short:
        claim = (__doc__ or "").split("\n\n", 1)[0]
        write_results("cuda", claim, [f"GPU: {torch.cuda.get_device_name()}", "", *lines], tools=("torch",))
    else:
        print("\n".join(lines))
        print("\nno figure is kept: it was a trial of the script")
    return 0


if __name__ == "__main__":
    sys.exit(main())
