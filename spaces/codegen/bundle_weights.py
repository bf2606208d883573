"""The weights of a network that was read from a bundle: safetensors, checked before they are loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic import read_whole
from ..bundle_files import DIGESTS, TABLE, WEIGHTS, is_bundle, read_config
from ..errors import InputError
from ..language.table import Table

if TYPE_CHECKING:
    from torch import Tensor, nn


def load_bundle_weights(module: nn.Module, network: Table) -> None:
    """Load the weights of a network's bundle into a module of it.

    Raises:
        InputError: If it was not read from a bundle, or the weights there are missing, damaged or another's.
    """
    path = _weights_path(network)
    try:
        module.load_state_dict(_read(path), strict=True)
    except RuntimeError as error:
        cause = str(error).splitlines()[-1].strip()
        raise InputError(
            f"{path}: they are the weights of another network than {network.name}: {cause}"
        ) from None


def _weights_path(network: Table) -> Path:
    origin = Path(network.origin.name) if network.origin else Path()
    if origin.name != TABLE or not is_bundle(origin.parent):
        law = "only one that is read from a bundle has weights"
        remedy = "archscape.load(FOLDER) reads what `archscape export RUN --format bundle` wrote"
        raise InputError(f"network {network.name} has no weights: {law}; {remedy}")
    return origin.with_name(WEIGHTS)


def _read(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a file, whose digest is checked if the bundle says it."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = read_whole(path)
    except FileNotFoundError:
        raise InputError(
            f"{path}: the bundle has no weights: its network was not trained, or they are missing"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None
    digests = read_config(path.parent).get(DIGESTS)
    digest = digests.get(WEIGHTS) if isinstance(digests, dict) else None
    if digest and hashlib.sha256(content).hexdigest() != digest:
        law = "their SHA-256 is not the one in its config.json"
        raise InputError(f"{path}: the weights are damaged, or not those of this bundle: {law}")
    try:
        return load(content)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: the weights are damaged: {error}") from None
