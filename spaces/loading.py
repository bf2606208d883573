"""Loading networks and spaces: by catalog name, or from a YAML or JSON file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .catalog_files import catalog_names, find_document
from .errors import CodeNotRun, SpaceError
from .family import Family
from .language.document import Document, read_text
from .language.reading import is_family, is_network, read
from .language.uses import vouch_all
from .language.written import WrittenNetwork
from .network import Network
from .space import Space


def read_table(document: Document) -> Network | Space:
    """Return the network or the space that a document declares, by its first word.

    Raises:
        SpaceError: If it does not follow the language, or is a family and no member was asked for.
    """
    if is_family(document):
        return read(document, Family).member(document.member)
    return read(document, Network) if is_network(document) else read(document, Space)


def load(name: str | Path, *, uses: Iterable[str | Path] = ()) -> Network | Space:
    """Return a network or a space by its catalog name, or from a file.

    Args:
        name: The name, or the path; that of a family with a member, `efficientnet-b1`, `FILE.yaml:b1`; or the
            folder of a bundle.
        uses: Python files and modules that it may use wherever they lie; they are run. Without that it may
            use those beside it, if it lies neither in the folder of a search nor in a bundle.

    Raises:
        SpaceError: If there is no such name or file, or the file does not follow the language.
        CodeNotRun: If it uses a file that nobody named.
    """
    vouch_all(uses)
    return read_table(find_document(name))


def load_network(name: str | Path, *, uses: Iterable[str | Path] = ()) -> Network:
    """Return a network by its catalog name, or from a YAML or JSON file; `uses` as in `load`.

    Raises:
        SpaceError: As `load`, and if it is a space.

    >>> load_network("resnet50").totals.params
    25557032
    """
    table = load(name, uses=uses)
    if isinstance(table, Space):
        raise SpaceError(
            f"{name} is a space; a network is needed here (`archscape space {name} --sample 1` draws one)"
        )
    return table


def load_space(name: str | Path, *, uses: Iterable[str | Path] = ()) -> Space:
    """Return a space by its catalog name, or from a YAML or JSON file; `uses` as in `load`.

    Raises:
        SpaceError: As `load`, and if it is a network.
    """
    return Space.load(name, uses=uses)


def read_stored(text: str) -> Network | WrittenNetwork:
    """Return a network that a study stores, without running anything: as it is written where it needs code.

    Raises:
        SpaceError: If it does not follow the language.
    """
    try:
        return Network.from_json(text)
    except CodeNotRun:
        return read(read_text(text), WrittenNetwork)


def catalog_networks() -> Iterator[Network]:
    """Yield the networks of the catalog; what its spaces hold is not read."""
    documents = map(find_document, catalog_names())
    tables = (read_table(document) for document in documents if is_network(document))
    return (table for table in tables if isinstance(table, Network))
