"""Modules of any making: counted by running them, and left as they were."""

from __future__ import annotations

import doctest
import json
import os
import random
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.nn.utils import prune
from torch.utils.checkpoint import checkpoint

from archscape.analysis.costs import modules as foreign
from archscape.analysis.costs.modules import profile_module
from archscape.analysis.costs.modules.user_code import load_module
from archscape.analysis.costs.profile import profile
from archscape.cli import main
from archscape.spaces import load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape
from archscape.spaces.module_run import operators

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


class Changing(nn.Module):
    """Changes itself and its process wherever `forward` can."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(3, 4), nn.BatchNorm1d(4)
        self.register_buffer("steps", torch.zeros(2))
        self.cache: dict[str, object] = {"seen": [1]}
        self.array, self.numbers, self.noise = np.zeros(3), random.Random(3), torch.Generator()
        self.state = State()
        count = 0

        def counted() -> int:
            nonlocal count
            count += 1
            return count

        self.counted = counted

    def forward(self, x: Tensor) -> Tensor:
        self.layer.weight.data.mul_(2)
        self.layer.bias.data = torch.ones(4)
        self.steps[0].add_(1)
        self.steps.numpy()[1] = 7
        self.cache["seen"].append(2)  # type: ignore[attr-defined]
        self.cache["last"] = x
        self.array += 1
        self.state.count += 1
        self.extra = nn.Linear(2, 2)
        self.layer.requires_grad_(False)
        self.layer.weight.grad = torch.ones(4, 3)
        self.norm.train()
        self.layer.register_forward_hook(lambda *_: None)
        torch.rand(1, generator=self.noise)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(True)
        torch.set_num_threads(3)
        torch.use_deterministic_algorithms(True, warn_only=True)
        os.chdir("/")
        os.environ["ARCHSCAPE_TEST"] = "1"
        sys.path.append("nowhere")
        return (
            F.batch_norm(self.layer(x).float(), self.norm.running_mean, self.norm.running_var, training=True)
            * self.counted()
            * self.numbers.random()
        )


class State:
    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


def test_what_a_module_changes_in_itself_and_the_process_is_put_back() -> None:
    model = Changing()
    before = (
        state(model),
        (model.numbers.getstate(), model.noise.get_state().tolist(), str(model.cache), model.array.tolist()),
        (torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()),
        (torch.are_deterministic_algorithms_enabled(), os.getcwd(), dict(os.environ), list(sys.path)),
    )
    assert profile_module(model, input=torch.zeros(2, 3)).params == 12 + 4 + 8
    assert before == (
        state(model),
        (model.numbers.getstate(), model.noise.get_state().tolist(), str(model.cache), model.array.tolist()),
        (torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()),
        (torch.are_deterministic_algorithms_enabled(), os.getcwd(), dict(os.environ), list(sys.path)),
    )
    assert (model.state.count, model.counted()) == (0, 1)


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
    assert profile.activations == 4 * n * width + n * 32 + n * width
    assert "aten::scaled_dot_product_attention" in profile.coverage.unsupported["self_attn"]


def test_recurrent_layers_are_counted_step_by_step() -> None:
    profile = profile_module(nn.LSTM(6, 8, num_layers=2), input=torch.zeros(5, 1, 6))
    assert profile.macs == 5 * (4 * 8 * (6 + 8) + 4 * 8 * (8 + 8))
    assert profile.activations == 5 * 2 * (
        4 * 8 + 4 * 8
    )  # what the layers write of the input and of the state
    assert profile.lower_bounds == ("flops",)


class Spectrum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.rfft(x).abs() + torch.linalg.inv(torch.eye(x.shape[-1] // 2 + 1))


def test_an_unknown_operator_makes_a_lower_bound_and_is_named_with_its_layer() -> None:
    profile = profile_module(nn.Sequential(nn.Conv1d(2, 4, 3), Spectrum()), input=(2, 9))
    assert profile.macs == 2 * 3 * 4 * 7
    assert profile.coverage.unknown == {"1": {"aten::_fft_r2c": 1, "aten::linalg_inv_ex": 1}}
    assert set(profile.lower_bounds) >= {"macs", "flops"}
    assert json.loads(json.dumps(profile.coverage.as_dict()))["unknown"] == profile.coverage.unknown


def test_what_is_left_out_of_the_flops_is_listed_by_layer() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.BatchNorm2d(4), nn.MaxPool2d(2))
    profile = profile_module(model, input=(3, 8, 8))
    assert profile.coverage.unsupported == {"1": {"aten::gelu": 1}, "3": {"aten::max_pool2d": 1}}
    assert profile.lower_bounds == ("flops",)
    assert profile.flops == 2 * profile.macs + 2 * 4 * 36


def test_what_no_tracer_follows_is_counted() -> None:
    class Switch(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            y, at = F.max_pool2d(x, 2, return_indices=True)
            return F.max_unpool2d(y, at, 2)

    profile = profile_module(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Switch()), input=(3, 8, 8))
    assert (profile.macs, profile.activations) == (27 * 4 * 64, 4 * 64)
    assert profile.lower_bounds == ("flops",)


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
    assert (profile.activations, profile.lower_bounds) == (4 * 36, ())
    assert next(layer.macs for layer in profile.layers if layer.name == "forward") == profile.macs


class Positions(nn.Module):
    """A slice of a parameter goes into a part."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(1, 20, 8))
        self.drop, self.head = nn.Dropout(), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x + self.drop(self.positions[:, : x.shape[1]]))


