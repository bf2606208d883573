"""A network that is exported, with all that is known of it: weights, data, metrics, how it was trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape.spaces.codegen.formats.base import Preprocessing
from archscape.spaces.errors import CodeNotRun, InputError
from archscape.spaces.language.written import WrittenNetwork

from ...datasets.settings import DataSettings
from ...folder import RunFolder
from ...job import read_job
from ...study.trained import complete_trial, network_of, trained
from ...training.choices import drawn_recipe
from ...training.repeats import repeat_seed
from ..trained_network import Note, Show, TrainedNetwork, read_facts, trained_seed, trained_trial
from .measured import Measured, measured_of_seeds, measured_of_trial, standing

if TYPE_CHECKING:
    from torch import Tensor

    from archscape.analysis.costs.latency import Measurement
    from archscape.spaces import Network

    from ...job import Job
    from ...study.reader import StudyReader
    from ...study.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network that is exported.

    Attributes:
        title: What it is, as `trial 7 of digits`.
        folder: What its own folder is called where several are exported, as `trial-7`.
        network: The network, named as its class will be.
        weights: Trained weights; None of a network that nobody trained.
        metadata: What their file says of itself.
        trained: It with the data that it learned; None where these are not known.
        data_settings: What its job says of these, without folders.
        measured: What training measured.
        recipe: How it was trained, in plain types.
        facts: What else is known: study, trial, seed.
        known_costs: What the study knows that the network costs, by metric.
        device: What its latency was predicted for.
        measurement: Its latency on the machine that exports it, once that is measured.
        standing: Where it stands among the others, in a sentence.
        missing: What is not known, a sentence each.
    """

    title: str
    folder: str
    network: Network
    weights: Mapping[str, Tensor] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    trained: TrainedNetwork | None = None
    data_settings: Mapping[str, Any] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    known_costs: Mapping[str, float] = field(default_factory=dict)
    device: str = ""
    measurement: Measurement | None = None
    standing: str = ""
    missing: tuple[str, ...] = ()

    @property
    def data_name(self) -> str:
        """The name of its data, without the folders of this machine; "" where they are not known."""
        return Path(self.trained.data.name).name if self.trained else ""

    @property
    def is_ours(self) -> bool:
        """Whether a recipe trained it, so that its metrics are those that its task counts."""
        return "train" not in self.recipe

    @property
    def latency(self) -> str:
        """Its latency with the device, in words, as far as it was measured here or predicted by the study."""
        return "; ".join(self._latencies())

    def _latencies(self) -> Iterator[str]:
        if measured := self.measurement:
            other = measured.contention
            doubt = f" (too long perhaps: {other.sentence})" if other and other.is_busy else ""
            yield f"{1000 * measured.seconds:.4g} ms, measured on {measured.setup.description}{doubt}"
        if "latency" in self.known_costs:
            device = self.device or "the device of the job"
            yield f"{self.known_costs['latency']:.4g} ms, predicted for {device}"

    @property
    def preprocessing(self) -> Preprocessing | None:
        """What samples of its data need; None where the data are not known."""
        return None if self.trained is None else preprocessing_of(self.trained)


def preprocessing_of(trained: TrainedNetwork) -> Preprocessing:
    """Return what is done to samples of a data set before its network reads them."""
    data = trained.data
    return Preprocessing(dtype=trained.arrays["x_train"].dtype.name, mean=data.mean, std=data.std)


def subject_of_network(network: Network) -> Subject:
    """Return a network that nobody trained."""
    missing = (
        "It was not trained: its weights are PyTorch's initialisation at seed 0, its outputs mean nothing.",
    )
    return Subject(title=f"network {network.name}", folder=network.name, network=network, missing=missing)


