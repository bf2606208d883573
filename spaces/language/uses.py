"""The user's own blocks: words from Python files and modules that a table names under `uses:`.

A file gives every `@block` function and every `torch.nn.Module` class that it defines; a module that can be
imported, such as `torch.nn`, gives its `torch.nn.Module` classes.

Both are code, so they are run on the user's word alone, which `vouch` notes for this process: `--uses FILE`
and `uses=`; a table written in Python; a job, for all that it names; a table that the user names, for what it
calls by a relative path, if it lies neither in the folder of a search nor in a bundle. Whatever else is read,
such as a network of a study, may use what was vouched for, found by its path or by its name and content, and
no more.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..blocks import Block
from ..blocks.opaque import OpaqueBlock, is_module
from ..bundle_files import is_bundle
from ..errors import CodeNotRun, SpaceError
from ..module_names import hides
from ..operators.opaque import of_torch
from ..run_folder import is_run_folder
from .document import Document, Place

_vouched: set[str] = set()
"""Files by their full path, and modules, that the user named to be run in this process."""

_copies: dict[str, str] = {}
"""By the full path of a file elsewhere its copy here, which was sent along."""


def vouch(name: str | Path, *, digests: Collection[str] = ()) -> str:
    """Let the tables of this process use a Python file or a module, on the user's word; return its source.

    The source of a file is its full path, of a module its name.

    Args:
        name: The file or the module.
        digests: The SHA-256 that a file must have, one of these; any if there is none.

    Raises:
        SpaceError: If there is no such file, or it is another one.
    """
    source = str(name)
    if source.endswith(".py"):
        path = Path(name).resolve()
        if not path.is_file():
            raise SpaceError(f"there is no file '{name}'")
        if digests and file_digest(path) not in digests:
            raise SpaceError(f"'{name}' is not the file that the search began with: its content is another")
        source = str(path)
    _vouched.add(source)
    return source


def vouch_all(names: Iterable[str | Path]) -> None:
    """Let the tables of this process use several files and modules.

    Raises:
        SpaceError: If there is no such file.
    """
    for name in names:
        vouch(name)


def vouch_copy(path: Path, copy: Path) -> None:
    """Let this process run a copy of a file that was sent along, whatever lies at its path here."""
    _copies[str(path)] = vouch(copy)


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file, which is not run, as hexadecimal digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def used_digests(uses: Iterable[str | Block[Any]]) -> dict[str, str]:
    """Return the SHA-256 of each file that a table uses, by the path under which the table names it."""
    names = [name for name in map(used_name, uses) if name.endswith(".py")]
    return {name: file_digest(find_used(name) or name) for name in names}


def find_used(name: str) -> str | None:
    """Return the source of what a table uses if it was vouched for, None if not.

    A file that lies elsewhere, as on another machine, is the vouched one of its name, unless one lies there
    with another content.
    """
    if not name.endswith(".py"):
        return name if name in _vouched or of_torch(name) else None
    path = Path(name)
    if (copy := _copies.get(name)) in _vouched:
        return copy
    if str(path.resolve()) in _vouched:
        return str(path.resolve())
    same = [source for source in _vouched if Path(source).name == path.name]
    if path.is_file():
        same = [source for source in same if file_digest(source) == file_digest(path)]
    return same[0] if len(same) == 1 else None


def remedy(names: Iterable[str]) -> str:
    """Return what to do about code that was not run."""
    files = [Path(name).name if name.endswith(".py") else name for name in names]
    options = " ".join(f"--uses {file}" for file in files)
    return f"if you trust it, name your own copy with {options}"


def _may_run(document: Document, name: str) -> bool:
    """Return whether a document may name this to be run."""
    if document.runs == "beside":
        folder = Path(document.name).resolve().parent
        of_others = any(is_run_folder(outer) or is_bundle(outer) for outer in (folder, *folder.parents))
        return not of_others and not Path(name).is_absolute()
    return document.runs == "all"


def used_files(document: Document, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return what `uses:` names, files by their full path; those that the document may name are vouched for.

    Raises:
        SpaceError: If there is no such file; with the place.
    """
    folder = Path(document.name).parent
    files = []
    for index, name in enumerate(names):
        path = folder / name if name.endswith(".py") else Path(name)
        if _may_run(document, name):
            with document.at(_place(document, index)):
                files.append(vouch(path))
        else:
            files.append(str(path))
    return tuple(files)


