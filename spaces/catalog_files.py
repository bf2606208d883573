"""The catalog: the YAML files of known networks and spaces by name, and other files beside it."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from .bundle_files import BUNDLE, TABLE, VERSION, bundle_folder, bundles_in, read_config
from .errors import SpaceError, suggest
from .language.document import Document, Runs, read_file
from .language.reading import is_family, member_names, name_a_member
from .run_folder import is_run_folder
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
        name: The name or the path, as the user gave it; of a file with a family, `FILE.yaml:member`; or the
            folder of a bundle.
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
    if folder := bundle_folder(text):
        return _read_bundle(folder)
    if _is(text, Path.is_dir):
        raise SpaceError(_no_bundle(Path(text)))
    if "/" in text or Path(text.partition(":")[0]).suffix in SUFFIXES or _is(text, Path.is_file):
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
    if not colon or Path(path).suffix not in SUFFIXES or _is(text, Path.is_file):
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


def _read_bundle(folder: Path) -> Document:
    """Return the table of a bundle; nothing that it uses may be run but what the user names himself."""
    version = read_config(folder).get("version")
    if type(version) is not int or version != VERSION:
        law = f"a bundle of version {reprlib.repr(version)}, but this archscape reads version {VERSION}"
        raise SpaceError(
            f"{folder}: {law}; another version of archscape wrote it: take that one, or write it anew"
        )
    if (folder / TABLE).is_fifo():
        raise SpaceError(f"{folder / TABLE}: cannot be read: it is no file")
    return read_file(folder / TABLE)


def _no_bundle(folder: Path) -> str:
    """Return why a folder is no network, and what to name in its place."""
    if is_run_folder(folder):
        remedy = (
            f"`archscape export {folder} --format bundle --out DIR` writes its best network, which is one"
        )
        return f"{folder} is the folder of a search, and a network is needed here: {remedy}"
    if bundles := bundles_in(folder):
        return f"{folder} holds {len(bundles)} bundles; name one of them: {', '.join(map(str, bundles))}"
    return (
        f'{folder} is a folder, but no bundle: its config.json says `"format": "{BUNDLE}"`; '
        "name the network's file in it, or a folder that `archscape export --format bundle` wrote"
    )


def _is(name: str, what: Callable[[Path], bool]) -> bool:
    try:
        return what(Path(name))
    except OSError:
        return False  # a name that no file can have, such as one too long