def subject_of_trial(
    study: StudyReader, which: str, *, data: str | DataSettings | None, note: Note, show: Show
) -> Subject:
    """Return a trial of a search by `best` or its number.

    Args:
        study: The study.
        which: `best`, or a number.
        data: In place of that of the search.
        note: Takes a line if the weights cannot be checked.
        show: Takes how far decoding is.

    Raises:
        InputError: If there is no such trial, its weights are missing, or the data is not as it was.
        CodeNotRun: If its network uses Python that nobody named to be run.
    """
    trial = complete_trial(study, which)
    network = network_of(study, trial)
    if isinstance(network, WrittenNetwork):
        raise CodeNotRun(f"trial {trial.number}: {network.note}; {network.remedy}")
    job = read_job(RunFolder(study.address.folder).job, data=_path_of(data), runs="nothing")
    known, missing = None, []
    if data is not None or job.data:
        known = trained_trial(study, str(trial.number), data=data, device="cpu", note=note, show=show)
        weights, metadata = known.weights, known.metadata
        began = study.pinned().get("data_fingerprint", known.data.fingerprint)
        if began != known.data.fingerprint:
            law = f"its fingerprint is {known.data.fingerprint}, but the search began with {began}"
            raise InputError(f"data {known.data.name}: {law}; name the data that {study.name} was trained on")
    else:
        _, _, weights, metadata = trained(study, str(trial.number), note=note)
        missing.append(
            "The search named no data, so what its samples have to be brought to is not known here."
        )
    if job.train is not None:
        missing.append(
            f"It was trained by {job.train.call.name}, so how is not known here, nor what its metrics count."
        )
    return Subject(
        title=f"trial {trial.number} of {study.name}",
        folder=f"trial-{trial.number}",
        network=network,
        weights=weights,
        metadata=_without_folders(metadata),
        trained=known,
        data_settings=_settings_of(data or job.data) if known else {},
        measured=measured_of_trial(study, trial, known),
        recipe=_recipe_of_trial(job, trial),
        facts={
            "study": study.name,
            "trial": trial.number,
            "seed": repeat_seed(trial.seed, int(trial.metrics.get("kept_repeat", 1))),
        },
        known_costs=trial.costs,
        device=(study.facts.get("latency") or {}).get("device", ""),
        standing=standing(study, trial),
        missing=tuple(missing),
    )


def subject_of_seed(
    folder: Path, which: str, *, data: str | DataSettings | None, note: Note, show: Show
) -> Subject:
    """Return a seed of a final training, by its number, or `best` by the score of the validation part.

    Raises:
        InputError: If no such seed has ended, or the data does not fit or is not as it was.
    """
    if which == "frontier":
        raise InputError(f"{folder}: is a final training, which has seeds and no frontier; give --trial SEED")
    known = trained_seed(folder, which, data=data, device="cpu", note=note, show=show)
    number = int(known.name.removeprefix("seed-"))
    return Subject(
        title=known.title,
        folder=known.name,
        network=known.network,
        weights=known.weights,
        metadata=_without_folders(known.metadata),
        trained=known,
        data_settings=_settings_of(data or known.data.name),
        measured=measured_of_seeds(folder, known),
        recipe=read_facts(folder).get("recipe", {}),
        facts={"seed": number},
    )


def _without_folders(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return what weights say of themselves, their data named without the folders of this machine."""
    return {key: Path(text).name if key == "data" else text for key, text in metadata.items()}


def _path_of(data: str | DataSettings | None) -> str:
    """Return where data lie that are named in place of the job's own; "" where none are."""
    return data.path if isinstance(data, DataSettings) else data or ""


def _settings_of(data: str | DataSettings) -> dict[str, Any]:
    settings = data if isinstance(data, DataSettings) else DataSettings(path=data)
    return settings.facts()


def _recipe_of_trial(job: Job, trial: Trial) -> Mapping[str, Any]:
    if job.train is not None:
        return {"train": job.train.call.name, "epochs": job.train.epochs}
    return drawn_recipe(job.recipe, trial.decisions).to_dict()
