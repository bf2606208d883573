"""What is exported, as one module: preprocessing of its data, the network with its weights, probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from archscape.spaces.errors import InputError

from .build import build
from .old_names import names_of_today, old_names

if TYPE_CHECKING:
    from .formats.base import Export, Preprocessing

CLASSES = ("classification", "segmentation")
"""The tasks whose networks give logits of one class of several."""


class Standardised(nn.Module):
    """`(source - mean) / std`, channel by channel, in float32."""

    mean: Tensor
    std: Tensor

    def __init__(self, preprocessing: Preprocessing, axes: int) -> None:
        """Take the units, and the number of axes of a sample."""
        super().__init__()
        shape = (-1, *[1] * (axes - 1))
        self.register_buffer("mean", torch.tensor(preprocessing.mean).reshape(shape))
        self.register_buffer("std", torch.tensor(preprocessing.std).reshape(shape))

    def forward(self, source: Tensor) -> Tensor:
        """Return samples (n, C, *spatial) as the network was trained on."""
        return (source.to(torch.float32) - self.mean) / self.std


class Whole(nn.Module):
    """A network between its preprocessing and its softmax."""

    def __init__(self, before: nn.Module | None, network: nn.Module, *, softmax: bool) -> None:
        """Take the parts; there may be nothing before the network."""
        super().__init__()
        self.before, self.network, self.softmax = before, network, softmax

    def forward(self, *sources: Tensor) -> Any:
        """Return what the network gives for samples of its inputs, each (n, C, *spatial)."""
        results = self.network(*(sources if self.before is None else map(self.before, sources)))
        if not self.softmax:
            return results
        if isinstance(results, Tensor):
            return results.softmax(1)
        return tuple([result.softmax(1) for result in results])


def whole_module(export: Export) -> nn.Module:
    """Return what is exported as a module in evaluation mode.

    Without trained weights it has those of PyTorch's initialisation at seed 0.

    Raises:
        InputError: If the weights do not fit the network.
    """
    network, options = _network(export), export.options
    _check_softmax(export)
    units = export.preprocessing if options.preprocessing else None
    if units is None and not options.softmax:
        return network
    before = None if units is None else Standardised(units, len(export.network.input_shapes[0]))
    return Whole(before, network, softmax=options.softmax).eval()


def samples(export: Export, batch: int, *, seed: int = 0) -> tuple[Tensor, ...]:
    """Return random samples for every input of what is exported, (batch, C, *spatial), in its type."""
    generator = torch.Generator().manual_seed(seed)
    dtype = sample_dtype(export)
    shapes = [(batch, *shape) for shape in export.network.input_shapes]
    if dtype.is_floating_point:
        return tuple([torch.randn(shape, generator=generator).to(dtype) for shape in shapes])
    top = min(torch.iinfo(dtype).max, 255) + 1 if dtype is not torch.bool else 2
    return tuple([torch.randint(top, shape, generator=generator).to(dtype) for shape in shapes])


def sample_dtype(export: Export) -> torch.dtype:
    """Return the type of the samples that what is exported takes.

    Raises:
        InputError: If torch has no such type.
    """
    units = export.preprocessing if export.options.preprocessing else None
    name = units.dtype if units else "float32"
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype):
        law = f"the data has samples of {name}, which torch has no type for"
        raise InputError(f"network {export.network.name}: {law}; take --no-preprocessing")
    return dtype


def _check_softmax(export: Export) -> None:
    """Raise if the network was trained to give something else than one class of several."""
    task = export.metadata.get("task", CLASSES[0])
    if export.options.softmax and task not in CLASSES:
        law = f"was trained for {task}, and its outputs are no logits of one class of several"
        raise InputError(f"network {export.network.name} {law}; leave --softmax out")


def _network(export: Export) -> nn.Module:
    table = export.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build(table).eval()
    if export.state is not None:
        load_weights(module, table.name, names_of_today(export.state, old_names(table.body)))
    return module


def load_weights(module: nn.Module, name: str, weights: Mapping[str, Tensor]) -> None:
    """Load the weights of a network into its module.

    Raises:
        InputError: If they do not fit.
    """
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        cause = str(error).splitlines()[-1].strip()
        raise InputError(f"the weights do not fit network {name}: {cause}") from None