class Held(nn.Linear):
    """Attributes of it cannot be copied."""

    def __init__(self) -> None:
        super().__init__(3, 4)
        self.lock, self.lines, self.numbers = threading.Lock(), (i for i in range(3)), torch.Generator()
        self.derived = self.weight * 2

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + torch.rand(4, generator=self.numbers)


class Careless(nn.Linear):
    """Its `train` returns nothing, and it cannot be asked for its truth, its length or its parts."""

    def train(self, mode: bool) -> None:  # type: ignore[override]
        super().train(mode)

    def refuse(self, *_: object) -> None:
        raise TypeError("not to be asked")

    __len__ = __bool__ = __iter__ = __contains__ = parameters = named_modules = refuse  # type: ignore[assignment]

    @property
    def macs(self) -> int:
        raise RuntimeError("not to be looked at")


def pruned() -> nn.Module:
    return nn.Sequential(prune.l1_unstructured(nn.Linear(3, 4), "weight", 0.5))  # type: ignore[no-untyped-call]


def with_weight_norm() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls it deprecated
        return nn.Sequential(nn.utils.weight_norm(nn.Linear(3, 4)))


def compiled_part() -> nn.Module:
    return nn.Sequential(torch.compile(nn.Linear(3, 4), backend="eager", fullgraph=True), nn.ReLU())


ODD: list[tuple[Callable[[], nn.Module], tuple[Tensor, ...], int, int]] = [
    (Positions, (torch.zeros(1, 5, 8),), 5 * 8 * 4, 5 * 4),
    (Held, (torch.zeros(1, 3),), 12, 4),
    (lambda: nn.Sequential(Careless(3, 4)), (torch.zeros(1, 3),), 12, 4),
    (lambda: Careless(3, 4), (torch.zeros(1, 3),), 12, 4),
    (lambda: torch.compile(Careless(3, 4), backend="eager"), (torch.zeros(1, 3),), 12, 4),
    (pruned, (torch.zeros(1, 3),), 12, 4),
    (with_weight_norm, (torch.zeros(1, 3),), 12, 4),
    (compiled_part, (torch.zeros(1, 3),), 12, 4),
]


@pytest.mark.parametrize(("make", "inputs", "macs", "activations"), ODD)
def test_a_module_that_runs_is_counted_whatever_it_is(
    make: Callable[[], nn.Module], inputs: tuple[Tensor, ...], macs: int, activations: int
) -> None:
    profile = profile_module(make(), input=inputs)
    assert (profile.macs, profile.activations) == (macs, activations)
    assert not {"macs", "activations"} & set(profile.lower_bounds)


