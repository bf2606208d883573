"""What 8 bits cost and save: accuracy, bytes and latency of exported ONNX files beside the float ones.

Claim: On cluttered digits, the best network of examples/digits.yaml and `resnet20` by
examples/training/digits-recipe.yaml lose at most 1 point of accuracy with 8 bits, on the validation and on
the test part, and their weights take at most 0.27 of the bytes, scales and zero points included.

Command: `python benchmarks/export_int8.py` (writes benchmarks/results/export-int8-DATE.md)

Both are trained as a user does, and exported as `archscape export RUN --format onnx --int8` does, which
measures on the validation part; the test part is counted here. Latency is that of one sample by onnxruntime
with one thread, the median of runs in turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from results import write_results

from archscape.search.datasets.progress import no_progress
from archscape.search.study.reader import StudyReader
from archscape.search.trained.exporting.reference import reference_of
from archscape.search.trained.exporting.smaller import Int8, int8_of
from archscape.search.trained.exporting.subject import Subject, subject_of_seed, subject_of_trial
from archscape.spaces.codegen.formats.base import ExportOptions
from archscape.spaces.module_names import module_name

EXAMPLES = Path(__file__).parents[1] / "examples"
CLAIM = __doc__.partition("Claim: ")[2].partition("\n\n")[0]
MOST_POINTS, MOST_SHARE = 1.0, 0.27
ANY_DROP = ExportOptions(int8=True, max_drop=100)


def archscape(*arguments: str | Path) -> None:
    """Run a command as a user does, with one thread."""
    command = [sys.executable, "-m", "archscape", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})


def trained(folder: Path) -> list[Subject]:
    """Return the best network of the search, and ResNet-20, trained in a folder."""
    archscape("search", EXAMPLES / "digits.yaml", "--out", folder / "search")
    recipe = EXAMPLES / "training" / "digits-recipe.yaml"
    words = ["resnet20", "--input", "1x16x16", "--data", "cluttered-digits", "--recipe", recipe]
    archscape("train", *words, "--seeds", "1", "--device", "cpu", "--out", folder / "resnet20")
    with StudyReader.open(folder / "search") as study:
        best = subject_of_trial(study, "best", data=None, note=print, show=no_progress)
    return [best, subject_of_seed(folder / "resnet20", "best", data=None, note=print, show=no_progress)]


def on_test(subject: Subject) -> Subject:
    """Return a network with the test part in the place of the validation part."""
    known = subject.trained
    assert known is not None
    data = replace(known.data, val=known.data.test)
    arrays = {**known.arrays, "x_val": known.arrays["x_test"], "y_val": known.arrays["y_test"]}
    return replace(subject, trained=replace(known, data=data, arrays=arrays))


def rows_of(subject: Subject) -> tuple[list[str], bool]:
    """Return the rows of a network's two files, and whether it is as claimed."""
    path = Path(module_name(subject.network.name))
    parts = [int8_of(each, reference_of(each), path, ANY_DROP) for each in (subject, on_test(subject))]
    val, test = parts
    rows = [
        f"| {subject.title} | {kind} | {subject.network.totals.params:,} | "
        f"{file.metrics[val.score]:.2%} | {on_rest.metrics[val.score]:.2%} | {file.weights:,} | "
        f"{file.weights / val.whole.weights:.3f} | {file.size:,} | {file.milliseconds:.3f} |"
        for kind, file, on_rest in (
            ("float32", val.whole, test.whole),
            ("int8", val.small, test.small),
        )
    ]
    return rows, _holds(parts)


def _holds(parts: list[Int8]) -> bool:
    return all(
        each.drop <= MOST_POINTS + 1e-9 and each.small.weights <= MOST_SHARE * each.whole.weights
        for each in parts
    )


def main() -> int:
    lines = [
        "| network | file | parameters | validation accuracy | test accuracy | bytes of weights | of float | "
        "bytes of the file | latency (ms) |",
        "|:--|:--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        for subject in trained(Path(folder)):
            rows, as_claimed = rows_of(subject)
            lines += rows
            holds &= as_claimed
    lines += ["", f"The claim {'holds' if holds else 'does not hold'}."]
    write_results("export-int8", CLAIM, lines, ("torch", "onnx", "onnxruntime"))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
