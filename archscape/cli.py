"""The commands. Results go to standard output, progress and what to do next to standard error.

Exit status: 0 good; 2 the input is wrong (one message, no traceback); 1 anything else that archscape
foresees.
"""

from __future__ import annotations

import atexit
import gc
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from ._version import __version__
from .commands import study as study_commands
from .commands.calibrate import calibrate
from .commands.common import StorageOption, find_study
from .commands.compare import compare
from .commands.dashboard import dashboard
from .commands.diff import diff
from .commands.engine import Engine
from .commands.field import field
from .commands.landscape import landscape
from .commands.lint import lint
from .commands.networks import FormatOption, find_network
from .commands.population import population
from .commands.profile import profile
from .commands.references import references
from .commands.report import report
from .commands.worker import worker
from .output import Format, emit, watch
from .spaces.errors import ArchscapeError, InputError, StudyError
from .spaces.sampling.limits import COSTS

if TYPE_CHECKING:
    from .spaces import Network, Space

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Architecture search and analysis for convolutional networks.\n\n"
    "Start with `archscape list`, `archscape profile resnet50` or `archscape space cifar`.",
)


@app.command()
def search(
    job: Annotated[
        Path, typer.Argument(help="The job file; `docs/tutorial.md` has one.", metavar="JOB.yaml")
    ],
    trials: Annotated[int | None, typer.Option(min=1, help="Networks to try, in place of the job's.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that train, in place of the job's.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run. [default: runs/NAME]")] = None,
    storage: StorageOption = "",
    engine: Annotated[Engine, typer.Option(help="What runs the workers; `docs/ray.md`.")] = Engine.local,
    ray_address: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="With Ray: a cluster, or `auto`. [default: one of its own]"),
    ] = "",
    trial_cpus: Annotated[float, typer.Option(min=0, help="With Ray: CPUs, and so threads, of a trial.")] = 1,
    trial_gpus: Annotated[float, typer.Option(min=0, max=1, help="With Ray: share of a GPU of a trial.")] = 0,
) -> None:
    """Search a space: propose networks, train them, and write a report.

    The same command again goes on where it ended, whatever ended it. Ctrl-C stops cleanly. With `--storage`
    the study lies in a database that workers on other machines reach: see `archscape worker`.
    """
    from .search.job import read_job
    from .search.run import run

    wanted = read_job(job)
    wanted = replace(wanted, trials=trials or wanted.trials, workers=workers or wanted.workers)
    folder = out or Path("runs", wanted.search)
    executor = engine.executor(storage=storage, address=ray_address, cpus=trial_cpus, gpus=trial_gpus)
    found = run(
        wanted,
        out=folder,
        storage=storage,
        references=references(wanted.space),
        executor=executor,
        command=_command(),
    )
    print(folder / "report.html")
    complete = (found.trials["status"] == "complete").sum()
    failed = found.trials.loc[found.trials["status"] == "failed", "cause"].value_counts()
    for cause, count in failed.items():
        _say(f"{count} failed: {cause}; {folder / 'logs'} has a log for each trial")
    if not complete:
        raise StudyError(f"{folder}: no network could be trained; the report and the logs say why")
    _say(f"{complete} networks trained. Next: open the report, then")
    _say(f"  archscape export {folder} --out {folder / 'best'}")


app.command()(profile)
app.command()(calibrate)
app.command()(field)
app.command()(lint)
app.command()(landscape)
app.command()(population)
app.command()(compare)
app.command()(diff)


app.command()(report)


