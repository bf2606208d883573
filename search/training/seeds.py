"""The seed of a training: it follows from the seed of the search and the network."""

from __future__ import annotations

import hashlib


def trial_seed(seed: int, digest: str) -> int:
    """Return the seed of a network's training, the same in whatever order a search meets the networks.

    >>> trial_seed(0, "5d41402abc4b2a76")
    70045707
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{digest}".encode()).digest()[:4], "big") >> 1
