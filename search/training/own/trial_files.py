"""The files of a trial that the user's function trains, in a folder that is removed when the trial has ended.

::

    HASH.training/
      identity.json          what results follow from: a folder of another training is emptied
      finished.json          the repeats that came to their end
      history-1.jsonl        what the first repeat reported, a line an epoch
      weights-1.safetensors  what it handed over
      repeat-1/              the function's own
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape.spaces.atomic import write_json, write_whole

from ...file_faults import own_files

if TYPE_CHECKING:
    from torch import Tensor

    from ..outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class TrialFiles:
    """The folder of a trial."""

    folder: Path

    @classmethod
    def of(cls, checkpoints: Path, digest: str) -> TrialFiles:
        """Return the folder of the trial whose network has a hash, in the checkpoints of a run."""
        return cls(folder=checkpoints.resolve() / f"{digest}.training")

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Make the folder, empty unless it is of a training with the same identity.

        Raises:
            FileFault: If the file system refuses it.
        """
        file = self.folder / "identity.json"
        with own_files():
            if _read(file) == identity:
                return
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.mkdir()
            write_json(file, dict(identity))

    def own(self, repeat: int) -> Path:
        """Return the folder that a repeat, from 1, has for itself; it is there."""
        folder = self.folder / f"repeat-{repeat}"
        with own_files():
            folder.mkdir(exist_ok=True)
        return folder

    def history(self, repeat: int) -> list[dict[str, float]]:
        """Return what a repeat has reported so far; it ends where the file is damaged."""
        rows: list[dict[str, float]] = []
        with own_files():
            path = self._history(repeat)
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for line in lines:
            try:
                rows.append(json.loads(line))
            except ValueError:  # the process was killed while it wrote
                break
        return rows

    def keep_history(self, repeat: int, rows: list[dict[str, float]]) -> None:
        """Write what a repeat has reported, whole or not at all."""
        with own_files():
            write_whole(self._history(repeat), "".join(f"{json.dumps(row)}\n" for row in rows))

    def save(self, repeat: int, state: Mapping[str, Tensor]) -> None:
        """Write the weights that a repeat hands over, in place of those before."""
        from ..weights import Weights

        with own_files():
            write_whole(self._weights(repeat), Weights(state, {"format": "pt"}).to_bytes())

    def weights(self, repeat: int) -> dict[str, Tensor] | None:
        """Return the weights that a repeat has handed over; None if it has not."""
        from ..weights import read_weights

        with own_files():
            there = self._weights(repeat).exists()
        return dict(read_weights(self._weights(repeat), digest="").state) if there else None

    def finished(self) -> list[Outcome]:
        """Return the outcomes of the repeats that came to their end, without their weights."""
        from ..outcome import Outcome

        with own_files():
            found = _read(self.folder / "finished.json")
        return [Outcome(status="complete", **each) for each in found] if isinstance(found, list) else []

    def finish(self, outcomes: Sequence[Outcome]) -> None:
        """Write the outcomes of the repeats that came to their end."""
        repeats = [{"metrics": each.metrics, "history": each.history} for each in outcomes]
        with own_files():
            write_json(self.folder / "finished.json", repeats)

    def remove(self) -> None:
        """Remove the folder; OSError says that something is left."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _history(self, repeat: int) -> Path:
        return self.folder / f"history-{repeat}.jsonl"

    def _weights(self, repeat: int) -> Path:
        return self.folder / f"weights-{repeat}.safetensors"


def _read(file: Path) -> object:
    """Return what a file of JSON holds; None if there is none, or it is damaged."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
