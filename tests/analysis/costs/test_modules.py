"""Modules of any making: counted by running a copy, and left as they were."""

from __future__ import annotations

import doctest
import json
import random
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.analysis.costs import modules as foreign
from archscape.analysis.costs.modules import fvcore_counts, profile_module
from archscape.analysis.costs.modules.user_code import load_module
from archscape.analysis.costs.profile import profile
from archscape.cli import main
from archscape.spaces import load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape

Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Parts(nn.Module):
    """Of everything that counting could leave a mark on."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
        self.norm = nn.BatchNorm2d(4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.head = nn.Linear(4, 2)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        x = F.dropout(F.relu(self.norm(self.conv(x))), training=True) * torch.rand(()) * random.random()
        return self.head(self.frozen(x.mean((2, 3)) + np.random.rand()))


def state(model: nn.Module) -> dict[str, object]:
    """Return all that counting must leave as it is, as bytes and names."""
    return {
        "tensors": {key: value.numpy().tobytes() for key, value in model.state_dict().items()},
        "grads": [None if p.grad is None else p.grad.numpy().tobytes() for p in model.parameters()],
        "trained": [p.requires_grad for p in model.parameters()],
        "identities": [id(p) for p in model.parameters()],
        "mode": [part.training for part in model.modules()],
        "hooks": [[list(getattr(part, kind).items()) for kind in foreign.HOOKS] for part in model.modules()],
        "attributes": [sorted(vars(part)) for part in model.modules()],
        "calls": getattr(model, "calls", 0),
        "torch": torch.get_rng_state().numpy().tobytes(),
        "python": random.getstate(),
        "numpy": np.random.get_state()[1].tobytes(),  # type: ignore[union-attr,index]
        "grad": torch.is_grad_enabled(),
        "attention": torch.backends.mha.get_fastpath_enabled(),
    }


def test_the_module_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    model, seen = Parts(), list[str]()
    model(torch.randn(2, 3, 8, 8)).sum().backward()
    model.norm.eval()  # one part at inference, the others in training
    model.conv.register_forward_hook(lambda *_: seen.append("after"))
    model.head.register_forward_pre_hook(lambda *_: seen.append("before"))
    model.head.register_full_backward_hook(lambda *_: None)
    before = state(model)
    profile = profile_module(model, input=(3, 8, 8))
    assert state(model) == before
    assert seen == []
    assert profile.macs == 3 * 3 * 3 * 4 * 6 * 6 + 4 * 4 + 4 * 2
    assert profile.params == sum(p.numel() for p in model.parameters())  # the frozen ones too


def test_the_module_is_left_as_it_was_when_it_fails() -> None:
    model = Parts()
    before = state(model)
    with pytest.raises(InputError):
        profile_module(model, input=(5, 8, 8))
    assert state(model) == before


OURS: list[tuple[str, Shape | None]] = [
    ("lenet5", None),
    ("resnet20", None),
    ("mobilenetv2", (3, 64, 64)),
    ("densenet121", (3, 64, 64)),
    ("convnext-tiny", (3, 64, 64)),
    ("seresnet50", (3, 64, 64)),
    ("deformable-resnet50", (3, 64, 64)),
    ("unet-same", (1, 32, 32)),
    ("gdn-codec", (1, 64, 64)),
    ("wavenet", (256, 64)),
    ("vae", None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "shape"), OURS, ids=[name for name, _ in OURS])
def test_our_own_networks_count_the_same_when_they_are_run(name: str, shape: Shape | None) -> None:
    network = load_network(name).at(input=shape)
    formula, costs = profile(network), profile_module(build(network), input=network.input)
    assert (costs.params, costs.macs, costs.activations) == (
        formula.params,
        formula.macs,
        formula.activations,
    )
    assert "macs" not in costs.lower_bounds
    weighted = {layer.name: layer.macs for layer in formula.layers if layer.op in ("conv", "linear")}
    assert {layer.name: layer.macs for layer in costs.layers if layer.name in weighted} == weighted


def test_layers_are_the_parts_and_what_stands_between_them() -> None:
    class Gram(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.twice = nn.Conv2d(3, 3, 3, padding=1, bias=False)
            self.idle = nn.Linear(7, 7)

        def forward(self, x: Tensor) -> Tensor:
            y = self.twice(self.twice(x)).flatten(2)
            return y @ y.mT

    profile = profile_module(Gram(), input=(3, 4, 4))
    rows = {layer.name: (layer.op, layer.shape, layer.params, layer.macs) for layer in profile.layers}
    assert rows == {
        "forward": ("Gram", (3, 3), 0, 3 * 3 * 16),
        "twice": ("Conv2d", (3, 4, 4), 81, 2 * 81 * 16),
        "idle": ("Linear", (), 56, 0),
    }
    assert profile.coverage.idle == ("idle",)


@pytest.mark.parametrize("batch_first", [False, True])
def test_attention_is_counted_though_it_runs_fused(batch_first: bool) -> None:
    n, width = 10, 16
    layer = nn.TransformerEncoderLayer(width, 4, 32, batch_first=batch_first)
    x = torch.zeros(1, n, width) if batch_first else torch.zeros(n, 1, width)
    profile = profile_module(layer, input=(x,))
    assert profile.macs == 4 * n * width**2 + 2 * n * n * width + 2 * n * width * 32
    assert "macs" not in profile.lower_bounds
    assert profile.coverage.fvcore is not None
    assert profile.coverage.fvcore < profile.macs
    assert "aten::scaled_dot_product_attention" in profile.coverage.unsupported["self_attn"]


def test_recurrent_layers_are_counted_step_by_step() -> None:
    profile = profile_module(nn.LSTM(6, 8, num_layers=2), input=torch.zeros(5, 1, 6))
    assert profile.macs == 5 * (4 * 8 * (6 + 8) + 4 * 8 * (8 + 8))


class Spectrum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.rfft(x).abs() + torch.linalg.inv(torch.eye(x.shape[-1] // 2 + 1))


def test_an_unknown_operator_makes_a_lower_bound_and_is_named_with_its_layer() -> None:
    profile = profile_module(nn.Sequential(nn.Conv1d(2, 4, 3), Spectrum()), input=(2, 9))
    assert profile.macs == 2 * 3 * 4 * 7
    assert profile.coverage.unknown == {"1": {"aten::_fft_r2c": 1, "aten::linalg_inv_ex": 1}}
    assert set(profile.lower_bounds) >= {"macs", "flops"}
    assert json.loads(json.dumps(profile.coverage.as_dict()))["unknown"] == profile.coverage.unknown


def test_what_fvcore_leaves_out_of_the_flops_is_listed_by_layer() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.BatchNorm2d(4), nn.MaxPool2d(2))
    profile = profile_module(model, input=(3, 8, 8))
    assert profile.coverage.unsupported == {"1": {"aten::gelu": 1}, "3": {"aten::max_pool2d": 1}}
    assert profile.lower_bounds == ("flops",)
    assert profile.flops == 2 * profile.macs + 2 * 4 * 36


def test_a_module_that_cannot_be_traced_still_has_its_macs() -> None:
    class Switch(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            y, at = F.max_pool2d(x, 2, return_indices=True)
            return F.max_unpool2d(y, at, 2)

    profile = profile_module(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Switch()), input=(3, 8, 8))
    assert profile.macs == 27 * 4 * 64
    assert profile.coverage.fvcore is None
    assert "TypeError" in profile.coverage.failed
    assert profile.lower_bounds == ("flops", "activations")


def test_lazy_layers_find_their_width_in_the_copy_alone() -> None:
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
    assert profile_module(model, input=(3, 8, 8)).params == 3 * 9 * 4 + 4 + 4 * 36 * 2 + 2
    assert isinstance(model[0], nn.LazyConv2d)


def test_a_compiled_module_is_counted_as_what_it_was_made_of() -> None:
    model = torch.compile(nn.Sequential(nn.Linear(3, 4)), backend="eager")
    profile = profile_module(model, input=(3,))
    assert (profile.name, profile.macs) == ("Sequential", 12)


def test_a_script_is_counted_as_a_whole() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch 2.13 calls it deprecated
        script = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()))
    profile = profile_module(nn.Sequential(script, nn.Flatten()), input=(3, 8, 8))
    assert (profile.params, profile.macs) == (112, 27 * 4 * 36)
    assert profile.lower_bounds == ("flops", "activations")
    assert next(layer.macs for layer in profile.layers if layer.name == "forward") == profile.macs


def test_a_module_on_no_device_is_counted_without_computing() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Conv2d(3, 64, 3), nn.Flatten(), nn.Linear(64 * 510 * 510, 10))
    profile = profile_module(model, input=(3, 512, 512))
    assert profile.macs == 27 * 64 * 510**2 + 64 * 510**2 * 10
    assert profile.params == 27 * 64 + 64 + 64 * 510**2 * 10 + 10


def test_results_may_be_of_any_form() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> dict[str, object]:
            y = self.conv(x)
            return {"maps": [y, x], "size": 3}

    profile = profile_module(Both(), input=(3, 8, 8))
    assert profile.macs == 27 * 4 * 36
    assert [(layer.name, layer.shape) for layer in profile.layers] == [("conv", (4, 6, 6))]


class Locked(nn.Linear):
    def __deepcopy__(self, memo: object) -> nn.Module:
        raise RuntimeError("there is one of me")


WRONG: list[tuple[nn.Module, object, str]] = [
    (nn.Linear(3, 4), (5,), r"Linear on 1x5: RuntimeError: mat1 and mat2"),
    (nn.Linear(3, 4), (0,), r"an input is the shape of one sample, such as \(3, 224, 224\), or tensors, but"),
    (nn.Linear(3, 4), (), r"an input is the shape of one sample"),
    (
        Locked(3, 4),
        (3,),
        r"test_modules.py:\d+: Locked cannot be copied, and only a copy is run: RuntimeErr",
    ),
]


@pytest.mark.parametrize(("model", "shape", "words"), WRONG)
def test_wrong_input_is_one_message(model: nn.Module, shape: Shape, words: str) -> None:
    with pytest.raises(InputError, match=words):
        profile_module(model, input=shape)


def test_profile_reads_networks_and_modules() -> None:
    model = nn.Linear(3, 4)
    assert profile(model, input=(3,)).macs == 12
    assert profile(load_network("lenet5"), input=(1, 36, 36)).network.input == (1, 36, 36)
    with pytest.raises(InputError, match=r"does not say what it reads: give input=\(3, 224, 224\)"):
        profile(model)  # type: ignore[call-overload]
    with pytest.raises(InputError, match=r"Network or of a torch.nn.Module, but got str; `archscape.load`"):
        profile("resnet50")  # type: ignore[call-overload]


FILE = """
import torch
from torch import nn
from helper_of_mine import width

