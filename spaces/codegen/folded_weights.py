"""The weights of a network whose batch norms are folded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import InputError
from ..graph import Op
from ..language.closed_table import ClosedTable
from ..operators.transposed import TransposedConv
from .folding import Folding, foldings
from .old_names import names_of_today, old_names

if TYPE_CHECKING:
    from torch import Tensor

FOLDED: Mapping[str, str] = {"batch_norms": "folded"}
"""What a file of folded weights says of itself in its metadata."""


def fold_weights(network: ClosedTable, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state dict of `folded(network)`.

    Args:
        network: The network as it was trained.
        weights: Its state dict, of this version or an earlier one.

    Raises:
        InputError: If it lacks what a batch norm or its layer holds.
    """
    state = names_of_today(weights, old_names(network.body))
    for folding in foldings(network.body):
        try:
            _fold(state, folding)
        except KeyError as error:
            law = f"the weights do not fit network {network.name}"
            raise InputError(f"{law}: {error.args[0]} is missing") from None
    return state


def _fold(state: dict[str, Tensor], folding: Folding) -> None:
    """Put the weights and the bias of a layer that is its norm too in the place of what both hold."""
    import torch

    layer, norm, op, eps = folding
    mean, variance = (state.pop(f"{norm}.running_{each}").double() for each in ("mean", "var"))
    state.pop(f"{norm}.num_batches_tracked", None)
    scale, shift = torch.rsqrt(variance + eps), torch.zeros_like(mean)
    if f"{norm}.weight" in state:
        scale, shift = scale * state.pop(f"{norm}.weight"), state.pop(f"{norm}.bias").double()
    weight = state[f"{layer}.weight"]
    bias = state.get(f"{layer}.bias", torch.zeros_like(mean))
    state[f"{layer}.weight"] = (weight.double() * _along_outputs(scale, weight, op)).to(weight.dtype)
    state[f"{layer}.bias"] = (shift + (bias - mean) * scale).to(weight.dtype)


def _along_outputs(scale: Tensor, weight: Tensor, op: Op) -> Tensor:
    """Return the factors of M outputs in a shape that meets their weights.

    These are (M, ...), but (C, M / g, ...) of a transposed convolution, its inputs group after group.
    """
    if isinstance(op, TransposedConv):
        groups = scale.view(op.groups, 1, -1).expand(-1, op.inputs // op.groups, -1)
        return groups.reshape(op.inputs, -1, *(1,) * (weight.dim() - 2))
    return scale.view(-1, *(1,) * (weight.dim() - 1))
