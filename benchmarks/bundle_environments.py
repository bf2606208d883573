"""Claim: a bundle is used by its card alone, in fresh environments that have nothing but what a file needs.

Command: `python benchmarks/bundle_environments.py BUNDLE SAMPLES.npz` (writes
benchmarks/results/bundle-environments-DATE.md). BUNDLE is what `archscape export --format bundle` wrote;
SAMPLES.npz holds the test part, `x` (n, C, *spatial) as the data set has it and labels `y` (n,).

For each file of a bundle, the part of its card is followed as a new user would: the line of `pip install` in
a new virtual environment, then the program, in the folder of the bundle. The program is then given the test
part, and the accuracy of what comes out stands beside the one that training recorded.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from results import write_results

SECTION = re.compile(r"### (model\S+)\n.*?```bash\n(pip install .*?)\n```.*?```python\n(.*?)```", re.DOTALL)
CLAIM = "A bundle is used by its card alone, in fresh environments that have nothing but what a file needs."
TEST = """
arrays = np.load({samples!r})
given = np.concatenate([predict(arrays["x"][i : i + 64]) for i in range(0, len(arrays["x"]), 64)])
print("accuracy", float((given.argmax(1) == arrays["y"]).mean()))
"""


class Section(NamedTuple):
    """What a card says of a file: its name, the command that installs, the program."""

    file: str
    install: str
    program: str


class Followed(NamedTuple):
    """What came of it: what was installed, the accuracy of the test part, seconds."""

    file: str
    packages: int
    accuracy: float
    seconds: float


def sections(card: str) -> list[Section]:
    """Return the parts of a card that say how a file is used."""
    return [Section(*match.groups()) for match in SECTION.finditer(card)]


def follow(section: Section, bundle: Path, at: Path, samples: Path) -> Followed:
    """Do what a card says in a new environment.

    Raises:
        subprocess.CalledProcessError: If a step fails.
    """
    start = time.perf_counter()
    environment = at / section.file
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", *shlex.split(section.install), "--quiet"], check=True)
    freeze = [python, "-m", "pip", "list", "--format", "freeze"]
    listed = subprocess.run(freeze, check=True, stdout=subprocess.PIPE)
    program = section.program + TEST.format(samples=str(samples.resolve()))
    ran = subprocess.run([python, "-I", "-c", program], cwd=bundle, check=True, stdout=subprocess.PIPE)
    accuracy = float(ran.stdout.decode().split()[-1])
    return Followed(section.file, len(listed.stdout.split()), accuracy, time.perf_counter() - start)


def recorded(bundle: Path) -> float:
    """Return the accuracy of these weights on the test part, as training recorded it."""
    metrics = json.loads((bundle / "config.json").read_text("utf-8"))["metrics"]
    (tested,) = [metric for metric in metrics if metric["name"] == "test_accuracy"]
    return float(tested.get("of_these_weights", tested["value"]))


def main() -> None:
    """Follow a card, and write what came of it.

    Raises:
        SystemExit: If an accuracy is not the recorded one.
    """
    parser = argparse.ArgumentParser(description=CLAIM)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("samples", type=Path)
    arguments = parser.parse_args()
    card, known = (arguments.bundle / "README.md").read_text("utf-8"), recorded(arguments.bundle)
    lines = [
        "| file | the card's command | packages | accuracy | recorded | seconds |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    accuracies = []
    with TemporaryDirectory(prefix="environments-") as at:
        for section in sections(card):
            done = follow(section, arguments.bundle, Path(at), arguments.samples)
            accuracies.append(done.accuracy)
            numbers = f"{done.packages} | {done.accuracy:.4%} | {known:.4%} | {done.seconds:.0f}"
            lines.append(f"| `{done.file}` | `{section.install}` | {numbers} |")
    write_results("bundle-environments", CLAIM, lines, tools=("torch", "onnxruntime"))
    if {*accuracies} != {known}:
        raise SystemExit("an accuracy is not the one that training recorded")


if __name__ == "__main__":
    main()
