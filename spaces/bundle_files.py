"""The files of a bundle: one exported network with its weights, its card and its proof, in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .atomic import read_whole

CONFIG = "config.json"
"""Says that the folder is a bundle (`BUNDLE` under `format`), and what is in it."""

TABLE = "network.yaml"
SOURCE = "model.py"
WEIGHTS = "model.safetensors"
PT2 = "model.pt2"
ONNX = "model.onnx"
CARD = "README.md"
PARITY = "parity.json"
REQUIREMENTS = "requirements.txt"
DRAWING = "network.svg"

FILES = (CONFIG, TABLE, SOURCE, WEIGHTS, PT2, ONNX, CARD, PARITY, REQUIREMENTS, DRAWING)
"""What a bundle can hold under a fixed name; formats beside these add their own."""

INDEX = "index.html"
"""Compares the bundles that lie in folders beside it."""

BUNDLE = "archscape-bundle"
"""The `format` in the `config.json` of a bundle."""

VERSION = 1
"""The `version` there, of the bundles that are written today."""

DIGESTS = "sha256"
"""The key there of a mapping from a file's name to the SHA-256 of its content, as hexadecimal digits."""

_LARGEST_CONFIG = 2**24
"""Bytes; a larger `config.json` is none of ours."""


def is_bundle(folder: Path) -> bool:
    """Return whether a folder is a bundle; nothing of it but `config.json` is read."""
    return read_config(folder).get("format") == BUNDLE


def read_config(folder: Path) -> Mapping[str, Any]:
    """Return what `config.json` of a folder says; nothing where there is none that can be read."""
    path = folder / CONFIG
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            return {}
        config = json.loads(read_whole(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def bundle_folder(path: str | Path) -> Path | None:
    """Return the folder of the bundle that a path names: the folder itself, or its `config.json`."""
    folder = Path(path).parent if Path(path).name == CONFIG else Path(path)
    return folder if is_bundle(folder) else None


def bundles_in(folder: Path) -> list[Path]:
    """Return the bundles that lie in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and is_bundle(path))
