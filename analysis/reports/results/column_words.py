"""What the names of columns mean: scores, costs, names, families.

The words of a name count (`val_accuracy` is val and accuracy), its numbers too; of several that could be
meant the first in these tables wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

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
"""Names of a score, best first; of ERRORS less is better."""

COST_WORDS: Mapping[str, tuple[str, ...]] = {
    "macs": ("macs", "gmacs", "mmacs", "mac", "flops", "gflops", "mflops", "madds", "multadds", "ops"),
    "params": ("params", "parameters", "param", "parameter", "weights"),
    "activations": ("activations", "macts", "acts"),
    "latency": ("latency", "lat", "milliseconds"),
    "memory": ("memory", "mem", "bytes", "ram"),
    "energy": ("energy", "joules"),
    "time": ("seconds", "hours", "time"),
    "speed": ("throughput", "fps", "qps", "per"),
}
"""Words of a cost, by kind; of `speed` more is better, and it counts before the others."""

NAMES = ("model", "name", "network", "arch", "architecture", "arch str", "hash", "id", "index", "number")
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
    """Return the words of a column's name: `GMACs (224)` is gmacs, 224; `valAcc` is val, acc."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", column)
    return [word for word in re.split(r"[^a-z0-9]+", split.lower()) if word]


def key_of(column: str) -> str:
    """Return the words of a column's name as one text, to be compared with the tables above."""
    return " ".join(words_of(column))


def kind_of(column: str) -> str:
    """Return the kind of cost that a column's name tells; "" where it tells none."""
    words = words_of(column)
    for kind in ("speed", *COST_WORDS):
        if any(word in COST_WORDS[kind] for word in words):
            return kind
    return ""
