"""A `.pt2` file: its graph is read as text, and nothing in the archive is ever unpickled."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

from archscape.analysis.costs.foreign import profile_file
from archscape.analysis.costs.foreign.pt2 import LARGEST
from archscape.spaces.errors import InputError

Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Small(nn.Module):
    """A convolution, an attention by hand, and a parameter that nothing reads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.unread = nn.Parameter(torch.zeros(5))

    def forward(self, image: Tensor) -> Tensor:
        x = self.norm(self.conv(image)).flatten(2)
        return torch.softmax(x @ x.mT, -1) @ x


def save(module: nn.Module, path: Path, *samples: Tensor, **options: Any) -> Path:
    """Write a module as `torch.export.save` does."""
    torch.export.save(torch.export.export(module.eval(), samples, **options), path)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sizes = {0: Dim("batch"), 2: Dim("height", min=4), 3: Dim("width", min=4)}
    return save(
        Small(),
        tmp_path_factory.mktemp("pt2") / "small.pt2",
        torch.zeros(2, 3, 8, 10),
        dynamic_shapes=(sizes,),
    )


def test_products_parameters_and_names_are_those_of_the_module(small: Path) -> None:
    file = profile_file(small)
    layers = {layer.op: layer for layer in file.layers}
    assert dict(file.inputs) == {"image": (3, 8, 10)}
    assert (layers["conv2d"].name, layers["conv2d"].shape, layers["conv2d"].params) == (
        "conv",
        (8, 8, 10),
        216,
    )
    assert layers["conv2d"].macs == layers["conv2d"].activations * 27 == 8 * 80 * 27
    assert [(layer.macs, layer.activations) for layer in file.layers if layer.op == "matmul"] == [
        (8 * 8 * 80, 0)
    ] * 2
    assert layers["never read"] == ("unread", "never read", (5,), 5, 0, 0, 0)
    assert file.params == sum(p.numel() for p in Small().parameters())
    assert file.lower_bounds == ()


def test_open_sizes_are_those_asked_for(small: Path) -> None:
    file = profile_file(small, input=(3, 16, 20))
    assert file.macs == 4 * 8 * 80 * 27 + 2 * 8 * 8 * 320
    assert profile_file(small, input={"image": (3, 16, 20)}).macs == file.macs
    with pytest.raises(InputError, match=r"--input: .* reads 3xs\d+xs\d+ as 'image', but got 1x16x20"):
        profile_file(small, input=(1, 16, 20))
    with pytest.raises(InputError, match="has no input 'picture'; it reads image"):
        profile_file(small, input={"picture": (3, 16, 20), "image": (3, 8, 8)})


class Opaque(nn.Module):
    """An operator that nobody knows how to count, and one whose arithmetic is not counted."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.fft(x).real.cumprod(1)


def test_operators_that_are_not_known_are_named(tmp_path: Path) -> None:
    file = profile_file(save(Opaque(), tmp_path / "net.pt2", torch.zeros(1, 8)))
    assert dict(file.coverage.unknown) == {"fft_fft": ("fft_fft",)}
    assert dict(file.coverage.uncounted) == {"cumprod": ("cumprod",)}
    assert file.lower_bounds == ("macs", "flops", "activations")
    assert "lower bounds: macs, flops, activations" in file.title


def test_a_batch_that_is_fixed_is_told(tmp_path: Path) -> None:
    file = profile_file(save(nn.Linear(4, 2), tmp_path / "net.pt2", torch.zeros(8, 4)))
    assert file.macs == 8 * 8
    assert file.notes == ("Its batch is fixed at 8: costs are those of all 8 samples.",)


class Bomb:
    """Runs a command of the shell where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.mark}",)


