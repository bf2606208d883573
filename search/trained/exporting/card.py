"""The model card of a bundle: front matter as model hubs read it, and what users of the files must know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from archscape.analysis.reports.format import NONE, capital, label, plain_size, value
from archscape.spaces.bundle_files import DRAWING, ONNX, PT2, SOURCE, TABLE, WEIGHTS

from .card_words import code, ends, limits, origin, plain
from .usage import usage

if TYPE_CHECKING:
    from archscape.spaces.codegen.formats.base import ExportOptions

    from .fresh_process import Reader
    from .measured import Measured
    from .parity import FileParity
    from .reference import Reference
    from .smaller import Int8
    from .subject import Subject

PIPELINES: Mapping[str, str] = {
    "classification": "image-classification",
    "multi-label": "image-classification",
    "segmentation": "image-segmentation",
    "localisation": "object-detection",
    "denoising": "image-to-image",
    "image-to-image": "image-to-image",
    "reconstruction": "image-to-image",
}
"""What model hubs call a task of images."""

WHAT: Mapping[str, str] = {
    SOURCE: "the network as a Python module to read",
    WEIGHTS: "the weights of the class in `model.py`",
    PT2: "network and weights as a program of `torch.export`",
    ONNX: "network and weights as one ONNX model",
    TABLE: "the network as its table",
}


class File(NamedTuple):
    """A file of a bundle, as a row of its card."""

    name: str
    what: str
    needs: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card is written of.

    Attributes:
        subject: The network.
        options: How it was exported.
        config: What `config.json` says.
        licence: Its identifier, as a model hub takes it.
        reference: The samples, and what the network gives for them.
        readers: What each file that computes is used with, by its name.
        parity: What each file gave.
        left_out: Why a file is not there, by its name.
        int8: The file of 8 bits beside the float one, if there is one.
    """

    subject: Subject
    options: ExportOptions
    config: Mapping[str, Any]
    licence: str
    reference: Reference
    readers: Mapping[str, Reader]
    parity: Sequence[FileParity]
    left_out: Mapping[str, str] = field(default_factory=dict)
    int8: Int8 | None = None

    def text(self) -> str:
        """Return the card as Markdown."""
        subject, names = self.subject, sorted({name for each in self.parity for name in each.metrics})
        has_agreement = any(each.agreement is not None for each in self.parity)
        text: str = _template().render(
            front=yaml.safe_dump(self.front(), sort_keys=False, allow_unicode=True),
            name=code(subject.network.name),
            summary=self._summary(),
            missing=list(map(plain, subject.missing)),
            drawing=DRAWING,
            files=[*self._files()],
            left_out=[(name, plain(reason)) for name, reason in self.left_out.items()],
            uses=[usage(file, reader, subject, self.options) for file, reader in self.readers.items()],
            ends=[*ends(subject, self.options)],
            measured=[_row(each, is_ours=subject.is_ours) for each in subject.measured],
            samples=self._samples(),
            int8=self.int8.table() if self.int8 else None,
            is_drawn=self.reference.is_drawn,
            has_agreement=has_agreement,
            parity_metrics=[label(name) for name in names],
            parity=[[*_parity_row(each, names, has_agreement=has_agreement)] for each in self.parity],
            costs=[*self._costs()],
            convention=_sentence(self.config["costs"]["convention"]),
            origin=[*origin(subject)],
            recipe=yaml.safe_dump(dict(subject.recipe), sort_keys=False) if subject.recipe else "",
            limits=[*limits(subject, licence=self.licence)],
            repository=f"USER/{subject.network.name}",
        )
        return text

    def front(self) -> dict[str, Any]:
        """Return the front matter, in the keys of model hubs."""
        subject, task = self.subject, self.reference.task
        pipeline = PIPELINES.get(task) if len(subject.network.input_shapes[0]) == 3 else None
        metrics = [each for each in subject.measured if each.part == "validation"]
        data = _slug(subject.data_name)
        return {
            "license": self.licence,
            "library_name": "pytorch",
            **({"pipeline_tag": pipeline} if pipeline else {}),
            "tags": ["archscape", "neural-architecture-search", "safetensors", *self._tags()],
            **({"datasets": [data]} if data else {}),
            **({"metrics": [each.name for each in metrics]} if metrics else {}),
            **({"model-index": [self._index(pipeline or task, data)]} if subject.measured and data else {}),
        }

    def _tags(self) -> Iterator[str]:
        yield from ("onnx",) * (ONNX in self.readers)
        yield from ("pytorch-export",) * (PT2 in self.readers)
        yield from (self.reference.task,) * bool(self.reference.task)

    def _index(self, task: str, data: str) -> dict[str, Any]:
        results = [
            {
                "task": {"type": task},
                "dataset": {"type": data, "name": self.subject.data_name, "split": part},
                "metrics": [
                    {"type": each.name.removeprefix("test_"), "name": label(each.name), "value": _own(each)}
                    for each in self.subject.measured
                    if each.part == part
                ],
            }
            for part in dict.fromkeys(each.part for each in self.subject.measured)
        ]
        return {"name": self.subject.network.name, "results": results}

    def _summary(self) -> str:
        network, data, title = self.subject.network, self.subject.data_name, plain(self.subject.title)
        learned = f", trained for {self.reference.task} on {code(data)}" if data else ""
        params = f"{self.config['costs']['params']:,} parameters"
        what = f"a convolutional network of {params} for samples of {network.input_text}{learned}"
        return f"{capital(title)}: {what}."

    def _files(self) -> Iterator[File]:
        needs = {name: ", ".join(reader.packages) for name, reader in self.readers.items()}
        for name, what in WHAT.items():
            if name in needs or name in (SOURCE, TABLE):
                yield File(name, what, needs.get(name, "torch" if name == SOURCE else "archscape"))
        if self.int8:
            yield File(self.int8.small.file, "the same with weights and maps of 8 bits", needs[ONNX])
        yield File(DRAWING, "the figure of the network", "any browser")
        for use in sorted({module for reader in self.readers.values() for module in reader.modules}):
            yield File(f"{use}.py", "code that `model.py` imports", "see `requirements.txt`")

    def _samples(self) -> str:
        reference = self.reference
        if reference.trained is None:
            return f"{reference.count} samples of random numbers"
        some = f"the first {reference.count:,} of " if reference.count < reference.of else "all "
        return f"{some}{reference.of:,} samples of the validation part"

    def _costs(self) -> Iterator[tuple[str, str]]:
        costs = self.config["costs"]
        for name in ("params", "macs", "flops", "activations"):
            yield label(name), f"{costs[name]:,}"
        yield "weights, float32", plain_size(costs["weights_bytes"])
        yield "peak memory of inference, tensors of one sample", plain_size(costs["peak_inference_bytes"])
        if self.subject.latency:
            yield "latency", plain(self.subject.latency)


