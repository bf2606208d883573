"""What can be written in a job and on the command line: tables made from the definitions.

`archscape list TOPIC` prints one of them; `python -m archscape.reference` writes all, as `docs/reference.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from .analysis.costs.memory.targets.boards import BOARDS
from .analysis.costs.memory.targets.settings import TargetSettings
from .analysis.metrics import METRICS
from .analysis.reports.tables import markdown
from .search.datasets import EMBEDDED, READERS
from .search.datasets.settings import DataSettings
from .search.job import Job
from .search.pruners import PRUNERS
from .search.samplers import SAMPLERS
from .search.study.budget import Budget
from .search.study.tracking import TRACKERS
from .search.training.augment import AUGMENTATIONS, SETS
from .search.training.augment.reading import plain
from .search.training.optimizers import OPTIMIZERS
from .search.training.own.settings import TrainFunction
from .search.training.recipe import PRESETS, Recipe, read_recipe
from .search.training.schedules import SCHEDULES
from .spaces.blocks import BLOCKS, Block
from .spaces.blocks.kinds import SOURCE, SOURCES
from .spaces.byte_sizes import size_text
from .spaces.codegen.formats import FORMATS
from .spaces.language.rows import STYLE
from .spaces.language.settings import RuleSettings, Settings, describe
from .spaces.registry import LazyTable
from .spaces.values import text

R = TypeVar("R", bound=Settings)


class Listing(NamedTuple):
    """A table of what can be written, with a sentence above it."""

    text: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def _job() -> Listing:
    sentence = "The settings of a job file, for `archscape search`. A relative path is relative to the file."
    return settings_of(Job, sentence)


def _recipe() -> Listing:
    sentence = "How every network of a search is trained: `recipe: {preset: resnet, epochs: 10}`."
    return settings_of(Recipe, sentence)


def _augmentations() -> Listing:
    sets = ", ".join(f"`{name}` is {_word(read_recipe({'augment': name}).augment)}" for name in SETS)
    sentence = (
        "What is done to every training sample anew: `augment: [flip, {rotate: 15}]`, in the order of this "
        f"table; `docs/augmentations.md`. Several under one name: {sets}."
    )
    return _rules(sentence, "augmentation", AUGMENTATIONS)


def _train() -> Listing:
    sentence = "A training function of your own in place of a recipe; `docs/own-training.md`."
    return settings_of(TrainFunction, sentence)


def _presets() -> Listing:
    rows = [(name, _mapping(changes) or "the defaults of a recipe") for name, changes in PRESETS.items()]
    return Listing("Recipes by name: `recipe: resnet`.", ("preset", "what it sets"), rows)


def _optimizers() -> Listing:
    sentence = "What turns gradients into steps: `recipe: {optimizer: {rule: sgd, nesterov: true}}`."
    return _rules(sentence, "optimizer", OPTIMIZERS)


def _schedules() -> Listing:
    sentence = "What the rate does after its warm-up: `recipe: {schedule: {rule: wsd, decay: 0.3}}`."
    return _rules(sentence, "schedule", SCHEDULES)


def _budget() -> Listing:
    sentence = "What a search may spend: `budget: {hours: 8, patience: 50}`; the first reached ends it."
    return settings_of(Budget, sentence)


def _samplers() -> Listing:
    sentence = (
        "What proposes the next network: `sampler: tpe`; `auto`, which a new search takes, chooses one. A "
        "class of your own is `FILE.py:Name`."
    )
    return _rules(sentence, "sampler", SAMPLERS)


def _stop() -> Listing:
    return _rules("How hopeless trials are stopped early: `stop: halving`.", "rule", PRUNERS)


def _trackers() -> Listing:
    sentence = "What follows a search: `track: tensorboard`, or a class of your own; `docs/tracking.md`."
    return _rules(sentence, "tracker", TRACKERS)


def _objectives() -> Listing:
    rows = [
        (metric.name, metric.direction, metric.heading)
        for metric in sorted(METRICS.values(), key=lambda metric: metric.is_known_before_training)
        if metric.use == "objective"
    ]
    sentence = (
        "What a search can aim at, the most important first: `{accuracy: maximize, macs: minimize}`. What a "
        "training function of one's own returns, and the functions of `metrics:`, are objectives too."
    )
    return Listing(sentence, ("metric", "direction", "what it is"), rows)


def _data() -> Listing:
    rows = [(name, "embedded", EMBEDDED.load(name).what) for name in EMBEDDED]
    rows += [(reader.example, "yours", reader.what) for reader in map(READERS.load, READERS)]
    sentence = "What networks can be trained on: `data: digits`, or a mapping: `{path: photos, size: 64}`."
    return Listing(sentence, ("data", "where", "what it is"), rows)


def _data_settings() -> Listing:
    sentence = "What a job can say of its data: `data: {path: photos, size: 64, val: 0.2}`; `docs/data.md`."
    return settings_of(DataSettings, sentence)


def _target() -> Listing:
    sentence = (
        "The small device that networks are for: `target: {runtime: tflm, board: pico}`; it tells `sram` and "
        "`flash` of each network. `docs/memory.md`."
    )
    return settings_of(TargetSettings, sentence)


def _boards() -> Listing:
    rows = [
        (name, board.title, size_text(board.sram), size_text(board.flash), board.source)
        for name, board in BOARDS.items()
    ]
    sentence = (
        "Small devices, with all of their memory: `target: {board: pico}`. The program needs room there too."
    )
    return Listing(sentence, ("board", "what it is", "sram", "flash", "source"), rows)


def _formats() -> Listing:
    rows = [(name, FORMATS.load(name).summary) for name in FORMATS]
    return Listing(
        "How `archscape export` writes a network: `--format source`; a `bundle` is a folder of several.",
        ("format", "what it writes"),
        rows,
    )


TOPICS: Mapping[str, Callable[[], Listing]] = {
    "job": _job,
    "objectives": _objectives,
    "data": _data,
    "data-settings": _data_settings,
    "recipe": _recipe,
    "presets": _presets,
    "optimizers": _optimizers,
    "schedules": _schedules,
    "augmentations": _augmentations,
    "train": _train,
    "budget": _budget,
    "target": _target,
    "boards": _boards,
    "samplers": _samplers,
    "stop": _stop,
    "trackers": _trackers,
    "formats": _formats,
}
"""What makes each table, in the order of the page."""

SETTINGS = ("job", "recipe", "train", "budget", "data-settings", "target")
"""The topics whose rows are settings."""

RULES: Mapping[str, LazyTable[Any]] = {
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "samplers": SAMPLERS,
    "stop": PRUNERS,
    "trackers": TRACKERS,
    "augmentations": AUGMENTATIONS,
}
"""The topics whose names have settings of their own."""


def settings_of(cls: type[Settings], sentence: str = "") -> Listing:
    """Return the settings of a class with their defaults, laws and meanings."""
    rows = [tuple(setting) for setting in describe(cls)]
    return Listing(sentence or _first_line(cls), ("setting", "default", "takes", "what it is"), rows)


def find(word: str) -> Listing | None:
    """Return the table of a topic, or of a block, a sampler or a rule of early stopping by its name."""
    if word in BLOCKS:
        return _block(BLOCKS[word])
    if word in TOPICS:
        return TOPICS[word]()
    if (rules := next((table for table in RULES.values() if word in table), None)) is not None:
        return settings_of(rules.load(word))
    return next((listing for topic in SETTINGS if (listing := _setting(word, topic)) is not None), None)


def _setting(word: str, topic: str) -> Listing | None:
    """Return one setting of a job or a recipe, if it has one of the name."""
    listing = TOPICS[topic]()
    rows = [row for row in listing.rows if row[0] == word]
    return (
        Listing(f"A setting of a {topic}; `archscape list {topic}` has all.", listing.columns, rows)
        if rows
        else None
    )


def known() -> list[str]:
    """Return every word that `find` knows."""
    settings = [str(row[0]) for topic in SETTINGS for row in TOPICS[topic]().rows]
    return [*BLOCKS, *TOPICS, *(name for table in RULES.values() for name in table), *settings]


def page() -> str:
    """Return the page of reference, in Markdown."""
    parts = [
        "# Reference: what a job can say",
        "Made from the definitions by `make reference`; `archscape list TOPIC` prints the same tables, and "
        "`archscape list` the networks, spaces and blocks. [The language](language.md) has the spaces.",
    ]
    for topic, listing in _listings():
        parts += [f"## {topic}", f"{listing.text}", markdown(listing.columns, listing.rows).strip()]
    return "\n\n".join(parts) + "\n"


def _listings() -> Iterable[tuple[str, Listing]]:
    """Yield every table, and those of the rules that have settings behind their topic."""
    for topic, listing in TOPICS.items():
        yield topic, listing()
        for name in RULES.get(topic, ()):
            described = settings_of(RULES[topic].load(name))
            if described.rows:
                yield f"{topic}: {name}", described


def _block(block: Block[Any]) -> Listing:
    rows: list[tuple[object, ...]] = [(name, "needed", SOURCE.law) for name in block.maps[1:]]
    rows += [("with", "", SOURCES.law)] if block.variadic else []
    rows += [
        (p.name, "needed" if p.required else text(p.default), p.kind.law) for p in block.parameters.values()
    ]
    rows += [("depth", "1", "number of blocks")] if block.repeats else []
    style = {key: kind for key, kind in STYLE.items() if block.styled and key not in block.lacks}
    rows += [(name, "defaults", kind.law) for name, kind in style.items()]
    return Listing(f"{block.word}: {block.doc}", ("parameter", "default", "takes"), rows)


def _rules(sentence: str, what: str, table: LazyTable[type[R]]) -> Listing:
    rows = [
        (name, _first_line(cls), ", ".join(f"{s.name}: {s.default}" for s in describe(cls)) or "none")
        for name, cls in ((name, table.load(name)) for name in table)
    ]
    return Listing(sentence, (what, "what it is", "settings with their defaults"), rows)


def _first_line(thing: object) -> str:
    """Return the first line of a docstring; of a function, what it returns."""
    line = (thing.__doc__ or "").strip().splitlines()[0].removeprefix("Return ")
    return f"{line[:1].upper()}{line[1:]}"


def _mapping(changes: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {_word(value)}" for key, value in changes.items())


def _word(value: object) -> str:
    if isinstance(value, RuleSettings):
        return _text(value.to_dict())
    return f"[{', '.join(map(_text, plain(value)))}]" if isinstance(value, tuple) else str(value)


def _text(value: object) -> str:
    """Return a name, or a mapping of names to mappings, as a document has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, dict):
        return str(value)
    return f"{{{', '.join(f'{key}: {_text(each)}' for key, each in value.items())}}}"


if __name__ == "__main__":
    sys.stdout.write(page())
