"""What stands in a comparison: a network, or a module of any making, with all that is known of its costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from archscape.analysis.costs.conventions import CONVENTIONS, Count, count
from archscape.analysis.costs.layers import LayerTable
from archscape.analysis.costs.memory import Memory, Moment, memory, memory_curve
from archscape.analysis.costs.memory.training import TrainingMemory, training_memory
from archscape.analysis.costs.profile import Profile, profile
from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.analysis.lint import Finding, lint
from archscape.spaces import Network
from archscape.spaces.graph import Shape
from archscape.spaces.operators import OPERATORS
from archscape.spaces.printing import Printed, Printout
from archscape.spaces.values import shape_text

from ..page.networks import LayerRow, NetworkDetails, layer_rows

if TYPE_CHECKING:
    from archscape.analysis.costs.latency import Latency, Predictor

WEIGHTED = frozenset(operator.kind for operator in OPERATORS if operator.weighted)
KNOWN = frozenset(operator.kind for operator in OPERATORS)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How memory is counted, the same for all.

    Attributes:
        batch: Inputs at once.
        dtype: A name of `memory.ITEM`, the type of weights and maps.
        mode: A name of `memory.MODES`, for inference.
        optimizer: A name of `memory.training.STATES`, for training.
    """

    batch: int = 1
    dtype: str = "float32"
    mode: str = "graph"
    optimizer: str = "momentum"

    @property
    def text(self) -> str:
        """The terms in words."""
        return (
            f"tensor bytes in {self.dtype}, batch {self.batch}; inference: weights and maps in mode "
            f"{self.mode}; training: one step with {self.optimizer}"
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class ComparedNetwork(Printed):
    """A network of the comparison. Of a module that is run, only what its costs hold is known.

    Attributes:
        name: As the comparison calls it.
        input: Shape of one sample; none where it reads several inputs.
        reads: What it reads, by name, where that is more than a shape.
        network: None if it is a module.
        predictor: What tells its latency; None if that is not asked for.
    """

    name: str
    input: Shape
    costs: LayerTable
    network: Network | None
    terms: Terms
    predictor: Predictor | None = None
    reads: str = ""

    def printout(self) -> Printout:
        """Return what it costs."""
        costs = [(cost, getattr(self.costs, cost)) for cost in ("params", "macs", "flops", "activations")]
        uses = {"inference": self.inference, "training": self.training}
        held = [(f"bytes of {use}", memory.peak) for use, memory in uses.items() if memory]
        title = f"{self.name}, input {self.reads or shape_text(self.input)}"
        return Printout(title=title, columns=("cost", "value"), rows=[*costs, *held])

    @classmethod
    def of(cls, costs: Profile, terms: Terms, predictor: Predictor | None = None) -> ComparedNetwork:
        """Return a network whose costs are known."""
        network = costs.network
        several = len(network.inputs) > 1
        return cls(
            name=network.name,
            input=() if several else network.input_shapes[0],
            costs=costs,
            network=network,
            terms=terms,
            predictor=predictor,
            reads=network.input_text if several else "",
        )

    @property
    def field_of(self) -> str:
        """Which of several inputs `field` is on, in words."""
        return f" of {[*self.network.inputs][self.first_map]}" if self.network and self.reads else ""

    @property
    def first_map(self) -> int:
        """The place of the first input that is a map."""
        shapes = self.network.input_shapes if self.network else ()
        return next((at for at, shape in enumerate(shapes) if len(shape) > 1), 0)

    @property
    def input_text(self) -> str:
        """What it reads, in words."""
        return self.reads or shape_text(self.input)

    @cached_property
    def inference(self) -> Memory | None:
        """What inference takes."""
        if self.network is None:
            return None
        terms = self.terms
        return memory(self.network, batch=terms.batch, dtype=terms.dtype, mode=terms.mode)

    @cached_property
    def training(self) -> TrainingMemory | None:
        """What one step of training takes."""
        terms = self.terms
        if self.network is None:
            return None
        return training_memory(self.network, batch=terms.batch, dtype=terms.dtype, optimizer=terms.optimizer)

    @cached_property
    def latency(self) -> Latency | None:
        """What one inference of the batch takes, by the calibration of a device."""
        if self.network is None or self.predictor is None:
            return None
        return self.predictor.predict(self.network)

    def curve(self, mode: str) -> list[Moment]:
        """Return the bytes of maps that are held while each operator runs; nothing of a module."""
        if self.network is None:
            return []
        return memory_curve(self.network, batch=self.terms.batch, dtype=self.terms.dtype, mode=mode)

    @cached_property
    def layers(self) -> tuple[LayerRow, ...]:
        """Its layers with their receptive fields; those of a module have none."""
        return layer_rows(self.costs, self.network)

    @cached_property
    def weighted(self) -> list[LayerRow]:
        """Its convolutions and linear layers; of a module's parts, which bear classes, what multiplies."""
        return [row for row in self.layers if row.op in WEIGHTED or (row.op not in KNOWN and row.macs)]

    @property
    def foreign(self) -> str:
        """What it is where it is no network of ours, and which of its costs are lower bounds; "" of ours."""
        about: str = getattr(self.costs, "about", "")
        bounds: tuple[str, ...] = getattr(self.costs, "lower_bounds", ())
        return f"{about} Lower bounds: {', '.join(bounds)}." if bounds else about

    @cached_property
    def details(self) -> NetworkDetails:
        """Its table and its layers, to read."""
        return NetworkDetails(
            table=self.foreign if self.network is None else self.network.to_yaml(),
            layers=self.layers,
            network=self.network,
        )

    @cached_property
    def field(self) -> Shape:
        """The largest receptive field of a layer that writes a map of more than one place; () if unknown.

        Of several inputs it is the field on the first that is a map.
        """
        known = {} if self.network is None else receptive_fields(self.network.graph, self.first_map)
        seen = [layer for layer in self.layers if known.get(layer.name)]
        maps = [layer for layer in seen if max(layer.shape[1:], default=1) > 1]
        fields = [known[layer.name] for layer in maps or seen]
        return tuple(max(axis) for axis in zip(*fields, strict=True))

    @cached_property
    def counts(self) -> list[Count]:
        """What it counts in every convention, our own first; nothing of a module."""
        return [] if self.network is None else [count(self.network, name) for name in CONVENTIONS]

    @cached_property
    def findings(self) -> list[Finding]:
        """Where it does not follow the known design rules."""
        return [] if self.network is None else lint(self.network)


def compared_networks(networks: Sequence[Network], terms: Terms | None = None) -> list[ComparedNetwork]:
    """Return networks as they stand in a comparison.

    >>> from archscape.spaces import load_network
    >>> vgg16, = compared_networks([load_network("vgg16")])
    >>> vgg16.inference.peak, vgg16.field
    (579120288, (212, 212))
    """
    return [ComparedNetwork.of(profile(network), terms or Terms()) for network in networks]
