"""The files of the user's functions on another machine: found there and checked, or brought by the driver.

A study holds their names and SHA-256 alone. A file with another content is never run.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

from archscape.spaces.errors import JobError, about
from archscape.spaces.language.own_imports import own_files, root_of
from archscape.spaces.language.user_function import UserFunction
from archscape.spaces.language.uses import file_digest, vouch, vouch_all, vouch_copy


class ShippedCode(TypedDict):
    """Files that a driver sends to its actors: their folder there, and their content by relative path."""

    root: str
    files: dict[str, str]


@about("uses")
def find_code(
    functions: Mapping[str, UserFunction], facts: Mapping[str, Any], uses: Sequence[str]
) -> dict[str, str]:
    """Vouch for this machine's copies of the user's functions; return the SHA-256 of their files by path.

    A function is looked for in the files that the user named, then where the job has it, then in the working
    folder, under the path that it has in its own folder, or by its name.

    Args:
        functions: Those of the job, by the setting that names them.
        facts: What the study keeps of them.
        uses: The files that the user named.

    Raises:
        JobError: If one is not there, or is not the file that the study was begun with.
    """
    digests: dict[str, str] = {}
    for setting, function in functions.items():
        files: dict[str, str] = facts[setting]["files"]
        main = _main(function, files)
        named = [Path(name) for name in uses if Path(name).name == PurePosixPath(main).name]
        places = named or [Path(function.file), Path.cwd() / main, Path.cwd() / PurePosixPath(main).name]
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            name = PurePosixPath(main).name
            law = f"'{named[0]}' is not there" if named else f"{setting}: {function} is not on this machine"
            raise JobError(f"{law}; say where, with --uses {name}")
        digests |= _checked(file.resolve(), main, files)
    return digests


def ship_code(functions: Mapping[str, UserFunction]) -> list[ShippedCode]:
    """Return the files of the user's functions, for the actors of a driver."""
    shipped = []
    for function in functions.values():
        files = own_files(Path(function.file))
        root = root_of(files[0])
        texts = {file.relative_to(root).as_posix(): file.read_bytes().decode("latin-1") for file in files}
        shipped.append(ShippedCode(root=str(root), files=texts))
    return shipped


def unpack_code(shipped: Sequence[ShippedCode]) -> None:
    """Let this process run files that its driver sent: where they lie, or in a folder of its own.

    That folder is removed with the process.
    """
    for code in shipped:
        root = Path(code["root"])
        if all(_has(root / name, text) for name, text in code["files"].items()):
            vouch_all(root / name for name in code["files"])
            continue
        folder = Path(tempfile.mkdtemp(prefix="archscape-code-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name, text in code["files"].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode("latin-1"))
            vouch_copy(root / name, folder / name)


def _has(file: Path, text: str) -> bool:
    try:
        return file.read_bytes() == text.encode("latin-1")
    except OSError:
        return False


def _main(function: UserFunction, files: Mapping[str, str]) -> str:
    """Return the path of a function's file in its own folder, among those of its files.

    Raises:
        JobError: If it is not among them.
    """
    path = PurePosixPath(function.file.replace("\\", "/"))
    main = next((name for name in files if name and path.match(name)), None)
    if main is None:
        law = f"the search began with {', '.join(files) or 'none'}"
        raise JobError(f"the study has no file '{path.name}' for {function.name}: {law}; name that file")
    return main


def _checked(file: Path, main: str, files: Mapping[str, str]) -> dict[str, str]:
    """Vouch for a file and those that it imports; return their SHA-256 by path.

    Raises:
        JobError: If one is not there, or another one.
    """
    root = file.parents[len(PurePosixPath(main).parts) - 1]
    return {str(path): digest for path, digest in _compared(root, files)}


def _compared(root: Path, files: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for name, digest in files.items():
        path = root / name
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            raise JobError(f"the study names the file '{name}', which is not in the folder of its function")
        if not path.is_file():
            raise JobError(f"'{path}' is not there; the training needs it beside the file that imports it")
        if (found := file_digest(path)) != digest:
            law = f"'{path}' is not the file that the search began with"
            raise JobError(f"{law}: its SHA-256 is {found[:12]}, not {digest[:12]}; bring that version here")
        vouch(path, digests=[digest])
        yield path, digest
