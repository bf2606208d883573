"""What an exported file says of itself."""

from __future__ import annotations

import json
from dataclasses import asdict

from archscape._version import __version__

from .base import Export

OF_WEIGHTS = ("data", "task", "class_names", "dtype", "mean", "std", "target_mean", "target_std")
"""What is taken over from the metadata of weights."""


def properties(export: Export) -> dict[str, str]:
    """Return the name of the network, what is inside the file, and what its data are; lists as JSON."""
    options = export.options
    units = export.preprocessing if options.preprocessing else None
    return {
        "network": export.network.name,
        "archscape_version": __version__,
        "weights": "trained" if export.weights is not None else "initialised at seed 0",
        **({"preprocessing": json.dumps(asdict(units))} if units else {}),
        **({"softmax": "inside"} if options.softmax else {}),
        **{name: export.metadata[name] for name in OF_WEIGHTS if name in export.metadata},
    }
