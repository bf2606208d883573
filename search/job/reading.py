"""Reading the file of a job: what it must have, its settings, and the networks that it tries first."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from archscape.spaces import Space
from archscape.spaces.errors import JobError
from archscape.spaces.language.document import Document, Runs, Tree, read_file, read_text
from archscape.spaces.language.settings import kinds_of
from archscape.spaces.vocabulary import meant

from ..datasets import EMBEDDED
from ..samplers.trial_space import check_names, trial_space
from ..training.recipe import Recipe
from .enqueued import Decisions, check_enqueued, read_enqueued
from .job import Job
from .settings import NEEDED, check_train_alone
from .settings_reader import ENQUEUE, SettingsReader


def read_job(path: str | Path, *, data: str = "", runs: Runs = "all") -> Job:
    """Read a job file, and the space that it names.

    Args:
        path: The file.
        data: Where its data lies on this machine; "" for the place that the file names.
        runs: Which Python files it may name to be run: all, if the user starts it; "nothing" where it was
            found in the folder of a search.

    Raises:
        InputError: At the first part that is wrong, with its place.
    """
    document = read_file(path, kind=JobError, runs=runs)
    tree = document.tree
    if not isinstance(tree, dict):
        raise document.error((), "a job is a mapping: `search:`, `space:`, `data:`")
    if "layers" in tree:
        kind = "space" if "space" in tree else "network"
        law = f"this is a {kind}; a job is needed here, which names a space"
        raise document.error(
            (kind,), law + (f", as in `space: {Path(path).name}`" if kind == "space" else "")
        )
    check_keys(document)
    if data and data not in EMBEDDED:
        path_here, named = str(Path(data).resolve()), tree.get("data")
        tree = tree | {"data": {**named, "path": path_here} if isinstance(named, dict) else path_here}
    return replace(job_of(document, tree, Path(path).resolve().parent), origin=document)


def read_setting(key: str, text: str) -> Any:
    """Return one setting of a job from its words, as an option of a command has it.

    Args:
        key: The setting, `data` or `recipe`.
        text: A word, or a mapping in braces; a relative path is relative to the working folder.

    Raises:
        InputError: If it is wrong.

    >>> read_setting("recipe", "{epochs: 5}").epochs
    5
    """
    tree: Tree = {key: text}
    document = Document(tree=tree, name=f"--{key}", kind=JobError)
    if text.lstrip().startswith("{"):
        document = read_text(f"{key}: {text}", name=f"--{key}", kind=JobError)
    tree = document.tree
    assert isinstance(tree, dict)
    return SettingsReader(replace(document, runs="all"), tree, Path.cwd()).setting(key)


def read_kept(job: str, key: str) -> Any:
    """Return one setting of a job that a study keeps as a text; None if it has none of the key.

    Nothing that it names is run.
    """
    document = read_text(job or "{}", name="the study's job", kind=JobError)
    tree = document.tree
    if not isinstance(tree, dict) or key not in tree:
        return None
    return SettingsReader(document, tree, Path.cwd()).setting(key)


def check_keys(document: Document, *, unless: Collection[str] = ()) -> None:
    """Check that a job has the settings that it needs, unless they are among these, and none but its own.

    Raises:
        InputError: If it has not.
    """
    tree = document.tree
    assert isinstance(tree, dict)
    known = [setting.name for setting in fields(Job) if setting.name != "origin"]
    for key in tree:
        if key not in known:
            raise document.unknown((key,), "a job", known, remedy=_elsewhere(key, known))
    for key in NEEDED:
        if key not in tree and key not in unless and not (key == "data" and "train" in tree):
            raise document.error((), f"a job needs `{key}:`")
    if "train" in tree:
        with document.at(("train",)):
            check_train_alone(has_recipe="recipe" in tree, has_cache="cache" in tree)


def job_of(
    document: Document, tree: Mapping[str, Tree], folder: Path, objects: Mapping[str, Any] | None = None
) -> Job:
    """Return the job of a tree of settings.

    Args:
        document: Says where they stand.
        tree: The settings.
        folder: What paths are relative to.
        objects: Settings that are objects already, in place of those of the tree.

    Raises:
        InputError: At the first setting that is wrong, with its place.
    """
    objects = objects or {}
    texts = {key: value for key, value in tree.items() if key not in objects}
    settings = {**SettingsReader(document, texts, folder).settings(), **objects}
    if ENQUEUE in texts:
        recipe = settings.get("recipe", Recipe())
        check_names(settings["space"], recipe)
        space = trial_space(settings["space"], recipe)
        settings[ENQUEUE] = _enqueued(document, texts[ENQUEUE], space, folder)
    job = Job(**{"search": settings["space"].name, **settings})
    _check_enqueued(document, job)
    with document.at(("stop",)):
        job.pruner()
    return job


def _enqueued(document: Document, tree: Tree, space: Space, folder: Path) -> tuple[Decisions, ...]:
    """Return the decisions of the networks that are tried first."""
    if not isinstance(tree, list):
        raise document.error((ENQUEUE,), "`enqueue:` is a list, as in [resnet20, mine.yaml]")

    def find(name: str) -> str:
        file = folder / os.path.expanduser(name)
        return str(file) if file.is_file() else name

    samples: dict[str, Decisions] = {}
    for i, item in enumerate(tree):
        with document.at((ENQUEUE, i)):
            if document.runs == "nothing" and not isinstance(item, dict):  # a file may name code
                raise JobError("a job in the folder of a search has networks as mappings of decisions")
            sample = read_enqueued(item, space, find)
            if sample.hash() in samples:
                raise JobError("it gives the network of one above, trained in the same way")
        samples[sample.hash()] = sample.decisions
    return tuple(samples.values())


def _check_enqueued(document: Document, job: Job) -> None:
    """Check the networks that are tried first by the limits; those of a run were checked when it began."""
    if document.runs != "nothing":
        for i, sample in enumerate(job.enqueued.values()):
            with document.at((ENQUEUE, i)):
                check_enqueued(sample, job.trial_space, job.costs)


def _elsewhere(key: str, known: Iterable[str]) -> str:
    """Return where a key that a job does not have belongs, if that is the recipe or the command line."""
    if key in ("storage", "out", "engine"):
        return f"; it is an option of the command: --{key}"
    ours = [] if meant(key, known) else meant(key, kinds_of(Recipe))
    return f"; the recipe has it: `recipe: {{{ours[0]}: ...}}`" if ours else ""
