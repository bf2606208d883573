"""The commands as a user types them: results on standard output, one message and status 2 for wrong input."""

from __future__ import annotations

import csv
import errno
import importlib.util
import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import typer

from archscape.cli import app, main
from archscape.spaces import Network, Space, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.formats import FORMATS

Run = Callable[..., "subprocess.CompletedProcess[str]"]

JOB = str(Path(__file__).parents[2] / "examples" / "digits.yaml")
WRONG = [
    (("profile", "resnet5"), "did you mean 'resnet50'?"),
    (("profile", "cifar"), "cifar is a space; a network is needed here"),
    (("profile", "missing.yaml"), "missing.yaml: no such file"),
    (("profile", "lenet5", "--input", "1x8x8"), "conv2 on 6x2x2: a window of 5 does not fit"),
    (("profile", "resnet50", "--input", "224x224"), "as in 3x224x224, but got '224x224'; did you mean"),
    (("memory", "resnet50", "--input", "224x224x3"), "channels stand first"),
    (("compare", "lenet5", "--input", "1x32x32x32"), "lenet5 reads 1 channels and 2 extents"),
    (("profile", JOB), "digits.yaml:2:1: this is a job, for `archscape search`"),
    (("profile", "lenet5", "--input", "huge"), "as in 3x224x224, but got 'huge'"),
    (("space", "resnet50"), "resnet50 is a network; a space"),
    (("list", "resnet50"), "'resnet50' is a network, not a block: `archscape profile resnet50` shows it\n"),
    (("list", "nasnet"), "'nasnet' is a space, not a block: `archscape space nasnet` shows it\n"),
    (("list", "con"), "there is no block or topic 'con'; did you mean 'conv'?\n"),
    (("search", "missing.yaml"), "missing.yaml: no such file"),
    (("report", "."), "not the folder of a search"),
    (("report",), "which study? give the folder of a search, or --study NAME and --storage URL"),
    (("worker",), "which study? give --storage URL, and --study NAME if it holds several"),
    (("study", "list"), "which storage? give --storage URL, or the folder of a search"),
    (
        ("export", "lenet5", "--format", "zebra"),
        f"no format 'zebra'; it knows {', '.join(sorted([*FORMATS, 'bundle']))}",
    ),
    (("export", "lenet5", "--format", "bundel"), "no format 'bundel'; did you mean 'bundle'"),
    (("export", "lenet5", "--format", "weights"), "lenet5 has no trained weights"),
    (("export", "lenet5", "--trial", "3"), "--trial 3 needs the folder of a search"),
    (("export", "."), "not the folder of a search"),
    (("export", "lenet5", "--out", "/dev/null"), "/dev/null: "),
]


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_input_is_one_message_and_status_2(
    archscape: Run, arguments: tuple[str, ...], words: str
) -> None:
    done = archscape(*arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_profile_json_holds_the_contract(archscape: Run) -> None:
    done = archscape("profile", "lenet5", "--format", "json")
    report = json.loads(done.stdout)
    assert report["network"] == "lenet5"
    assert report["input"] == [1, 32, 32]
    assert (report["params"], report["macs"]) == (61_706, 416_520)  # SYSTEMS.md, lenet5
    assert {"flops", "activations", "convention", "coverage"} <= report.keys()
    keys = {"name", "op", "shape", "params", "macs", "activations", "receptive_field"}
    assert all(keys <= layer.keys() for layer in report["layers"])
    assert sum(layer["params"] for layer in report["layers"]) == report["params"]
    assert next(layer for layer in report["layers"] if layer["name"] == "conv1")["shape"] == [6, 28, 28]


def test_profile_table_names_its_convention(archscape: Run) -> None:
    done = archscape("profile", "resnet18")
    assert "11,689,512" in done.stdout
    assert "1,814,073,344" in done.stdout
    assert "no bias" in done.stderr


def test_profile_csv_has_a_line_a_layer(archscape: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(archscape("profile", "vgg16", "--format", "csv").stdout)))
    assert sum(int(row["params"]) for row in rows) == 138_357_544  # SYSTEMS.md, vgg16


def test_profile_takes_another_input(archscape: Run) -> None:
    report = json.loads(archscape("profile", "resnet50", "--input", "3x64x64", "--format", "json").stdout)
    assert report["input"] == [3, 64, 64]
    assert report["params"] == 25_557_032


