"""A folder that is whole or absent: written beside its place, and moved there when it is finished."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archscape.spaces.atomic import leftovers, temporary_name
from archscape.spaces.bundle_files import CONFIG, DIGESTS, FILES, is_bundle, read_config
from archscape.spaces.errors import InputError

CACHE = "__pycache__"
"""What Python leaves where `model.py` was imported."""


def check_place(out: Path, network: str) -> None:
    """Check that a bundle of a network may be written to a folder.

    Raises:
        InputError: If there is something else than an earlier bundle of this network.
    """
    remedy = "name another folder with --out, or move it"
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: is no folder; {remedy}")
    files = {path.name for path in out.iterdir()}
    if not files:
        return
    if not is_bundle(out):
        raise InputError(
            f"{out}: holds other files ({_some(files)}), and a bundle has a folder of its own; {remedy}"
        )
    config = read_config(out)
    if config.get("network") != network:
        raise InputError(
            f"{out}: holds the bundle of network {config.get('network')}, not of {network}; {remedy}"
        )
    digests = config.get(DIGESTS)
    if others := files - {CONFIG, CACHE, *FILES, *(digests if isinstance(digests, dict) else ())}:
        raise InputError(f"{out}: holds what is not of its bundle ({_some(others)}); move it, or {remedy}")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield a folder to write to, which takes the place of `out` when the block ends without an error.

    What killed writers left beside it is removed; a whole bundle of theirs is put in its empty place before.

    Raises:
        InputError: If it cannot be created.
    """
    out = out.resolve()
    temporary = temporary_name(out)
    _sweep(out)
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{out}: cannot be created: {error.strerror}") from None
    try:
        with _locked(temporary):
            yield temporary
            _replace(temporary, out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder, as long as this process lives.

    Raises:
        BlockingIOError: If another process has it.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _sweep(out: Path) -> None:
    """Remove the folders that killed writers left; the files in one are whole once it has its config."""
    for leftover in leftovers(out):
        with suppress(OSError), _locked(leftover):
            if is_bundle(leftover) and not out.exists():
                leftover.rename(out)
            else:
                shutil.rmtree(leftover, ignore_errors=True)


def _replace(temporary: Path, out: Path) -> None:
    """Move a folder to the place of another, which comes back if that fails."""
    if not out.exists():
        temporary.rename(out)
        return
    old = temporary_name(out)
    out.rename(old)
    try:
        temporary.rename(out)
    except BaseException:
        old.rename(out)
        raise
    shutil.rmtree(old)


def _some(names: set[str]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")