@pytest.fixture
def bomb(small: Path, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A file all of whose members but the graph are bombs, and the mark that an explosion leaves."""
    path, mark = tmp_path / "hostile.pt2", tmp_path / "exploded"
    charge = pickle.dumps(Bomb(mark))
    inner = tmp_path / "inner.pt"
    torch.save(Bomb(mark), inner)
    with zipfile.ZipFile(small) as original, zipfile.ZipFile(path, "w") as hostile:
        for name in original.namelist():
            content = charge if "/data/weights/weight" in name else original.read(name)
            hostile.writestr(name, inner.read_bytes() if name.endswith(".pt") else content)
        hostile.writestr("../../outside.json", "{}")
        hostile.writestr("small/data.pkl", charge)
        hostile.writestr("small/code/__torch__.py", f"import os; os.system('touch {mark}')")
    yield path, mark
    assert not mark.exists(), "the file ran"


def test_a_hostile_archive_is_looked_at_without_running_anything(
    bomb: tuple[Path, Path], small: Path
) -> None:
    path, mark = bomb
    assert profile_file(path).macs == profile_file(small).macs
    with zipfile.ZipFile(path) as archive:
        pickle.loads(archive.read("small/data.pkl"))
    assert mark.exists(), "it is a bomb"
    mark.unlink()
    assert profile_file(path).layers == profile_file(small).layers


@pytest.mark.slow
def test_commands_run_nothing_of_it(bomb: tuple[Path, Path], archscape: Run) -> None:
    path, mark = bomb
    done = archscape("compare", str(path), "lenet5", "--out", "page.html")
    assert done.returncode == 0, done.stderr
    refused = archscape("lint", str(path))
    assert (refused.returncode, mark.exists()) == (2, False)
    assert "only `archscape profile` and `compare` read such a file" in refused.stderr


def rewritten(path: Path, target: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Write an archive anew with another graph."""
    with zipfile.ZipFile(path) as archive:
        tree = json.loads(archive.read("small/models/model.json"))
    result = change(tree)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("small/models/model.json", json.dumps(tree if result is None else result))
    return target


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: [],
        lambda tree: tree.pop("graph_module"),
        lambda tree: tree["graph_module"]["graph"].update(nodes=[1]),
        lambda tree: tree["graph_module"]["graph"].update(tensor_values={}),
        lambda tree: tree["graph_module"]["graph"]["nodes"][0].update(inputs=3),
        lambda tree: tree["graph_module"]["signature"].update(input_specs=[{}]),
    ],
)
def test_a_graph_of_another_form_is_one_error(
    small: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    def changed(tree: dict[str, Any]) -> object:
        result = change(tree)
        return result if isinstance(result, list) else None

    path = rewritten(small, tmp_path / "other.pt2", changed)
    with pytest.raises(
        InputError, match=r"its graph is not as PyTorch 2\.13 writes it, or is damaged"
    ) as raised:
        profile_file(path)
    assert len(str(raised.value).splitlines()) == 1


def test_operators_that_a_file_makes_up_are_not_called(small: Path, tmp_path: Path) -> None:
    def change(tree: dict[str, Any]) -> None:
        nodes = tree["graph_module"]["graph"]["nodes"]
        nodes[0]["target"] = "torch.ops.aten.from_file.default"
        nodes[1]["target"] = "os.system\x1b[2J"

    file = profile_file(rewritten(small, tmp_path / "other.pt2", change))
    assert {"from_file", "os.system\\x1b[2J"} <= file.coverage.unknown.keys()


def test_a_bomb_of_zeros_is_not_unpacked(tmp_path: Path) -> None:
    """A member that says it is larger than any graph, and deep nesting, are errors and no crash."""
    path = tmp_path / "large.pt2"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a/models/a.json", "w") as member,
    ):
        for _ in range(LARGEST // 2**24 + 1):
            member.write(bytes(2**24))
    assert path.stat().st_size < 2**20
    with pytest.raises(InputError, match="its graph is larger than 256 MiB"):
        profile_file(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/models/a.json", "[" * 200_000)
    with pytest.raises(InputError, match="or is damaged"):
        profile_file(path)


def test_an_archive_without_a_graph_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../models/../model.json", "{}")
    with pytest.raises(InputError, match=r"none\.pt2: holds 0 graphs, and one is what torch"):
        profile_file(path)
