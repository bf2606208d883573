"""Loading networks and spaces: by catalog name, or from a YAML or JSON file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from .errors import SpaceError, suggest
from .language.document import Document, read_file
from .language.reading import is_network, read_network, read_table
from .network import Network
from .space import Space

CATALOG = Path(__file__).resolve().parent / "catalog"


def load(name: str | Path) -> Network | Space:
    """Return a network or a space by its catalog name, or from a file.

    Raises:
        SpaceError: If there is no such name or file, or the file does not follow the language.
    """
    return read_table(_document(name))


def load_network(name: str | Path) -> Network:
    """Return a network by its catalog name, or from a YAML or JSON file.

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
    """Return a space by its catalog name, or from a YAML or JSON file."""
    table = load(name)
    if isinstance(table, Network):
        raise SpaceError(f"{name} is a network; a space, with choices left open, is needed here")
    return table


@lru_cache(maxsize=1)
def catalog_names() -> tuple[str, ...]:
    """Return the names of the catalog, networks and spaces alike."""
    return tuple(sorted(path.stem for path in CATALOG.glob("*.yaml")))


def catalog_networks() -> Iterator[Network]:
    """Yield the networks of the catalog; what its spaces hold is not read."""
    for name in catalog_names():
        document = _document(name)
        if is_network(document):
            yield read_network(document)


def _document(name: str | Path) -> Document:
    text = str(name)
    if text in catalog_names():
        return read_file(CATALOG / f"{text}.yaml")
    if "/" in text or Path(text).suffix in (".yaml", ".yml", ".json") or _is_file(text):
        return read_file(text)
    raise SpaceError(
        f"the catalog has no '{text}', and there is no such file{suggest(text, catalog_names())}"
    )


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:
        return False  # a name that no file can have, such as one too long
