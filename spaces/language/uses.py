"""The user's own blocks: words from Python files and modules that a table names under `uses:`.

A file gives every `@block` function and every `torch.nn.Module` class that it defines; a module that can be
imported, such as `torch.nn`, gives its `torch.nn.Module` classes. Naming a file runs it: it is code.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..blocks import Block
from ..blocks.opaque import OpaqueBlock, is_module
from ..errors import SpaceError
from .document import Document, Place


def used_files(document: Document, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return what `uses:` names, files by their full path; they stand beside the table.

    Raises:
        SpaceError: If there is no such file; with the place.
    """
    folder = Path(document.name).parent
    files = []
    for index, name in enumerate(names):
        path = folder / name
        if name.endswith(".py"):
            if not path.is_file():
                raise document.error(_place(document, index), f"there is no file '{path}'")
            name = str(path.resolve())
        files.append(name)
    return tuple(files)


def used_name(use: str | Block[Any]) -> str:
    """Return how `uses:` names a file, a module, or the file that a block stands in."""
    return use if isinstance(use, str) else use.function.__code__.co_filename


def user_blocks(origin: Document | None, uses: tuple[str | Block[Any], ...]) -> tuple[Block[Any], ...]:
    """Return the blocks of files and modules.

    Raises:
        SpaceError: If one cannot be imported, or gives no block; with the place.
    """
    document = origin or Document(tree=None)
    by_word: dict[str, Block[Any]] = {}
    for index, use in enumerate(uses):
        name = used_name(use)
        try:
            blocks = _blocks(use, _changed(use)) if isinstance(use, str) else (use,)
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
            yield OpaqueBlock(f"{module.__name__}.{name}", value)
