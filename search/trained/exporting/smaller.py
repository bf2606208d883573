"""A smaller file beside the float one: what it scores, what it takes, how long it computes; and a limit."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from archscape.analysis.metrics import METRICS, SHARES
from archscape.analysis.reports.format import label, plain_size, value
from archscape.spaces.atomic import write_whole
from archscape.spaces.codegen.formats.base import Export, ExportOptions
from archscape.spaces.errors import ExportError, InputError
from archscape.spaces.module_names import module_name

from ...training.evaluation import BATCH
from ...training.tasks import make_task
from .reference import reference_of

if TYPE_CHECKING:
    from .reference import Reference
    from .subject import Subject

CALIBRATION = 256
"""Samples of the training part that the ranges of maps are taken from."""
REPEATS = 50
"""Runs of one sample, of which the median is told; each file runs in turn."""
MOST_SECONDS = 3.0
"""Of measuring latency, at least three runs of each."""


class MeasuredFile(NamedTuple):
    """A file that computes, as a row of a table.

    Attributes:
        file: Its name.
        metrics: Those of the task over the samples.
        weights: Bytes of its weights, biases, scales and zero points.
        size: Bytes of the file.
        milliseconds: To run one sample by onnxruntime with one thread, the median.
    """

    file: str
    metrics: Mapping[str, float]
    weights: int
    size: int
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class Int8:
    """A file of 8 bits, and how it does beside the float one.

    Attributes:
        content: The file.
        whole: The float file.
        small: It.
        score: The metric that counts.
        drop: By how much it is worse: points of a share, percent of any other metric.
    """

    content: bytes
    whole: MeasuredFile
    small: MeasuredFile
    score: str
    drop: float

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the heads and the rows of a table of both files."""
        names = [*self.whole.metrics]
        heads = ["file", *map(label, names), "weights", "of float", "size", "latency (ms)"]
        return heads, [self._row(each, names) for each in (self.whole, self.small)]

    def _row(self, measured: MeasuredFile, names: Sequence[str]) -> list[str]:
        return [
            measured.file,
            *(value(name, measured.metrics[name]) for name in names),
            plain_size(measured.weights),
            f"{measured.weights / self.whole.weights:.3f}",
            plain_size(measured.size),
            f"{measured.milliseconds:.3f}",
        ]

    def facts(self) -> dict[str, Any]:
        """Return all of it in plain types, for `parity.json`."""
        files = {
            each.file: {
                "metrics": dict(each.metrics),
                "weights_bytes": each.weights,
                "file_bytes": each.size,
                "milliseconds": each.milliseconds,
            }
            for each in (self.whole, self.small)
        }
        return {
            "score": self.score,
            "drop": self.drop,
            "latency": "one sample, onnxruntime, one thread, median of interleaved runs",
            "calibration": f"{CALIBRATION} samples of the training part, at most",
            "files": files,
        }


def int8_of(subject: Subject, reference: Reference, path: Path, options: ExportOptions) -> Int8:
    """Return the ONNX file of a trained network with 8 bits, measured beside the float one.

    Args:
        subject: The network.
        reference: The samples that both are measured on.
        path: What the files are called, without suffix.
        options: How they are exported, and how much worse the score may be.

    Raises:
        InputError: If the network was not trained, or its data are not known.
        ExportError: If the score drops by more.
    """
    from archscape.spaces.codegen.formats.onnx import int8_bytes, onnx_bytes

    export = _export(subject, path, options)
    contents = onnx_bytes(export), int8_bytes(export)
    files = f"{path.name}.onnx", f"{path.name}.int8.onnx"
    sources = reference.sources if options.preprocessing else reference.ready
    seconds = latencies(contents, [each[:1] for each in sources])
    whole, small = (
        _measured(file, content, reference, sources, time_taken)
        for file, content, time_taken in zip(files, contents, seconds, strict=True)
    )
    assert reference.trained is not None
    score = make_task(reference.trained.data).metrics[0]
    made = Int8(
        content=contents[1],
        whole=whole,
        small=small,
        score=score,
        drop=drop_of(score, whole.metrics[score], small.metrics[score]),
    )
    if not made.drop <= options.max_drop:
        raise ExportError(_too_much(made, options.max_drop))
    return made


