"""What the tests of reports share: the written page as elements, and a synthetic run.

The run holds real networks and their real costs, but accuracies and times that no training gave.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.metrics import Objectives
from archscape.analysis.reports.results.run import RunResults
from archscape.spaces.network import Network

if TYPE_CHECKING:
    from archscape.analysis.landscape.file import Landscape

VOID = {"meta", "col", "input", "br", "link", "img", "base", "hr", "source", "embed"}
TRADE: Objectives = {"accuracy": "maximize", "macs": "minimize"}
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
JOB = "search: synthetic\nspace: digits\ndata: cluttered-digits\nrecipe: quick\nsampler: nsga2\nseed: 0\n"
ENVIRONMENT = {
    "python": "3.11.7",
    "cores": 2,
    "data": {"name": "cluttered-digits", "fingerprint": "9f2c4e6a1b3d5f70"},
    "command": "archscape search synthetic.yaml --workers 2",
}
REFERENCES = pd.DataFrame(
    [
        {"name": "near", "params": 60_000, "macs": 400_000, "activations": 6_000},
        {"name": "scored", "params": 20_000, "macs": 300_000, "activations": 90, "accuracy": 0.71},
        {"name": "far", "params": 11_689_512, "macs": 1_814_073_344, "activations": 2_484_224},
    ]
)


class Page(HTMLParser):
    """The page as elements, with the text that each holds; a wrong nesting is an error."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[list[str]] = []
        self.open: list[int] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self.open, "an element is left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append([])
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self.open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for index in self.open:
            self.texts[index].append(data)

    def find(self, tag: str, **attrs: str) -> list[int]:
        return [
            index
            for index, (name, attributes) in enumerate(self.elements)
            if name == tag and all(attributes.get(key.rstrip("_")) == want for key, want in attrs.items())
        ]

    def text(self, index: int) -> str:
        return "".join(self.texts[index])

    def one(self, tag: str, **attrs: str) -> str:
        (index,) = self.find(tag, **attrs)
        return self.text(index)

    @property
    def figures(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.one("script", id="figures"))
        return result

    @property
    def grid(self) -> dict[str, Any]:
        """The data of the table of rows."""
        result: dict[str, Any] = (
            json.loads(self.one("script", id="grid")) if self.find("script", id="grid") else {}
        )
        return result

    @property
    def rows(self) -> dict[int, dict[str, Any]]:
        """The cells of the table of trials, by number and head, as numbers and texts."""
        grid = self.grid
        heads = [self.text(i) for i in self.find("button", class_="sort")]
        columns = [column["values"] for column in grid.get("columns", ())]
        cells = zip(*columns, strict=True)
        return {
            number: dict(zip(heads, row, strict=True))
            for number, row in zip(grid.get("ids", ()), cells, strict=True)
        }


@pytest.fixture
def read_page() -> Callable[[Path], Page]:
    return Page


def network(rng: random.Random) -> Network:
    width = rng.choice([4, 6, 8, 12, 16])
    rows = [f"{{conv: {{width: {width}, kernel: {rng.choice([3, 5])}}}}}"]
    for stage in range(1, rng.choice([2, 3, 4])):
        word = rng.choice(["plain", "basic"])
        rows.append(f"{{{word}: {{width: {width * 2**stage}, depth: {rng.choice([1, 2])}, stride: 2}}}}")
    rows += ["avgpool", "{linear: {width: 10}}"]
    return Network.from_yaml(f"network: synthetic\ninput: 1x16x16\nlayers: [{', '.join(rows)}]")


def trial(number: int, rng: random.Random) -> dict[str, object]:
    net = network(rng)
    costs = net.totals
    accuracy = 0.95 / (1 + math.exp(12 - math.log(costs.macs))) * rng.uniform(0.8, 1)
    status, cause = {3: ("failed", "diverged"), 5: ("pruned", ""), 8: ("failed", "timed_out")}.get(
        number % 11, ("complete", "")
    )
    done = status == "complete"
    return {
        "number": number,
        "status": status,
        "cause": cause,
        "message": "loss is nan at step 41" if cause == "diverged" else "",
        "hash": net.hash(),
        "accuracy": accuracy if done else math.nan,
        "test_accuracy": accuracy - 0.01 if done else math.nan,
        "params": costs.params,
        "macs": costs.macs,
        "flops": costs.flops,
        "activations": costs.activations,
        "seconds": rng.uniform(1, 5),
        "epochs": 4,
        "seed": 1000 + number,
        "worker": f"w{number % 2}",
        "started": (START + timedelta(seconds=5 * number)).isoformat(),
        "finished": (START + timedelta(seconds=5 * number + rng.uniform(1, 20))).isoformat(),
        "network": net.to_json(),
        "decisions": "{}",
    }


def synthetic_run(trials: int = 40, *, seed: int = 0, objectives: Objectives = TRADE) -> RunResults:
    rng = random.Random(seed)
    rows = [trial(number, rng) for number in range(trials)]
    curves = [
        {"trial": row["number"], "epoch": epoch, "loss": 2 / epoch, "accuracy": 0.1 * epoch, "seconds": epoch}
        for row in rows
        for epoch in range(1, 5)
    ]
    return RunResults(
        name="synthetic",
        trials=pd.DataFrame(rows),
        curves=pd.DataFrame(curves),
        objectives=objectives,
        job=JOB,
        environment=ENVIRONMENT,
        references=REFERENCES,
    )


@pytest.fixture
def synthetic() -> Callable[..., RunResults]:
    return synthetic_run


def landscape_of(trial: int = 7, *, plain: bool = True, steps: int = 5) -> Landscape:
    """A landscape that no training gave."""
    from archscape.analysis.landscape.file import Explored, Landscape
    from archscape.analysis.landscape.first_layer import Change, Filters
    from archscape.analysis.landscape.surface import Surface, grid

    def explored(name: str, depth: float) -> Explored:
        places = np.array(grid(steps, 1.0))
        losses = 0.1 + depth * (places[:, None] ** 2 + places[None, :] ** 2)
        surface = Surface(span=1.0, losses=losses, accuracies=1 / (1 + losses))
        return Explored(network=name, params=1234, val_accuracy=0.9, surface=surface)

    filters = np.random.default_rng(0).normal(size=(2, 4, 3, 3, 3))
    changes = (
        Change(layer="stem", shape=(4, 3, 3, 3), before=2.0, after=2.5, moved=1.0),
        Change(layer="gate", shape=(1, 4), before=0.0, after=1.0, moved=1.0),
    )
    return Landscape(
        trial=trial,
        data="digits",
        part="256 of 1,197 training samples",
        seed=0,
        trained=explored("net", 2.0),
        plain=explored("net-without-skips", 20.0) if plain else None,
        filters=Filters(layer="stem", before=filters[0], after=filters[1]),
        changes=changes,
    )


@pytest.fixture
def explored_trial() -> Callable[..., Landscape]:
    return landscape_of
