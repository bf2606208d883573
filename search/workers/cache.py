"""Cache of results across studies: what was trained in the same way before is not trained again.

An entry is two files in a folder, `KEY.safetensors` with the weights and `KEY.json` with the metrics, the
history and the SHA-256 of the weights; the second is written last, so that an entry which has it is whole.
The key is a hash of all that the result follows from: the network with the names of its weights, the seed,
the trial's recipe, the data, the repeats, the rungs if the rate follows them, and the kind of device. Only
complete results are kept: what failed may not fail again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces.atomic import set_aside, temporary_name, write_json, write_whole

from ..file_faults import FileFault, own_files
from ..study.lease import Lease
from ..study.spool import Result, read_result
from ..training.weights import read_weights
from .evaluator import Context, Evaluator, TrainingEvaluator, place_of, recipe_of

if TYPE_CHECKING:
    from archscape.spaces import Network

TRAINING_VERSION = 1
"""Raised whenever a change of the training changes its results."""


@dataclass(frozen=True, kw_only=True)
class CachedEvaluator:
    """An evaluation that looks for the result in a cache first.

    A result from the cache is reported epoch by epoch like any other, so early stopping sees it, and may
    stop it. Among its metrics is `cached`, 1.

    Attributes:
        evaluate: Gives a network that is not in the cache its result.
        folder: The cache; made when the first result is kept.
        facts: What the result of a trial follows from, apart from the network and the seed; plain values.
        checkpoints: Folder of the weights of the study, `HASH.safetensors`.
        metrics: Those that a result has to have: the objectives of the study.
    """

    evaluate: Evaluator
    folder: Path
    facts: Callable[[Lease], Mapping[str, object]]
    checkpoints: Path
    metrics: Collection[str] = ()

    def __call__(self, network: Network, context: Context) -> Result:
        """Return the result of a trial, from the cache if it is there."""
        key = self.key(network, context)
        weights = self.checkpoints / f"{context.lease.hash}.safetensors"
        try:
            cached_result = self._take(key, weights, context)
        except FileFault:  # of our own checkpoints, which are waited for
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            context.log(f"cache: entry {key} cannot be used: {type(error).__name__}: {error}")
            cached_result = None
            if isinstance(error, IsADirectoryError) or not isinstance(error, OSError):
                self._set_aside(key, context)
        if cached_result is not None:
            context.log(f"cache: takes {key}")
            result = _replayed(cached_result, context)
            if result.status == "pruned":
                with own_files():
                    weights.unlink(missing_ok=True)
            return result
        result = self.evaluate(network, context)
        if result.status == "complete":
            try:
                of_training = {
                    name: value for name, value in result.metrics.items() if name not in context.lease.costs
                }
                self._put(key, replace(result, metrics=of_training), weights)
            except OSError as error:
                context.log(f"cache: the result could not be kept: {error}")
        return result

    def key(self, network: Network, context: Context) -> str:
        """Return the name of a network's entry, 64 hex digits.

        Networks of one canonical hash may call their weights by different names, and draw them in another
        order; they have entries of their own.
        """
        facts = {
            "version": TRAINING_VERSION,
            "hash": network.hash(),
            "seed": context.lease.seed,
            "weights": _weights(network),
            **self.facts(context.lease),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def _take(self, key: str, weights: Path, context: Context) -> Result | None:
        """Bring the weights of an entry into the study; return its result, or None if there is no entry."""
        try:
            record = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        of_trial = {"number": context.lease.number, "hash": context.lease.hash, "status": "complete"}
        metrics = {**record["metrics"], **context.lease.costs}
        entry = read_result({**record, **of_trial, "metrics": metrics}, context.lease.number, self.metrics)
        kept = self.folder / f"{key}.safetensors"
        digest = read_weights(kept, digest=entry.weights).digest
        with own_files():
            _link(kept, weights)
        return context.result(
            status="complete",
            metrics={**entry.metrics, "cached": 1.0},
            history=entry.history,
            weights=digest,
            place=place_of(self.checkpoints),
        )

    def _set_aside(self, key: str, context: Context) -> None:
        """Keep a damaged entry under another name: a new one takes its place."""
        try:
            set_aside(self.folder / f"{key}.json")
        except OSError as error:
            context.log(f"cache: the entry could not be set aside: {error}")

    def _put(self, key: str, result: Result, weights: Path) -> None:
        """Keep a result, weights first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _link(weights, self.folder / f"{key}.safetensors")
        record = {"metrics": result.metrics, "history": result.history, "weights": result.weights}
        write_json(self.folder / f"{key}.json", record)


def cached(training: TrainingEvaluator, folder: Path, metrics: Collection[str]) -> CachedEvaluator:
    """Return the evaluation that trains what is not in a cache, which studies on a shared disk may share.

    Raises:
        JobError: If this machine does not have the device.
    """
    from ..training.device import resolve_device
    from ..training.precision import resolve_precision

    device = resolve_device(training.device)

    def facts(lease: Lease) -> Mapping[str, object]:
        recipe = recipe_of(training.recipe, lease)
        return {
            "recipe": recipe.to_dict(),
            "data": training.data.fingerprint,
            "repeats": training.repeats,
            "rungs": list(training.rungs) if recipe.schedule_settings.has_cycles else [],
            "device": device.type,
            **({"precision": resolve_precision("auto", device)} if recipe.precision == "auto" else {}),
            **({"measures": list(training.measures)} if training.measures else {}),
        }

    return CachedEvaluator(
        evaluate=training,
        folder=folder,
        checkpoints=training.checkpoints,
        metrics=metrics,
        facts=facts,
    )


def _replayed(result: Result, context: Context) -> Result:
    """Report the epochs of a result from the cache; return it, or how it was stopped early."""
    for epoch, row in enumerate(result.history, start=1):
        if not context.report(epoch, row):
            metrics, history = {**row, "cached": 1.0}, result.history[:epoch]
            return context.result(status="pruned", metrics=metrics, history=history)
    return result


def _weights(network: Network) -> list[list[object]]:
    """Return the names and shapes of a network's weights; entries were made by the old names."""
    import torch

    from archscape.spaces.codegen.build import build
    from archscape.spaces.codegen.old_names import old_name, old_names

    names = old_names(network.body)
    with torch.random.fork_rng(devices=[]):
        state = build(network).state_dict()
    return [[old_name(name, names), *value.shape] for name, value in state.items()]


def _link(source: Path, target: Path) -> None:
    """Put a file at another place too, whole or not at all: as a link where one disk has both, or a copy."""
    temporary = temporary_name(target)
    try:
        temporary.hardlink_to(source)
    except OSError:  # two disks, or one that knows no links
        write_whole(target, source.read_bytes())
        return
    temporary.replace(target)
    temporary.unlink(missing_ok=True)  # where both are one file already, a renaming does nothing
