"""`archscape train`: the final, longer training of one network, with several seeds."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, emit, log
from ..spaces.errors import InputError, StudyError
from ..waiting import progress
from .options.checks import check_folder
from .options.loading import say_loading
from .options.networks import InputOption, UsesOption
from .options.trainings import find_training, frontier_numbers
from .options.transfers import (
    FreezeOption,
    FreshOption,
    RatesOption,
    ShareOption,
    TeacherOption,
    TemperatureOption,
    WeightsOption,
    find_transfer,
)

if TYPE_CHECKING:
    from ..search.datasets.dataset import Dataset
    from ..search.training.final.results import FinalResults
    from ..spaces import Network

EXAMPLES = (
    "archscape train runs/digits-frontier --epochs 30 --out trained",
    "archscape train resnet20 --data cifar.npz --recipe resnet --seeds 5",
)


def train(
    source: Annotated[
        str, typer.Argument(help="The folder of a search, or a network.", metavar="RUN|NETWORK")
    ],
    trial: Annotated[str, typer.Option(help="Trial of a search: `best`, a number, or `frontier`.")] = "best",
    data: Annotated[
        str | None,
        typer.Option(help="Embedded name, path, or `{path: ..., size: 64}`. [default: the search's]"),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="PRESET|FILE|{...}",
            help="A preset, a YAML file, or `{preset: resnet, rate: 0.1}`. [default: the search's, or quick]",
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs, in place of the recipe's.")] = None,
    seeds: Annotated[
        int, typer.Option(min=1, max=1000, help="How many trainings, each with a seed of its own.")
    ] = 3,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps. [default: the search's, or auto]")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to; it is created.")] = Path("trained"),
    *,
    devices: Annotated[
        str | None,
        typer.Option(
            metavar="N|NAMES", help="Several devices: how many, or their names, as in `cuda:0,cuda:1`."
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="batch|seeds",
            help="What --devices share: each batch of a training, or the seeds. [default: batch]",
        ),
    ] = None,
    first_seed: Annotated[
        int, typer.Option(min=0, max=2**31 - 1, help="The first seed; the others follow it.")
    ] = 0,
    shapes: InputOption = None,
    weights: WeightsOption = "",
    fresh: FreshOption = None,
    freeze: FreezeOption = None,
    rates: RatesOption = None,
    teacher: TeacherOption = "",
    temperature: TemperatureOption = None,
    share: ShareOption = None,
    uses: UsesOption = None,
) -> None:
    """Train one network to its end, for long, with several seeds.

    A RUN's trial is trained anew, by the data, recipe and device of the search as far as no option says
    otherwise; with `--trial frontier` each of its frontier, in a folder of its own. The test set is counted
    once a seed, when that has ended; then by all seeds together and on crops, by their mean probabilities.
    The same command resumes what was stopped, and more seeds add to those that are there. On a CPU it takes
    one thread, as the workers of a search do; OMP_NUM_THREADS=8 before the command gives it eight.
    `docs/final-training.md` says what the folder holds.
    """
    import torch

    from ..search.shutdown import Shutdown, ShutdownRequested
    from ..search.training.allocator import keep_freed_memory
    from ..search.training.final.training import train_final
    from ..search.training.parallel.devices import read_devices

    check_folder(out)
    if device is not None and devices is not None:
        raise InputError("--device is of one and --devices of several; give one of the two")
    if split is not None and devices is None:
        raise InputError("--split is of several devices; give --devices")
    trials = frontier_numbers(source) if trial == "frontier" else [trial]
    trainings = [
        find_training(source, each, data=data, recipe=recipe, epochs=epochs, device=device, shapes=shapes)
        for each in trials
    ]
    transfer = find_transfer(
        weights=weights,
        fresh=fresh,
        freeze=freeze,
        rates=rates,
        teacher=teacher,
        temperature=temperature,
        share=share,
        note=log,
    )
    several = read_devices(devices) if devices is not None else ()
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)  # in small networks more threads wait for each other
    keep_freed_memory()
    shutdown, total = Shutdown(), seeds * sum(training.recipe.epochs for training in trainings)
    done: dict[tuple[str, int], int] = {}
    ended: list[FinalResults] = []
    with progress() as show, shutdown.handling_signals(signal.SIGINT, signal.SIGTERM):
        loaded = trainings[0].load(show, log)

        def on_epoch(name: str, place: int, epochs: int) -> None:
            done[name, place] = epochs
            show(f"training {name} with {_seeds(seeds)}", sum(done.values()), total)

        try:
            for each, training in zip(trials, trainings, strict=True):
                results = train_final(
                    training.network,
                    loaded,
                    training.recipe,
                    out=out / f"trial-{each}" if trial == "frontier" else out,
                    seeds=seeds,
                    first_seed=first_seed,
                    device=training.device,
                    devices=several,
                    split=split or "batch",
                    transfer=transfer,
                    on_epoch=partial(on_epoch, training.network.name),
                    should_stop=lambda: shutdown.requested,
                    log=log,
                )
                ended.append(results)
        except ShutdownRequested:
            raise StudyError(f"{out}: stopped; the same command resumes it") from None
    for results, training in zip(ended, trainings, strict=True):
        _print(results, training.network, loaded)
    if trial == "frontier":
        first = several[0] if several else trainings[0].device
        _print_front(out, ended, [training.network for training in trainings], loaded, device=first)
    for results in ended:
        if failed := len(results.seeds) - len(results.complete):
            where = results.out / "train.log"
            raise StudyError(f"{failed} of {_seeds(seeds)} failed; {where} says why")


def _seeds(count: int) -> str:
    return f"{count} seeds" if count > 1 else "1 seed"


def _print_front(
    out: Path, results: Sequence[FinalResults], networks: Sequence[Network], data: Dataset, *, device: str
) -> None:
    """Print a row a network of a frontier, and what all of them give together."""
    from ..search.training.final.front import front_rows, measure_front, write_front

    rows = front_rows(results, measure_front(networks, results, data, device=device))
    _emit(rows, list(dict.fromkeys(name for _, metrics in rows for name in metrics)))
    print(write_front(out, rows))


def _emit(rows: Sequence[tuple[str, Mapping[str, float]]], columns: Sequence[str]) -> None:
    """Print a table of metrics, a row for each name."""
    from ..analysis.reports.format import value

    heads = [name.replace("crops_", "crops ").replace("_", " ") for name in columns]
    cells = [
        [
            name,
            *(value(each.removeprefix("crops_"), known[each]) if each in known else "" for each in columns),
        ]
        for name, known in rows
    ]
    emit(["", *heads], cells, Format.table)


def _print(results: FinalResults, network: Network, data: Dataset) -> None:
    """Print a row a seed, draw their curves, and say how the best weights are loaded."""
    from ..analysis.reports.training_curves import draw_training_curves

    if not results.complete:
        return
    _emit(results.rows(), results.columns)
    print(results.out / "metrics.json")
    curves = {seed.seed: seed.history for seed in results.complete}
    print(draw_training_curves(curves, results.out / "curves.svg", score=results.score))
    log(f"crops: {results.tested.note}")
    best = results.best
    log(f"Next: the weights of {best.name}, which the validation part decides.")
    say_loading(results.source, network, best, data.card())
