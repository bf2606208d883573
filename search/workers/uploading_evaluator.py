"""UploadingEvaluator: hands trained weights over to the artifacts of a search before a result is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..study.artifacts import Artifacts
from ..study.secrets import hide_secrets
from ..study.spool import Result
from .evaluator import Context, Evaluator

if TYPE_CHECKING:
    from archscape.spaces import Network


@dataclass(frozen=True, kw_only=True)
class UploadingEvaluator:
    """Gives networks their results, and their weights to a place that other machines reach.

    A place that cannot be reached changes no result: the weights stay where they were written, as the study
    knows, and are handed over with those of a later trial, or when the worker ends.

    Attributes:
        evaluate: Gives the results.
        artifacts: Where weights go.
        checkpoints: Where they are written first, `HASH.safetensors`.
    """

    evaluate: Evaluator
    artifacts: Artifacts
    checkpoints: Path
    _waiting: dict[str, str] = field(default_factory=dict)

    def __call__(self, network: Network, context: Context) -> Result:
        """Return the result of a trial; its weights were handed over, or stay for later."""
        result = self.evaluate(network, context)
        if result.status == "complete" and result.weights:
            self._waiting[result.hash] = result.weights
            self._hand_over(context.log)
            if result.hash in self._waiting:
                return replace(result, message=f"weights are not handed over to {self.artifacts} yet")
        return result

    def finish(self, log: Callable[[str], None]) -> None:
        """Hand over once more what could not be before; say what stays, since nobody tries again."""
        self._hand_over(lambda line: None)
        if self._waiting:
            files = ", ".join(f"{network}.safetensors" for network in self._waiting)
            law = f"weights were not handed over to {self.artifacts}"
            log(f"{law} and stay in {self.checkpoints}: {files}")

    def _hand_over(self, log: Callable[[str], None]) -> None:
        for network, digest in [*self._waiting.items()]:
            file = self.checkpoints / f"{network}.safetensors"
            try:
                if file.is_file():  # else it was not kept
                    self.artifacts.put(file, network, digest)
            except Exception as error:  # whatever a file system raises
                reason = hide_secrets(" ".join(f"{type(error).__name__}: {error}".split()))
                log(f"weights are not handed over to {self.artifacts} yet and stay in {file}: {reason}")
                return
            del self._waiting[network]
