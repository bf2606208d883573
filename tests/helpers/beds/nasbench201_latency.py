"""NAS-Bench-201 by accuracy and the latency measured on a device, which is known before training."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path

from archscape.analysis.metrics import Objectives
from archscape.search.costs.asked import AskedCosts
from archscape.spaces import Network, Sample, Space, load_space
from archscape.spaces.language.row_program import Drawn
from archscape.spaces.values import Option

from . import nasbench201
from .bed import Bed, Outcome, Volume, key_of
from .tables import EDGES, Cell, cells, distinct_cells

TITLE = """NAS-Bench-201, CIFAR-100 after 200 epochs against the latency of HELP (Lee et al. 2021) on
{device}, which is known before training: the hypervolume in accuracy x ms from the corner of 50% and the
longest latency of the table, as a share of that of the whole table. CPU times leave out building what an
earlier search of the same process had built to price it."""

OBJECTIVES: Objectives = {"accuracy": "maximize", "latency": "minimize"}
COLUMN, LEAST = "ep200_cifar100_test", 50.0


@dataclass(frozen=True, kw_only=True)
class TableLatency:
    """Latency as a search asks for it, from the table instead of a calibration."""

    table: dict[tuple[str, ...], Cell]
    device: str
    within: None = None

    def milliseconds(self, network: Network) -> float:
        """Return the latency of a network, whose cells say which it is."""
        cell = network.layers[1].args
        return self.table[tuple(cell[f"e{edge}"] for edge in EDGES)].milliseconds[self.device]


@dataclass(frozen=True, kw_only=True, eq=False)
class RememberingSpace(Space):
    """A space that returns the same sample for the same decisions: its network is built and hashed once."""

    _samples: dict[tuple[Option, ...], Sample] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, space: Space) -> RememberingSpace:
        """Return the space of another one's networks."""
        return cls(**{each.name: getattr(space, each.name) for each in fields(space) if each.init})

    def sample_of(self, decisions: dict[str, Option], drawn: Drawn) -> Sample:
        """Return the sample that was drawn."""
        key = tuple(decisions.values())
        if key not in self._samples:
            self._samples[key] = super().sample_of(decisions, drawn)
        return self._samples[key]


@cache
def space() -> RememberingSpace:
    """Return the space of all devices."""
    return RememberingSpace.of(load_space("nas-bench-201"))


def bed(tables: Path, device: str) -> Bed:
    """Return the bed of a device."""
    table = cells(tables)
    points = [(cell.results[COLUMN], cell.milliseconds[device]) for cell in distinct_cells(table)]
    reference = {"accuracy": LEAST, "latency": max(milliseconds for _, milliseconds in points)}

    def train(sample: Sample, seed: int) -> Outcome:
        cell = table[key_of(sample)]
        values = (cell.results[COLUMN], cell.milliseconds[device])
        return Outcome(values=values, truth=values)

    return replace(
        nasbench201.bed(tables),
        name=f"nb201-{device}",
        title=TITLE.format(device=device),
        space=space(),
        objectives=OBJECTIVES,
        train=train,
        score=Volume.of(points, OBJECTIVES, reference),
        costs=AskedCosts(names=("latency",), latency=TableLatency(table=table, device=device)),
    )
