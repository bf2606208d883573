"""The comparison as a table: one row a network, for readers or for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from archscape.analysis.costs.conventions import convention, count
from archscape.analysis.costs.memory import Memory
from archscape.analysis.costs.memory.training import TrainingMemory
from archscape.analysis.costs.profile import CONVENTION
from archscape.spaces.errors import InputError, suggest
from archscape.spaces.values import shape_text

from ..tables import write_table
from .compared_network import ComparedNetwork

if TYPE_CHECKING:
    from archscape.analysis.costs.latency import Latency

Number: TypeAlias = "int | float | str | None"
MEGA = 10**6
PROGRAMS = (".csv", ".json")
"""Files for programs: bytes in full, and the terms of the memory in every row."""


class Column(NamedTuple):
    """One column.

    Attributes:
        head: Its head for readers.
        plain: Its head for programs.
        cell: What stands in it; None where it is not known.
        unit: What readers see it in: bytes in megabytes, seconds in milliseconds; 0 as it is.
    """

    head: str
    plain: str
    cell: Callable[[ComparedNetwork], Number]
    unit: float = 0


COLUMNS: dict[str, Column] = {
    "params": Column("params", "params", lambda one: one.costs.params),
    "macs": Column("macs", "macs", lambda one: one.costs.macs),
    "flops": Column("flops", "flops", lambda one: one.costs.flops),
    "activations": Column("activations", "activations", lambda one: one.costs.activations),
    "weights": Column("weights MB", "weights_bytes", lambda one: _of(one.inference, "weights"), MEGA),
    "inference": Column("inference MB", "inference_bytes", lambda one: _of(one.inference, "peak"), MEGA),
    "training": Column("training MB", "training_bytes", lambda one: _of(one.training, "peak"), MEGA),
    "field": Column("field", "receptive_field", lambda one: shape_text(one.field) if one.field else None),
    "layers": Column("layers", "layers", lambda one: len(one.costs.layers)),
}
"""The columns by their words on the command line."""
LATENCY = (
    Column("latency ms", "latency_seconds", lambda one: _of(one.latency, "seconds"), 1e-3),
    Column("from", "latency_low", lambda one: _of(one.latency, "low"), 1e-3),
    Column("to", "latency_high", lambda one: _of(one.latency, "high"), 1e-3),
)
"""What stands behind them where latency is asked for: the prediction, and the ends of its interval."""
TERMS = ("batch", "dtype", "mode", "optimizer")


def choose(words: str) -> list[str]:
    """Return the columns that a list names, such as `params,macs,training`; all of them for "".

    Raises:
        InputError: For a column that there is not, or one given twice.
    """
    chosen = [word.strip() for word in words.split(",")] if words else list(COLUMNS)
    for word in chosen:
        if word not in COLUMNS:
            law = f"there is no cost '{word}'{suggest(word, COLUMNS)}"
            raise InputError(f"--costs: {law}; it takes {', '.join(COLUMNS)}")
        if chosen.count(word) > 1:
            raise InputError(f"--costs: '{word}' stands twice")
    return chosen


def table(
    entrants: Sequence[ComparedNetwork],
    chosen: Sequence[str],
    *,
    counted: Sequence[str] = (),
    plain: bool = False,
) -> tuple[list[str], list[list[Number]]]:
    """Return heads and rows.

    Args:
        entrants: What is compared.
        chosen: Names of `COLUMNS`, in their order.
        counted: Conventions whose counts stand behind these.
        plain: For programs rather than for readers.

    Raises:
        InputError: If there is no convention of such a name.
    """
    columns = [COLUMNS[name] for name in chosen]
    columns += [_convention(name) for name in counted]
    columns += LATENCY if any(one.predictor for one in entrants) else []
    heads = ["network", "input", *(column.plain if plain else column.head for column in columns)]
    rows = [[one.name, shape_text(one.input), *(_cell(one, at, plain) for at in columns)] for one in entrants]
    if plain:
        heads += TERMS
        rows = [
            [*row, *(getattr(one.terms, name) for name in TERMS)]
            for row, one in zip(rows, entrants, strict=True)
        ]
    return heads, rows


def note(entrants: Sequence[ComparedNetwork]) -> str:
    """Return how the numbers of a table are counted."""
    times = latency_note(entrants)
    return f"Convention: {CONVENTION}. Memory: {entrants[0].terms.text}; MB are 10^6 bytes. {times}".rstrip()


def latency_note(entrants: Sequence[ComparedNetwork]) -> str:
    """Return of which device the latencies are; "" where there are none."""
    known = [one.latency for one in entrants if one.latency]
    if not known:
        return ""
    guessed = sorted({kind for found in known for kind in found.guessed})
    more = f"; of {', '.join(guessed)} the calibration knows nothing" if guessed else ""
    share = f"{known[0].level:.0%} of networks lie within the interval"
    return f"Latency: predicted for {known[0].setup.description}; {share}{more}."


def write_comparison_table(
    entrants: Sequence[ComparedNetwork], path: Path, chosen: Sequence[str], *, counted: Sequence[str] = ()
) -> Path:
    """Write the comparison as Markdown, LaTeX, CSV or JSON, as the suffix says.

    Raises:
        InputError: Another suffix, a folder that is missing, or a convention that there is not.
    """
    heads, rows = table(entrants, chosen, counted=counted, plain=path.suffix.lower() in PROGRAMS)
    return write_table(heads, rows, path, note=note(entrants))


def _of(found: Memory | TrainingMemory | Latency | None, part: str) -> Number:
    number: int | float | None = None if found is None else getattr(found, part)
    return number


def _convention(name: str) -> Column:
    convention(name)
    return Column(name, name, lambda one: None if one.network is None else count(one.network, name).total)


def _cell(one: ComparedNetwork, column: Column, plain: bool) -> Number:
    found = column.cell(one)
    return found / column.unit if column.unit and not plain and isinstance(found, int | float) else found