def test_a_part_that_raises_may_be_replaced_by_another() -> None:
    class Fast(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise NotImplementedError

    class Either(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fast, self.slow = nn.Sequential(nn.Linear(3, 3), Fast()), nn.Linear(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            try:
                return self.fast(x)
            except NotImplementedError:
                return self.slow(x) @ torch.ones(4, 4)

    profile = profile_module(Either(), input=(3,))
    assert {layer.name: layer.macs for layer in profile.layers} == {
        "forward": 16,
        "fast.0": 9,
        "fast.1": 0,
        "slow": 12,
    }


class Call(nn.Module):
    """Does something with two layers."""

    def __init__(self, call: Callable[[nn.Module, nn.Module, Tensor], object]) -> None:
        super().__init__()
        self.a, self.b, self.call = nn.Linear(3, 4), nn.Linear(3, 4), call

    def forward(self, x: Tensor) -> object:
        return self.call(self.a, self.b, x)


def in_threads(a: nn.Module, b: nn.Module, x: Tensor) -> None:
    threads = [threading.Thread(target=layer, args=(x,)) for layer in (a, b)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_a_pool(a: nn.Module, b: nn.Module, x: Tensor) -> object:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda layer: layer(x), (a, b)))


def in_a_branch(a: nn.Module, b: nn.Module, x: Tensor) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.cond(x.sum() > 0, lambda x: a(x), lambda x: b(b(x)[:, :3]), (x,))


def in_half(a: nn.Module, b: nn.Module, x: Tensor) -> object:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return a(x), b(x)


def differentiated(a: nn.Module, b: nn.Module, x: Tensor) -> object:
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(a(x).sum(), x)  # as many products as in forward


RAN: dict[str, tuple[Callable[[nn.Module, nn.Module, Tensor], object], int, int, bool]] = {
    "threads": (in_threads, 24, 8, True),
    "a pool": (in_a_pool, 24, 8, True),
    "one branch": (in_a_branch, 24, 8, True),
    "not returned": (lambda a, b, x: (a(x), b(x))[1], 24, 8, True),
    "checkpointed": (lambda a, b, x: checkpoint(a, x, use_reentrant=False), 12, 4, True),
    "autocast": (in_half, 24, 8, True),
    "vectors": (lambda a, b, x: (a(x)[0] @ b(x)[0], a.weight @ x[0]), 24 + 4 + 12, 8, True),
    "einsum": (lambda a, b, x: torch.einsum("bi,oi->bo", x, a.weight), 12, 0, True),
    "gradients": (differentiated, 24, 4, False),
    "vmap": (lambda a, b, x: torch.func.vmap(a)(x), 12, 0, False),
}


@pytest.mark.parametrize(("call", "macs", "activations", "exact"), RAN.values(), ids=RAN)
def test_all_columns_are_of_every_operator_that_ran(
    call: Callable[[nn.Module, nn.Module, Tensor], object], macs: int, activations: int, exact: bool
) -> None:
    profile = profile_module(Call(call), input=(3,))
    assert (profile.macs, profile.activations) == (macs, activations)
    assert "macs" not in profile.lower_bounds
    assert ("activations" in profile.lower_bounds) is not exact


class Unpooled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        x = F.fold(F.unfold(x, 3), (8, 8), 3)
        x = torch.cumsum(x.flatten(), 0).clamp(0, 1).view_as(x)
        return F.adaptive_max_pool2d(x, 2)


def test_operators_without_products_leave_the_macs_exact() -> None:
    profile = profile_module(nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), Unpooled()), input=(3, 8, 8))
    assert (profile.macs, profile.lower_bounds) == (27 * 3 * 64, ("flops",))


HOLD_PRODUCTS = re.compile(
    r"conv|linear|linalg|mm|mv|matmul|dot|fft|rnn|lstm|gru|atten|transformer|chol|solve|inverse|lu|qr|svd|eig"
    r"|cdist|pdist|euclid|trilinear|combination|householder|det|projection|nuclear"
)
QUIET = Path(__file__).parents[2] / "fixtures" / "quiet_operators.txt"
"""The operators that count as no arithmetic, views left out, each looked at by hand."""


def overloads() -> Iterator[tuple[str, OpOverload]]:
    """Yield the operators of PyTorch's own name space, with their words."""
    for name in torch._C._dispatch_get_all_op_names():
        space, _, word = name.partition("::")
        word, _, overload = word.partition(".")
        packet = getattr(torch.ops.aten, word, None) if space == "aten" else None
        if packet is not None and (overload or "default") in packet.overloads():
            yield word, getattr(packet, overload or "default")


