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
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces.atomic import read_whole, sweep, write_json
from archscape.spaces.codegen.export import export
from archscape.spaces.errors import InputError, JobError
from archscape.spaces.values import shape_text

from ...shutdown import never
from ..augment.apply import check_augmentation
from ..device import resolve_device
from ..fit import check_input, check_network
from ..memory_limit import pieces_by_memory
from ..mixing import check_mixing
from ..parallel.devices import check_devices, check_shares, slots_of
from ..recipe import Recipe
from ..tasks import make_task
from ..transfer import Transfer
from .held_out import HeldOut
from .results import FinalResults
from .seed_training import Log, OnEpoch, SeedTraining

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ...datasets.dataset import Dataset
    from ..tasks.base import Task

WARNING = logging.getLogger("archscape").warning
LOG = "train.log"
FACTS = "training.json"
"""What a final training follows from, in its folder."""
PIECES = "pieces of a batch"
"""The fact of them, where memory or the recipe asks for more than one."""


def train_final(
    network: Network,
    data: Dataset,
    recipe: Recipe,
    *,
    out: Path,
    seeds: int = 3,
    first_seed: int = 0,
    device: str = "auto",
    devices: Sequence[str] = (),
    split: str = "batch",
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
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        devices: Several in place of `device`, on which processes of their own train.
        split: What the devices share: `batch`, each takes a part of every batch of one training; `seeds`,
            each trains one seed after another, with the same bits as one device would.
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
    first = devices[0] if devices else device
    _check(network, data, recipe, task, first)
    (transfer := transfer or Transfer()).check(network, data)
    shared = len(devices) if split == "batch" and len(devices) > 1 else 1
    if devices:
        check_devices(devices, split)
        check_shares(min(recipe.batch, len(data.train)), recipe.accumulate, shared)
    facts, note = _facts(network, data, recipe, transfer, shared), Log(out / LOG, log)

    def pieces_needed() -> int:
        return pieces_by_memory(
            network,
            recipe,
            batch=math.ceil(min(recipe.batch, len(data.train)) / shared),
            device=first,
            log=note.both,
            processes=max(len(devices), 1),
        )

    pieces = _claim(out, facts, pieces_needed)
    source = export(network, out)["source"]
    training = SeedTraining(
        network=network,
        data=data,
        recipe=recipe,
        transfer=transfer,
        out=out,
        seeds=range(first_seed, first_seed + seeds),
        note=note,
        on_epoch=on_epoch,
        should_stop=should_stop,
        pieces=pieces,
    )
    trained = training.run(device, slots_of(devices, split))
    ended = [each.result for each in trained]
    states = {each.result.seed: each.weights for each in trained if each.result.status == "complete"}
    part = HeldOut(network=network, data=data, task=task, device=resolve_device(first))
    augmented = [each if isinstance(each, str) else each.name for each in recipe.augment]
    tested = part.measure(ended, states, mirrored="flip" in augmented)
    results = FinalResults(out=out, source=source, seeds=ended, tested=tested, score=task.metrics[0])
    results.write(facts)
    return results


def _check(network: Network, data: Dataset, recipe: Recipe, task: Task, device: str) -> None:
    """Raise InputError if network, recipe, data and device do not fit each other."""
    if len(network.inputs) != 1:
        raise JobError(f"network {network.name} reads {network.input_text}; data has one input")
    (shape,) = network.input_shapes
    wanted = shape_text(data.input)
    remedy = f"; `--input {wanted}`, or `input: {wanted}` in its table, gives it these samples"
    check_input(f"network {network.name}", shape, data, remedy)
    check_network(f"network {network.name}", network, task)
    check_augmentation(recipe.augment, task)
    check_mixing(recipe, task, resolve_device(device))


def _facts(
    network: Network, data: Dataset, recipe: Recipe, transfer: Transfer, shared: int
) -> dict[str, object]:
    """Return what the numbers of a final training follow from, apart from the seeds."""
    taken = transfer.identity()
    return {
        "network": network.hash(),
        "data": {"name": data.name, "fingerprint": data.fingerprint},
        "recipe": recipe.to_dict(),
        **({"transfer": taken} if taken else {}),
        **({"number of devices": shared} if shared > 1 else {}),
    }


def _claim(out: Path, facts: Mapping[str, object], pieces_needed: Callable[[], int]) -> int:
    """Note in a folder which training is in it; return in how many pieces its batches go.

    Batch norm sees pieces, so their number decides the bits: all seeds keep to the one that the first call
    found to fit, whatever memory is left at the next.

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
        known = {}
    except ValueError:
        raise InputError(f"{file}: damaged, so what was trained here cannot be told; move it away") from None
    facts = json.loads(json.dumps(facts))
    is_new = not isinstance(known, dict) or not known
    pieces = pieces_needed() if is_new else known.pop(PIECES, 1)
    if not is_new and known != facts:
        other = [name for name in {**known, **facts} if known.get(name) != facts.get(name)]
        law = f"holds a training with another {' and another '.join(other)}"
        raise InputError(f"{out}: it {law}; name another folder with --out")
    sweep(file)
    write_json(file, {**facts, **({PIECES: pieces} if pieces > 1 else {})})
    return int(pieces)
