"""The store of calibrations: a file for each device setup, in the user's data directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from archscape.spaces.atomic import write_whole
from archscape.spaces.errors import InputError

from .calibration import Calibration
from .device_setup import DeviceSetup


def home() -> Path:
    """Return the folder of what archscape keeps for a user: `ARCHSCAPE_HOME`, or as the system has it."""
    folder = os.environ.get("ARCHSCAPE_HOME")
    if folder:
        return Path(folder)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "archscape"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "archscape"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "archscape"


def path_of(setup: DeviceSetup) -> Path:
    """Return the file of a setup, which need not be there."""
    return home() / "devices" / f"{setup.slug}.json"


def save(calibration: Calibration, *, anyway: bool = False) -> Path:
    """Keep a calibration in place of an older one of its setup; readers see the one or the other, whole.

    Args:
        calibration: The calibration.
        anyway: Whether to keep it though the machine was busy.

    Raises:
        InputError: If the machine was busy, or the folder cannot be written.
    """
    path = path_of(calibration.setup)
    if calibration.contention is not None and calibration.is_disturbed and not anyway:
        law = "its times are too long, so they are not kept"
        way = "calibrate when nothing else runs, or keep them anyway (--keep-anyway)"
        raise InputError(f"{calibration.contention.sentence}; {law}: {way}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, calibration.to_json() + "\n")
    except OSError as error:
        way = "set ARCHSCAPE_HOME to a folder that can be written"
        raise InputError(f"{path}: the calibration cannot be kept: {error.strerror}; {way}") from None
    return path


def read(path: Path) -> Calibration:
    """Return the calibration of a file.

    Raises:
        InputError: If it cannot be read, or is no calibration.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the calibration cannot be read: {error}") from None
    return Calibration.from_json(text, name=str(path))


def load(setup: DeviceSetup) -> Calibration:
    """Return the calibration that is kept for a setup.

    Raises:
        InputError: If there is none, or it is damaged.
    """
    path = path_of(setup)
    if not path.is_file():
        raise InputError(f"no calibration of {setup.description}; run `{setup.command()}`, about a minute")
    calibration = read(path)
    if calibration.setup != setup:
        raise InputError(
            f"{path}: the calibration of {calibration.setup.description}; run `{setup.command()}`"
        )
    return calibration