def test_every_operator_that_counts_nothing_is_known_for_it() -> None:
    quiet = {
        word
        for word, operator in overloads()
        if operators.rule_of(operator) == operators.Rule() and not operator.is_view
    }
    assert sorted(quiet - {*QUIET.read_text().split()}) == []


PRODUCTS_WITHIN = {
    "istft": lambda x: torch.istft(torch.complex(x, x)[0], 16, return_complex=False, window=torch.ones(16)),
    "matrix norm 2": lambda x: torch.linalg.matrix_norm(x, ord=2),
    "matrix norm nuc": lambda x: torch.linalg.matrix_norm(x, ord="nuc"),
    "norm nuc": lambda x: torch.norm(x[0], p="nuc"),
    "linalg norm": lambda x: torch.linalg.norm(x[0], ord=-2),
    "nuclear norm": lambda x: torch.nuclear_norm(x[0]),
    "a list": lambda x: torch.tensor(x.tolist()),
}


@pytest.mark.parametrize("call", PRODUCTS_WITHIN.values(), ids=PRODUCTS_WITHIN)
def test_products_behind_a_name_without_one_make_lower_bounds(call: Callable[[Tensor], Tensor]) -> None:
    profile = profile_module(Call(lambda a, b, x: call(x)), input=(9, 12))
    assert "macs" in profile.lower_bounds


def test_norms_and_frequencies_without_products_leave_the_macs_exact() -> None:
    def call(a: nn.Module, b: nn.Module, x: Tensor) -> Tensor:
        norms = torch.linalg.vector_norm(x) + torch.linalg.matrix_norm(x, ord="fro") + torch.norm(x)
        return norms * torch.fft.fftshift(x) * torch.fft.fftfreq(12) + torch.isnan(x)

    assert profile_module(Call(call), input=(9, 12)).lower_bounds == ("flops",)


def test_modules_are_counted_one_at_a_time_and_leave_no_mark_on_the_process() -> None:
    """Two runs that overlap would each put back what the other had patched."""

    def patched() -> tuple[object, ...]:
        return threading.Thread.start, ThreadPoolExecutor.submit, Tensor.numpy, Tensor.tolist

    before, entered, go_on = patched(), threading.Event(), threading.Event()

    def first(a: nn.Module, b: nn.Module, x: Tensor) -> Tensor:
        entered.set()
        assert go_on.wait(60)
        return a(x)

    counted: list[int] = []

    def count(call: Callable[..., object]) -> threading.Thread:
        module = Call(call)
        return threading.Thread(target=lambda: counted.append(profile_module(module, input=(3,)).macs))

    def second(a: nn.Module, b: nn.Module, x: Tensor) -> Tensor:
        assert go_on.is_set(), "the first one has ended"
        return b(x)

    one, other = count(first), count(second)
    one.start()
    assert entered.wait(60)
    other.start()
    other.join(0.2)  # without the lock it would have run, and failed
    go_on.set()
    one.join()
    other.join()
    assert len(counted) == 2
    assert patched() == before


def test_every_operator_of_pytorch_that_is_not_known_may_hold_products() -> None:
    unknown = {word for word, operator in overloads() if operators.rule_of(operator).unknown}
    assert {"_fft_r2c", "_trilinear", "linalg_inv_ex", "_cdist_forward"} <= unknown
    assert [word for word in unknown if not HOLD_PRODUCTS.search(word)] == []
    free = {
        "col2im",
        "im2col",
        "grid_sampler_2d",
        "embedding_bag",
        "_unique2",
        "bincount",
        "multinomial",
        "sort",
    }
    assert not free & unknown


def test_numbers_that_leave_pytorch_make_lower_bounds() -> None:
    profile = profile_module(Call(lambda a, b, x: torch.from_numpy(a(x).numpy() * 2)), input=(3,))
    assert profile.coverage.unknown == {"forward": {"Tensor.numpy": 1}}
    assert profile.lower_bounds == ("macs", "flops", "activations")


