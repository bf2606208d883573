"""Which columns are meant where nobody names them, and how their names are written.

The words of a name count (`val_accuracy` is val and accuracy), its numbers too; of several that could be
meant the first in these tables wins. What the words of scores and costs measure is in `quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .name_words import words

SCORES = (
    "accuracy", "acc", "mean acc", "acc mean", "mean accuracy", "top1", "top 1", "acc1", "acc 1",
    "test accuracy", "val accuracy", "valid accuracy", "validation accuracy", "test acc", "val acc",
    "top1 acc", "top1 accuracy", "top 1 acc", "top 1 accuracy", "acc top1", "imagenet top1",
    "miou", "m iou", "map", "m ap", "ap", "f1", "auc", "score",
)  # fmt: skip
ERRORS = (
    "error", "err", "top1 error", "top1 err", "top 1 error", "top 1 err", "test error", "test err",
    "val error", "val err", "validation error", "mean error", "loss", "val loss", "test loss",
    "perplexity", "rmse", "mse", "mae", "wer", "fid",
)  # fmt: skip
"""Names of a score that nobody names, the most likely first; then those of an error."""

UNNAMED = "Unnamed: 0"
"""What pandas calls a first column without a name: the numbers or the names of its rows."""
NAMES = (
    "model", "name", "model name", "network", "arch", "architecture", "arch str", "variant", "hash", "id",
    "index", "number", "unnamed 0",
)  # fmt: skip
FAMILIES = ("family", "group", "backbone", "method", "kind", "series")
WORDS = {
    "gmacs": "GMACs", "mmacs": "MMACs", "macs": "MACs",
    "flops": "FLOPs", "gflops": "GFLOPs", "mflops": "MFLOPs",
    "macts": "activations (M)", "params": "parameters", "param": "parameters", "m": "(M)", "ms": "(ms)",
    "acc": "accuracy", "top1": "top-1", "top5": "top-5", "val": "validation", "err": "error",
    "lat": "latency", "img": "image", "mem": "memory", "std": "spread",
}  # fmt: skip


def heading(column: str) -> str:
    """Return the name of a column to read; units and numbers stay as the table has them.

    >>> heading("params_M"), heading("samples_per_second_rtx4090"), heading("top1")
    ('parameters (M)', 'samples per second rtx4090', 'top-1')
    """
    words = [WORDS.get(word.lower(), word) for word in re.split(r"[\s_]+", column) if word]
    return " ".join(words) if words else column


def words_of(column: str) -> list[str]:
    """Return the words of a column's name in small letters: `GMACs (224)` is gmacs, 224."""
    return [word.lower() for word in words(column) if word.isalnum()]


def first_called(columns: Iterable[str], names: Sequence[str]) -> str:
    """Return the first column that is called like one of these words, "" where there is none."""
    keys = {key_of(column): column for column in reversed([*columns])}
    return next((keys[word] for word in names if word in keys), "")


def key_of(column: str) -> str:
    """Return the words of a column's name as one text, to be compared with the tables above."""
    return " ".join(words_of(column))
