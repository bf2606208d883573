"""`archscape dashboard`: a search as a live page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import log
from .options.studies import NameOption, StorageOption, find_study, results_of

if TYPE_CHECKING:
    from ..search.dashboard.server import Server
    from ..search.study.reader import StudyReader


def dashboard(
    run: Annotated[
        Path | None,
        typer.Argument(help="Folder of a search; or give --study and --storage.", metavar="[RUN]"),
    ] = None,
    study: NameOption = "",
    storage: StorageOption = "",
    host: Annotated[
        str, typer.Option(help="The address to listen on; any but this machine's own is open to others.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port, or the next that is free; 0 is any.")
    ] = 8787,
) -> None:
    """Show a search in the browser while it runs.

    Frontier, workers, learning curves and logs. The page follows the trials as they run and end; it only
    reads the study. Ctrl-C ends it.
    """
    from ..search.dashboard.server import bind
    from ..search.folder import RunFolder

    def ready(server: Server) -> None:
        bound = server.server_address[1]
        if port not in (0, bound):
            log(f"port {port} is taken, so it is {bound}")
        if not server.is_local:
            log(f"WARNING: whoever reaches {host} can read this study: the page asks for no password")
        print(server.url, flush=True)
        log("Ctrl-C ends it.")

    with find_study(run, study, storage) as reader:
        logs = RunFolder(reader.address.folder).logs
        bind(reader, _write_report, logs=logs, host=host, port=port).serve(ready)


def _write_report(study: StudyReader, path: Path) -> None:
    from ..analysis.reports.results.page import write_report

    write_report(results_of(study), path)