def check_trained(subject: Subject) -> None:
    """Check that there is something to calibrate by.

    Raises:
        InputError: If the network was not trained, or its data are not known.
    """
    if subject.trained is None:
        law = "--int8 needs a trained network with its data, to calibrate by and to measure"
        raise InputError(f"{subject.title}: {law}; name the folder of a search or of a final training")


def write_int8(subject: Subject, out: Path, options: ExportOptions) -> tuple[Path, Int8]:
    """Write the ONNX file of a trained network with 8 bits to a folder, once it was measured; return both.

    Raises:
        InputError: As `int8_of` says.
        ExportError: Likewise; nothing is written then.
    """
    path = out / module_name(subject.network.name)
    made = int8_of(subject, reference_of(subject), path, options)
    out.mkdir(parents=True, exist_ok=True)
    file = path.with_name(made.small.file)
    write_whole(file, made.content)
    return file, made


def _export(subject: Subject, path: Path, options: ExportOptions) -> Export:
    """Return what both files are written of."""
    check_trained(subject)
    assert subject.trained is not None
    return Export(
        table=subject.network,
        path=path,
        weights=subject.weights,
        metadata=subject.metadata,
        preprocessing=subject.preprocessing,
        samples=calibration(subject.trained.arrays["x_train"]),
        options=replace(options, int8=False),
    )


def calibration(samples: np.ndarray) -> np.ndarray:
    """Return some samples of a part, spread evenly over it, in the byte order of this machine."""
    chosen = samples[:: max(1, len(samples) // CALIBRATION)][:CALIBRATION]
    native: np.ndarray = np.ascontiguousarray(chosen, chosen.dtype.newbyteorder("="))
    return native


def drop_of(score: str, whole: float, small: float) -> float:
    """Return by how much a score is worse: points of a share, percent of any other.

    >>> round(drop_of("accuracy", 0.95, 0.94), 6), round(drop_of("mae", 2.0, 2.1), 6)
    (1.0, 5.0)
    """
    worse = whole - small if METRICS[score].direction == "maximize" else small - whole
    if score in SHARES:
        return 100 * worse
    return 100 * worse / abs(whole) if whole else math.copysign(math.inf, worse) if worse else 0.0


def _too_much(made: Int8, max_drop: float) -> str:
    unit = "points" if made.score in SHARES else "percent"
    before, after = (value(made.score, each.metrics[made.score]) for each in (made.whole, made.small))
    law = f"with 8 bits {label(made.score)} drops by {made.drop:.2f} {unit}, from {before} to {after}"
    return f"{made.small.file}: {law}, more than --max-drop {max_drop:g}: nothing was written"


def _measured(
    file: str, content: bytes, reference: Reference, sources: Sequence[np.ndarray], seconds: float
) -> MeasuredFile:
    from archscape.spaces.codegen.quantisation import sizes

    outputs = np.concatenate([*_outputs(content, sources)])
    taken = sizes(content)
    return MeasuredFile(file, reference.measure(outputs), taken.weights, taken.file, 1000 * seconds)


def _outputs(content: bytes, sources: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the first output of a model, batch by batch."""
    session, rows = _session(content), BATCH["cpu"]
    for start in range(0, len(sources[0]), rows):
        yield session.run(None, _feed(session, [each[start : start + rows] for each in sources]))[0]


def latencies(contents: Sequence[bytes], sample: Sequence[np.ndarray]) -> list[float]:
    """Return the seconds that each model takes for a sample: the median of runs in turn, with one thread."""
    sessions = [_session(content) for content in contents]
    taken: list[list[float]] = [[] for _ in sessions]
    begun = time.perf_counter()
    while len(taken[0]) < REPEATS and (len(taken[0]) < 3 or time.perf_counter() - begun < MOST_SECONDS):
        for session, seconds in zip(sessions, taken, strict=True):
            start = time.perf_counter()
            session.run(None, _feed(session, sample))
            seconds.append(time.perf_counter() - start)
    return [median(each) for each in taken]


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _feed(session: Any, sources: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return dict(zip([each.name for each in session.get_inputs()], sources, strict=True))
