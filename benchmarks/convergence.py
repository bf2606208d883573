"""How soon a catalog network learns the embedded digits, as a user would train it.

Claim: `archscape train resnet20` by the recipe in examples/training/digits-recipe.yaml comes to at least 97%
test accuracy on cluttered digits, with 272,186 parameters and within 300 CPU-seconds a seed.

Command: `python benchmarks/convergence.py` (5 CPU-minutes; writes benchmarks/results/convergence-DATE.md)

The command line trains one seed after the other, each in a process of its own with one thread. CPU-seconds
are those of the process, from its start: imports, data, epochs, the test and all files. The test part, 300
images, is counted once a seed; the recipe was chosen by the validation part.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev

from results import write_results

from archscape.spaces import load_network

RECIPE = Path(__file__).parents[1] / "examples" / "training" / "digits-recipe.yaml"
SEEDS = range(5)
TARGET, LIMIT, PARAMS = 0.97, 300.0, 300_000


def train(seed: int, out: Path) -> tuple[dict[str, float], float]:
    """Return the metrics of a seed, and the CPU-seconds of its process."""
    words = ["resnet20", "--input", "1x16x16", "--data", "cluttered-digits", "--recipe", str(RECIPE)]
    seeds = ["--seeds", "1", "--first-seed", str(seed), "--device", "cpu", "--out", str(out)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "archscape", "train", *words, *seeds],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    metrics: dict[str, float] = json.loads((out / "metrics.json").read_text())["seeds"][0]["metrics"]
    return metrics, seconds


def main() -> None:
    params = load_network("resnet20").at(input=(1, 16, 16)).totals.params
    lines = [
        f"`resnet20` on 1x16x16, {params:,} parameters, by",
        "",
        "```yaml",
        *(line for line in RECIPE.read_text().splitlines() if not line.startswith("#")),
        "```",
        "",
        "| seed | validation accuracy | test accuracy | CPU-seconds |",
        "|--:|--:|--:|--:|",
    ]
    accuracies, times = [], []
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            metrics, seconds = train(seed, Path(folder) / "out")
        accuracies.append(metrics["test_accuracy"])
        times.append(seconds)
        lines.append(
            f"| {seed} | {metrics['accuracy']:.1%} | {metrics['test_accuracy']:.1%} | {seconds:.0f} |"
        )
        print(lines[-1], flush=True)
    holds = min(accuracies) >= TARGET and max(times) <= LIMIT and params < PARAMS
    spread = f"{100 * mean(accuracies):.1f} ± {100 * stdev(accuracies) / len(accuracies) ** 0.5:.1f}%"
    lines += [
        "",
        f"Test accuracy {spread} (mean and standard error over seeds), {mean(times):.0f} CPU-seconds a seed. "
        f"The claim {'holds for every seed' if holds else 'does not hold for every seed'}.",
    ]
    write_results("convergence", (__doc__ or "").split("Claim: ")[1].split("\n\n")[0], lines)


if __name__ == "__main__":
    main()
