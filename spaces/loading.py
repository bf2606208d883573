"""Loading networks and spaces: by catalog name, or from a YAML or JSON file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .catalog_files import catalog_names, find_document
from .errors import SpaceError
from .language.document import Document
from .language.reading import is_network, read
from .network import Network
from .space import Space


def read_table(document: Document) -> Network | Space:
    """Return the network or the space that a document declares, by its first word."""
    return read(document, Network) if is_network(document) else read(document, Space)


def load(name: str | Path) -> Network | Space:
    """Return a network or a space by its catalog name, or from a file.

    Raises:
        SpaceError: If there is no such name or file, or the file does not follow the language.
    """
    return read_table(find_document(name))


def load_network(name: str | Path) -> Network:
    """Return a network by its catalog name, or from a YAML or JSON file.

    Raises:
        SpaceError: As `load`, and if it is a space.

    >>> load_network("resnet50").totals.params
    25557032
    """
    table = load(name)
    if isinstance(table, Space):
        raise SpaceError(
            f"{name} is a space; a network is needed here (`archscape space {name} --sample 1` draws one)"
        )
    return table


def load_space(name: str | Path) -> Space:
    """Return a space by its catalog name, or from a YAML or JSON file.

    Raises:
        SpaceError: As `load`, and if it is a network.
    """
    return Space.load(name)


def catalog_networks() -> Iterator[Network]:
    """Yield the networks of the catalog; what its spaces hold is not read."""
    documents = map(find_document, catalog_names())
    return (read(document, Network) for document in documents if is_network(document))