print("a word of the file")

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, width, 3), nn.ReLU())

def make():
    return Net()

def sized(classes):
    return Net()

def broken():
    raise KeyError("no weights")

def number():
    return 4

ready = Net()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "helper_of_mine.py").write_text("width = 8\n")
    path = tmp_path / "net_of_mine.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("name", ["make", "Net", "ready"])
def test_a_file_gives_a_module(file: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = load_module(f"{file}:{name}")
    assert profile_module(module, input=(3, 6, 6)).macs == 27 * 8 * 16
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "a word of the file\n")


def test_what_is_wrong_with_a_file_is_one_message_with_the_place(file: Path, tmp_path: Path) -> None:
    wrong = {
        f"{file}": r"net_of_mine.py: name what makes the module, as in .*net_of_mine.py:number",
        f"{file}:mak": r"has no 'mak'; did you mean 'make'\?",
        f"{file}:sized": r"called without arguments, but sized needs classes",
        f"{file}:broken": r"net_of_mine.py:19: KeyError: 'no weights'",
        f"{file}:number": r"gives no torch.nn.Module, but int",
        f"{tmp_path}/gone.py:make": r"gone.py: no such file",
        f"{tmp_path}/torn.py:make": r"torn.py:2: SyntaxError",
        f"{tmp_path}/early.py:make": r"early.py:1: SystemExit: 3",
    }
    (tmp_path / "torn.py").write_text("import torch\ndef make(:\n")
    (tmp_path / "early.py").write_text("raise SystemExit(3)\n")
    for name, words in wrong.items():
        with pytest.raises(InputError, match=words):
            load_module(name)


