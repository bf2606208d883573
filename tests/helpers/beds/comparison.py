"""The tables and the figure of a comparison of samplers on beds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING

from .bars import BEST, Results, gains
from .bed import Bed
from .estimates import mean, number
from .kept import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = {20: (5, 10, 20), 100: (25, 50, 100)}
"""After how many trainings the table has the score, by how many there are."""

COLOURS = {
    "bayes": "#d1495b",
    "tpe": "#2e6f95",
    "nsga2": "#3a9d6a",
    "evolution": "#8a5fbf",
    "local": "#c98a1b",
    "quasi-random": "#4f8f8f",
    "grid": "#b58db6",
    "random": "#8c8c8c",
    "optuna-gp": "#111111",
    "optuna-tpe": "#2e6f95",
    "optuna-nsga2": "#3a9d6a",
    "real-evolution": "#8a5fbf",
}
"""Of a sampler and of its peer the same, whose line is dashed."""

FLOOR = 1e-3
"""A regret below this is drawn here, as logarithms have no place for 0."""


def table(bed: Bed, results: Results, samplers: Iterable[str]) -> list[str]:
    """Return what the samplers came to on a bed."""
    rows = [(name, results[bed.name, name]) for name in samplers if (bed.name, name) in results]
    numbers = COLUMNS.get(bed.trials, bed.checkpoints[-3:])
    heads = [f"@{n}" for n in numbers] + [f"gain of {BEST} @{n}" for n in numbers[1:]]
    lines = [
        f"### {bed.name}",
        "",
        " ".join(bed.title.split("\n\n")[0].split()),
        "",
        f"| {bed.score.unit} | seeds | {' | '.join(heads)} | target after | CPU ms |",
        f"|:--|--:|{'--:|' * len(heads)}--:|--:|",
    ]
    return [*lines, *[_row(bed, name, runs, results, numbers) for name, runs in rows], ""]


def _row(bed: Bed, name: str, runs: Mapping[int, Result], results: Results, numbers: Sequence[int]) -> str:
    cells = [spread([run.scores[n] for run in runs.values()]) for n in numbers]
    for n in numbers[1:]:
        pairs = gains(results, bed.name, name, n) if name != BEST else []
        cells.append(mean(pairs).text() if len(pairs) > 1 else "")
    reached = number(median(run.reached for run in runs.values()), 1)
    milliseconds = f"{median(run.milliseconds for run in runs.values()):.1f}"
    return f"| {name} | {len(runs)} | {' | '.join(cells)} | {reached} | {milliseconds} |"


def spread(values: Sequence[float]) -> str:
    """Return the mean of values and their standard deviation."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    return f"{fmean(values):.3f} ± {stdev(values):.3f}"


def draw(path: Path, beds: Sequence[Bed], results: Results, samplers: Sequence[str]) -> None:
    """Draw the mean score of each sampler over the trainings, a panel for each bed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    columns = min(3, len(beds))
    rows = -(-len(beds) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4.3 * columns, 3.3 * rows), squeeze=False)
    for axis in axes.flat[len(beds) :]:
        axis.set_visible(False)
    for axis, bed in zip(axes.flat, beds, strict=False):
        _draw_bed(axis, bed, results, samplers)
    lines = {line.get_label(): line for axis in axes.flat for line in axis.get_lines()}
    names = [name for name in samplers if name in lines]
    figure.legend(
        [lines[n] for n in names], names, loc="lower center", ncols=min(6, len(names)), frameon=False
    )
    figure.tight_layout(rect=(0, 0.25 * (1 + (len(names) > 6)) / (3.3 * rows), 1, 1))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_bed(axis: Axes, bed: Bed, results: Results, samplers: Sequence[str]) -> None:
    for name in samplers:
        runs = results.get((bed.name, name))
        if not runs:
            continue
        means = [fmean(run.scores[n] for run in runs.values()) for n in bed.checkpoints]
        is_peer = name in ("optuna-tpe", "optuna-nsga2", "real-evolution", "optuna-gp")
        axis.plot(
            bed.checkpoints,
            [max(value, FLOOR) for value in means] if bed.score.is_regret else means,
            label=name,
            color=COLOURS.get(name),
            linestyle="--" if is_peer else "-",
            linewidth=2.2 if name == BEST else 1.3,
            zorder=3 if name == BEST else 2,
        )
    axis.set_title(bed.name, fontsize=10)
    axis.set_ylabel(f"mean {bed.score.unit}", fontsize=8)
    axis.set_xlabel("trainings", fontsize=8)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.25)
    if bed.score.is_regret:
        axis.set_yscale("log")
        axis.set_ylim(bottom=FLOOR)
