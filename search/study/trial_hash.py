"""What tells a trial from all others of its study: its network, and what was drawn of its training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from archscape.spaces.values import Option

CHOICES = "choices"
"""The fact of a study that names the paths of its training choices; a study without any has none."""


def trial_hash(network: str, choices: Mapping[str, Option]) -> str:
    """Return the hash of a trial: that of its network, unless its training was drawn too.

    Args:
        network: The hash of the network.
        choices: The option of each training choice, by path.

    >>> trial_hash("5d41402abc4b2a76", {})
    '5d41402abc4b2a76'
    >>> trial_hash("5d41402abc4b2a76", {"recipe.rate": "0.1"})
    'e619fc274482aab7'
    """
    if not choices:
        return network
    text = json.dumps([network, *sorted((path, str(option)) for path, option in choices.items())])
    return hashlib.sha256(text.encode()).hexdigest()[: len(network)]
