"""The final training: a network with several seeds, and its test set at the end.

>>> from tempfile import mkdtemp
>>> from archscape.search.datasets.dataset import load_dataset
>>> from archscape.spaces import Network
>>> network = Network.from_yaml('''
... network: small
... input: 1x8x8
... layers: [conv: {width: 8}, avgpool, linear: {width: 10}]
... ''')
>>> results = train_final(
...     network, load_dataset("digits"), Recipe(epochs=1), out=Path(mkdtemp(), "small"), seeds=2
... )
>>> [name for name, _ in results.rows()]
['seed 0', 'seed 1', 'mean', 'std', 'ensemble']
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from archscape.spaces.atomic import read_whole, sweep, write_json
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.export import export
from archscape.spaces.errors import InputError, JobError

from ...shutdown import ShutdownRequested, never
from ..augment.apply import check_augmentation
from ..device import resolve_device
from ..fit import check_input, check_network
from ..outcome import Report
from ..recipe import Recipe
from ..tasks import make_task
from ..train import train
from ..transfer import Transfer
from ..weights import Weights
from .held_out import HeldOut
from .results import FinalResults
from .seeds import SeedFiles, SeedResult

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ...datasets.dataset import Dataset
    from ..tasks.base import Task

WARNING = logging.getLogger("archscape").warning
LOG = "train.log"
FACTS = "training.json"
"""What a final training follows from, in its folder."""

OnEpoch: TypeAlias = Callable[[int, int], None]
"""Takes which seed is trained, from 0 in the order of the seeds, and how many of its epochs are done."""


def train_final(
    network: Network,
    data: Dataset,
    recipe: Recipe,
    *,
    out: Path,
    seeds: int = 3,
    first_seed: int = 0,
    device: str = "auto",
    transfer: Transfer | None = None,
    on_epoch: OnEpoch = lambda seed, epochs: None,
    should_stop: Callable[[], bool] = never,
    log: Callable[[str], None] = WARNING,
) -> FinalResults:
    """Train a network with several seeds and count its test set at the end; write all of it to a folder.

    Called again with the same arguments it goes on where it was stopped or killed, to the same bits; with
    more seeds it adds those that are missing. A seed that failed leaves the others alone, and is trained
    again by the next call.

    The folder then holds the network as source and table; of each seed `seed-N.safetensors`, whose metadata
    say what the network reads and gives; `metrics.json` and `metrics.csv`; `curves.csv`; `train.log`.

    The test part decides nothing. Each seed is measured on it once, when it has ended; then, where outputs
    can be averaged, all seeds together, and for classes of images each on crops, by the mean of their
    probabilities: of corners and centre, mirrored too if the recipe has `flip`.

    Args:
        network: The network.
        data: What to train on.
        recipe: How.
        out: The folder; it is created.
        seeds: How many, from 1.
        first_seed: The first of them; the others follow it one by one.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        transfer: What it takes over: weights to start from, those that stay, rates by layer, a teacher.
        on_epoch: Called as a training gets on.
        should_stop: Asked before every step; True interrupts the training.
        log: Takes a line about a seed that failed, or a file that could not be read.

    Raises:
        InputError: If network, recipe and data do not fit each other, there is no such device, or the folder
            holds another training.
        ShutdownRequested: If it was asked to stop; it can go on later.
        OSError: If the file system has a fault.
    """
    task = make_task(data, label_smoothing=recipe.label_smoothing, class_weights=recipe.class_weights)
    _check(network, data, recipe, task, device)
    (transfer := transfer or Transfer()).check(network, data)
    facts = _facts(network, data, recipe) | ({"transfer": taken} if (taken := transfer.identity()) else {})
    _claim(out, facts)
    source = export(network, out)["source"]
    ended: list[SeedResult] = []
    states: dict[int, Weights] = {}
    note = Log(out / LOG, log)
    for place, seed in enumerate(range(first_seed, first_seed + seeds)):
        files = SeedFiles(out, seed)
        known = files.read()
        on_epoch(place, recipe.epochs if known else 0)
        if known is None:
            note.line(f"seed {seed}: begins")
            outcome = train(
                lambda: build(network),
                data,
                recipe,
                seed=seed,
                device=device,
                report=_report(place, seed, on_epoch, note),
                checkpoint=files.partial,
                should_stop=should_stop,
                transfer=transfer,
                log=note.both,
            )
            if outcome.status == "interrupted":
                note.line(f"seed {seed}: interrupted")
                raise ShutdownRequested
            if outcome.status != "complete":
                note.both(f"seed {seed}: {outcome.status}: {outcome.cause}")
                note.line(outcome.trace)
            known = files.write(outcome, _metadata(network, data, recipe, seed))
        ended.append(known[0])
        if known[0].status == "complete":
            states[seed] = known[1]
    part = HeldOut(network=network, data=data, task=task, device=resolve_device(device))
    augmented = [each if isinstance(each, str) else each.name for each in recipe.augment]
    tested = part.measure(ended, states, mirrored="flip" in augmented)
    results = FinalResults(out=out, source=source, seeds=ended, tested=tested, score=task.metrics[0])
    results.write(facts)
    return results


@dataclass(frozen=True)
class Log:
    """The log of a final training: a file, and whoever follows it."""

    file: Path
    follow: Callable[[str], None]

    def line(self, text: str) -> None:
        """Append what is worth keeping."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n")

    def both(self, text: str) -> None:
        """Append a line that whoever follows has to see."""
        self.line(text)
        self.follow(text)


