"""Sentences of a model card: what goes in and comes out, how the network came about, where its limits are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archscape._version import __version__
from archscape.spaces.bundle_files import SOURCE, WEIGHTS
from archscape.spaces.language.uses import used_name
from archscape.spaces.values import shape_text

if TYPE_CHECKING:
    from archscape.spaces.codegen.formats.base import ExportOptions

    from .subject import Subject

UNKNOWN_LICENCE = "unknown"
"""What model hubs call a licence that nobody named."""

OUTPUTS = {
    "classification": "one a class; `label_names` of `config.json` has their names, if they have any",
    "segmentation": "at each pixel one a class, the greatest for the likeliest",
    "multi-label": "one a label: above 0 it is there",
    "next-sample": "at each place one for each level of what comes next, the greatest for the likeliest",
    "vae": "decoded from the mean of the code, as nothing is drawn here; then the mean and the log variance",
}
"""What the numbers are that a network gives, by task."""


def code(text: str) -> str:
    """Return a text of the user's as code in Markdown.

    >>> code("digits `8`")
    "`digits '8'`"
    """
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def plain(text: str) -> str:
    r"""Return a text for Markdown in which nothing is markup.

    >>> print(plain("a_b <i>"))
    a\_b \<i\>
    """
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def ends(subject: Subject, options: ExportOptions) -> Iterator[str]:
    """Yield what goes in and comes out."""
    shape, units = subject.network.input_text, subject.preprocessing
    if units is None:
        yield f"In go samples of {shape} in float32, as the network itself reads them, any number at once."
        yield "What samples have to be brought to is not known here: no preprocessing is inside the files."
    else:
        means = f"mean {numbers(units.mean)} and std {numbers(units.std)}"
        scaling = f"`(sample - mean) / std`, channel by channel, with {means}"
        if options.preprocessing:
            yield f"In go samples of {shape} in {units.dtype} as the data set holds them, any number at once."
            yield f"Done inside the files: conversion to float32, and {scaling}."
        else:
            yield f"In go samples of {shape} in float32, any number at once: {scaling}."
            held = f"samples in {units.dtype} as the data set holds them"
            yield f"The program for `{WEIGHTS}` does that itself, so into it go {held}."
        yield _outside(subject)
        yield "`model.py` alone is the bare network, without `(sample - mean) / std`."
    yield from _outputs(subject, options)


def _outside(subject: Subject) -> str:
    """Return what has to be done to samples before."""
    size, channels = (subject.data_settings.get(key) for key in ("size", "channels"))
    if size is None:
        return "Not inside: reading files, and bringing samples to this shape."
    colour = "grey (`L`)" if channels == "grey" else "RGB"
    side = shape_text((size[0], size[-1]))
    scaled = f"scaled and cut to {side} about the centre, bilinear (Pillow's `ImageOps.fit`)"
    return f"Not inside: decoding, turning upright by EXIF, {colour}; {scaled}; channels first."


def _outputs(subject: Subject, options: ExportOptions) -> Iterator[str]:
    """Yield what the first output is, and in which units."""
    data = subject.trained.data if subject.trained else None
    shape, task = shape_text(subject.network.body.shapes[0]), data.task if data else ""
    kind = "probabilities" if options.softmax or task == "vae" else "logits"
    known = f", {OUTPUTS[task]}" if task in OUTPUTS else ""
    yield f"Out come {shape} {kind if known else 'numbers'} for each sample{known}."
    if options.softmax and known:
        yield f"`{SOURCE}` and the program for `{WEIGHTS}` have no softmax: of them come logits."
    targets = data.statistics.targets if data else None
    if targets is not None and task != "next-sample":
        units = f"output * {numbers(targets.std)} + {numbers(targets.mean)}"
        yield f"In the units of the source they are `{units}`, channel by channel."


def origin(subject: Subject) -> Iterator[str]:
    """Yield how a network came about."""
    if subject.standing:
        yield plain(subject.standing)
    if subject.trained is not None:
        data = subject.trained.data
        sizes = ", ".join(f"{len(getattr(data, part)):,} {part}" for part in ("train", "val", "test"))
        yield f"Data: {code(subject.data_name)}, fingerprint `{data.fingerprint}`, {sizes} samples."
    seed = subject.facts.get("seed")
    yield ("" if seed is None else f"Seed {seed}. ") + f"Written by archscape {__version__}."
    if subject.recipe:
        yield "Trained by this recipe:" if subject.is_ours else "Trained by a function of the user's:"


def limits(subject: Subject, *, licence: str) -> Iterator[str]:
    """Yield what a network cannot do, and what is not known."""
    if subject.weights is None:
        yield "Its weights are random: it has the costs and the shape of the network, and none of its use."
    elif subject.trained is not None:
        yield "It knows samples like those of its data. What it makes of others nobody measured."
        yield "It was chosen by the validation part, so its metrics flatter; those of test do not."
    if used := [Path(name).name for name in map(used_name, subject.network.uses)]:
        asked = f"`archscape.load(FOLDER, uses={json.dumps(used)})`"
        yield f"`network.yaml` uses code, which is run on the reader's word alone: {asked}."
    if licence == UNKNOWN_LICENCE:
        yield "No licence was named (`--license`): set one for code, weights and data before you hand it on."


def numbers(values: Sequence[float]) -> str:
    """Return numbers as a list.

    >>> numbers([0.5, 1])
    '[0.5, 1]'
    """
    return f"[{', '.join(f'{each:.6g}' for each in values)}]"
