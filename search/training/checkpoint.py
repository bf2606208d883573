"""The checkpoint of a training, from which it resumes as if it had never been interrupted.

The file is the SHA-256 of what follows it, then a mapping that `torch.save` wrote: torch does not check the
numbers that it reads, and one wrong bit would make another network. It is read without unpickling anything
but tensors and plain values. A file that is damaged, or of another training, counts as none.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NotRequired, TypeAlias, TypedDict

import torch

from archscape.spaces.atomic import set_aside, sweep, write_whole

from ..file_faults import FileFault, own_files, persist
from ..shutdown import never
from .snapshot import Snapshot

CHECKPOINT_SECONDS = 30.0
"""How old the latest checkpoint may be when an epoch ends, before another one is written."""

VERSION = 1  # of the snapshot; another number makes old files count as none
_DIGEST = hashlib.sha256().digest_size

Identity: TypeAlias = Mapping[str, object]


class Finished(TypedDict):
    """A training that came to its end, where several make one result; `state` if no other did better.

    `confusion` is as `Outcome` has it.
    """

    identity: dict[str, object]
    metrics: dict[str, float]
    history: list[dict[str, float]]
    state: dict[str, torch.Tensor] | None
    confusion: NotRequired[list[list[int]] | None]


class _Content(TypedDict):
    version: int
    identity: dict[str, object]
    snapshot: Snapshot | None
    finished: list[Finished]


class Checkpoint:
    """The file of a training, or no file.

    Attributes:
        path: The file, in a folder that exists; None keeps nothing.
        log: Takes a line about what could not be read or written.
        finished: The trainings before this one that make one result with it.
    """

    def __init__(self, path: Path | None, log: Callable[[str], None]) -> None:
        """Read the file, if there is one.

        Raises:
            FileFault: If the file system refuses to say; what was trained is not trained again for that.
        """
        self.path = path
        self.log = log
        self.finished: list[Finished] = []
        self._identity: dict[str, object] = {}
        self._content: _Content | None = None
        self._written = time.perf_counter()
        self._refused_since: float | None = None
        if path is not None:
            with own_files():
                sweep(path)
                self._content = self._read(path)
        if self._content is not None:
            self.finished = self._content["finished"]

    def resume(self, identity: Identity) -> Snapshot | None:
        """Begin a training; return its snapshot if there is one.

        Args:
            identity: What makes it this training and no other: plain values, `seed` among them.
        """
        self._identity = dict(identity)
        self.finished = [
            finished for finished in self.finished if _differences(finished["identity"], identity) == ["seed"]
        ]
        content, self._content = self._content, None
        if content is None or content["snapshot"] is None:
            return None
        if others := _differences(content["identity"], identity):
            self.log(f"{self.path} is of another {' and '.join(others)}: the training begins anew")
            return None
        self.log(f"goes on from {self.path}, at step {content['snapshot']['steps']}")
        return content["snapshot"]

    def result(self, identity: Identity) -> Finished | None:
        """Return the training of this identity if it came to its end."""
        return next(
            (finished for finished in self.finished if not _differences(finished["identity"], identity)), None
        )

    def finish(
        self,
        metrics: dict[str, float],
        history: list[dict[str, float]],
        state: dict[str, torch.Tensor] | None,
        *,
        is_best: bool,
        confusion: list[list[int]] | None = None,
    ) -> None:
        """Write that the training begun last came to its end, with its weights if it is the best so far."""
        if is_best:
            for other in self.finished:
                other["state"] = None
        else:
            state = None
        finished = Finished(identity=self._identity, metrics=metrics, history=history, state=state)
        if confusion is not None:
            finished["confusion"] = confusion
        self.finished.append(finished)
        self.write(None)

    def is_due(self) -> bool:
        """Say whether the file is older than a checkpoint should be."""
        return self.path is not None and time.perf_counter() - self._written > CHECKPOINT_SECONDS

    def write(
        self, snapshot: Snapshot | None, *, patience: float = 0.0, should_stop: Callable[[], bool] = never
    ) -> None:
        """Write the file; an error of the disk is logged, and leaves the file that was there.

        A folder that stays missing from one writing to the next is made again.

        Args:
            snapshot: The training under way; None between two.
            patience: Seconds for which the file system is waited for.
            should_stop: Whether to wait no longer.
        """
        if self.path is None:
            return
        path = self.path
        self._written = time.perf_counter()
        content = _Content(
            version=VERSION, identity=self._identity, snapshot=snapshot, finished=self.finished
        )
        buffer = io.BytesIO()
        torch.save(content, buffer)
        data = buffer.getvalue()
        now = time.monotonic()
        waited = now - (self._refused_since or now)
        try:
            persist(
                lambda: write_whole(path, hashlib.sha256(data).digest() + data),
                say=self.log,
                folders=(path.parent,),
                patience=waited + patience,
                waited=waited,
                should_stop=should_stop,
            )
            self._refused_since = None
        except FileFault as error:
            self._refused_since = self._refused_since or now
            self.log(f"no checkpoint could be written: {error}; what came after the last one would be lost")

    def _read(self, path: Path) -> _Content | None:
        """Return what is in the file, if it is there and sound."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise
            return None
        except IsADirectoryError:
            data = b""
        sound = hashlib.sha256(data[_DIGEST:]).digest() == data[:_DIGEST]
        content = _content(data[_DIGEST:]) if sound else None
        if content is None:
            fault = "cannot be read" if sound else "is damaged"
            self.log(f"{path} {fault}: the training begins anew; the file is kept as {set_aside(path).name}")
            return None
        if content["version"] != VERSION:
            self.log(f"{path} is of another version of archscape: the training begins anew")
            return None
        return content


def _content(data: bytes) -> _Content | None:
    """Return what `Checkpoint.write` wrote; None for anything else."""
    try:
        content: _Content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception:  # torch.load names none
        return None
    return content if isinstance(content, dict) and _Content.__required_keys__ <= content.keys() else None


def _differences(identity: Identity, other: Identity) -> list[str]:
    """Return the names under which two identities differ."""
    identity, other = _unnamed(identity), _unnamed(other)
    return sorted(name for name in identity.keys() | other.keys() if identity.get(name) != other.get(name))


def _unnamed(identity: Identity) -> Identity:
    """Return an identity without the names of weights, which may change from version to version."""
    weights = identity.get("network")
    if not isinstance(weights, list):
        return identity
    return {
        **identity,
        "network": [entry[1:] for entry in weights],
        "choice of weights to train": _trained(identity),
    }


def _trained(identity: Identity) -> list[bool]:
    """Return of each weight whether it is trained."""
    weights, trained = identity["network"], identity.get("choice of weights to train")
    assert isinstance(weights, list)
    return [isinstance(trained, list) and entry[0] in trained for entry in weights]
