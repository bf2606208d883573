"""`archscape space`: a space's table, its size, or networks drawn from it."""

from __future__ import annotations

import sys
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, FormatOption, emit, log, say, say_yaml
from ..spaces.language.limits import COSTS
from ..waiting import watch
from .options.networks import SpaceArgument, UsesOption

if TYPE_CHECKING:
    from ..spaces import Space

EXAMPLES = (
    "archscape space cifar",
    "archscape space digits --count",
    "archscape space digits --sample 3 --seed 1",
)


def space(
    name: SpaceArgument,
    count: Annotated[bool, typer.Option("--count", help="Print how many networks it holds.")] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Draw N networks within its limits.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    form: FormatOption = Format.table,
    uses: UsesOption = None,
) -> None:
    """Show a space: its table, its size, or networks drawn from it."""
    from ..spaces import load_space

    table = load_space(name)
    sys.set_int_max_str_digits(0)  # counts are exact, and a large space has more than Python's usual digits
    if count:
        distinct = table.count_distinct(limit=20_000, watch=watch)
        row = (table.count(), "more than can be enumerated" if distinct is None else distinct)
        emit(("decision lists", "distinct networks within the limits"), [row], form, title=table.name)
    if sample:
        _sample(table, sample, seed, form)
    if not count and not sample:
        if form is Format.json:
            print(table.to_json())
        else:
            say_yaml(table.to_yaml())
        log(f"{table.count():,} decision lists. Next: archscape space {name} --sample 3")


def _sample(space: Space, number: int, seed: int, form: Format) -> None:
    rng = Random(seed)
    rows: list[tuple[object, ...]] = []
    for _ in range(number):
        network = space.sample(rng).network
        costs = {cost: getattr(network.totals, cost) for cost in COSTS}
        if form is Format.table:
            said = ", ".join(f"{value:,} {cost}" for cost, value in costs.items())
            say(f"# {network.hash()}: {said}", indent="# ")
            say_yaml(f"{network.to_yaml()}\n")
        else:
            rows.append((network.hash(), *costs.values(), network.to_json()))
    if rows:
        emit(("hash", *COSTS, "network"), rows, form)
