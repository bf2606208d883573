"""What a report shows of one network: its table and the costs of its layers."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from archscape.spaces import Network
from archscape.spaces.errors import SpaceError

from .cost import Layer, profile
from .results import Digest


@dataclass(frozen=True, kw_only=True, eq=False)
class Dossier:
    """One network to read.

    Attributes:
        table: The network as YAML.
        layers: One row a layer, one column a field of `cost.Layer`.
        problem: Why the network cannot be read, "" where it can.
    """

    table: str
    layers: pd.DataFrame
    problem: str = ""


def dossiers(found: Digest) -> dict[int, Dossier]:
    """Return what to show of the frontier's networks and of the best one, by the number of the trial."""
    best = found.best
    shown = found.front if best is None else pd.concat([found.front, best.to_frame().T])
    shown = shown[shown["network"] != ""].drop_duplicates("number")
    return {
        int(number): dossier(text) for number, text in zip(shown["number"], shown["network"], strict=True)
    }


def dossier(network: str) -> Dossier:
    """Read a network from JSON and count its layers.

    A run of another version of archscape may hold a network that this one does not know; the report then
    shows the text and says why, rather than failing as a whole.
    """
    try:
        found = Network.from_json(network)
    except SpaceError as error:
        return Dossier(table=network, layers=pd.DataFrame(columns=Layer._fields), problem=str(error))
    return Dossier(table=found.to_yaml(), layers=pd.DataFrame(profile(found).layers, columns=Layer._fields))
