"""`archscape compare` and `archscape diff`."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from archscape.analysis.costs.latency import Calibration, Predictor
from archscape.analysis.costs.latency.store import save
from archscape.analysis.costs.memory.training import training_memory
from archscape.spaces import load_network

FIGURE = Path(__file__).parents[2] / "docs" / "comparison.svg"
Run = Callable[..., "CompletedProcess[str]"]
MODULE = """\
from torch import nn


def make():
    print("made")
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3600, 10))
"""


def test_every_column_for_programs(archscape: Run) -> None:
    done = archscape("compare", "alexnet-owt", "vgg16", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[1] == {
        "network": "vgg16",
        "input": "3x224x224",
        "params": 138_357_544,  # SYSTEMS.md
        "macs": 15_470_264_320,
        "flops": 30_972_232_168,
        "activations": 13_556_712,
        "weights_bytes": 4 * 138_357_544,
        "inference_bytes": 579_120_288,
        "training_bytes": training_memory(load_network("vgg16")).peak,
        "receptive_field": "212x212",
        "layers": 39,
        "batch": 1,
        "dtype": "float32",
        "mode": "graph",
        "optimizer": "momentum",
    }
    assert "inference: weights and maps in mode graph; training: one step with momentum" in done.stderr


def test_columns_terms_and_conventions_are_chosen(archscape: Run) -> None:
    options = ("--costs", "macs,training", "--optimizer", "adamw", "--batch", "2", "--convention", "all")
    done = archscape("compare", "resnet50", "lenet5", *options, "--format", "csv")
    assert done.returncode == 0, done.stderr
    resnet, lenet = csv.DictReader(io.StringIO(done.stdout))
    assert [*resnet][2:-4] == [
        *("macs", "training_bytes", "fvcore", "thop", "ptflops", "torchinfo", "pycls", "nasbench201"),
    ]
    assert (resnet["macs"], resnet["fvcore"]) == ("4089184256", "4111512576")
    assert (lenet["ptflops"], lenet["optimizer"], lenet["batch"]) == ("429342", "adamw", "2")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("md", "| lenet5 | 1x32x32 | 61,706 | 0.28446 |"),
        ("latex", r"lenet5 & 1x32x32 & 61,706 & 0.28446 \\"),
        ("table", "  lenet5    1x32x32    61,706   0.28446"),
    ],
)
def test_readers_see_megabytes(form: str, line: str, archscape: Run) -> None:
    done = archscape("compare", "lenet5", "--costs", "params,inference", "--format", form)
    assert line.split() in [shown.split() for shown in done.stdout.splitlines()]


@pytest.mark.slow
def test_a_module_of_the_users_stands_beside_a_network(archscape: Run, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODULE)
    done = archscape("compare", "net.py:make", "lenet5", "--input", "1x32x32", "--format", "json")
    assert done.returncode == 0, done.stderr
    module, lenet = json.loads(done.stdout)
    assert (module["network"], module["params"], module["macs"]) == ("net.py:make", 36_050, 32_400 + 36_000)
    assert (module["inference_bytes"], module["receptive_field"]) == (None, None)
    assert lenet["params"] == 61_706
    assert "net.py:make: A module of PyTorch, counted by running a copy of it" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["page.html", "figure.svg", "table.tex", "table.md", "table.csv", "table.json"]
)
def test_the_suffix_says_what_is_written(name: str, archscape: Run, tmp_path: Path) -> None:
    done = archscape("compare", "lenet5", "resnet20", "--out", name)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == name
    text = (tmp_path / name).read_text()
    assert "lenet5" in text
    assert "272,474" in text or "272474" in text or name == "figure.svg"


@pytest.mark.slow
def test_a_diff_adds_up_in_every_format(archscape: Run) -> None:
    done = archscape("diff", "resnet50", "resnet101", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "7 rows are the same, 1 changed.\n")
    report = json.loads(done.stdout)
    for cost in ("params", "macs", "flops", "activations"):
        assert sum(change[cost] for change in report["changes"]) == report[cost]
    assert report["params"] == 44_549_160 - 25_557_032
    assert report["peak_bytes"] == {"before": 9_633_792, "after": 9_633_792}
    (change,) = [change for change in report["changes"] if change["kind"] == "changed"]
    assert change["settings"] == [{"name": "depth", "before": "6", "after": "23"}]
    shown = archscape("diff", "resnet50", "resnet101", "--format", "md").stdout
    row = "| ≠ | bottleneck: {width: 1024, stride: 2, depth: 6} | depth 6 → 23, 6 of 23 blocks as before |"
    assert row in shown
    assert "18,992,128" in shown
    table = archscape("diff", "resnet101", "resnet50").stdout
    assert "-18,992,128" in table
    assert "in all" in table


def test_a_network_does_not_differ_from_itself(archscape: Run) -> None:
    done = archscape("diff", "lenet5", "lenet5", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "The networks compute the same.\n")
    assert {line[0] for line in done.stdout.splitlines()[1:]} == {"="}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("compare", "resnet5"), "resnet5"),
        (("compare", "lenet5", "--costs", "param"), "there is no cost 'param'; did you mean 'params'?"),
        (("compare", "lenet5", "--costs", "params,params"), "'params' stands twice"),
        (
            ("compare", "lenet5", "--convention", "thob"),
            "there is no convention 'thob'; did you mean 'thop'?",
        ),
        (("compare", "lenet5", "--mode", "eagre"), "there is no mode 'eagre'; did you mean 'eager'?"),
        (("compare", "lenet5", "--optimizer", "adma"), "there is no optimizer 'adma'"),
        (("compare", "lenet5", "--dtype", "int3"), "there is no type 'int3'"),
        (("compare", "lenet5", "--out", "a.gif"), "a.gif: a page is .html, a figure .svg, .png, .pdf"),
        (("compare", "lenet5", "--out", "none/a.html"), "none: no such folder"),
        (("compare", "lenet5", "--figure", "layers"), "--figure says what a figure shows; give --out"),
        (("compare", "lenet5", "--out", "a.svg", "--figure", "layer"), "did you mean 'layers'?"),
        (("compare", "lenet5", "--diff"), "--diff says what a page shows"),
        (("compare", "none.py:make"), "give --input"),
        (("diff", "lenet5", "net.py:make"), "net.py:make"),
        (("diff", "lenet5", "resnet5"), "resnet5"),
        (("diff", "lenet5", "vgg16", "--dtype", "int3"), "there is no type 'int3'"),
    ],
)
def test_wrong_input_is_one_line(
    words: tuple[str, ...], message: str, archscape: Run, tmp_path: Path
) -> None:
    done = archscape(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("archscape: ")
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_docs_show_is_what_is_printed(archscape: Run, root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "comparing.md").read_text(encoding="utf-8")
    for line in re.findall(r"`archscape ((?:compare|diff) [^`]* --format md)`", page):
        assert archscape(*shlex.split(line)).stdout in page
    (commands,) = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    for line in commands.splitlines():
        done = archscape(*shlex.split(line, comments=True)[1:])
        assert done.returncode == 0, done.stderr
    drawn, shown = (path.read_text().count('id="patch_') for path in (tmp_path / "figure.svg", FIGURE))
    assert drawn == shown > 24  # a bar for each layer and measure


@pytest.mark.slow
@pytest.mark.usefixtures("devices")
def test_latencies_have_an_interval_and_name_the_device(
    archscape: Run, calibration: Calibration, tmp_path: Path
) -> None:
    missing = archscape("compare", "lenet5", "--latency")
    assert missing.returncode == 2
    assert "run `archscape calibrate`, about a minute" in missing.stderr
    save(calibration)
    done = archscape("compare", "lenet5", "resnet18", "--latency", "--format", "json", "--out", "page.html")
    assert done.returncode == 0, done.stderr
    seconds = Predictor(calibration).seconds(load_network("resnet18"))
    row = json.loads(done.stdout)[1]
    assert row["latency_seconds"] == pytest.approx(seconds)
    assert (row["latency_low"], row["latency_high"]) == pytest.approx((0.8 * seconds, 1.3 * seconds))
    assert f"Latency: predicted for {calibration.setup.description}; 90% of networks" in done.stderr
    page = (tmp_path / "page.html").read_text()
    assert "<figcaption>Latency</figcaption>" in page
    assert f'title="{800 * seconds:.3g} to {1300 * seconds:.3g} ms"' in page
    idle = archscape("compare", "lenet5", "--device", "cpu")
    assert (idle.returncode, "give --latency as well" in idle.stderr) == (2, True)
