"""The kept results: a line of a CSV file for each bed, sampler, seed and version of both.

The version of a sampler is a digest of the code of its room, docstrings and comments left out, so that it is
run again where it was changed and nowhere else; of Optuna's it is Optuna's. That of a bed is a digest of what
it answers. Where another version had the very same scores on the seeds that both were run with, at least two,
the change was none there, and the results of its other seeds stand.
"""

from __future__ import annotations

import ast
import csv
import fcntl
import hashlib
import importlib.util
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median

from archscape.search.samplers import SAMPLERS

from .bed import CHECKPOINTS, Bed
from .driver import Run
from .peers import PEERS

HEADINGS = ("bed", "sampler", "seed", "version", *map(str, CHECKPOINTS), "reached", "ms", "late_ms")
SHARED = 2
"""How many seeds tell that two versions of a sampler do the same on a bed."""

LATE = 20
"""Of how many suggestions at the end of a search the median is kept."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """Which search it was."""

    bed: str
    sampler: str
    seed: int
    version: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a search came to.

    Attributes:
        scores: By the number of trainings, those of `CHECKPOINTS` that the bed has.
        reached: After how many trainings it had reached the target; infinite if it did not.
        milliseconds: CPU time of a suggestion, the mean.
        late_milliseconds: The median of the last 20.
    """

    scores: dict[int, float]
    reached: float
    milliseconds: float
    late_milliseconds: float

    @classmethod
    def of(cls, run: Run, bed: Bed) -> Result:
        """Return what a run came to."""
        curve = run.curve(bed)
        target = bed.score.target
        hits = [score <= target + 1e-9 if bed.score.is_regret else score >= target for score in curve]
        return cls(
            scores={number: curve[number - 1] for number in bed.checkpoints},
            reached=1 + hits.index(True) if True in hits else math.inf,
            milliseconds=fmean(run.milliseconds),
            late_milliseconds=median(run.milliseconds[-LATE:]),
        )


def row_of(key: Key, result: Result) -> list[str]:
    """Return the line of a result."""
    scores = [f"{result.scores[n]:.4g}" if n in result.scores else "" for n in CHECKPOINTS]
    reached = "" if math.isinf(result.reached) else f"{result.reached:g}"
    times = [f"{result.milliseconds:.3g}", f"{result.late_milliseconds:.3g}"]
    return [key.bed, key.sampler, str(key.seed), key.version, *scores, reached, *times]


def append(path: Path, key: Key, result: Result) -> None:
    """Add a result to the file; several processes may."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if file.tell() == 0:
            writer.writerow(HEADINGS)
        writer.writerow(row_of(key, result))
        file.write(text.getvalue())


def read(path: Path) -> dict[Key, Result]:
    """Return the results of a file; none where there is no file."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as file:
        return {key: result for row in csv.DictReader(file) for key, result in [_parsed(row)]}


def _parsed(row: dict[str, str]) -> tuple[Key, Result]:
    key = Key(bed=row["bed"], sampler=row["sampler"], seed=int(row["seed"]), version=row["version"])
    result = Result(
        scores={n: float(row[str(n)]) for n in CHECKPOINTS if row[str(n)]},
        reached=float(row["reached"] or "inf"),
        milliseconds=float(row["ms"]),
        late_milliseconds=float(row["late_ms"]),
    )
    return key, result


def with_equals(results: Mapping[Key, Result], wanted: Iterable[Key]) -> dict[Key, Result]:
    """Return the results of these searches that are there, or of another version that does the same."""
    by_search = defaultdict[tuple[str, str], dict[str, dict[int, Result]]](lambda: defaultdict(dict))
    for key, result in results.items():
        by_search[key.bed, key.sampler][key.version][key.seed] = result
    known = {}
    for key in wanted:
        versions = by_search[key.bed, key.sampler]
        own = versions.get(key.version, {})
        others = [runs for version, runs in versions.items() if version != key.version and same(runs, own)]
        result = next((runs[key.seed] for runs in (own, *others) if key.seed in runs), None)
        if result is not None:
            known[key] = result
    return known


def same(first: Mapping[int, Result], second: Mapping[int, Result]) -> bool:
    """Return whether two versions had the same scores wherever both were run, with enough seeds."""
    shared = first.keys() & second.keys()
    return len(shared) >= SHARED and all(first[seed].scores == second[seed].scores for seed in shared)


def forget_superseded(path: Path, wanted: Sequence[Key]) -> None:
    """Write the file anew, sorted, with nothing but the results of these searches."""
    kept = with_equals(read(path), wanted)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    for key in sorted(kept, key=lambda key: (key.bed, key.sampler, key.version, key.seed)):
        writer.writerow(row_of(key, kept[key]))
    path.write_text(text.getvalue(), encoding="utf-8")


def version_of(sampler: str, bed: Bed) -> str:
    """Return the version of a sampler or peer on a bed."""
    return f"{sampler_version(sampler)}-{bed.fingerprint()}"


def sampler_version(sampler: str) -> str:
    """Return the version of a sampler of archscape, or of a peer."""
    if sampler.startswith("optuna-"):
        return f"optuna{version('optuna')}"
    module = PEERS[sampler].__module__ if sampler in PEERS else SAMPLERS.load(sampler).__module__
    return code_digest(_room(module))


def _room(module: str) -> list[Path]:
    """Return the files of a module, with the others of its folder where that is one sampler's own."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin)
    parent = module.rpartition(".")[0]
    return [file] if parent.endswith((".samplers", ".beds")) else sorted(file.parent.rglob("*.py"))


def code_digest(files: Iterable[Path]) -> str:
    """Return eight digits of the code of files, without docstrings, comments and layout."""
    digest = hashlib.sha256()
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                node.body = [child for child in node.body if not _is_text(child)]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()[:8]


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
