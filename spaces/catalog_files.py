"""The catalog: the YAML files of known networks and spaces by name, and other files beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from .errors import SpaceError, suggest
from .language.document import Document, Runs, read_file
from .language.reading import is_family, member_names, name_a_member
from .vocabulary import nearest

CATALOG = Path(__file__).resolve().parent / "catalog"
SUFFIXES = (".yaml", ".yml", ".json")
_FAMILY = re.compile("^family:", re.MULTILINE)


@lru_cache(maxsize=1)
def catalog_families() -> Mapping[str, tuple[str, ...]]:
    """Return the families of the catalog: the names of their members, each with the family's before it."""
    files = (path for path in sorted(CATALOG.glob("*.yaml")) if _FAMILY.search(path.read_text("utf-8")))
    return {
        path.stem: tuple(f"{path.stem}-{member}" for member in member_names(read_file(path)))
        for path in files
    }


@lru_cache(maxsize=1)
def catalog_names() -> tuple[str, ...]:
    """Return the names of the catalog, networks and spaces alike; of a family, those of its members."""
    families = catalog_families()
    alone = (path.stem for path in CATALOG.glob("*.yaml") if path.stem not in families)
    return tuple(sorted([*alone, *(name for members in families.values() for name in members)]))


def find_document(name: str | Path, *, runs: Runs = "beside") -> Document:
    """Return the document of a catalog name, or of a YAML or JSON file.

    Args:
        name: The name or the path, as the user gave it; of a file with a family, `FILE.yaml:member`.
        runs: Which Python files it may name to be run.

    Raises:
        SpaceError: If there is no such name or file, or the file cannot be read.
    """
    text = str(name)
    families = catalog_families()
    if text in catalog_names():
        family = next((each for each, members in families.items() if text in members), "")
        document = read_file(CATALOG / f"{family or text}.yaml")
        return replace(document, member=text.removeprefix(f"{family}-")) if family else document
    if "/" in text or Path(text.partition(":")[0]).suffix in SUFFIXES or _is_file(text):
        return _read(text, runs)
    if text in families:
        raise SpaceError(name_a_member(text, families[text]))
    names = catalog_names()
    if nearest(text, names):
        raise SpaceError(f"the catalog has no '{text}', and there is no such file{suggest(text, names)}")
    raise SpaceError(
        f"{text}: no such file or folder, and the catalog has nothing of that name; `archscape list` shows it"
    )


def _read(text: str, runs: Runs) -> Document:
    """Return the document of a file, or of the member of the family in it: `FILE.yaml:b1`."""
    path, colon, member = text.rpartition(":")
    if not colon or Path(path).suffix not in SUFFIXES or _is_file(text):
        document = read_file(text, runs=runs)
        if is_family(document):
            members = [f"{text}:{each}" for each in member_names(document)]
            raise document.error(("family",), name_a_member("this", members))
        return document
    document = read_file(path, runs=runs)
    if not is_family(document):
        raise SpaceError(f"{text}: {path} is no family, so it has no member '{member}'")
    known = member_names(document)
    if known and member not in known:
        raise SpaceError(f"{text}: the family has no member '{member}'{suggest(member, known)}")
    return replace(document, member=member)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:
        return False  # a name that no file can have, such as one too long
