"""The comparison as a table: one row a network, for readers or for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archscape.analysis.costs.conventions import convention, count
from archscape.analysis.costs.profile import CONVENTION
from archscape.spaces.errors import InputError, suggest

from ..tables import write_table
from .compared_network import ComparedNetwork
from .measures import COLUMNS, LATENCY, Measure, Number

PROGRAMS = (".csv", ".json")
"""Files for programs: bytes in full, and the terms of the memory in every row."""
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
    networks: Sequence[ComparedNetwork],
    chosen: Sequence[str],
    *,
    counted: Sequence[str] = (),
    plain: bool = False,
) -> tuple[list[str], list[list[Number]]]:
    """Return heads and rows.

    Args:
        networks: What is compared.
        chosen: Names of `COLUMNS`, in their order.
        counted: Conventions whose counts stand behind these.
        plain: For programs rather than for readers.

    Raises:
        InputError: If there is no convention of such a name.
    """
    columns = [COLUMNS[name] for name in chosen]
    columns += [_convention(name) for name in counted]
    columns += LATENCY if any(network.predictor for network in networks) else []
    heads = ["network", "input", *(column.plain if plain else column.head for column in columns)]
    if plain:
        heads += TERMS
    rows: list[list[Number]] = [
        [
            *(network.name, network.input_text),
            *(column.table_cell(network, plain=plain) for column in columns),
            *(getattr(network.terms, name) for name in TERMS if plain),
        ]
        for network in networks
    ]
    return heads, rows


def note(networks: Sequence[ComparedNetwork]) -> str:
    """Return how the numbers of a table are counted."""
    times = latency_note(networks)
    return f"Convention: {CONVENTION}. Memory: {networks[0].terms.text}; MB are 10^6 bytes. {times}".rstrip()


def latency_note(networks: Sequence[ComparedNetwork]) -> str:
    """Return of which device the latencies are; "" where there are none."""
    known = [network.latency for network in networks if network.latency]
    if not known:
        return ""
    guessed = sorted({kind for latency in known for kind in latency.guessed})
    more = f"; of {', '.join(guessed)} the calibration knows nothing" if guessed else ""
    share = f"{known[0].level:.0%} of networks lie within the interval"
    return f"Latency: predicted for {known[0].setup.description}; {share}{more}."


def write_comparison_table(
    networks: Sequence[ComparedNetwork], path: Path, chosen: Sequence[str], *, counted: Sequence[str] = ()
) -> Path:
    """Write the comparison as Markdown, LaTeX, CSV or JSON, as the suffix says.

    Raises:
        InputError: Another suffix, a folder that is missing, or a convention that there is not.
    """
    heads, rows = table(networks, chosen, counted=counted, plain=path.suffix.lower() in PROGRAMS)
    return write_table(heads, rows, path, note=note(networks))


def _convention(name: str) -> Measure:
    convention(name)
    return Measure(
        name, name, lambda compared: None if compared.network is None else count(compared.network, name).total
    )