class ConvMixer(nn.Sequential):
    """Trockman and Kolter 2022, as timm writes it."""

    def __init__(self, width: int, depth: int, kernel: int, patch: int) -> None:
        def act(layer: nn.Module) -> list[nn.Module]:
            return [layer, nn.ReLU(), nn.BatchNorm2d(width)]

        mixers = [
            nn.Sequential(
                Residual(*act(nn.Conv2d(width, width, kernel, groups=width, padding="same"))),
                *act(nn.Conv2d(width, width, 1)),
            )
            for _ in range(depth)
        ]
        stem = act(nn.Conv2d(3, width, patch, stride=patch))
        super().__init__(*stem, *mixers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1000))


class Residual(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + x


def test_convolutions_with_padding_by_name_write_activations() -> None:
    with torch.device("meta"):
        model = ConvMixer(768, 32, 7, 7)
    profile = profile_module(model, input=(3, 224, 224))
    assert profile.activations == 51_119_080  # convmixer_768_32: 65 maps of 768 x 32 x 32, and the classes
    assert profile.params == 21_110_248


def test_a_script_that_forks_is_counted() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch 2.13 calls it deprecated
        both = torch.jit.CompilationUnit(
            "def both(x, w):\n  f = torch.jit.fork(torch.mm, x, w)\n  return torch.jit.wait(f)\n"
        ).both
    assert profile_module(Call(lambda a, b, x: both(x, a.weight.t())), input=(3,)).macs == 12


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


WRONG: list[tuple[nn.Module, object, str]] = [
    (nn.Linear(3, 4), (5,), r"^Linear on 1x5: RuntimeError: mat1 and mat2"),
    (nn.Linear(3, 4), (0,), r"an input is the shape of one sample, such as \(3, 224, 224\), or tensors, but"),
    (nn.Linear(3, 4), (), r"an input is the shape of one sample"),
    (
        nn.Linear(3, 4),
        {"images": (3,)},
        r"Linear.forward reads input; there is no 'images'; it knows input",
    ),
    (nn.Bilinear(3, 3, 4), (3,), r"not given: input2; give input=\{'input1': ..., 'input2': ...\}"),
    (nn.Conv2d(5, 2, 3), (5, 10**8, 10**8), r"Conv2d on 1x5x100000000x100000000: RuntimeError: "),
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


@pytest.mark.parametrize("module", [foreign, operators])
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


SEVERAL = """
import atexit, ctypes, os, subprocess, sys
import torch
from torch import nn

if "pytest" not in sys.modules:
    atexit.register(print, "at the exit")

class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.embed, self.head = nn.Conv2d(3, 4, 3), nn.Embedding(10, 4), nn.Linear(4, 2)

    def forward(self, image, tokens, *, scale=None):
        print("by Python")
        sys.__stdout__.write("past its redirection\\n")
        os.write(1, b"by its number\\n")
        subprocess.run(["echo", "by a process"])
        ctypes.CDLL(None).puts(b"in C")
        return self.head(self.conv(image).mean((2, 3)) + self.embed(tokens).mean(1))

class Batch(nn.Module):
    def __init__(self):
        super().__init__()
        self.pair = Pair()

    def forward(self, batch, time):
        return self.pair(**batch) * time
"""


@pytest.fixture
def several(tmp_path: Path) -> Path:
    path = tmp_path / "several_inputs.py"
    path.write_text(SEVERAL)
    return path


@pytest.mark.slow
def test_standard_output_holds_the_result_alone(archscape_process: Run, several: Path) -> None:
    inputs = ("--input", "image=3x8x8", "--input", "tokens=5:int64", "--input", "scale=scalar:float64")
    done = archscape_process("profile", f"{several}:Pair", *inputs, "--format", "json")
    report = json.loads(done.stdout)
    assert report["macs"] == 27 * 4 * 36 + 4 * 2
    assert report["input"] == {"image": "3x8x8", "tokens": "5:int64", "scale": "scalar:float64"}
    for text in ("by Python", "past its redirection", "by its number", "by a process", "in C", "at the exit"):
        assert text in done.stderr


@pytest.mark.parametrize(
    ("factory", "inputs", "title"),
    [
        ("Pair", ("3x8x8", "5:int64"), "input 3x8x8, 5:int64"),
        ("Pair", ("tokens=5:int64", "image=3x8x8"), "input tokens=5:int64, image=3x8x8"),
        (
            "Batch",
            ("batch.image=3x8x8", "batch.tokens=5:int64", "time=scalar"),
            "input batch.image=3x8x8, batch.tokens=5:int64, time=scalar",
        ),
    ],
)
def test_several_inputs_are_given_in_order_by_name_or_in_a_dictionary(
    several: Path, factory: str, inputs: tuple[str, ...], title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [word for text in inputs for word in ("--input", text)]
    for command in ("profile", "compare"):
        with pytest.raises(SystemExit) as ended:
            main([command, f"{several}:{factory}", *options])
        printed = capsys.readouterr()
        assert ended.value.code == 0, printed.err
        assert (title if command == "profile" else title.removeprefix("input ")) in printed.out


def test_beside_a_module_a_network_of_ours_keeps_its_own_input(
    several: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = ("--input", "image=3x8x8", "--input", "tokens=5:int64")
    with pytest.raises(SystemExit) as ended:
        main(["compare", f"{several}:Pair", "lenet5", *inputs])
    printed = capsys.readouterr()
    assert ended.value.code == 0
    assert "lenet5 keeps its own input" in printed.err
    assert re.search(r"^lenet5 +1x32x32", printed.out, re.MULTILINE)


@pytest.mark.parametrize("inputs", [("3x8x8", "5"), ("image=3x8x8", "tokens=5")])
def test_a_refused_type_says_how_token_ids_are_given(
    several: Path, inputs: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["profile", f"{several}:Pair", *[word for text in inputs for word in ("--input", text)]])
    assert ended.value.code == 2
    assert f"token ids? `--input {inputs[1]}:int64`" in capsys.readouterr().err


def test_a_module_whose_flops_are_products_alone_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recurrent.py"
    path.write_text("from torch import nn\n\n\ndef make():\n    return nn.LSTM(4, 8, batch_first=True)\n")
    with pytest.raises(SystemExit):
        main(["profile", f"{path}:make", "--input", "5x4"])
    assert re.search(r"flops: only the products of aten::\w+ x1 are counted\.", capsys.readouterr().err)


def test_a_wrong_input_of_several_is_one_message(several: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {
        (): "not given: image, tokens; give --input image=SIZES --input tokens=SIZES, as in image=3x224x224",
        ("3x8x8",): "Pair.forward reads image, tokens, scale; not given: tokens; give --input image=SIZES",
        ("3x8x8", "token=5:int64"): "there is no 'token'; did you mean 'tokens'?",
        (
            "3x8x8",
            "tokens=5:int46",
        ): "tokens=5:int46: there is no type 'int46'; did you mean 'int64'?",
        ("image=3x8x8", "image=3x8x8"): "--input image is given twice",
        ("image=3x8x8", "image.left=3x8x8"): "--input image.left: 'image' is an input already",
        ("=3x8x8",): "--input of a module is [NAME=]SIZES[:TYPE], sizes of one sample or 'scalar', as in",
    }
    for inputs, words in wrong.items():
        with pytest.raises(SystemExit) as ended:
            main(["profile", f"{several}:Pair", *[word for text in inputs for word in ("--input", text)]])
        printed = capsys.readouterr()
        assert (ended.value.code, printed.out) == (2, "")
        assert words in printed.err


MESSAGES = [
    (("profile", "{file}:make"), "give --input CxHxW, as in 3x224x224"),
    (("profile", "{file}:make", "--input", "3x0x6"), "as in 3x224x224, but got '3x0x6'"),
    (("profile", "{file}:make", "--input", "4x6x6"), "Net on 1x4x6x6: RuntimeError: Given groups=1"),
    (("profile", "{file}:broken", "--input", "3x6x6"), "net_of_mine.py:19: KeyError: 'no weights'"),
    (("profile", "{file}:make", "--input", "3x6x6", "--convention", "thop"), "counted in other conventions"),
    (("profile", "{file}:make", "--input", "3x6x6", "--memory"), "only networks of ours say what they hold"),
    (("profile", "lenet5", "--memory", "--convention", "thop"), "are two tables; give one, or --format json"),
    (("profile", "{file}:make", "--input", "3x6x6", "--input", "3x6x6"), "takes 2 positional"),
    (
        ("profile", "lenet5", "--input", "1x36x36", "--input", "1x36x36"),
        "lenet5 reads one input, but",
    ),
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
