"""`archscape space`: a space's table, its size, networks drawn from it or proposed by what a search tried."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, FormatOption, emit, log, say, say_yaml
from ..spaces.errors import InputError
from ..spaces.language.limits import COSTS
from ..waiting import watch
from .options.networks import SpaceArgument, UsesOption
from .options.studies import NameOption, StorageOption, find_study

if TYPE_CHECKING:
    from ..search.study.proposal_rows import ProposalRecord
    from ..search.study.study import Study
    from ..spaces import Network, Sample, Space

EXAMPLES = (
    "archscape space cifar",
    "archscape space digits --count",
    "archscape space digits --sample 3 --seed 1",
    "archscape space digits --suggest 3 --from runs/digits",
)


def space(
    name: SpaceArgument,
    count: Annotated[bool, typer.Option("--count", help="Print how many networks it holds.")] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Draw N networks within its limits.")
    ] = None,
    suggest: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Propose N networks from what a search tried; see --from."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Folder of that search; or --study with --storage."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the draws. [default: 0; to propose, that of the search]")
    ] = None,
    form: FormatOption = Format.table,
    *,
    study: NameOption = "",
    storage: StorageOption = "",
    sampler: Annotated[
        str,
        typer.Option(
            metavar="SAMPLER",
            help="What proposes: a name, `{rule: tpe, startup: 20}` or FILE.py:Name. [default: the search's]",
        ),
    ] = "",
    uses: UsesOption = None,
) -> None:
    """Show a space: its table, its size, or networks drawn from it.

    With `--suggest` a sampler proposes networks from what a search tried, without training: the search is not
    changed, and each proposal sees those before it as trials that run.
    """
    from ..spaces import load_space

    _check_options(suggest, {"--from": run, "--study": study, "--sampler": sampler})
    table = load_space(name)
    sys.set_int_max_str_digits(0)  # counts are exact, and a large space has more than Python's usual digits
    if count:
        distinct = table.count_distinct(limit=20_000, watch=watch)
        row = (table.count(), "more than can be enumerated" if distinct is None else distinct)
        emit(("decision lists", "distinct networks within the limits"), [row], form, title=table.name)
    if sample:
        _sample(table, sample, seed or 0, form)
    if suggest:
        with find_study(run, study, storage) as opened:
            _suggest(opened, table, name, suggest, sampler, seed, form)
    if not count and not sample and not suggest:
        if form is Format.json:
            print(table.to_json())
        else:
            say_yaml(table.to_yaml())
        log(f"{table.count():,} decision lists. Next: archscape space {name} --sample 3")


def _check_options(suggest: int | None, options: dict[str, object]) -> None:
    """Check that what only a proposal needs is given with one.

    Raises:
        InputError: If it is not.
    """
    for option, value in options.items():
        if value and not suggest:
            raise InputError(f"{option} goes with --suggest N, which proposes networks from a search")
    if suggest and not (options["--from"] or options["--study"]):
        raise InputError(
            "--suggest N goes by what a search tried; give --from RUN, or --study NAME and --storage URL"
        )


def _sample(space: Space, number: int, seed: int, form: Format) -> None:
    rng = Random(seed)
    rows: list[tuple[object, ...]] = []
    for _ in range(number):
        network = space.sample(rng).network
        if form is Format.table:
            _say_network(network)
        else:
            rows.append((network.hash(), *_costs(network).values(), network.to_json()))
    if rows:
        emit(("hash", *COSTS, "network"), rows, form)


def _suggest(
    study: Study, space: Space, name: str, number: int, sampler: str, seed: int | None, form: Format
) -> None:
    from ..search.job.adding import costs_of
    from ..search.job.reading import read_setting
    from ..search.resuming.suggesting import check_space, suggest
    from ..search.samplers.base import Exhausted
    from ..search.study.proposal_rows import ProposalRecord

    check_space(study, space, name)
    chosen = read_setting("sampler", sampler) if sampler else ""
    proposals, asked = suggest(study, number, sampler=chosen, seed=seed), costs_of(study)
    rows: list[dict[str, object]] = []
    try:
        for proposal in proposals:
            sample, record = proposal.sample, ProposalRecord.of(proposal)
            costs = asked.of(sample.network)
            if form is Format.table:
                _say_network(sample.network, *_about(study, sample, record, costs))
            rows.append(_row(study, sample, record, costs))
    except Exhausted as error:
        if not rows:
            raise
        log(f"{len(rows)} of {number}: {error}")
    if form is not Format.table:
        columns = [*dict.fromkeys(column for row in rows for column in row if column != "network"), "network"]
        emit(columns, [[row.get(column, "") for column in columns] for row in rows], form)


def _about(
    study: Study, sample: Sample, proposal: ProposalRecord, asked: Mapping[str, float]
) -> Iterator[str]:
    """Yield what is known of a proposal, a line each: costs, what is expected, how it is trained, and why."""
    from ..analysis.reports.format import short_label, value

    if asked:
        yield ", ".join(f"{short_label(metric)} {value(metric, cost)}" for metric, cost in asked.items())
    for metric, expected in proposal.predicted.items():
        spread = f"{value(metric, expected.mean)} ± {value(metric, expected.deviation)}"
        best = value(metric, expected.incumbent)
        yield f"{short_label(metric)} {spread} expected; of the best trial {best}"
    choices = study.training_choices(sample.decisions)
    if choices:
        yield ", ".join(f"{path}: {option}" for path, option in choices.items())
    yield f"{proposal.sampler}: {proposal.reason}" if proposal.reason else proposal.sampler


def _row(
    study: Study, sample: Sample, proposal: ProposalRecord, asked: Mapping[str, float]
) -> dict[str, object]:
    """Return a proposal as a table of trials has it, with its network."""
    from ..analysis.results import prediction_columns

    row: dict[str, object] = {"hash": sample.hash(), **_costs(sample.network), **asked}
    row |= {"sampler": proposal.sampler, "reason": proposal.reason}
    for metric, expected in proposal.predicted.items():
        row |= zip(prediction_columns(metric), expected, strict=True)
    return row | study.training_choices(sample.decisions) | {"network": sample.network.to_json()}


def _costs(network: Network) -> dict[str, int]:
    return {cost: getattr(network.totals, cost) for cost in COSTS}


def _say_network(network: Network, *lines: str) -> None:
    """Print a network as a file, with what is known of it in comments."""
    said = ", ".join(f"{value:,} {cost}" for cost, value in _costs(network).items())
    for line in (f"{network.hash()}: {said}", *lines):
        say(f"# {line}", indent="# ")
    say_yaml(f"{network.to_yaml()}\n")
