"""Memory of training: weights, their gradients, the optimizer's state, and what autograd keeps."""

from __future__ import annotations

from dataclasses import dataclass

from archscape.spaces import InputError, Network
from archscape.spaces.errors import suggest

from . import TensorMemory, check, foreign, most, weights
from .training_step import TrainingStep

STATES = {
    "sgd": 0,
    "momentum": 1,
    "adagrad": 1,
    "muon": 1,
    "rmsprop": 2,
    "adam": 2,
    "adamw": 2,
    "adamax": 2,
    "adadelta": 2,
    "nadam": 2,
    "radam": 2,
    "amsgrad": 3,
    "centered": 3,
}
"""Tensors as large as the weights that each optimizer remembers.

`momentum` is SGD with it; `rmsprop` has it too, and `centered` is that of Graves 2013. `amsgrad` is Adam's or
AdamW's. What Muon has beyond one of biases is not counted.
"""


@dataclass(frozen=True, kw_only=True, repr=False)
class TrainingMemory(TensorMemory):
    """What one step of training takes, in tensor bytes. The parts of the peak are as they stand at the peak.

    Activations are all but weights, state and gradients: targets, what autograd keeps and gradients of maps
    too. The place is `optimizer` if the peak is when weights change.

    Attributes:
        optimizer: A name of `STATES`.
        state: What the optimizer remembers, and the mean of the weights if one is kept.
        gradients: Gradients of weights at the peak.
        saved: What autograd keeps when the forward pass has ended, with inputs and targets.
        phase: `forward`, `backward` or `step`.
    """

    optimizer: str
    state: int
    gradients: int
    saved: int
    phase: str

    @property
    def peak(self) -> int:
        """All of it."""
        return self.weights + self.state + self.gradients + self.activations


def training_memory(
    network: Network,
    *,
    batch: int = 1,
    dtype: str = "float32",
    optimizer: str = "momentum",
    has_mean: bool = False,
) -> TrainingMemory:
    """Return what training takes. Nothing is built; no torch is needed.

    The loss is the cross entropy of every output. The optimizer changes weights in place, as the fused ones
    of PyTorch do, and lets their gradients go.

    Args:
        network: The network.
        batch: Inputs at once.
        dtype: Type of weights, maps, gradients and state.
        optimizer: A name of `STATES`.
        has_mean: Whether a mean of the weights over the steps is kept, a copy of weights and buffers.

    Raises:
        InputError: For an unknown type or optimizer, or a batch below 1.

    >>> from archscape.spaces import load_network
    >>> resnet = training_memory(load_network("resnet50"), batch=32, optimizer="adamw")
    >>> resnet.weights + resnet.state, resnet.phase
    (306897288, 'backward')
    """
    item = check(batch, dtype)
    if optimizer not in STATES:
        raise InputError(f"there is no optimizer '{optimizer}'{suggest(optimizer, STATES)}")
    flat = network.graph.flatten()
    step = TrainingStep(network.body, flat, batch, item)
    top = step.run()
    return TrainingMemory(
        network=network,
        batch=batch,
        dtype=dtype,
        optimizer=optimizer,
        weights=weights(network, item),
        state=STATES[optimizer] * item * network.totals.params + has_mean * weights(network, item),
        gradients=top.gradients,
        activations=top.bytes - top.gradients,
        saved=step.saved,
        place=top.place,
        phase=top.phase,
        unknown=foreign(flat),
    )


def largest_training_batch(
    network: Network,
    bytes: int,  # noqa: A002 - the unit
    *,
    dtype: str = "float32",
    optimizer: str = "momentum",
) -> int:
    """Return the largest batch whose training fits so many bytes; 0 if none does."""
    return most(
        network,
        bytes,
        lambda batch: training_memory(network, batch=batch, dtype=dtype, optimizer=optimizer).peak,
    )
