"""`archscape field`."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., "CompletedProcess[str]"]


@pytest.mark.slow
def test_a_layer_is_told_and_drawn(archscape: Run, tmp_path: Path) -> None:
    done = archscape("field", "lenet5", "avgpool2", "--out", "field.svg", "--format", "csv")
    assert done.returncode == 0, done.stderr
    first, second = csv.DictReader(io.StringIO(done.stdout))
    assert (first["receptive_field"], first["jump"], first["centre"]) == ("16", "4.0", "7.5")
    assert 0 < float(second["effective"]) <= 16
    assert done.stderr.strip() == "field.svg"
    assert (tmp_path / "field.svg").is_file()


@pytest.mark.slow
def test_trained_weights_are_read(archscape: Run, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from archscape.spaces import load_network

    save_file(load_network("lenet5").build().state_dict(), tmp_path / "lenet5.safetensors")
    done = archscape("field", "lenet5", "conv2", "--weights", "lenet5.safetensors")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("conv9",), "lenet5 has no layer 'conv9'"),
        (("conv1", "--out", "field.jpeg"), "a figure is one of .svg, .png, .pdf"),
        (("conv1", "--out", "none/field.svg"), "none: no such folder"),
        (("conv1", "--weights", "none.safetensors"), "none.safetensors: no weights"),
        (("conv1", "--seed", str(2**63)), "--seed"),
    ],
)
def test_wrong_options_are_named(archscape: Run, options: tuple[str, ...], words: str) -> None:
    done = archscape("field", "lenet5", *options)
    assert done.returncode == 2
    assert words in done.stderr