def test_profile_reads_a_file(archscape: Run, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(load_network("lenet5").to_yaml())
    assert json.loads(archscape("profile", "net.yaml", "--format", "json").stdout)["macs"] == 416_520


@pytest.mark.slow
def test_compare_prints_markdown_and_writes_a_page(archscape: Run, tmp_path: Path) -> None:
    done = archscape("compare", "lenet5", "resnet20", "--format", "md", "--out", "page.html")
    assert "| resnet20 | 3x32x32 | 272,474 |" in done.stdout
    page = (tmp_path / "page.html").read_text()
    assert "lenet5" in page
    assert "272,474" in page


@pytest.mark.slow
def test_space_counts_and_samples(archscape: Run) -> None:
    counted = json.loads(archscape("space", "digits", "--count", "--format", "json").stdout)
    assert counted[0]["decision lists"] == Space.load("digits").count()
    drawn = json.loads(archscape("space", "cifar", "--sample", "3", "--seed", "1", "--format", "json").stdout)
    for row in drawn:
        network = Network.from_json(row["network"])
        assert network.hash() == row["hash"]
        assert network.totals.params == row["params"] <= 1_000_000
    assert archscape("space", "cifar").stdout.startswith("space: cifar")


def test_export_writes_a_module_that_needs_torch_alone(archscape: Run, tmp_path: Path) -> None:
    done = archscape("export", "mobilenetv2", "--out", "out")
    assert done.returncode == 0, done.stderr
    spec = importlib.util.spec_from_file_location("exported", tmp_path / "out" / "mobilenetv2.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model, own = module.Mobilenetv2(), build(load_network("mobilenetv2"))
    model.load_state_dict(own.state_dict(), strict=True)
    image = torch.randn(1, 3, 64, 64)
    assert torch.equal(model.eval()(image), own.eval()(image))
    again = Network.from_yaml((tmp_path / "out" / "mobilenetv2.yaml").read_text())
    assert again == load_network("mobilenetv2")


@pytest.mark.slow
def test_list_names_every_catalog_file_and_the_members_of_families(archscape: Run, root: Path) -> None:
    names = {row["name"] for row in json.loads(archscape("list", "--format", "json").stdout)}
    files = {path.stem for path in (root / "spaces" / "catalog").glob("*.yaml")}
    families = {"efficientnet", "regnetx", "regnety"}
    assert files - names == families
    assert {name.rpartition("-")[0] for name in names - files} == families


def commands(group: Any, *words: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command of a group, and of the groups in it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *words, name)
        else:
            yield (*words, name)


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    known = list(commands(typer.main.get_command(app)))
    assert {("search",), ("worker",), ("study", "list"), ("study", "delete")} <= set(known)
    for words in known:
        with pytest.raises(SystemExit) as end:
            main([*words, "--help"])
        assert end.value.code == 0
        page = capsys.readouterr().out
        assert f"Usage: archscape {' '.join(words)}" in page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "too_heavy"),
    [
        (["profile", "lenet5", "--format", "csv"], ["torch", "optuna", "numpy"]),
        (["compare", "lenet5", "vgg16"], ["torch", "optuna", "numpy"]),
        (["diff", "lenet5", "vgg16"], ["torch", "optuna", "numpy"]),
        (["study", "list", "--storage", "none.db"], ["torch"]),
        (["worker"], ["torch"]),
    ],
)
def test_a_light_command_loads_nothing_heavy(arguments: list[str], too_heavy: list[str]) -> None:
    heavy = {"pandas", "plotly", "ray", "sklearn", "matplotlib", *too_heavy}
    code = (
        "import sys\n"
        "from archscape.cli import main\n"
        f"try:\n    main({arguments})\n"
        "except SystemExit:\n    pass\n"
        f"heavy = {heavy} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 1), (errno.EIO, 1), (errno.EACCES, 2)])
def test_a_full_disk_is_no_wrong_input(
    number: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scheduler starts again what ends with 1, and gives up on 2."""

    def refuse(**options: object) -> None:
        raise OSError(number, os.strerror(number), "/run/study.json")

    monkeypatch.setattr("archscape.cli.app", refuse)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == status
    assert capsys.readouterr().err == f"archscape: /run/study.json: {os.strerror(number)}\n"


def test_a_process_that_cannot_be_started_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**options: object) -> None:
        os.pipe()

    monkeypatch.setattr("archscape.cli.app", refuse)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limit[1]))
    try:
        with pytest.raises(SystemExit) as ended:
            main([])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert ended.value.code == 1
    assert capsys.readouterr().err == "archscape: Too many open files\n"