@app.command()
def export(
    source: Annotated[
        str, typer.Argument(help="The folder of a search, or a network.", metavar="RUN|NETWORK")
    ],
    trial: Annotated[str, typer.Option(help="Of a search: `best`, or a trial's number.")] = "best",
    form: Annotated[
        list[str] | None,
        typer.Option("--format", help="source, spec or weights; may be repeated. [default: all there are]"),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to; it is created.")] = Path("exported"),
) -> None:
    """Export a network: PyTorch source that needs torch alone, its table, and its trained weights.

    `best` is the complete trial with the best first objective.
    """
    from .spaces.codegen.export import export as write

    if Path(source).is_dir():
        from .search.folder import trained

        with find_study(Path(source), "", "") as study:
            network, weights, data = trained(study, trial)
        files = write(
            network, out, formats=form or ("source", "spec", "weights"), weights=weights, metadata=data
        )
    else:
        if trial != "best":
            raise InputError(f"--trial {trial} needs the folder of a search, but got the network '{source}'")
        network = find_network(source, None)
        files = write(network, out, formats=form or ("source", "spec"))
    for path in files.values():
        print(path)
    if {"source", "weights"} <= files.keys():
        _say_how_to_load(network, files, data)


@app.command()
def space(
    name: Annotated[str, typer.Argument(help="A space of `archscape list`, or a file.", metavar="SPACE")],
    count: Annotated[bool, typer.Option("--count", help="Print how many networks it holds.")] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Draw N networks within its limits.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    form: FormatOption = Format.table,
) -> None:
    """Show a space: its table, how many networks it holds, or a sample of them."""
    from .spaces import load_space

    found = load_space(name)
    sys.set_int_max_str_digits(0)  # counts are exact, and a large space has more than Python's usual digits
    if count:
        _count(found, form)
    if sample:
        _sample(found, sample, seed, form)
    if not count and not sample:
        if form is Format.json:
            print(found.to_json())
        else:
            print(found.to_yaml(), end="")
        _say(f"{found.count():,} decision lists. Next: archscape space {name} --sample 3")


@app.command(name="list")
def list_(
    word: Annotated[str | None, typer.Argument(help="A block: show what it takes.", metavar="BLOCK")] = None,
    form: FormatOption = Format.table,
) -> None:
    """List the networks and spaces of the catalog and the blocks of the language, or what one block takes."""
    if word is not None:
        _show_block(word, form)
        return
    from .spaces import Space, catalog_names, load
    from .spaces.blocks import BLOCKS
    from .spaces.values import shape_text

    rows: list[tuple[object, ...]] = []
    for name in catalog_names():
        table = load(name)
        kind = "space" if isinstance(table, Space) else "network"
        costs = ("", "") if isinstance(table, Space) else (table.totals.params, table.totals.macs)
        rows.append((name, kind, shape_text(table.input), *costs, _heading(table)))
    emit(("name", "kind", "input", "params", "macs", "from"), rows, form)
    if form is Format.table:
        blocks = [
            (word, ", ".join([*block.maps[1:], *block.parameters]), block.doc.split("\n")[0])
            for word, block in sorted(BLOCKS.items())
        ]
        emit(("block", "parameters", "what it is"), blocks, form)


app.command()(dashboard)
app.command()(worker)
app.add_typer(study_commands.app, name="study")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; wrong input ends with one message and exit status 2."""
    atexit.register(gc.freeze)  # looking for garbage in all libraries once more takes a fifth of a second
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="archscape")
    except InputError as error:
        _say(f"archscape: {error}")
        sys.exit(2)
    except ArchscapeError as error:
        _say(f"archscape: {error}")
        sys.exit(1)
    except BrokenPipeError:
        # The reader of a pipe has gone; Python would complain once more while closing standard output.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.filename is None:
            raise
        _say(f"archscape: {error.filename}: {error.strerror}")
        sys.exit(2)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _command() -> str:
    return shlex.join(["archscape", *sys.argv[1:]])


def _show_block(word: str, form: Format) -> None:
    from .spaces import Space, catalog_names, load
    from .spaces.blocks import BLOCKS
    from .spaces.blocks.kinds import SOURCE, SOURCES
    from .spaces.errors import suggest
    from .spaces.language.rows import STYLE
    from .spaces.values import text

    if word not in BLOCKS and word in catalog_names():
        kind, command = ("space", "space") if isinstance(load(word), Space) else ("network", "profile")
        raise InputError(f"'{word}' is a {kind}, not a block: `archscape {command} {word}` shows it")
    if word not in BLOCKS:
        raise InputError(f"there is no block '{word}'{suggest(word, BLOCKS)}")
    block = BLOCKS[word]
    rows = [(name, "needed", SOURCE.law) for name in block.maps[1:]]
    rows += [("with", "", SOURCES.law)] if block.variadic else []
    rows += [
        (p.name, "needed" if p.required else text(p.default), p.kind.law) for p in block.parameters.values()
    ]
    rows += [("depth", "1", "number of blocks")] if block.repeats else []
    rows += [(name, "defaults", kind.law) for name, kind in STYLE.items()] if block.styled else []
    if form is Format.table:
        print(f"{word}: {block.doc}")
    emit(("parameter", "default", "takes"), rows, form)


def _count(space: Space, form: Format) -> None:
    distinct = space.count_distinct(limit=20_000, watch=watch)
    row = (space.count(), "more than can be enumerated" if distinct is None else distinct)
    emit(("decision lists", "distinct networks within the limits"), [row], form, title=space.name)


def _sample(space: Space, number: int, seed: int, form: Format) -> None:
    rng = Random(seed)
    rows: list[tuple[object, ...]] = []
    for _ in range(number):
        network = space.sample(rng).network
        totals = network.totals
        costs = [getattr(totals, cost) for cost in COSTS]
        if form is Format.table:
            print(
                f"# {network.hash()}: " + ", ".join(f"{c:,} {n}" for n, c in zip(COSTS, costs, strict=True))
            )
            print(network.to_yaml())
        else:
            rows.append((network.hash(), *costs, network.to_json()))
    if rows:
        emit(("hash", *COSTS, "network"), rows, form)


def _heading(table: Network | Space) -> str:
    """Return the first line of a catalog file without its mark: the citation."""
    line = table.origin.lines[0] if table.origin and table.origin.lines else ""
    return line.removeprefix("#").strip()


def _say_how_to_load(network: Network, files: dict[str, Path], data: dict[str, str]) -> None:
    from .spaces.codegen.source import class_name

    folder, module, name = files["source"].parent, files["source"].stem, class_name(network)
    _say(f"Load it, in {folder}:")
    _say(f"  from {module} import {name}; from safetensors.torch import load_file")
    _say(f"  model = {name}().eval()")
    _say(f"  model.load_state_dict(load_file({json.dumps(files['weights'].name)}))")
    _say("It reads samples as it was trained on them: (source - mean) / std, channel by channel, with")
    _say(f"  mean = {data['mean']}; std = {data['std']}  # of {data['data']}, in the file's metadata too")
