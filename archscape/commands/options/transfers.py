"""What a training takes over from others, as options: weights, frozen layers, rates, a teacher."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...spaces.errors import InputError
from ...spaces.run_folder import is_run_folder
from .studies import find_study

if TYPE_CHECKING:
    from ...search.training.teacher import Teacher
    from ...search.training.transfer import Transfer
    from ...search.training.weights import Weights
    from ...spaces import Network

SOURCE = "RUN[:N]|FILE"
PATTERN = "of a row or a weight, also with `*`; may be repeated."
WeightsOption = Annotated[
    str,
    typer.Option(
        "--weights",
        metavar=SOURCE,
        help="Weights to start from: a search's best trial or trial N, or a .safetensors file.",
    ),
]
FreshOption = Annotated[
    list[str] | None,
    typer.Option("--fresh", metavar="NAME", help=f"Initialise these at random all the same: {PATTERN}"),
]
FreezeOption = Annotated[
    list[str] | None,
    typer.Option("--freeze", metavar="NAME", help=f"Do not train these: {PATTERN}"),
]
RatesOption = Annotated[
    list[str] | None,
    typer.Option("--rate-of", metavar="NAME=FACTOR", help=f"Change the learning rate: {PATTERN}"),
]
TeacherOption = Annotated[
    str,
    typer.Option(
        "--teacher", metavar=SOURCE, help="Learn the outputs of this trained network too (distillation)."
    ),
]
TemperatureOption = Annotated[
    float | None, typer.Option("--temperature", help="Of the teacher's softmax. [default: 4]")
]
ShareOption = Annotated[
    float | None, typer.Option("--share", help="Share of the loss that is the teacher's. [default: 0.5]")
]


def find_transfer(
    *,
    weights: str,
    fresh: list[str] | None,
    freeze: list[str] | None,
    rates: list[str] | None,
    teacher: str,
    temperature: float | None,
    share: float | None,
    note: Callable[[str], None],
) -> Transfer:
    """Return what a training takes over.

    Raises:
        InputError: If there are no such weights, or an option has no effect.
    """
    from ...search.training.transfer import Transfer

    if not teacher and (temperature, share) != (None, None):
        raise InputError("--temperature and --share are of a teacher; give --teacher")
    return Transfer(
        start=_find(weights, "--weights", note)[0] if weights else None,
        fresh=tuple(fresh or ()),
        freeze=tuple(freeze or ()),
        rates=dict(map(_rate, rates or ())),
        teacher=_teacher(teacher, temperature, share, note) if teacher else None,
    )


def _rate(text: str) -> tuple[str, float]:
    name, sign, factor = text.rpartition("=")
    try:
        if not name or not sign:
            raise ValueError
        return name, float(factor)
    except ValueError:
        raise InputError(f"--rate-of: a name and a factor, as in conv=0.1, but got '{text}'") from None


def _teacher(
    source: str, temperature: float | None, share: float | None, note: Callable[[str], None]
) -> Teacher:
    from ...search.training.teacher import Teacher
    from ...spaces import Network, load_network
    from ...spaces.errors import CodeNotRun, SpaceError
    from ...spaces.loading import read_stored

    weights, network = _find(source, "--teacher", note)
    if network is None:
        text = weights.metadata.get("network", "")
        table = Path(source).with_suffix(".yaml")
        if not text and not table.is_file():
            law = "it does not say of which network its weights are, nor does a table beside it"
            raise InputError(f"--teacher {source}: {law} ({table.name})")
        try:
            stored = read_stored(text) if text else load_network(str(table))
        except SpaceError as error:
            law = f"it cannot be told of which network its weights are: {error}"
            raise InputError(f"--teacher {source}: {law}") from None
        if not isinstance(stored, Network):
            raise CodeNotRun(f"--teacher {source}: {stored.note}; {stored.remedy}")
        network = stored
    chosen = {"temperature": temperature, "share": share}
    return Teacher(
        network=network, weights=weights, **{key: each for key, each in chosen.items() if each is not None}
    )


def _find(source: str, option: str, note: Callable[[str], None]) -> tuple[Weights, Network | None]:
    """Return the weights of a trial with its network, or those in a file."""
    from ...search.study.trained import trained
    from ...search.training.weights import Weights, read_weights

    match = re.fullmatch(r"(.*):(\d+)", source)
    run, which = (match[1], match[2]) if match and not Path(source).exists() else (source, "best")
    if not Path(run).is_dir():
        return read_weights(Path(source), digest="", whose=f"the weights of {option}"), None
    if not is_run_folder(Path(run)):
        files = sorted(path.name for path in Path(run).glob("*.safetensors"))
        remedy = f"; name one of its files: {', '.join(files)}" if files else ""
        raise InputError(f"{option} {run}: not the folder of a search{remedy}")
    with find_study(Path(run), "", "") as study:
        _, network, state, metadata = trained(study, which, note=note)
    return Weights(state, metadata), network
