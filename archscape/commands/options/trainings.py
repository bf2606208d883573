"""What is trained, on what and how: a network or the trial of a search, its data, recipe and device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...spaces.errors import InputError
from ...spaces.run_folder import is_run_folder
from .networks import find_network
from .studies import find_study

if TYPE_CHECKING:
    from ...search.datasets.dataset import Dataset
    from ...search.datasets.settings import DataSettings
    from ...search.training.recipe import Recipe
    from ...spaces import Network


@dataclass(frozen=True, kw_only=True)
class Training:
    """A network and how it is trained.

    Attributes:
        fingerprint: That of the data of its search; "" where the data is another, or nobody knows.
    """

    network: Network
    data: str | DataSettings
    recipe: Recipe
    device: str
    fingerprint: str = ""

    def load(self, show: Callable[[str, float, float], None], say: Callable[[str], None]) -> Dataset:
        """Return the data.

        Raises:
            InputError: If it cannot be used, or is not what the search had.
        """
        from ...search.datasets.dataset import load_dataset

        data = load_dataset(self.data, say=say, show=show)
        if self.fingerprint not in ("", data.fingerprint):
            law = f"its fingerprint is {data.fingerprint}, but the search began with {self.fingerprint}"
            raise InputError(f"data {data.name}: {law}; bring the old data back, or give --data")
        return data


def find_training(
    source: str,
    trial: str,
    *,
    data: str | None,
    recipe: str | None,
    epochs: int | None,
    device: str | None,
    shapes: list[str] | None,
) -> Training:
    """Return what a command trains; what it is not given is that of the search, or the default.

    Raises:
        InputError: If anything is unknown, missing or has no effect.
    """
    from ...search.job import read_setting

    known = _of_run(Path(source), trial, data, recipe, shapes) if Path(source).is_dir() else None
    if known is None:
        known = _of_network(source, trial, data, shapes)
    if data is not None:
        known = replace(known, data=read_setting("data", data), fingerprint="")
    if recipe is not None:
        known = replace(known, recipe=read_recipe_option(recipe))
    if epochs is not None:
        known = replace(known, recipe=replace(known.recipe, epochs=epochs))
    return known if device is None else replace(known, device=device)


def frontier_numbers(source: str) -> list[str]:
    """Return the trials of a search that no other dominates.

    Raises:
        InputError: If it is no search, or no trial is complete.
    """
    from ...search.study.trained import frontier_trials

    if not is_run_folder(Path(source)):
        raise InputError(f"--trial frontier needs the folder of a search, but got '{source}'")
    with find_study(Path(source), "", "") as study:
        return [str(trial.number) for trial in frontier_trials(study)]


def read_recipe_option(text: str) -> Recipe:
    """Return a recipe: a preset, a mapping in braces, or a YAML file with one, alone or in a job.

    Raises:
        InputError: If it is none.
    """
    from ...search.job import read_setting
    from ...search.training.choices.reading import read_any_recipe
    from ...search.training.recipe import Recipe
    from ...spaces.errors import JobError
    from ...spaces.language.document import Place, Tree, read_file

    if Path(text).suffix not in (".yaml", ".yml", ".json"):
        recipe = read_setting("recipe", text)
    else:
        document = read_file(text, kind=JobError)
        tree: Tree = document.tree
        place: Place = ()
        if isinstance(tree, dict) and "recipe" in tree:
            tree, place = tree["recipe"], ("recipe",)
        recipe = read_any_recipe(tree, document, place)
    if not isinstance(recipe, Recipe):
        law = f"it leaves {', '.join(recipe.open_settings)} open, and one training has one recipe"
        raise InputError(f"--recipe {text}: {law}; give each one value")
    return recipe


def _of_network(source: str, trial: str, data: str | None, shapes: list[str] | None) -> Training:
    from ...search.training.recipe import Recipe

    if trial != "best":
        raise InputError(f"--trial {trial} needs the folder of a search, but got the network '{source}'")
    network = find_network(source, shapes)
    if data is None:
        raise InputError(f"network {network.name} needs --data; the folder of a search has its own")
    return Training(network=network, data="", recipe=Recipe(), device="auto")


def _of_run(
    run: Path, trial: str, data: str | None, recipe: str | None, shapes: list[str] | None
) -> Training:
    """Return the network of a trial, with the data, recipe and device of its search."""
    from ...search.folder import RunFolder
    from ...search.job import read_job
    from ...search.study.trained import complete_trial, network_of
    from ...search.training.choices import drawn_recipe
    from ...spaces import Network
    from ...spaces.errors import CodeNotRun

    if not is_run_folder(run):
        raise InputError(f"{run}: neither the folder of a search nor a network")
    if shapes:
        raise InputError(f"--input is for a network, but {run} is the folder of a search")
    with find_study(run, "", "") as study:
        known = complete_trial(study, trial)
        network = network_of(study, known)
        fingerprint = str(study.pinned().get("data_fingerprint", ""))
    if not isinstance(network, Network):
        raise CodeNotRun(f"trial {known.number}: {network.note}; {network.remedy}")
    job = read_job(RunFolder(run).job, runs="nothing")
    if job.train is not None and recipe is None:
        law = f"the search trained by {job.train.call.name}, and a final training goes by a recipe"
        raise InputError(f"{run}: {law}; give --recipe")
    if not job.data and data is None:
        raise InputError(f"{run}: its search names no data; give --data")
    own = drawn_recipe(job.recipe, known.decisions)
    return Training(network=network, data=job.data, recipe=own, device=job.device, fingerprint=fingerprint)