def _row(measured: Measured, *, is_ours: bool) -> dict[str, str]:
    name, spread = measured.name, "one training"
    is_own = measured.trainings == 1 or measured.own is not None
    if measured.trainings > 1:
        deviation = "" if measured.spread is None else f" ± {value(name, measured.spread)}"
        spread = f"{value(name, measured.value)}{deviation} over {measured.trainings} trainings"
    return {
        "name": label(name),
        "part": measured.part if is_ours else "as its function counts",
        "value": value(name, _own(measured)) if is_own else NONE,
        "spread": spread,
    }


def _own(measured: Measured) -> float:
    """Return a metric of the very weights that are exported, where it is known."""
    return measured.value if measured.own is None else measured.own


def _parity_row(parity: FileParity, names: Sequence[str], *, has_agreement: bool) -> Iterator[str]:
    yield f"`{parity.file}`"
    yield f"{parity.relative_error:.1e}"
    if has_agreement:
        yield "" if parity.agreement is None else f"{parity.agreement:.2%}"
    yield from (value(name, parity.metrics[name]) if name in parity.metrics else "" for name in names)


def _sentence(text: str) -> str:
    return f"Convention: {text}. What data movement and dropout take is not counted."


def _slug(name: str) -> str:
    """Return a name in the letters that model hubs allow."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).stem).strip("-.")


@cache
def _template() -> Any:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return made.get_template("card.jinja")
