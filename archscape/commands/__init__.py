"""The commands, one a file: `archscape NAME` runs the function NAME of `commands/NAME.py`.

A new command is its file and its name here. Its options are the function's parameters: at most seven, and
behind a `*` those that few need, which `--help` shows under "Advanced". The docstring and the EXAMPLES of the
file are the rest of its `--help`. What commands share lies in `options/`.
"""

from __future__ import annotations

ADVANCED = "Advanced"
PANELS = {
    "Search": ("search", "worker", "study", "dashboard", "report", "train", "look", "landscape"),
    "Costs of networks": ("profile", "memory", "latency", "calibrate", "field", "lint", "compare", "diff"),
    "Networks and spaces": ("list", "draw", "space", "population", "export"),
}
"""The names of all commands, by the panel of `archscape --help` in which they stand."""
