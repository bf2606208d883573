"""Bundles as they lie on disk, written by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from archscape.spaces import Network
from archscape.spaces.bundle_files import BUNDLE, CONFIG, DIGESTS, TABLE, VERSION, WEIGHTS

TRAP = """
from pathlib import Path
Path(__file__).with_name("was-run").touch()
from torch import nn
class Mine(nn.Identity): pass
"""
"""A block `Mine` of a file that leaves a mark beside it wherever it is run."""


def write_bundle(
    folder: Path,
    network: Network | str,
    weights: Mapping[str, Tensor] | None = None,
    *,
    version: int = VERSION,
) -> Path:
    """Write the table of a network, its weights if there are any, and the config; return the folder."""
    folder.mkdir(parents=True)
    text = network if isinstance(network, str) else network.to_yaml()
    (folder / TABLE).write_text(text, encoding="utf-8")
    digests = {}
    if weights is not None:
        save_file(dict(weights), folder / WEIGHTS)
        digests = {WEIGHTS: hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()}
    config = {"format": BUNDLE, "version": version, DIGESTS: digests}
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    return folder
