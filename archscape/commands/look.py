"""`archscape look`: what is inside a trained network, as a page and figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..analysis.reports.assets import Assets
from ..output import log
from ..spaces.errors import InputError
from ..waiting import progress
from .options.checks import check_folder
from .options.networks import UsesOption
from .options.pages import AssetsOption
from .options.studies import find_study

if TYPE_CHECKING:
    from ..search.datasets.settings import DataSettings
    from ..search.trained.inspection.look import LookSettings
    from ..search.trained.trained_network import Show, TrainedNetwork

EXAMPLES = (
    "archscape look runs/digits-frontier",
    "archscape look runs/digits-frontier --trial 7 --layer stage1 --samples 3,8",
    "archscape look trained",
)
SUFFIXES = (".svg", ".png")


def look(
    run: Annotated[Path, typer.Argument(help="Folder of a search, or of `archscape train`.", metavar="RUN")],
    trial: Annotated[
        str, typer.Option(help="`best`, a trial's number or a seed, or `frontier` for all on it.")
    ] = "best",
    samples: Annotated[
        str, typer.Option(metavar="N,N,...", help="Samples of the validation part to follow.")
    ] = "0,5,17",
    layer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A layer to look at; may be repeated. [default: first, middle and last convolution]",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to. [default: look-TRIAL in RUN]")
    ] = None,
    uses: UsesOption = None,
    *,
    units: Annotated[
        str,
        typer.Option(metavar="N,N,...", help="Units whose preferred input is found. [default: the first 24]"),
    ] = "",
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst samples are shown.")] = 12,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of preferred inputs and t-SNE.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    data: Annotated[
        str | None,
        typer.Option(help="Name, path, or `{path: ..., size: 64}`. [default: what it was trained on]"),
    ] = None,
    assets: AssetsOption = Assets.inline,
) -> None:
    """Look inside a trained network.

    Writes a page and figures: what its layers make of samples, filters, the input that each unit prefers,
    features by class (PCA and t-SNE), what is taken for what, and the samples with the highest loss. What a
    task has not is left out, and the page says why. It needs the weights: those of a search are kept as its
    `keep:` says. `docs/looking.md` says how to read it; `archscape report RUN --look` shows the same there.
    """
    from ..search.trained.inspection.look import LookSettings

    settings = LookSettings(
        samples=_numbers(samples, "--samples"),
        layers=tuple(layer or ()),
        units=_numbers(units, "--units"),
        worst=worst,
        seed=seed,
    )
    if out is not None:
        check_folder(out, run)
    with progress() as show:
        for each in _find(run, trial, data=data, device=device, show=show):
            folder = out or run / f"look-{each.name}"
            if trial == "frontier" and out is not None:
                folder = out / f"look-{each.name}"
            _look(each, settings, folder, show, assets)
    log(f"Next: open {folder / 'look.html'}")


def _numbers(text: str, option: str) -> tuple[int, ...]:
    """Return the numbers of an option.

    Raises:
        InputError: If they are none.
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"{option}: whole numbers from 0, as in 0,5,17, but got '{text}'")
    return tuple(dict.fromkeys(map(int, parts)))


def _find(run: Path, trial: str, *, data: str | None, device: str, show: Show) -> list[TrainedNetwork]:
    """Return the trained networks of a search or of a final training."""
    from ..search.job import read_setting
    from ..search.study.trained import frontier_trials
    from ..search.trained.trained_network import is_training, trained_seed, trained_trial

    asked: str | DataSettings | None = None if data is None else read_setting("data", data)
    if is_training(run):
        if trial == "frontier":
            raise InputError(
                f"{run}: is a final training, which has seeds and no frontier; give --trial SEED"
            )
        return [trained_seed(run, trial, data=asked, device=device, note=log, show=show)]
    with find_study(run, "", "") as study:
        numbers = [str(each.number) for each in frontier_trials(study)] if trial == "frontier" else [trial]
        return [
            trained_trial(study, number, data=asked, device=device, note=log, show=show) for number in numbers
        ]


def _look(trained: TrainedNetwork, settings: LookSettings, folder: Path, show: Show, assets: Assets) -> None:
    """Look inside one network and write its page and figures."""
    import torch

    from ..analysis.reports.inspection.page import write_look
    from ..analysis.reports.inspection.paper import write_look_figures
    from ..search.trained.inspection.look import look_inside

    torch.set_num_threads(trained.threads)
    seen = look_inside(trained, settings, show)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be created: {error.strerror}") from None
    show("drawing", 0, 0)
    figures = write_look_figures(seen, folder, SUFFIXES)
    print(write_look(seen, folder / "look.html", assets=assets))
    for path in figures:
        print(path)
    for note in seen.notes.values():
        log(note)
