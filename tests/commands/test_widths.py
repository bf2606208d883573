"""The contract of every table on a terminal: each line fits, each row is named, each number is whole."""

from __future__ import annotations

import csv
import io
import os
import pty
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
import yaml
from helpers.processes import popen

from archscape.analysis.costs.latency import Calibration
from archscape.analysis.costs.latency.store import save
from archscape.cli import main
from archscape.search.samplers.random import RandomSampler
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces import load_network, load_space

WIDTHS = (40, 60, 80, 120, 200)
COMMANDS = (
    "list",
    "list inverted",
    "profile resnet18",
    "profile lenet5 --convention all",
    "memory resnet50 --fit 16GiB --optimizer adamw",
    "latency lenet5",
    "field lenet5 conv2 --draws 1",
    "compare resnet18 resnet50 vgg16 mobilenetv2 alexnet",
    "diff resnet18 resnet50",
    "lint alexnet",
    "space cifar --count",
    "population digits --number 20 --explain macs",
    "study list",
    "study show an-experiment-with-a-long-name",
)
NUMBER = re.compile(r"[-+]?\d[\d,.]*(e[-+]\d+)?")

Lines = Callable[..., list[str]]


class Terminal(io.StringIO):
    """A stream that says that somebody looks."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Run a command with its output on a terminal of some width, or in a file; return the lines."""

    def run(command: str, width: int | None = None) -> list[str]:
        with monkeypatch.context() as patch:
            output = io.StringIO() if width is None else Terminal()
            patch.setenv("COLUMNS", str(width or 20))
            patch.setenv("CI", "true")  # no bars, which are drawn and deleted
            patch.setenv("TERM", "dumb" if width == 60 and "help" not in command else "xterm")
            patch.setattr(sys, "stdout", output)
            patch.setattr(sys, "stderr", output if width else io.StringIO())
            with pytest.raises(SystemExit) as end:
                main(command.split())
        assert not end.value.code
        return re.sub(r"\x1b\[[\d;]*m", "", output.getvalue()).splitlines()

    return run


@pytest.fixture
def _at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calibration: Calibration, devices: Path
) -> Iterator[None]:
    """A calibration, and a study with a trial at work in a storage that commands read."""
    save(calibration)
    monkeypatch.setenv("ARCHSCAPE_STORAGE", str(tmp_path / "studies.db"))
    facts = {"objectives": {"accuracy": "maximize"}, "seed": 0}
    name = "an-experiment-with-a-long-name"
    with Study.open(tmp_path, name=name, storage=str(tmp_path / "studies.db"), facts=facts) as study:
        plan = SearchPlan(space=load_space("digits"), sampler=RandomSampler(), trials=12345, seed=0)
        assert study.ask_unique(plan.propose, Owner.current(), trials=12345)
        yield


def texts_of(cell: str) -> Iterator[str]:
    """Yield how a table may write a cell of a CSV file."""
    yield cell
    try:
        number = int(cell)
    except ValueError:
        pass
    else:
        yield from (f"{number:,}", f"{number:+,}", f"{number:.3e}")
        yield from (f"{number / 1e6:,.{decimals}f}" for decimals in range(10))
    try:
        yield f"{float(cell):,.4g}"
        yield from (f"{float(cell):,.{decimals}f}" for decimals in range(10))
    except ValueError:
        pass


def is_shown(name: str, lines: list[str]) -> bool:
    """Tell whether a name stands somewhere, in full, wrapped between words or cut in its middle."""
    between = r"(?: |(?: .*)?\n *)"
    if re.search(between.join(map(re.escape, name.split(" "))), "\n".join(lines)):
        return True
    for line in lines:
        for cut in re.finditer("…", line):
            before, after = line[: cut.start()], line[cut.end() :]
            starts = any(before.endswith(name[:length].rstrip()) for length in range(1, len(name)))
            ends = any(after.startswith(name[-length:].lstrip()) for length in range(1, len(name)))
            if starts and ends:
                return True
    return False


@pytest.mark.usefixtures("_at_hand")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_table_fits_and_loses_no_row_and_no_digit(command: str, lines: Lines) -> None:
    heads, *rows = csv.reader(lines(f"{command} --format csv"))
    known = {text for row in rows for cell in row for text in texts_of(cell)}
    columns = [[cell for cell in column if cell] for column in zip(*rows, strict=True)]
    for column in columns:  # tables have a row with the sums
        if all(re.fullmatch(r"-?\d+", cell) for cell in column):
            known |= {*texts_of(str(sum(map(int, column))))}
    names = [
        row[heads.index("layer" if command.startswith("lint") else heads[command.startswith("diff")])]
        for row in rows
    ]
    for width in WIDTHS if command != "list" else (40, 80):  # it reads the whole catalog
        shown = lines(command, width)
        assert max(map(len, shown)) <= width, (width, [line for line in shown if len(line) > width])
        for name in names:
            assert any(is_shown(text, shown) for text in texts_of(name)), (width, name, shown)
        if command.startswith("lint"):
            continue  # sentences, and no cells
        notes = next((at for at, line in enumerate(shown) if line.startswith(("...", "Conv"))), len(shown))
        for line in shown[:notes]:
            if line.startswith("total") and command.startswith("latency"):
                continue  # a sum of what the file has rounded
            cells = re.split(r"\s{2,}", line.strip())
            for cell in cells[1:]:
                assert not NUMBER.fullmatch(cell) or cell in known, (width, cell, line)


