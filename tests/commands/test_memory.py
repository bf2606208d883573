"""`archscape memory`, and `profile --memory` as its alias."""

import csv
import io
import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

Run = Callable[..., "CompletedProcess[str]"]


def test_a_line_for_each_use(archscape: Run) -> None:
    done = archscape(
        "profile", "vgg16", "--memory", "--optimizer", "adamw", "--fit", "2GiB", "--format", "csv"
    )
    rows = {row["memory"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert list(rows) == ["inference, graph", "inference, eager", "training, adamw"]
    assert rows["inference, graph"]["activations"] == str(2 * 4 * 64 * 224 * 224)
    assert int(rows["training, adamw"]["state"]) == 2 * 4 * 138_357_544
    assert rows["inference, graph"]["batch in 2GiB"] == "62"
    assert rows["training, adamw"]["batch in 2GiB"] == "0"
    assert "tensor bytes" in done.stderr


def test_json_adds_keys_to_those_of_a_profile(archscape: Run) -> None:
    plain = json.loads(archscape("profile", "lenet5", "--format", "json").stdout)
    held = json.loads(archscape("profile", "lenet5", "--memory", "--batch", "8", "--format", "json").stdout)
    memory = held.pop("memory")
    made = {layer["name"]: layer.pop("bytes") for layer in held["layers"]}
    assert held == plain
    assert made["conv1"] == 8 * 4 * 6 * 28 * 28
    assert (memory["batch"], memory["dtype"], memory["fit"]) == (8, "float32", None)
    assert memory["inference"]["graph"]["peak"] <= memory["inference"]["eager"]["peak"]
    parts = ("weights", "state", "gradients", "activations")
    assert memory["training"]["peak"] == sum(memory["training"][part] for part in parts)


@pytest.mark.parametrize("form", ["table", "json", "csv", "md", "latex"])
def test_the_flag_of_profile_is_an_alias(archscape: Run, form: str) -> None:
    options = ("lenet5", "--batch", "4", "--optimizer", "adam", "--fit", "1MB", "--format", form)
    command, flag = archscape("memory", *options), archscape("profile", "--memory", *options)
    assert command.returncode == 0, command.stderr
    assert (command.stdout, command.stderr) == (flag.stdout, flag.stderr)


def test_the_command_takes_another_input(archscape: Run) -> None:
    held = json.loads(archscape("memory", "resnet18", "--input", "3x64x64", "--format", "json").stdout)
    assert held["input"] == [3, 64, 64]
    assert held["layers"][0]["bytes"] == 4 * 64 * 32 * 32


def test_a_target_shows_what_a_small_device_needs(archscape: Run) -> None:
    done = archscape("memory", "lenet5", "--target", "tflm", "--board", "pico", "--format", "json")
    report = json.loads(done.stdout)
    need = report["memory"]["target"]
    assert (need["runtime"], need["dtype"], need["board"]) == ("tflm", "int8", "pico")
    assert need["sram"] == need["arena"] + need["persistent"]
    assert need["limits"] == {"sram": 264 * 2**10, "flash": 2**21}
    assert need["fits"] is True
    assert report["network"] == "lenet5"


def test_a_network_that_does_not_fit_a_board_is_told(archscape: Run) -> None:
    done = archscape("memory", "alexnet", "--target", "tflm", "--dtype", "float32", "--board", "pico")
    assert done.returncode == 0
    assert "of 264KiB" in done.stdout
    assert "It does not fit, by its sram and flash: Raspberry Pi Pico, RP2040" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target", "tflmm"), "--target: no target 'tflmm'; did you mean 'tflm'"),
        (
            ("--target", "tflm", "--board", "pica"),
            "`archscape list boards` has no 'pica'; did you mean 'pico'",
        ),
        (
            ("--target", "tflm", "--dtype", "float16"),
            "--dtype of tflm is one of int8, float32, but got 'float16'",
        ),
        (("--target", "tflm", "--batch", "2"), "--batch is not of a small device; leave out --target"),
        (("--board", "pico"), "--board is one of a small device; give --target as well"),
        (("--fit", "3G"), "as in 16GiB, but got '3G'"),
        (("--optimizer", "adem"), "did you mean 'adam'"),
        (("--dtype", "int3"), "int3"),
        (("--input", "3x2"), "archscape: "),
    ],
)
def test_wrong_options_of_the_command_are_named(archscape: Run, options: tuple[str, ...], words: str) -> None:
    done = archscape("memory", "lenet5", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--batch", "8"), "--batch says how memory is counted; give --memory as well"),
        (("--memory", "--fit", "3G"), "as in 16GiB, but got '3G'"),
        (("--memory", "--fit", "999999999999999999GiB"), "a size is at most 1,073,741,824 GiB"),
        (("--memory", "--optimizer", "adem"), "did you mean 'adam'"),
    ],
)
def test_wrong_options_are_named(archscape: Run, options: tuple[str, ...], words: str) -> None:
    done = archscape("profile", "lenet5", *options)
    assert done.returncode == 2
    assert words in done.stderr