def used_name(use: str | Block[Any]) -> str:
    """Return how `uses:` names a file, a module, or the file that a block stands in."""
    return use if isinstance(use, str) else use.function.__code__.co_filename


def user_blocks(origin: Document | None, uses: tuple[str | Block[Any], ...]) -> tuple[Block[Any], ...]:
    """Return the blocks of files and modules.

    Raises:
        SpaceError: If one cannot be imported, or gives no block; with the place.
        CodeNotRun: If a document names what nobody vouched for; with the place.
    """
    document = origin or Document(tree=None, runs="all")
    by_word: dict[str, Block[Any]] = {}
    for index, use in enumerate(uses):
        name = used_name(use)
        used = _found(document, index, use) if isinstance(use, str) else use
        try:
            blocks = _blocks(used, _changed(used)) if isinstance(used, str) else (used,)
        except Exception as error:
            # Whatever the user's code raises is the user's to mend; it is no fault of ours.
            what = f"'{name}' cannot be used: {type(error).__name__}: {error}"
            raise document.error(_place(document, index), what) from error
        for block in blocks:
            if block.word in by_word:
                law = f"'{block.word}' is a block of two files"
                raise document.error(_place(document, index), law)
            by_word[block.word] = block
    return tuple(by_word.values())


def _found(document: Document, index: int, name: str) -> str:
    """Return the source of what is used.

    Raises:
        CodeNotRun: If nobody vouched for it.
    """
    source = find_used(name)
    if source is None and document.runs == "all":
        with document.at(_place(document, index)):
            source = vouch(name)
    if source is None:
        law = f"'{name}' is code and was not run; {remedy([name])}"
        raise document.error(_place(document, index), law, kind=CodeNotRun)
    return source


def _place(document: Document, index: int) -> Place:
    return ("uses", index) if ("uses", index) in document.values else ("uses",)


def _changed(name: str) -> int:
    """Return when a file was changed, so that an edited one is read again."""
    return Path(name).stat().st_mtime_ns if name.endswith(".py") else 0


@lru_cache(maxsize=64)
def _blocks(name: str, changed: int) -> tuple[Block[Any], ...]:
    module = _file(Path(name)) if name.endswith(".py") else import_module(name)
    blocks = tuple(_words(module, of_file=name.endswith(".py")))
    if not blocks:
        raise SpaceError("it defines no `@block` function and no torch.nn.Module")
    return blocks


def _file(path: Path) -> ModuleType:
    """Import a file under its own name, under which exported source imports it too."""
    taken = sys.modules.get(path.stem)
    if taken is not None and getattr(taken, "__file__", None) != str(path):
        raise SpaceError(f"the name '{path.stem}' belongs to another module; rename the file")
    return import_file(path, path.stem)


def import_file(path: Path, name: str) -> ModuleType:
    """Run a Python file as the module of a name; one that fails leaves no module behind."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _words(module: ModuleType, *, of_file: bool) -> Iterator[Block[Any]]:
    for name, value in vars(module).items():
        if isinstance(value, Block) and value.function.__module__ == module.__name__:
            yield value
        elif (
            is_module(value)
            and not name.startswith("_")
            and (
                value.__module__ == module.__name__ or not of_file  # what a file only imports is not its own
            )
        ):
            if of_file and (hidden := hides(module.__name__)):
                law = f"exported source imports it, but '{module.__name__}' is {hidden}; rename the file"
                raise SpaceError(law)
            yield OpaqueBlock(f"{module.__name__}.{name}", value)
