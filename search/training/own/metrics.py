"""The metrics that a training function reports and returns: checked, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import SupportsFloat

from archscape.analysis.metrics import METRICS
from archscape.analysis.results import COLUMNS
from archscape.spaces.errors import JobError

TAKEN = {*COLUMNS, "decision", "epoch", "repeat", "kept_repeat", "trial", "cached"} - {
    name for name, metric in METRICS.items() if metric.is_quality
}
"""Names with a meaning of their own: what is known of a network before training, and what we measure."""


class ContractError(JobError):
    """The user's function does not keep to what is asked of it, whatever the network: the search ends."""


def numbers_of(metrics: object, *, verb: str) -> dict[str, float]:
    """Return metrics as plain numbers, NaN and infinity among them.

    Args:
        metrics: A mapping of names to numbers, arrays and tensors of one number included.
        verb: What the function did with them, for messages: `returned`, `reported`.

    Raises:
        ContractError: If they are none.
    """
    example = "a mapping of metrics, as in {'accuracy': 0.9}"
    if metrics is None:
        raise ContractError(f"it {verb} nothing; it has to be {example}")
    if not isinstance(metrics, Mapping):
        raise ContractError(f"it {verb} {_shown(metrics)}; it has to be {example}")
    return {_name(name, verb): _number(name, value, verb) for name, value in metrics.items()}


def check_needed(metrics: Mapping[str, float], needed: Collection[str], *, verb: str) -> None:
    """Check that metrics have all that the job needs of the training.

    Raises:
        ContractError: If one is missing.
    """
    missing = [name for name in needed if name not in metrics]
    if missing:
        law = f"`{missing[0]}` is an objective or a limit of the job, but it {verb} {_names(metrics)}"
        raise ContractError(f"{law}; add it there, or name what it gives in `objectives:`")


def not_finite(metrics: Mapping[str, float], needed: Collection[str]) -> str:
    """Return which of the metrics that matter is not finite, `loss is nan`; "" if all are."""
    decisive = (name for name in (*needed, "loss") if not math.isfinite(metrics.get(name, 0.0)))
    return next((f"{name} is {metrics[name]}" for name in decisive), "")


def _name(name: object, verb: str) -> str:
    if not isinstance(name, str) or not name:
        raise ContractError(f"it {verb} {name!r} as the name of a metric; a name is a text")
    if name in TAKEN:
        law = f"it {verb} '{name}', which is known without it; leave it out, or give it another name"
        raise ContractError(law)
    return name


def _number(name: str, value: object, verb: str) -> float:
    shape = getattr(value, "shape", ())
    if isinstance(value, SupportsFloat) and not isinstance(value, str) and all(n == 1 for n in shape):
        try:
            return float(value)
        except OverflowError:  # a whole number beyond every float
            return math.inf
        except (TypeError, ValueError):
            pass
    remedy = ".item() makes a number of a tensor of one" if shape else "a metric is a number"
    raise ContractError(f"it {verb} {name}: {_shown(value)}; {remedy}")


def _shown(value: object) -> str:
    shape = getattr(value, "shape", None)
    if shape:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    text = " ".join(repr(value).split())
    return f"{text[:60]}{'…' * (len(text) > 60)}, {_article(type(value).__name__)}"


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _names(metrics: Mapping[str, float]) -> str:
    return f"only {', '.join(metrics)}" if metrics else "none"
