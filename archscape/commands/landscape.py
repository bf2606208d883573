"""`archscape landscape`: the loss around a trained network, and what training did to its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import log
from ..spaces.errors import InputError
from ..waiting import progress
from .options.checks import FIGURES
from .options.networks import UsesOption
from .options.studies import find_study

if TYPE_CHECKING:
    from ..analysis.landscape.file import Landscape
    from ..search.trained.inspection.landscape import LandscapeSettings, TrainedTrial

EXAMPLES = (
    "archscape landscape runs/digits-frontier",
    "archscape landscape runs/digits-frontier --trial 7 --without-skips",
)


def landscape(
    run: Annotated[Path, typer.Argument(help="Folder of a search.", metavar="RUN")],
    trial: Annotated[str, typer.Option(help="`best`, or a trial's number.")] = "best",
    without_skips: Annotated[
        bool,
        typer.Option("--without-skips", help="Also train the network without its skip connections."),
    ] = False,
    uses: UsesOption = None,
    *,
    steps: Annotated[int, typer.Option(help="Points along each direction, an odd number.")] = 21,
    span: Annotated[float, typer.Option(help="How far to go; 1 is as far as each filter is long.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the directions and samples.")] = 0,
    samples: Annotated[int, typer.Option(min=1, help="Training samples that the loss is the mean of.")] = 256,
) -> None:
    """Draw the loss landscape around a trained network.

    The loss is computed on a plane of two random directions. Each filter of a direction is as long as the
    filter that it moves (Li et al. 2018); batch norm keeps its trained statistics. Writes
    RUN/landscape/trial-N.json and figures of the surface, of the first filters and of how far each layer
    moved; `archscape report RUN` shows them from then on. `--without-skips` trains the same network without
    its residual additions by the same recipe and seed, which takes about as long as the trial did, and draws
    both. `docs/landscapes.md` says how to read them.
    """
    if steps < 3 or steps % 2 == 0:
        raise InputError(f"--steps: an odd number from 3, its middle the trained network, but got {steps}")
    from ..analysis.landscape.surface import SPANS

    if not SPANS[0] <= span <= SPANS[1]:
        raise InputError(f"--span: a number from {SPANS[0]:g} to {SPANS[1]:g}, but got {span:g}")
    from ..search.trained.inspection.landscape import LandscapeSettings, TrainedTrial

    settings = LandscapeSettings(steps=steps, span=span, seed=seed, samples=samples)
    with progress() as show:
        with find_study(run, "", "") as study:
            explorer = TrainedTrial.of(study, trial, show, note=log)
        result = _compute(explorer, settings, run / "landscape", without_skips=without_skips)
    from ..analysis.reports.landscape.figure import draw_surfaces, draw_training

    stem = run / "landscape" / f"trial-{result.trial}"
    print(f"{stem}.json")
    for suffix in FIGURES:
        print(draw_surfaces(result, Path(f"{stem}{suffix}")))
        print(draw_training(result, Path(f"{stem}-training{suffix}")))
    log(f"Next: archscape report {run}")


def _compute(
    explorer: TrainedTrial, settings: LandscapeSettings, folder: Path, *, without_skips: bool
) -> Landscape:
    """Compute a landscape and write its file; what is computed first is kept if the rest is stopped."""
    import torch

    from ..analysis.landscape.file import to_json
    from ..analysis.reports.format import plain_span
    from ..spaces.atomic import write_whole

    if without_skips and explorer.kept_plain(folder) is None:
        took = plain_span(explorer.trial.metrics.get("seconds", float("nan")))
        log(f"{explorer.plain.name} will be trained; the trial with skips took {took}")
    torch.set_num_threads(int(explorer.trial.metrics.get("threads", 1)))  # as the trial was trained
    landscape = explorer.landscape(settings)
    folder.mkdir(exist_ok=True)
    file = folder / f"trial-{landscape.trial}.json"
    write_whole(file, to_json(landscape))
    if without_skips:
        weights = explorer.kept_plain(folder) or explorer.train_plain(folder)
        landscape = replace(landscape, plain=explorer.explore(explorer.plain, weights, settings))
        write_whole(file, to_json(landscape))
    return landscape