@pytest.mark.parametrize("command", ["profile lenet5", "diff lenet5 dqn", "list basic"])
def test_a_file_gets_all_of_it_and_no_colours(command: str, lines: Lines) -> None:
    text = "\n".join(lines(command))
    assert not re.search("…|left out|\x1b", text)
    for row in csv.reader(lines(f"{command} --format csv")):
        for cell in row:
            assert any(" ".join(each.split()) in text for each in texts_of(cell))


def test_what_is_left_out_is_said_in_a_line(lines: Lines) -> None:
    one, several = lines("profile lenet5", 80), lines("memory lenet5", 40)
    columns = "bytes_moved, macs_per_byte, receptive_field"
    assert f"... columns left out: {columns} (wider" in one
    named = "... columns left out: state, gradients, activations, peak at (wider terminal or --format csv)"
    assert named in re.sub(r"\n +", " ", "\n".join(several))
    assert not any("left out" in line for line in lines("profile lenet5", 120)[:19])


def test_rows_of_a_network_are_wrapped_so_that_each_is_told_apart(lines: Lines) -> None:
    shown = "\n".join(lines("diff resnet50 resnet101", 80))
    assert "…" not in shown
    assert re.search(r"bottleneck: \{width: 512,.*\n +stride: 2, depth: 4\}", shown)


def test_names_get_the_room_that_is_left_and_bytes_are_called_so(lines: Lines) -> None:
    shown = lines("memory resnet50 --fit 16GiB", 80)
    assert shown[0].endswith(", in bytes")
    places = next(line for line in shown if line.startswith("peak at"))
    assert re.split(r" {2,}", places)[1:3] == ["bottleneck1.0.norm3", "bottleneck1.0.act3"]


@pytest.mark.parametrize(
    ("command", "column"),
    [
        ("compare lenet5 resnet18 vgg16", "inference MB"),
        ("population digits --number 20 --explain macs", "low"),
    ],
)
def test_the_decimal_points_of_a_column_stand_below_each_other(
    command: str, column: str, lines: Lines
) -> None:
    head, *rows = lines(command, 200)
    end = head.index(column) + len(column)
    cells = [cell for row in rows if NUMBER.fullmatch(cell := row[:end].split(" ")[-1])]
    assert len(cells) >= 3
    assert len({len(cell.partition(".")[2]) for cell in cells}) == 1


def test_the_rows_of_a_network_are_wrapped_as_yaml_reads_them(lines: Lines) -> None:
    for width in WIDTHS:
        shown = lines("space digits --sample 1", width)
        assert max(map(len, shown)) <= width
        network = yaml.safe_load("\n".join(shown))
        assert network == yaml.safe_load("\n".join(lines("space digits --sample 1")))


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("command", ["profile", "dashboard", "search", "study delete", "landscape"])
def test_help_fits_and_shows_no_type_of_a_flag(command: str, width: int, lines: Lines) -> None:
    shown = lines(f"{command} --help", width)
    text = "\n".join(shown)
    assert max(map(len, shown)) <= width
    assert "bool" not in text
    assert "x>=" not in text
    assert "…" not in text
    if command == "dashboard":
        assert re.search(r"--port +0\.\.65535  ", text)


def test_a_real_terminal_decides_by_its_own_width(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, 47, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "archscape", "profile", "resnet18"]
    process = popen(command, stdout=theirs, env=environment, stderr=subprocess.DEVNULL)
    os.close(theirs)
    output = b""
    try:
        while part := os.read(ours, 1 << 16):
            output += part
    except OSError:
        pass  # Linux's end of a terminal
    os.close(ours)
    assert process.wait() == 0
    shown = re.sub(r"\x1b\[[\d;]*m", "", output.decode()).splitlines()
    assert max(map(len, shown)) == 47
    assert all(is_shown(node.name, shown) for node in load_network("resnet18").graph.flatten().nodes)


@pytest.mark.parametrize("command", ["list", "profile --help", "--help", "profile resnet18 --format csv"])
def test_a_reader_that_has_enough_is_no_error(command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "archscape", *command.split()],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr.decode().partition("Convention")[0]) == (0, "")


@pytest.mark.parametrize("command", ["list", "profile lenet5 --format json"])
def test_a_full_disk_is_said_in_a_line(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "archscape", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == (
        "archscape: the output cannot be written: No space left on device"
    )


def test_output_that_is_closed_or_has_few_letters_is_no_error() -> None:
    program = f"{sys.executable} -m archscape"
    closed = subprocess.run(["sh", "-c", f"{program} profile lenet5 >&- 2>&-"], check=False)
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    few = subprocess.run(
        [*program.split(), "diff", "resnet18", "resnet34"], env=ascii_only, capture_output=True, check=False
    )
    assert (closed.returncode, few.returncode) == (0, 0)
