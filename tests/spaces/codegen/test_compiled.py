"""Modules that pickle: copied, saved whole, sent to processes that know nothing of their class."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import linecache
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import multiprocessing, nn
from torch.optim.swa_utils import AveragedModel

from archscape.spaces import load_network
from archscape.spaces.codegen.build import build

NAMES = ("lenet5", "resnet20", "mobilenetv3-small", "vae")


def same_output(one: nn.Module, other: nn.Module, name: str) -> bool:
    x = torch.rand(2, *load_network(name).input)
    with torch.no_grad():
        return all(torch.equal(a, b) for a, b in zip(flat(one.eval()(x)), flat(other.eval()(x)), strict=True))


def flat(output: object) -> list[torch.Tensor]:
    return [output] if isinstance(output, torch.Tensor) else list(output)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_pickled_with_its_state(name: str) -> None:
    module = build(load_network(name))
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.05)
    loaded = pickle.loads(pickle.dumps(module))
    assert type(loaded) is type(module)
    assert same_output(module, loaded, name)


def test_a_copy_has_the_class_of_its_original() -> None:
    module = build(load_network("resnet20")).train(False)
    module.note = "mine"  # type: ignore[assignment]
    twin = copy.deepcopy(module)
    assert type(twin) is type(module)
    assert twin.note == "mine"
    assert not twin.training
    assert next(iter(twin.parameters())) is not next(iter(module.parameters()))
    assert same_output(module, AveragedModel(module).module, "resnet20")


def test_a_part_of_a_module_and_a_class_of_the_user_pickle_too() -> None:
    module = build(load_network("resnet20"))
    part = pickle.loads(pickle.dumps(module.basic2))
    assert type(part[0]) is type(module.basic2[0])  # type: ignore[index]

    mine = Mine(module)
    assert same_output(mine, pickle.loads(pickle.dumps(mine)), "resnet20")


class Mine(nn.Module):
    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.body(x)
        return y


def test_hooks_for_earlier_names_are_kept() -> None:
    module = build(load_network("mobilenetv2"))
    loaded = pickle.loads(pickle.dumps(module))
    assert len(loaded._load_state_dict_pre_hooks) == len(module._load_state_dict_pre_hooks)


FRESH = """
import sys, pickle, torch
assert not any(name.startswith("archscape") for name in sys.modules)
module = torch.load(sys.argv[1], weights_only=False).eval()
x, y = torch.load(sys.argv[2])
assert torch.equal(module(x), y)
assert module(x).shape == (2, 10)
import copy
pickle.loads(pickle.dumps(copy.deepcopy(module)))
"""


@pytest.mark.slow
def test_a_fresh_process_loads_a_whole_module(tmp_path: Path) -> None:
    module = build(load_network("resnet20")).eval()
    x = torch.rand(2, 3, 32, 32)
    torch.save(module, tmp_path / "module.pt")
    with torch.no_grad():
        torch.save((x, module(x)), tmp_path / "xy.pt")
    arguments = [sys.executable, "-c", FRESH, str(tmp_path / "module.pt"), str(tmp_path / "xy.pt")]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr


def test_loading_weights_alone_runs_no_text() -> None:
    file = io.BytesIO()
    torch.save(build(load_network("lenet5")), file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="weights_only"):
        torch.load(file, weights_only=True)


def _infer(rank: int, module: nn.Module, sums: torch.Tensor) -> None:
    with torch.no_grad():
        sums[rank] = module(torch.ones(1, 1, 32, 32)).sum()


@pytest.mark.slow
def test_a_spawned_process_shares_its_weights() -> None:
    module, sums = build(load_network("lenet5")).eval(), torch.zeros(1).share_memory_()
    multiprocessing.spawn(_infer, args=(module, sums), nprocs=1)  # type: ignore[no-untyped-call, attr-defined]
    with torch.no_grad():
        expected = module(torch.ones(1, 1, 32, 32)).sum()
    assert torch.equal(sums, expected[None])


def test_the_text_is_at_hand_as_long_as_the_module() -> None:
    module = build(load_network("alexnet").at(classes=7))
    file = type(module).forward.__code__.co_filename
    assert "def forward" in inspect.getsource(type(module).forward)
    assert file in linecache.cache
    del module
    gc.collect()
    assert file not in linecache.cache
