"""A trained network to look into: the trial of a search or a seed of a final training, with its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archscape.analysis.metrics import METRICS
from archscape.spaces import Network
from archscape.spaces.codegen.build import build
from archscape.spaces.errors import CodeNotRun, InputError, JobError
from archscape.spaces.loading import read_stored

from ..datasets.arrays import Arrays
from ..datasets.dataset import Dataset, make_dataset
from ..datasets.sources import open_source
from ..folder import RunFolder
from ..job import read_job
from ..study.trained import trained
from ..training.device import resolve_device, to_channels_last
from ..training.final.seeds import SeedFiles, TrainedSeed
from ..training.final.training import FACTS
from ..training.fit import check_input, check_network
from ..training.tasks import make_task
from ..training.tasks.scores import score_of
from ..training.weights import Weights

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..datasets.settings import DataSettings
    from ..study.reader import StudyReader
    from ..study.trial import Trial

Note = Callable[[str], None]
Show = Callable[[str, float, float], None]


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork:
    """A network, its trained weights and the data that it learned.

    Attributes:
        title: What it is, as `trial 7 of digits`.
        name: What its files are called by, as `7` or `seed-0`.
        arrays: The samples and targets of the data as their source has them.
        metadata: What its weights say of themselves.
        metrics: What training measured of exactly these weights on the validation part, as far as is known.
        device: Where it is run.
        threads: How many it was trained with.
    """

    title: str
    name: str
    network: Network
    weights: Mapping[str, Tensor]
    data: Dataset
    arrays: Arrays
    metadata: Mapping[str, str]
    metrics: Mapping[str, float]
    device: str
    threads: int = 1

    def module(self) -> nn.Module:
        """Return the module with its weights, in evaluation mode on its device.

        Raises:
            InputError: If the weights do not fit it.
        """
        module = build(self.network)
        try:
            module.load_state_dict(self.weights)
        except RuntimeError as error:
            mismatch = f"the weights of {self.title} do not fit its network"
            raise InputError(f"{mismatch}: {str(error).splitlines()[0]}") from None
        return to_channels_last(module, self.data.val, resolve_device(self.device)).eval()


def trained_trial(
    study: StudyReader,
    which: str,
    *,
    data: str | DataSettings | None,
    device: str,
    note: Note,
    show: Show,
) -> TrainedNetwork:
    """Return a trial of a search by `best` or its number.

    Args:
        study: The study.
        which: `best`, or a number.
        data: In place of that of the search.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        note: Takes a line if the weights cannot be checked.
        show: Takes how far decoding is.

    Raises:
        InputError: If there is no such trial, its weights are missing, or the data is not as it was.
    """
    trial, network, weights, says = trained(study, which, note=note)
    title = f"trial {trial.number} of {study.name}"
    asked = data
    if asked is None:
        asked = read_job(RunFolder(study.address.folder).job, runs="nothing").data
        if not asked:
            raise JobError(f"{study.address.folder}: its search names no data; give --data")
    loaded, arrays = _load(asked, note, show)
    recorded = str(study.pinned().get("data_fingerprint", "")) if data is None else ""
    _check(title, network, loaded, recorded=recorded, task=says.get("task", ""))
    return TrainedNetwork(
        title=title,
        name=str(trial.number),
        network=network,
        weights=weights,
        data=loaded,
        arrays=arrays,
        metadata=says,
        metrics=kept_metrics(study, trial),
        device=device,
        threads=int(trial.metrics.get("threads", 1)),
    )


def kept_metrics(study: StudyReader, trial: Trial) -> dict[str, float]:
    """Return what training measured of the weights of a trial: of repeats those of the one that was kept."""
    kept = trial.metrics.get("kept_repeat")
    if kept is None:
        return dict(trial.metrics)
    own = [row for row in study.epochs(trial.number) if row.get("repeat") == kept]
    return dict(max(own, key=lambda row: row["epoch"], default={}))


def is_training(folder: Path) -> bool:
    """Return whether a folder is that of a final training."""
    return (folder / FACTS).is_file()


def ended_seed(folder: Path, which: str, note: Note) -> TrainedSeed:
    """Return a seed of a final training with its weights, by its number, or `best` by the validation part.

    Raises:
        InputError: If no such seed has ended.
    """
    seeds = _seeds(folder, note)
    if which != "best" and which not in seeds:
        law = (
            f"no seed '{which}' has ended, with sound weights; those that have: {', '.join(seeds) or 'none'}"
        )
        raise InputError(f"{folder}: {law}; the command that trained it resumes it")
    if not seeds:
        raise InputError(f"{folder}: no seed has ended yet; the command that trained it resumes it")
    if which != "best":
        return seeds[which]
    score = score_of(next(iter(seeds.values())).weights.metadata.get("task", "classification"))
    sign = 1 if METRICS[score].direction == "maximize" else -1
    return max(seeds.values(), key=lambda seed: sign * seed.result.metrics[score])


def network_of_seed(folder: Path, weights: Weights) -> Network:
    """Return the network that a final training trained.

    Raises:
        CodeNotRun: If it uses Python that nobody named to be run.
    """
    network = read_stored(weights.metadata["network"])
    if not isinstance(network, Network):
        raise CodeNotRun(f"{folder}: {network.note}; {network.remedy}")
    return network


def trained_seed(
    folder: Path,
    which: str,
    *,
    data: str | DataSettings | None,
    device: str,
    note: Note,
    show: Show,
) -> TrainedNetwork:
    """Return a seed of a final training: by its number, or `best` by the score of the validation part.

    Args:
        folder: The folder of `archscape train`.
        which: `best`, or a seed.
        data: In place of what it was trained on, where its name alone does not say how it is read.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        note: Takes a line about data.
        show: Takes how far decoding is.

    Raises:
        InputError: If no such seed has ended, or the data does not fit or is not as it was.
    """
    result, weights = ended_seed(folder, which, note)
    says = weights.metadata
    loaded, arrays = _load(says["data"] if data is None else data, note, show)
    _check_task(f"{folder}: it", loaded, says.get("task", ""))
    network = network_of_seed(folder, weights)
    title = f"seed {result.seed} of {network.name}"
    recorded = _fingerprint(folder) if data is None else ""
    _check(title, network, loaded, recorded=recorded, task=says.get("task", ""))
    return TrainedNetwork(
        title=title,
        name=f"seed-{result.seed}",
        network=network,
        weights=weights.state,
        data=loaded,
        arrays=arrays,
        metadata=weights.metadata,
        metrics=result.metrics,
        device=device,
        threads=int(result.metrics.get("threads", 1)),
    )


class _Loaded(NamedTuple):
    """Data, and the arrays that they were made of."""

    data: Dataset
    arrays: Arrays


def _load(data: str | DataSettings, note: Note, show: Show) -> _Loaded:
    source = open_source(data, say=note, show=show)
    return _Loaded(make_dataset(str(data), source), source.arrays)


def _seeds(folder: Path, note: Note) -> dict[str, TrainedSeed]:
    """Return the seeds that have ended, by number; note those that are left out."""
    names = [path.stem.removeprefix("seed-") for path in folder.glob("seed-*.json")]
    known = {str(n): SeedFiles(folder, n).read() for n in sorted(int(n) for n in names if n.isdecimal())}
    for number, seed in known.items():
        if seed is None:
            note(f"{folder}: seed {number} is left out: it has failed, or its files are missing or damaged")
    return {number: seed for number, seed in known.items() if seed is not None}


def read_facts(folder: Path) -> Mapping[str, Any]:
    """Return what a final training follows from.

    Raises:
        InputError: If that is damaged.
    """
    from ..study.damaged import read_mapping

    try:
        return read_mapping(folder / FACTS)
    except ValueError as error:
        raise InputError(f"{folder / FACTS}: damaged: {error}; give --data") from None


def _fingerprint(folder: Path) -> str:
    known = read_facts(folder).get("data")
    return str(known.get("fingerprint", "")) if isinstance(known, dict) else ""


def _check_task(title: str, data: Dataset, task: str) -> None:
    """Raise JobError if data are for another task than the one that was learned; "" if nobody kept it."""
    if task not in ("", data.task):
        raise JobError(
            f"{title} was trained for {task}, but {data.name} is for {data.task}; give other --data"
        )


def _check(title: str, network: Network, data: Dataset, *, recorded: str, task: str) -> None:
    """Raise JobError if a network does not fit data, or they are not what they were (`recorded`, `task`)."""
    _check_task(title, data, task)
    if recorded not in ("", data.fingerprint):
        begun = f"but {title} was trained with {recorded}"
        raise JobError(
            f"data {data.name}: its fingerprint is {data.fingerprint}, {begun}; bring the old data back, or "
            "give --data with the settings that it was read by"
        )
    if len(network.inputs) != 1:
        raise JobError(f"{title} reads {network.input_text}; data has one input")
    (shape,) = network.input_shapes
    check_input(title, shape, data)
    check_network(title, network, make_task(data))
