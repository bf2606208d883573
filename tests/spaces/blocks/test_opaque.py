"""Modules that are no block of ours: run to find their shape and costs, imported by the source."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor as TorchTensor
from torch import nn

from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.spaces import Network, Row, SpaceError
from archscape.spaces.blocks import block
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.source import source
from archscape.spaces.errors import ShapeError
from archscape.spaces.graph import Tensor, Totals
from archscape.spaces.operators.opaque import Opaque, module_class, opaque
from archscape.spaces.testing import check


class Mixer(nn.Module):
    """A depthwise convolution, a norm and a product of maps, times a learned number for each channel."""

    def __init__(self, channels: int, kernel: int = 3, scale: float = 1.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.weight = nn.Parameter(torch.rand(channels, 1, 1) * scale)

    def forward(self, x: TorchTensor) -> TorchTensor:
        y = nn.functional.gelu(self.norm(self.conv(x))) * self.weight
        return torch.matmul(y, y.transpose(2, 3))


class Pair(nn.Module):
    """Gives two tensors."""

    def forward(self, x: TorchTensor) -> tuple[TorchTensor, TorchTensor]:
        return x, x


class Sliced(nn.Module):
    """No tracer follows it: a part that raises is replaced, and a slice of a parameter goes into another."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fast, self.drop = Pair(), nn.Dropout()
        self.slow = nn.Conv2d(channels, channels, 3, padding="same", bias=False)
        self.shift = nn.Parameter(torch.zeros(1, 64, 1, 1))

    def forward(self, x: TorchTensor) -> TorchTensor:
        try:
            result: TorchTensor = self.fast(x, x)
        except TypeError:
            result = self.slow(x) + self.drop(self.shift[:, : x.shape[1]])
        return result


class Difference(nn.Module):
    """Reads two maps."""

    def forward(self, x: TorchTensor, y: TorchTensor) -> TorchTensor:
        return x - y


@pytest.fixture(autouse=True)
def my_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The classes above as those of a user's file that has been loaded."""
    module = ModuleType("my_blocks")
    vars(module).update(Mixer=Mixer, Pair=Pair, Difference=Difference, Sliced=Sliced)
    monkeypatch.setitem(sys.modules, "my_blocks", module)


@block(styled=False)
def enlarge(x: Tensor, *, scale: int = 2) -> Tensor:
    """A pixel shuffle of PyTorch."""
    return opaque(x, path="torch.nn.PixelShuffle", args=(("upscale_factor", scale),))


@block(styled=False)
def projection(x: Tensor, *, width: int, bias: bool = True) -> Tensor:
    """A convolution of PyTorch; its input channels are those of the map."""
    args = (("out_channels", width), ("kernel_size", 1), ("bias", bias))
    return opaque(x, path="torch.nn.Conv2d", args=args)


@block(styled=False)
def mixer(x: Tensor, *, kernel: int = 3) -> Tensor:
    """A module of the user's own."""
    return opaque(x, path="my_blocks.Mixer", args=(("kernel", kernel), ("scale", Fraction(1, 2))))


@block(styled=False)
def change(x: Tensor, *, kernel: int = 3) -> Tensor:
    """What the mixer changes."""
    return opaque(mixer(x, kernel=kernel), x, path="my_blocks.Difference")


def network(*rows: Row, shape: tuple[int, ...] = (8, 12, 12)) -> Network:
    uses = (enlarge, projection, mixer, change)
    return Network(name="own", input=shape, layers=rows, uses=uses)


@pytest.mark.parametrize(("width", "bias"), [(4, True), (12, False)])
def test_a_module_of_pytorch_is_counted_as_a_block_is(width: int, bias: bool) -> None:
    check(projection, ranks=(2,), width=width, bias=bias)


def test_a_module_without_weights_costs_nothing_that_is_counted() -> None:
    net = network(Row("enlarge"))
    assert net.body.shape == (2, 24, 24)
    assert net.totals == Totals(0, 0, 0, 0)


def test_a_users_module_has_its_own_parameters_and_the_products_that_run() -> None:
    net = network(Row("mixer", kernel=5))
    conv, product = 25 * 8 * 12 * 12, 8 * 12 * 12 * 12
    assert net.totals == Totals(8 * 25 + 2 * 8 + 8, conv + product, 0, 8 * 12 * 12 + 8 * 12 * 12)


def test_what_is_not_counted_is_told() -> None:
    op = Opaque("my_blocks.Mixer", (("channels", 8),))
    assert op.unsupported(((8, 12, 12),)) == {"aten::gelu": 1, "aten::mul": 1}
    assert Opaque("torch.nn.Tanh", ()).unsupported(((3,),)) == {"aten::tanh": 1}


