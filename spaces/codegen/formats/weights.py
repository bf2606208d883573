"""The trained weights of a network as safetensors: the state dict of the class in its source."""

from __future__ import annotations

from pathlib import Path

from archscape.spaces.errors import InputError

from ..build import build
from ..folded_weights import FOLDED
from ..old_names import names_of_today, old_names
from ..whole_module import load_weights
from .base import Export, Format


def write(export: Export) -> Path:
    """Write the weights.

    Raises:
        InputError: If there are none, or they do not fit the network.
    """
    from safetensors.torch import save

    network, state = export.network, export.state
    if state is None:
        raise InputError(f"network {network.name} has no trained weights; a trial of a run has")
    weights = names_of_today(state, old_names(network.body))
    load_weights(build(network), network.name, weights)
    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    metadata = {"format": "pt", **export.metadata, **(FOLDED if export.options.fold else {})}
    return export.write(".safetensors", save(tensors, metadata=metadata))


WEIGHTS = Format(
    summary="The trained weights of a network as safetensors: the state dict of the class in its source.",
    trained=True,
    takes=frozenset({"fold"}),
    reader=("torch", "safetensors"),
    runner="source.py",
    write=write,
)
