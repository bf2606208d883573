"""`archscape lint`."""

import csv
import io
import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

Run = Callable[..., "CompletedProcess[str]"]


def test_findings_are_told_with_reason_and_source(archscape: Run) -> None:
    done = archscape("lint", "alexnet")
    assert done.returncode == 0
    assert "2 of 3x3, 96 to 156 to 256 channels; saves 19%" in done.stdout
    assert "Why: two 3x3 see as much as one 5x5 for 18C^2 against 25C^2" in done.stderr
    assert "(Lin et al. 2014, Network in network)." in done.stderr


def test_csv_has_a_line_for_each_finding(archscape: Run) -> None:
    done = archscape("lint", "resnet50-paper", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["severity"] for row in rows] == ["warning"] * 3
    assert rows[0]["layer"] == "bottleneck2.0.projection_conv and 1 alike"
    assert (rows[0]["params"], rows[0]["params_after"]) == ("163840", "163840")


def test_json_has_all_of_a_finding(archscape: Run) -> None:
    report = json.loads(archscape("lint", "vgg16", "--format", "json", "--input", "3x64x64").stdout)
    assert (report["network"], report["input"]) == ("vgg16", [3, 64, 64])
    (finding,) = report["findings"]
    assert (finding["rule"], finding["row"], finding["layers"]) == ("heavy-head", "linear1", ["linear1"])
    assert finding["reason"]
    assert finding["source"]


@pytest.mark.slow
def test_a_network_without_findings(archscape: Run) -> None:
    done = archscape("lint", "mobilenetv2")
    assert (done.returncode, done.stdout) == (0, "")
    assert "mobilenetv2 follows every rule of docs/guidelines.md" in done.stderr
    assert json.loads(archscape("lint", "mobilenetv2", "--format", "json").stdout)["findings"] == []


@pytest.mark.parametrize(("name", "status"), [("vgg16", 0), ("pix2pix", 1)])
def test_strict_fails_on_warnings_alone(archscape: Run, name: str, status: int) -> None:
    assert archscape("lint", name, "--strict").returncode == status


def test_an_unknown_network_is_named(archscape: Run) -> None:
    done = archscape("lint", "vgg61")
    assert done.returncode == 2
    assert "vgg61" in done.stderr


def test_with_a_target_what_its_runtime_lacks_is_found_too(archscape: Run) -> None:
    done = archscape("lint", "alexnet", "--target", "tflm", "--strict", "--format", "csv")
    rows = [row for row in csv.DictReader(io.StringIO(done.stdout)) if row["rule"] == "missing-operator"]
    assert done.returncode == 1
    assert [row["layer"] for row in rows] == ["lrn1", "lrn2"]
    assert rows[0]["measured"] == "TensorFlow Lite Micro lacks LOCAL_RESPONSE_NORMALIZATION"
    assert rows[0]["alternative"] == "a batch norm, which goes into the convolution before it"
    assert "at commit 90b983c" in done.stderr
    assert "missing-operator" not in archscape("lint", "alexnet").stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target", "tflmm"), "no target 'tflmm'; did you mean 'tflm'"),
        (("--target", "tflm", "--dtype", "int4"), "there is no type 'int4' on small devices"),
        (("--dtype", "int8"), "--dtype is the type on a small device; give --target as well"),
    ],
)
def test_a_wrong_target_is_named(archscape: Run, options: tuple[str, ...], words: str) -> None:
    done = archscape("lint", "lenet5", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
