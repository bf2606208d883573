"""`archscape calibrate` and `archscape latency`, with `profile --latency` and `--measure` as its aliases."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from archscape.analysis.costs.latency import Calibration, Predictor, calibrating
from archscape.analysis.costs.latency.store import path_of, save
from archscape.spaces import load_network

Run = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.usefixtures("devices")


def test_the_latency_of_each_layer_is_shown(archscape: Run, calibration: Calibration) -> None:
    save(calibration)
    done = archscape("profile", "lenet5", "--latency")
    assert done.returncode == 0, done.stderr
    header, *rows = [line.split() for line in done.stdout.splitlines() if line.strip()][1:]
    assert header == ["name", "op", "shape", "macs", "ms", "share", "%", "bound"]
    seconds = Predictor(calibration).seconds(load_network("lenet5"))
    assert rows[-1][0] == "total"
    assert float(rows[-1][2]) == pytest.approx(1e3 * seconds, rel=1e-3)
    assert "90% of networks lie within" in done.stderr
    assert calibration.setup.description in done.stderr


@pytest.mark.slow
def test_json_holds_the_latency_of_the_network_and_its_layers(
    archscape: Run, calibration: Calibration
) -> None:
    save(calibration)
    done = archscape("profile", "lenet5", "--latency", "--measure", "--memory", "--format", "json")
    report = json.loads(done.stdout)
    latency, measured = report["latency"], report["measured"]
    assert latency["low"] < latency["seconds"] < latency["high"]
    assert latency["level"] == 0.9
    assert sum(layer["seconds"] for layer in report["layers"]) == pytest.approx(latency["seconds"])
    assert 0 < measured["low"] <= measured["seconds"] <= measured["high"]
    assert measured["layout"] == "channels_last"
    assert "inference" in report["memory"]


def test_a_profile_has_what_bounds_each_layer_where_the_device_is_calibrated(
    archscape: Run, calibration: Calibration
) -> None:
    bare = json.loads(archscape("profile", "lenet5", "--format", "json").stdout)["layers"]
    assert "bound" not in bare[0]
    assert bare[0]["macs_per_byte"] == round(bare[0]["macs"] / bare[0]["bytes_moved"], 3)
    path = save(calibration)
    done = archscape("profile", "lenet5", "--format", "json")
    bounds = [layer.bound for layer in Predictor(calibration).predict(load_network("lenet5")).layers]
    assert [layer["bound"] for layer in json.loads(done.stdout)["layers"]] == bounds
    path.write_text("{}")
    done = archscape("profile", "lenet5")
    assert done.returncode == 0
    assert "What bounds each layer is not told: " in done.stderr
    assert "not a calibration that can be used" in done.stderr


def test_csv_is_the_layers_alone(archscape: Run, calibration: Calibration) -> None:
    save(calibration)
    lines = archscape("profile", "lenet5", "--latency", "--format", "csv").stdout.splitlines()
    assert lines[0] == "name,op,shape,macs,ms,share %,bound"
    assert len(lines) == 1 + len(load_network("lenet5").graph.flatten().nodes)


@pytest.mark.slow
def test_a_network_is_measured_without_a_calibration(archscape: Run) -> None:
    done = archscape("profile", "lenet5", "--measure", "--batch", "2")
    assert done.returncode == 0, done.stderr
    assert "median ms" in done.stdout
    assert "batch 2" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("form", ["table", "json", "csv", "md", "latex"])
def test_the_flag_of_profile_is_an_alias(archscape: Run, calibration: Calibration, form: str) -> None:
    save(calibration)
    command = archscape("latency", "lenet5", "--format", form)
    flag = archscape("profile", "lenet5", "--latency", "--format", form)
    assert command.returncode == 0, command.stderr
    assert (command.stdout, command.stderr) == (flag.stdout, flag.stderr)


@pytest.mark.slow
def test_the_command_measures_beside_the_prediction(archscape: Run, calibration: Calibration) -> None:
    save(calibration)
    result = json.loads(archscape("latency", "lenet5", "--measure", "--format", "json").stdout)
    assert {"latency", "measured"} <= result.keys()


@pytest.mark.slow
def test_the_command_measures_without_a_calibration(archscape: Run) -> None:
    done = archscape("latency", "lenet5", "--measure", "--batch", "2")
    assert done.returncode == 0, done.stderr
    assert "median ms" in done.stdout
    assert "no calibration of this setting; `archscape calibrate --batch 2` makes one" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lenet5",), "run `archscape calibrate`, about a minute"),
        (("lenet5", "--device", "gpu"), "cpu or cuda, but got 'gpu'"),
        (("lenet5", "--measure", "--dtype", "float64"), "no type 'float64'; did you mean 'float"),
        (("net.py:make",), "only `archscape profile` and `compare` run a Python file"),
    ],
)
def test_wrong_input_of_the_command_is_one_message(
    archscape: Run, arguments: tuple[str, ...], message: str
) -> None:
    done = archscape("latency", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--latency",), "run `archscape calibrate`, about a minute"),
        (("--latency", "--batch", "8"), "run `archscape calibrate --batch 8`"),
        (("--threads", "2"), "--threads says where a latency is of; give --latency or --measure"),
        (("--latency", "--memory"), "--memory and --latency are two tables"),
        (("--measure", "--convention", "thop"), "--convention and --measure are two tables"),
        (("--latency", "--fit", "16GiB"), "--fit says how memory is counted"),
        (("--latency", "--device", "gpu"), "cpu or cuda, but got 'gpu'"),
        (("--measure", "--dtype", "float64"), "no type 'float64'; did you mean 'float"),
    ],
)
def test_what_cannot_be_is_said(archscape: Run, arguments: tuple[str, ...], message: str) -> None:
    done = archscape("profile", "lenet5", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_file_has_no_latency(archscape: Run) -> None:
    done = archscape("profile", "net.py:make", "--latency")
    assert done.returncode == 2
    assert "--latency and --measure are for networks of ours" in done.stderr


def test_calibrate_says_what_is_wrong(archscape: Run) -> None:
    assert "cpu or cuda, but got 'tpu'" in archscape("calibrate", "--device", "tpu").stderr
    assert archscape("calibrate", "--dtype", "float31").returncode == 2


@pytest.mark.slow
def test_calibrate_keeps_what_profile_reads(
    archscape: Run, devices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From twenty graphs of operators: those of a calibration to keep take a minute."""
    monkeypatch.setattr(calibrating, "calibrate", partial(calibrating.calibrate, graphs=20))
    done = archscape("calibrate", "--seconds", "1", "--keep-anyway", "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert Path(report["file"]).parent == devices
    assert report["operators timed"] > 100
    assert report["3x3 convolution of 256 maps of 28x28, GMAC/s"] > 0.1
    assert "Next: archscape profile resnet50 --latency" in done.stderr
    assert archscape("profile", "resnet50", "--latency").returncode == 0
    assert archscape("latency", "resnet50").returncode == 0


@pytest.mark.slow
def test_an_interrupted_calibration_leaves_the_old_one(calibration: Calibration, devices: Path) -> None:
    save(calibration)
    before = path_of(calibration.setup).read_bytes()
    code = (
        "import os, signal, sys; from archscape.analysis.costs.latency import calibrating as c\n"
        "made = c.synthetic_graph\n"
        "def graph(seed, **options):\n"
        "    if seed == 5: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return made(seed, **options)\n"
        "c.synthetic_graph = graph\n"
        "from archscape.cli import main; main(['calibrate'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert path_of(calibration.setup).read_bytes() == before
    assert [file.name for file in devices.iterdir()] == [path_of(calibration.setup).name]


def test_the_roofline_is_drawn(archscape: Run, calibration: Calibration, tmp_path: Path) -> None:
    save(calibration)
    done = archscape("latency", "lenet5", "--out", str(tmp_path / "roof.svg"))
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == str(tmp_path / "roof.svg")
    assert "<svg" in (tmp_path / "roof.svg").read_text()
    wrong = archscape("latency", "lenet5", "--out", str(tmp_path / "roof.gif"))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "a figure is one of .svg, .png, .pdf" in wrong.stderr
