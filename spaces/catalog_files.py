"""The catalog: the YAML files of known networks and spaces by name, and other files beside it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from .errors import SpaceError, suggest
from .language.document import Document, read_file

CATALOG = Path(__file__).resolve().parent / "catalog"


@lru_cache(maxsize=1)
def catalog_names() -> tuple[str, ...]:
    """Return the names of the catalog, networks and spaces alike."""
    return tuple(sorted(path.stem for path in CATALOG.glob("*.yaml")))


def find_document(name: str | Path) -> Document:
    """Return the document of a catalog name, or of a YAML or JSON file.

    Raises:
        SpaceError: If there is no such name or file, or the file cannot be read.
    """
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
