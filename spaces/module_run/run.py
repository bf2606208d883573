"""One run of a module: every operator is met as it is called, and counted under the module that calls it.

An operator stands under the module whose `forward` calls it, not under the ones around it; work in threads
stands under the module that starts them.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import HigherOrderOperator
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from ..graph import Shape
from .operators import Rule, name_of, rule_of
from .restore import Kept

LEAVING = ("numpy", "tolist", "__array__", "__dlpack__")
"""Methods of a tensor that hand its numbers to another library, which nobody sees compute."""


class ModuleRun:
    """A run of a module; each mapping is by the name of a module, "" for the whole one.

    Attributes:
        shapes: What the modules that ran gave, without the batch, in the order in which they began.
        macs: Their own products.
        other: Their own arithmetic beside the products.
        activations: Elements that their own convolutions and linear layers wrote.
        matrices: Elements that their other matrix products wrote.
        unknown: Their own operators that may hold products and were not counted, with how often each ran.
        unsupported: Their own operators whose arithmetic is not in `other`, with how often each ran.
        taken_apart: Linear layers may have run as matrix products; `activations` lack what those wrote.
    """

    def __init__(self, parts: Mapping[str, nn.Module], kept: Kept, *, inference: bool) -> None:
        """Make ready for a run.

        Args:
            parts: The module and its parts, by name.
            kept: Is told what is written to.
            inference: In inference mode; without it autograd works, but takes linear layers apart.
        """
        self._names = {
            id(part): name for name, part in parts.items() if not isinstance(part, torch.jit.ScriptModule)
        }
        self._kept = kept
        self._local = threading.local()
        self._inference = inference
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget what was counted."""
        self.shapes: dict[str, Shape] = {}
        self.macs: Counter[str] = Counter()
        self.other: Counter[str] = Counter()
        self.activations: Counter[str] = Counter()
        self.matrices: Counter[str] = Counter()
        self.unknown: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.unsupported: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.taken_apart = not self._inference

    def call(self, function: Callable[[], object]) -> None:
        """Count a call of the module."""
        with ExitStack() as stack:
            stack.callback(register_module_forward_pre_hook(self._enter).remove)
            stack.callback(register_module_forward_hook(self._leave, always_call=True).remove)
            stack.enter_context(_followed(self._follow))
            stack.enter_context(self._leaving_seen())
            stack.enter_context(self._watching([""]))
            self.shapes[""] = _shape(function())

    def meet(self, mode: TorchDispatchMode, func: Any, args: Any, kwargs: Any) -> Any:
        """Run an operator, or the parts that PyTorch takes it apart into, and count it."""
        if isinstance(func, HigherOrderOperator):
            return self._meet_control(mode, func, args, kwargs)
        rule = rule_of(func)
        if not rule.whole:
            with mode:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        self._kept.before(func, args, kwargs)
        result = func(*args, **kwargs)
        self._count(rule, name_of(func), args, kwargs, result)
        return result

    def _meet_control(self, mode: TorchDispatchMode, func: Any, args: Any, kwargs: Any) -> Any:
        """Run the branch of a `torch.cond` that is taken; other operators on functions are not known."""
        if func is torch.ops.higher_order.cond:
            chosen, taken, otherwise, operands = args
            with mode:
                return (taken if chosen else otherwise)(*operands)
        self._count(Rule(unknown=True), f"higher_order::{func}", args, kwargs, None)
        return func(*args, **kwargs)

    def _count(self, rule: Rule, name: str, args: Any, kwargs: Any, result: Any) -> None:
        formulas = (rule.macs, rule.other, rule.activations)
        try:
            counts = [formula(args, kwargs, result) if formula else 0 for formula in formulas]
            unknown = rule.unknown or bool(rule.macs and any(map(_sparse, args)))
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError, AssertionError):
            counts, unknown = [0, 0, 0], True  # an operator on tensors without a shape, such as nested ones
        where = (getattr(self._local, "running", None) or [""])[-1]  # a thread of TorchScript has none
        with self._lock:
            if unknown:
                self.unknown[where][name] += 1
                return
            for total, count in zip((self.macs, self.other, self.activations), counts, strict=True):
                total[where] += count
            if rule.macs and not rule.activations and isinstance(result, Tensor):
                self.matrices[where] += result.numel()
            if rule.unsupported:
                self.unsupported[where][name] += 1

    @contextmanager
    def _watching(self, running: list[str]) -> Iterator[None]:
        """Count what this thread does, under the last of the modules that are running."""
        before = getattr(self._local, "running", None)
        self._local.running = running
        try:
            with torch.inference_mode(self._inference), torch.no_grad(), ExitStack() as stack:
                if before is None:
                    stack.enter_context(_Operators(self))
                yield
        finally:
            self._local.running = before

    def _follow(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that is counted in whatever thread it is called, if this thread is."""
        running = getattr(self._local, "running", None)
        if running is None:
            return function
        held = tuple(running)

        @wraps(function)
        def followed(*args: Any, **kwargs: Any) -> Any:
            with self._watching(list(held)):
                return function(*args, **kwargs)

        return followed

    def _enter(self, module: nn.Module, inputs: object) -> None:
        running, name = getattr(self._local, "running", None), self._names.get(id(module))
        if running is None and name is not None:  # a thread that was there before
            self._local.opened = ExitStack()
            self._local.opened.enter_context(self._watching([""]))
            running = self._local.running
        if running is not None:
            running.append(running[-1] if name is None else name)
            self.shapes.setdefault(running[-1], ())
            self.taken_apart |= torch._C._are_functorch_transforms_active()

    def _leave(self, module: nn.Module, inputs: object, result: object) -> None:
        running, name = getattr(self._local, "running", None), self._names.get(id(module))
        if running is None:
            return
        if name is not None:
            self.shapes[name] = _shape(result)
        running.pop()
        if len(running) == 1 and (opened := vars(self._local).pop("opened", None)):
            opened.close()

    @contextmanager
    def _leaving_seen(self) -> Iterator[None]:
        """Note where numbers leave PyTorch: what is computed with them is not known."""
        own = {name: vars(Tensor).get(name) for name in LEAVING}
        for name in LEAVING:
            setattr(Tensor, name, self._leaving(name))
        try:
            yield
        finally:
            for name, method in own.items():
                if method is None:
                    delattr(Tensor, name)
                else:
                    setattr(Tensor, name, method)

    def _leaving(self, name: str) -> Callable[..., Any]:
        method = getattr(Tensor, name)

        @wraps(method)
        def leaving(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
            if getattr(self._local, "running", None) is not None:
                self._kept.save(tensor)
                self._count(Rule(unknown=True), f"Tensor.{name}", (), {}, None)
            return method(tensor, *args, **kwargs)

        return leaving


class _Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Meets the operators of one thread."""

    supports_higher_order_operators = True

    def __init__(self, run: ModuleRun) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._run = run

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(kind.__torch_dispatch__ is not Tensor.__torch_dispatch__ for kind in types):
            return NotImplemented  # a tensor of another kind first says which operators it is made of
        return self._run.meet(self, func, args, kwargs or {})


@contextmanager
def _followed(follow: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Hand what threads are to do through `follow`: of a thread that is started, or of a pool of them."""
    start, submit = threading.Thread.start, futures.ThreadPoolExecutor.submit

    def followed_start(thread: threading.Thread) -> None:
        if getattr(thread, "_target", None) is not futures.thread._worker:
            thread.run = follow(thread.run)  # type: ignore[method-assign]
        start(thread)

    def followed_submit(pool: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return submit(pool, follow(function), *args, **kwargs)

    threading.Thread.start = followed_start  # type: ignore[method-assign,assignment]
    futures.ThreadPoolExecutor.submit = followed_submit  # type: ignore[method-assign]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]
        futures.ThreadPoolExecutor.submit = submit  # type: ignore[method-assign]


def _sparse(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout is not torch.strided


def _shape(result: object) -> Shape:
    """Return the shape of a result, or of the first tensor in it, without the batch."""
    if isinstance(result, Tensor):
        return () if result.is_nested else tuple(result.shape[1:])
    if isinstance(result, Mapping):
        result = tuple(result.values())
    return _shape(result[0]) if isinstance(result, tuple | list) and result else ()
