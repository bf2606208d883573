"""Products of a module by PyTorch's FlopCounterMode, and every other operator that really runs in it.

An operator stands under the module whose `forward` calls it, not under the ones around it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry, sdpa_flop_count

from archscape.spaces.graph import Shape

FREE = re.compile(
    "|".join(
        (
            r"\w*(max|avg)_\w*pool\w*",
            r"\w*(batch|layer|group)_norm\w*|\w*softmax|glu|_prelu_kernel|native_dropout",
            r"upsample_\w+|grid_sampler_[23]d|\w*(pixel|channel)_(un)?shuffle|\w+_pad(_nd|[123]d)",
            r"(new_)?(empty|full|ones|zeros|rand|randn|randint)(_like|_strided)?|randperm|arange|linspace",
            r"as_strided|set|resize|zero|fill|uniform|normal|bernoulli|eye|scalar_tensor|lift_fresh|_?unsafe_\w+",
            r"cat|stack|repeat|roll|flip|unfold|im2col|tril|triu|_?\w*copy|clone|where|masked_\w+|nonzero|one_hot",
            r"(\w+_)?scatter(_add|_reduce)?|gather|index|index_\w+|embedding|sort|topk|argmax|argmin|searchsorted",
            r"cum(sum|prod|max|min)|r?sub|hardswish|log_sigmoid_forward|complex|polar|bincount",
            r"_local_scalar_dense|item|is_nonzero|_linalg_check_errors",
        )
    )
)
"""Operators without products, besides views, functions of each element and reductions, which say so."""
FREE_TAGS = frozenset({torch.Tag.pointwise, torch.Tag.reduction, torch.Tag.inplace_view})

SILENT = ("prim", "profiler")
"""Name spaces whose operators compute nothing."""


class ModuleRun(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A run of a module; each mapping is by the name of a module, "" for the whole one.

    Attributes:
        shapes: What the modules that ran gave, without the batch, in the order in which they began.
        macs: Their own products.
        unknown: Their own operators that may hold products and were not counted, with how often each ran.
    """

    supports_higher_order_operators = True

    def __init__(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Call a module. Hooks are put on it and taken off again."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.shapes: dict[str, Shape] = {}
        self.macs: Counter[str] = Counter()
        self.unknown: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._counter = FlopCounterMode(display=False, custom_mapping=_ON_CPU)
        self._running: list[str] = [""]
        self._counted = 0
        with ExitStack() as stack, torch.no_grad():
            for name, child in module.named_modules():
                if isinstance(child, torch.jit.ScriptModule):
                    continue  # it takes no hooks: what runs in it stands under the module that calls it
                before, after = partial(self._enter, name), partial(self._leave, name)
                stack.callback(child.register_forward_pre_hook(before, prepend=True).remove)
                stack.callback(child.register_forward_hook(after).remove)
            stack.enter_context(self)
            stack.enter_context(self._counter)
            result = module(*inputs)
            self._attribute()
            self.shapes[""] = _shape(result)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Note an operator that nobody counts."""
        if not _known(func):
            self.unknown[self._running[-1]][_word(func)] += 1
        return func(*args, **(kwargs or {}))

    def _enter(self, name: str, module: nn.Module, inputs: object) -> None:
        self._attribute()
        self._running.append(name)
        self.shapes.setdefault(name, ())

    def _leave(self, name: str, module: nn.Module, inputs: object, result: object) -> None:
        self._attribute()
        self._running.pop()
        self.shapes[name] = _shape(result)

    def _attribute(self) -> None:
        """Give what was counted since the last call to the module that is running."""
        now = self._counter.get_total_flops()
        self.macs[self._running[-1]] += (now - self._counted) // 2
        self._counted = now


def _known(func: Any) -> bool:
    """Tell whether an operator is counted, or known to hold no product."""
    if not isinstance(func, OpOverload):
        return False
    packet = func.overloadpacket
    if packet in flop_registry or packet in _ON_CPU or func.namespace in SILENT or func.is_view:
        return True
    if func.namespace != "aten":
        return False
    word = packet.__name__.removesuffix("_")
    return bool(FREE_TAGS & set(func.tags)) or FREE.fullmatch(word) is not None


def _word(func: Any) -> str:
    """Return an operator's name as fvcore has it: `aten::gelu`."""
    return f"{func.namespace}::{func.overloadpacket.__name__}" if isinstance(func, OpOverload) else str(func)


def _shape(result: object) -> Shape:
    """Return the shape of a result, or of the first tensor in it, without the batch."""
    if isinstance(result, Tensor):
        return tuple(result.shape[1:])
    if isinstance(result, dict):
        result = tuple(result.values())
    return _shape(result[0]) if isinstance(result, tuple | list) and result else ()


def _attention(query: Shape, key: Shape, value: Shape, *_: object, **__: object) -> int:
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]


def _recurrence(x: Shape, inward: Shape, inner: Shape, *_: object, **__: object) -> int:
    """Return the products of every step of a recurrent layer: of its input, and of its state."""
    steps, batch = x[:2]
    return 2 * steps * batch * (inward[0] * inward[1] + inner[0] * inner[1])


_ON_CPU: dict[Any, Callable[..., int]] = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten.mkldnn_rnn_layer: _recurrence,
}
"""Operators of the CPU that FlopCounterMode of PyTorch 2.13 does not know by itself."""