def _report(place: int, seed: int, on_epoch: OnEpoch, note: Log) -> Report:
    """Return what is done after each epoch of a seed."""

    def report(epoch: int, row: Mapping[str, float]) -> None:
        measured = ", ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
        note.line(f"seed {seed}: epoch {epoch}: {measured}")
        on_epoch(place, epoch)

    return report


def _check(network: Network, data: Dataset, recipe: Recipe, task: Task, device: str) -> None:
    """Raise InputError if network, recipe, data and device do not fit each other."""
    if len(network.inputs) != 1:
        raise JobError(f"network {network.name} reads {network.input_text}; data has one input")
    (shape,) = network.input_shapes
    check_input(f"network {network.name}", shape, data)
    check_network(f"network {network.name}", network, task)
    check_augmentation(recipe.augment, task)
    resolve_device(device)


def _facts(network: Network, data: Dataset, recipe: Recipe) -> dict[str, object]:
    """Return what the numbers of a final training follow from, apart from the seeds."""
    return {
        "network": network.hash(),
        "data": {"name": data.name, "fingerprint": data.fingerprint},
        "recipe": recipe.to_dict(),
    }


def _claim(out: Path, facts: Mapping[str, object]) -> None:
    """Note in a folder which training is in it.

    Raises:
        InputError: If it is another one, or the folder cannot be created.
    """
    file = out / FACTS
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: cannot be created: {error.strerror}") from None
    try:
        known = json.loads(read_whole(file))
    except FileNotFoundError:
        known = None
    except ValueError:
        raise InputError(f"{file}: damaged, so what was trained here cannot be told; move it away") from None
    facts = json.loads(json.dumps(facts))
    if isinstance(known, dict) and known != facts:
        other = [name for name in {**known, **facts} if known.get(name) != facts.get(name)]
        law = f"holds a training with another {' and another '.join(other)}"
        raise InputError(f"{out}: it {law}; name another folder with --out")
    sweep(file)
    write_json(file, facts)


def _metadata(network: Network, data: Dataset, recipe: Recipe, seed: int) -> dict[str, str]:
    """Return what a file of weights says of itself."""
    return {
        "format": "pt",
        **data.card(),
        "network": network.to_json(),
        "recipe": json.dumps(recipe.to_dict()),
        "seed": str(seed),
    }
