"""`archscape list`: the catalog, the blocks of the language, what a job can say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from ..output import Format, FormatOption, emit, log, say
from ..spaces.errors import InputError, suggest

EXAMPLES = ("archscape list", "archscape list bottleneck", "archscape list recipe", "archscape list tpe")
CATALOG = ("networks", "spaces", "blocks")


def list_(
    word: Annotated[
        str | None,
        typer.Argument(
            help="`networks`, `spaces` or `blocks`; `job`, `recipe`, `presets`, `objectives`, `data`, "
            "`optimizers`, `schedules`, `augmentations`, `samplers`, `stop`, `target`, `boards` or "
            "`formats`; or one of these by name, or a block: what it takes.",
            metavar="[TOPIC|NAME]",
        ),
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """List networks, spaces and blocks, or what a job or block takes."""
    if word is None:
        _emit_catalog(("network", "space"), form)
        if form is Format.table:
            print()
            _emit_blocks(form)
            log("`archscape list NAME` shows what a block takes, `archscape list job` what a job can say.")
    elif word == "blocks":
        _emit_blocks(form)
    elif word in CATALOG:
        _emit_catalog((word.removesuffix("s"),), form)
    else:
        _show(word, form)


def _emit_catalog(kinds: Iterable[str], form: Format) -> None:
    from ..spaces import Space, catalog_names, load

    rows = []
    for name in catalog_names():
        table = load(name)
        kind = "space" if isinstance(table, Space) else "network"
        if kind not in kinds:
            continue
        lines = table.origin.lines if table.origin else ()
        citation = lines[0].removeprefix("#").strip() if lines else ""
        costs = ("", "") if isinstance(table, Space) else (table.totals.params, table.totals.macs)
        rows.append((name, kind, table.input_text, *costs, citation))
    columns = ("name", "kind", "input", "params", "macs", "from")
    emit(columns, rows, form, least=("from", "kind", "input"))


def _emit_blocks(form: Format) -> None:
    from ..spaces.blocks import BLOCKS

    blocks = [
        (word, ", ".join([*block.maps[1:], *block.parameters]), block.doc.split("\n")[0])
        for word, block in sorted(BLOCKS.items())
    ]
    emit(("block", "parameters", "what it is"), blocks, form, least=("parameters",))


def _show(word: str, form: Format) -> None:
    """Print what a topic or the name of a block, a sampler or a rule is."""
    from ..reference import find, known
    from ..spaces import Space, catalog_names, load
    from ..spaces.catalog_files import catalog_families

    listing = find(word)
    if listing is None and word in catalog_families():
        members = ", ".join(catalog_families()[word])
        raise InputError(f"'{word}' is a family of networks, not a block: {members}")
    if listing is None and word in catalog_names():
        kind, command = ("space", "space") if isinstance(load(word), Space) else ("network", "profile")
        raise InputError(f"'{word}' is a {kind}, not a block: `archscape {command} {word}` shows it")
    if listing is None:
        raise InputError(f"there is no block or topic '{word}'{suggest(word, [*CATALOG, *known()])}")
    if form is Format.table:
        say(listing.text)
    emit(listing.columns, listing.rows, form)