@pytest.mark.parametrize("module", [foreign, fvcore_counts])
def test_the_examples_are_true(module: Callable[..., object]) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_command_profiles_a_file(archscape: Run, file: Path) -> None:
    done = archscape("profile", f"{file}:make", "--input", "3x6x6", "--format", "json")
    report = json.loads(done.stdout)
    assert (report["macs"], report["params"], report["input"]) == (27 * 8 * 16, 224, [3, 6, 6])
    keys = {"name", "op", "shape", "params", "macs", "activations", "receptive_field"}
    assert all(keys <= layer.keys() for layer in report["layers"])
    assert {"network", "flops", "activations", "convention", "coverage", "lower_bounds"} <= report.keys()
    assert "a word of the file" in done.stderr


def test_the_command_marks_lower_bounds_and_names_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spectral_of_mine.py"
    path.write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def forward(self, x):\n"
        "        return torch.fft.rfft(x).abs()\n"
    )
    with pytest.raises(SystemExit) as ended:
        main(["profile", f"{path}:Net", "--input", "2x8"])
    printed = capsys.readouterr()
    assert ended.value.code == 0
    assert "macs, at least" in printed.out
    assert "forward: aten::_fft_r2c x1 may hold products and is not counted" in printed.err


MESSAGES = [
    (("profile", "{file}:make"), "give --input CxHxW, as in 3x224x224"),
    (("profile", "{file}:make", "--input", "3x0x6"), "as in 3x224x224, but got '3x0x6'"),
    (("profile", "{file}:make", "--input", "4x6x6"), "Net on 1x4x6x6: RuntimeError: Given groups=1"),
    (("profile", "{file}:broken", "--input", "3x6x6"), "net_of_mine.py:19: KeyError: 'no weights'"),
    (("profile", "{file}:make", "--input", "3x6x6", "--convention", "thop"), "counted in other conventions"),
    (("profile", "{file}:make", "--input", "3x6x6", "--memory"), "only networks of ours say what they hold"),
    (("profile", "lenet5", "--memory", "--convention", "thop"), "are two tables; give one, or --format json"),
    (("lint", "{file}:make"), "only `archscape profile` and `compare` run a Python file"),
]


@pytest.mark.parametrize(("arguments", "words"), MESSAGES)
def test_the_command_says_what_is_wrong_in_one_message(
    file: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([part.format(file=file) for part in arguments])
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
