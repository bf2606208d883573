"""What an object prints: a short table, a line, and a table of HTML in a notebook."""

from __future__ import annotations

import html
import io
import sys
from collections.abc import Callable
from random import Random

import pytest

from archscape import lint, load, load_space, memory, profile, training_memory
from archscape.analysis.costs.latency import Calibration, Predictor
from archscape.analysis.reports.comparison.compared_network import ComparedNetwork, Terms
from archscape.analysis.reports.comparison.diff import diff
from archscape.search import Job
from archscape.spaces import Network, Row, Space
from archscape.spaces.display import fit
from archscape.spaces.printing import SHORT, Printed, Printout

OBJECTS: dict[str, Callable[[], Printed]] = {
    "network": lambda: load("resnet152"),
    "space": lambda: load_space("cifar"),
    "sample": lambda: load_space("digits").sample(Random(0)),
    "profile": lambda: profile(load("resnet152")),
    "memory": lambda: memory(load("lenet5")),
    "training": lambda: training_memory(load("lenet5")),
    "findings": lambda: lint(load("alexnet")),
    "finding": lambda: lint(load("alexnet"))[0],
    "difference": lambda: diff(load("resnet18"), load("resnet34")),
    "compared": lambda: ComparedNetwork.of(profile(load("lenet5")), Terms()),
    "job": lambda: Job(search="mine", space=load_space("digits"), data="digits"),
}


@pytest.fixture(params=OBJECTS)
def printed(request: pytest.FixtureRequest) -> Printed:
    return OBJECTS[str(request.param)]()


def test_it_prints_a_short_table_under_its_title(printed: Printed) -> None:
    title, *lines = str(printed).splitlines()
    assert title == printed.printout().title
    assert 2 < len(lines) <= SHORT + 2
    assert all(line == line.rstrip() for line in lines)


def test_its_repr_is_a_line_but_for_a_table_whose_repr_is_python(printed: Printed) -> None:
    if isinstance(printed, Network | Space):
        assert repr(printed).startswith(f"{type(printed).__name__}(name={printed.name!r}, ")
        return
    assert repr(printed).startswith(f"<{type(printed).__name__} ")
    assert len(repr(printed)) < 120
    assert "\n" not in repr(printed)


def test_a_notebook_shows_the_same_cells(printed: Printed) -> None:
    shown = printed._repr_html_()
    printout = printed.printout()
    assert shown.startswith("<table><caption>")
    assert shown.count("<tr>") == 1 + len(printout.shortened())
    for row in printout.shortened():
        for cell in row:
            if isinstance(cell, str):
                assert html.escape(" ".join(cell.split())) in shown


def test_a_latency_prints_its_layers(calibration: Calibration) -> None:
    network = load("lenet5")
    lines = str(Predictor(calibration).predict(network)).splitlines()
    assert len(lines) == 3 + len(network.graph.flatten().nodes) + 1
    assert len(repr(calibration)) < 120
    assert "interval begins, %" in str(calibration)


def test_what_a_user_named_is_no_markup() -> None:
    printout = Printout(
        title="<b>a</b>", columns=("a & b",), rows=[("<script>alert(1)</script>",), ("\x1b[31m",)]
    )

    class Named(Printed):
        def printout(self) -> Printout:
            return printout

    shown = Named()._repr_html_()
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "a &amp; b" in shown
    assert "\x1b" not in str(Named())


def test_on_a_terminal_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setattr(sys, "stdout", Terminal())
    text = str(profile(load("resnet18")))
    assert max(map(len, text.splitlines()[:-1])) <= 50
    assert text.splitlines()[-1].startswith("... without op")


def test_of_a_long_table_the_last_row_stays() -> None:
    printout = Printout(title="", columns=("n",), rows=[(n,) for n in range(1000)])
    rows = printout.shortened()
    assert (len(rows), rows[0], rows[-1]) == (SHORT, (0,), (999,))
    assert rows[SHORT // 2] == ("... 961 more",)


def test_printing_changes_no_equality_and_no_round_trip() -> None:
    rows = (Row("conv", width=4), Row("avgpool"), Row("linear", width=2))
    network = Network(name="tiny", input=(1, 8, 8), layers=rows)
    assert Network.from_yaml(network.to_yaml()).hash() == network.hash()
    assert profile(network) == profile(network)
    assert memory(network) == memory(network) != memory(network, batch=2)
    findings = lint(load("alexnet"))
    assert findings == [*findings]
    assert findings[0] == lint(load("alexnet"))[0]


def test_columns_of_sentences_share_what_names_leave() -> None:
    table = fit(("setting", "takes", "what it is"), [("rate", "one or two " * 9, "to be read " * 30)] * 3, 47)
    assert list(table.widths) == [7, 18, 18]
    short = fit(("setting", "takes", "what it is"), [("rate", "one or two", "to be read " * 30)] * 3, 47)
    assert list(short.widths) == [7, 10, 26]
