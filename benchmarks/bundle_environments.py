"""Claim: a bundle is used by its card alone, in fresh environments that have nothing but what a file needs.

For each file of a bundle, the part of its card is followed as a new user would: the line of `pip install` in
a new virtual environment, then the program, in the folder of the bundle. The program is then given the test
part of the data as the data set holds it, and the metric of what comes out stands beside the recorded one.

    python benchmarks/bundle_environments.py BUNDLE SAMPLES.npz [--at FOLDER]

BUNDLE is a folder that `archscape export ... --format bundle` wrote; SAMPLES.npz holds `x` (n, C, *spatial)
and labels `y` (n,), and may be left out. Environments are made below FOLDER, by default one that is removed.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

SECTION = re.compile(r"### (model\S+)\n.*?```bash\n(pip install .*?)\n```.*?```python\n(.*?)```", re.DOTALL)
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
    """What came of it: what was installed, what the program printed, seconds."""

    file: str
    packages: int
    printed: str
    seconds: float


def sections(card: str) -> list[Section]:
    """Return the parts of a card that say how a file is used."""
    return [Section(*match.groups()) for match in SECTION.finditer(card)]


def follow(section: Section, bundle: Path, at: Path, samples: Path | None) -> Followed:
    """Do what a card says in a new environment.

    Raises:
        subprocess.CalledProcessError: If a step fails.
    """
    start = time.perf_counter()
    place = at / section.file
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", *shlex.split(section.install), "--quiet"], check=True)
    freeze = [python, "-m", "pip", "list", "--format", "freeze"]
    listed = subprocess.run(freeze, check=True, stdout=subprocess.PIPE)
    program = section.program + (TEST.format(samples=str(samples.resolve())) if samples else "")
    ran = subprocess.run([python, "-I", "-c", program], cwd=bundle, check=True, stdout=subprocess.PIPE)
    printed = " ".join(ran.stdout.decode().split())
    return Followed(section.file, len(listed.stdout.split()), printed, time.perf_counter() - start)


def main() -> None:
    """Follow a card and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("samples", type=Path, nargs="?")
    parser.add_argument("--at", type=Path)
    parser.add_argument("--file", action="append", help="Only this file; may be repeated.")
    arguments = parser.parse_args()
    card = (arguments.bundle / "README.md").read_text("utf-8")
    with TemporaryDirectory(prefix="environments-") as temporary:
        at = arguments.at or Path(temporary)
        for section in sections(card):
            if not arguments.file or section.file in arguments.file:
                done = follow(section, arguments.bundle, at, arguments.samples)
                print(f"{done.file}: {section.install}: {done.packages} packages, {done.seconds:.0f} s")
                print(f"  {done.printed}")


if __name__ == "__main__":
    main()