def test_what_no_tracer_follows_is_counted() -> None:
    op = Opaque("my_blocks.Sliced", (("channels", 8),))
    costs = op.costs(((8, 12, 12),), (8, 12, 12))
    assert costs == Totals(9 * 8 * 8 + 64, 9 * 8 * 8 * 12 * 12, 0, 8 * 12 * 12)


def test_required_channels_are_filled_in_and_others_are_not() -> None:
    ops = [node.op for node in network(Row("projection", width=3), Row("mixer")).graph.flatten().nodes]
    assert [dict(op.args) for op in ops if isinstance(op, Opaque)] == [  # type: ignore[arg-type]
        {"in_channels": 8, "out_channels": 3, "kernel_size": 1, "bias": True},
        {"channels": 3, "kernel": 3, "scale": Fraction(1, 2)},
    ]


def test_the_source_imports_what_is_not_pytorchs_and_builds() -> None:
    net = network(Row("mixer"), Row("enlarge"), Row("projection", width=5, bias=False))
    text = source(net)
    assert "from torch import Tensor, nn\n\nfrom my_blocks import Mixer\n" in text
    flat = " ".join(text.split())
    assert "Mixer(channels=8, kernel=3, scale=0.5)" in flat
    assert "nn.PixelShuffle(upscale_factor=2)" in flat
    assert "nn.Conv2d( in_channels=2, out_channels=5, kernel_size=1, bias=False )" in flat
    assert build(net)(torch.zeros(2, *net.input)).shape == (2, *net.body.shape)


def test_numbers_that_differ_become_parameters_of_one_class() -> None:
    text = source(network(Row("change", kernel=3), Row("change", kernel=5)))
    assert text.count("class Change") == 1
    assert "from my_blocks import Difference\nfrom my_blocks import Mixer\n" in text


def test_a_module_may_bear_the_name_of_a_class_of_ours() -> None:
    net = Network(name="mixer", input=(8, 12, 12), layers=(Row("mixer"), Row("mixer")), uses=(mixer,))
    assert build(net)(torch.zeros(2, 8, 12, 12)).shape == (2, 8, 12, 12)


def test_two_uses_differ_by_their_arguments_alone() -> None:
    assert network(Row("mixer")).hash() == network(Row("mixer", kernel=3)).hash()
    assert network(Row("mixer")).hash() != network(Row("mixer", kernel=5)).hash()
    assert Opaque("torch.nn.Upsample", (("mode", "none"),)).attributes() != (
        Opaque("torch.nn.Upsample", (("mode", None),)).attributes()
    )


def test_a_module_sees_the_whole_map() -> None:
    assert list(receptive_fields(network(Row("mixer")).graph).values()) == [(12, 12)]


def test_counting_leaves_pytorchs_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    op = Opaque("torch.nn.Conv2d", (("in_channels", 3), ("out_channels", 7), ("kernel_size", 2)))
    op.costs(((3, 9, 9),), op.shape((3, 9, 9)))
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(
    ("path", "args", "message"),
    [
        ("torch.nn.PixelShuffle", (("upscale_factor", 3),), "PixelShuffle on 8x12x12: RuntimeError: "),
        ("torch.nn.PixelShuffle", (), "PixelShuffle on 8x12x12: TypeError: .*'upscale_factor'"),
        ("torch.nn.PixelShuffle", (("factor", 2),), "PixelShuffle on 8x12x12: TypeError: .*'factor'"),
        ("my_blocks.Pair", (), "a module gives one map or vector for each sample, but Pair gives tuple"),
    ],
)
def test_a_module_that_fails_says_so_in_one_line(
    path: str, args: tuple[tuple[str, int], ...], message: str
) -> None:
    with pytest.raises(ShapeError, match=message) as caught:
        Opaque(path, args).shape((8, 12, 12))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "torch.nn.PixelShufle",
            r"'torch.nn.PixelShufle' is no torch.nn.Module; did you mean 'PixelShuffle'\?",
        ),
        ("torch.nn.functional.relu", "is no torch.nn.Module"),
        ("subprocess.Popen", "is no torch.nn.Module"),
        ("unheard_of.Mixer", "the module 'unheard_of' of 'unheard_of.Mixer' is not loaded"),
        ("Mixer", "the module '' of 'Mixer' is not loaded"),
    ],
)
def test_only_modules_of_pytorch_and_of_loaded_files_are_found(path: str, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        module_class(path)


def test_naming_a_class_imports_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SpaceError, match="is not loaded"):
        module_class("trap.Trap")
