"""Any `torch.nn.Module` as one operator: a layer that is known by running it, not by formula.

Its shape is that of a run on fake tensors, its parameters are the module's own, and the rest is counted by
running it, as fvcore counts.
The class is one of `torch.nn`, or of a Python module that has been loaded: naming one imports nothing else.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ..errors import ShapeError, SpaceError, suggest
from ..graph import Op, Shape, Tensor, Totals, join
from ..memory_use import Footprint, Size
from ..values import Term, Value, shape_text

if TYPE_CHECKING:
    from torch import nn

Args = tuple[tuple[str, Value], ...]

CHANNELS = ("inputs", "in_channels", "in_features", "num_channels", "num_features", "channels")
"""Required arguments of a constructor that are the channels of the map it reads, where they are not given."""
TORCH = "torch.nn"


class Opaque(Op):
    """f(x), f any module that maps batches of maps or vectors to one such batch.

    Attributes:
        path: The class, such as `torch.nn.PixelShuffle`.
        args: Its arguments by name.
    """

    path: str
    args: Args
    kind: ClassVar[str] = "opaque"
    stateful: ClassVar[bool] = True
    whole: ClassVar[bool] = True  # what the module reads is not known, so nothing is left out

    def shape(self, *inputs: Shape) -> Shape:
        """Return the shape that a run on fake tensors gives, for a batch of two.

        Raises:
            ShapeError: If the module cannot be made or run, with its own message.
            SpaceError: If there is no such class.
        """
        return _run(self._use(inputs)).shape

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return the module's parameters, and macs and activations as fvcore counts them.

        Macs are those of convolutions, linear layers and matrix products; no other operation is counted.
        """
        use = self._use(inputs)
        counts = _count(use)
        return Totals(_run(use).params, counts.macs, 0, counts.activations)

    def flops(self, inputs: tuple[Shape, ...]) -> int:
        """Return what fvcore counts: the macs, norms, resizing and 2-D average pooling to a size."""
        return _count(self._use(inputs)).flops

    def unsupported(self, inputs: tuple[Shape, ...]) -> dict[str, int]:
        """Return the operators that ran and are not counted, with how often each did."""
        return dict(_count(self._use(inputs)).unsupported)

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """What a foreign module holds is not known: its input and output, which autograd keeps."""
        return Footprint(saves=tuple(range(len(inputs))), saves_output=True)

    def buffers(self) -> Size:
        """Return the module's buffers."""
        made = self._use(()).make()
        return Size(fixed=sum([buffer.numel() for buffer in made.buffers()]))

    def attributes(self) -> dict[str, Value]:
        """Return the class with the names that it is given, and each value: whole numbers, others as text."""
        names = ", ".join([name for name, _ in self.args])
        return {"class": f"{self.path}({names})"} | {
            name: value if _whole(value) else repr(_python(value)) for name, value in self.args
        }

    def imports(self) -> tuple[str, ...]:
        """Return the import of a class that is not PyTorch's."""
        module, _, name = self.path.rpartition(".")
        return () if of_torch(module) else (f"from {module} import {name}",)

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.PixelShuffle(upscale_factor=2)` or its like."""
        module, _, name = self.path.rpartition(".")
        stem = f"{module.removeprefix('torch.')}." if of_torch(module) else ""
        arguments = [
            f"{key}={values[key] if _whole(value) else repr(_python(value))}" for key, value in self.args
        ]
        return f"{stem}{name}({', '.join(arguments)})"

    def _use(self, inputs: tuple[Shape, ...]) -> _Use:
        return _Use(module_class(self.path), self.args, inputs)


def opaque(x: Tensor, *others: Tensor, path: str, args: Args = (), scope: str = "") -> Tensor:
    """Place any module. Required arguments named as in `CHANNELS` are the channels of x, unless given.

    Raises:
        ShapeError: If the module cannot be made or run.
        SpaceError: If there is no such class.
    """
    known = dict(args)
    required = [
        name
        for name, parameter in inspect.signature(module_class(path)).parameters.items()
        if parameter.default is inspect.Parameter.empty
    ]
    filled = tuple([(name, x.channels) for name in required if name in CHANNELS and name not in known])
    return join(Opaque(path, (*filled, *args)), (x, *others), scope)


def module_class(path: str) -> type[nn.Module]:
    """Return a class of `torch.nn`, or of a Python module that has been loaded.

    Raises:
        SpaceError: If there is none.
    """
    from torch import nn

    module, _, name = path.rpartition(".")
    loaded = import_module(module) if of_torch(module) else sys.modules.get(module)
    if loaded is None:
        raise SpaceError(f"the module '{module}' of '{path}' is not loaded; name its file under `uses:`")
    value = getattr(loaded, name, None)
    if not isinstance(value, type) or not issubclass(value, nn.Module):
        known = [word for word, value in vars(loaded).items() if isinstance(value, type)]
        raise SpaceError(f"'{path}' is no torch.nn.Module{suggest(name, known)}")
    return value


class _Use(NamedTuple):
    """A class, the arguments it is made with, and the shapes that it reads."""

    module: type[nn.Module]
    args: Args
    inputs: tuple[Shape, ...]

    def make(self) -> nn.Module:
        """Return a module without a change to PyTorch's random numbers."""
        import torch

        with torch.random.fork_rng(devices=[]):
            return self.module(**{name: _python(value) for name, value in self.args})

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn whatever the module raises into one line that names it."""
        try:
            yield
        except Exception as error:
            message = " ".join(f"{type(error).__name__}: {error}".split())
            shapes = ", ".join(map(shape_text, self.inputs))
            raise ShapeError(f"{self.module.__name__} on {shapes}: {message}") from error


class _Ran(NamedTuple):
    """What running a module on fake tensors shows."""

    shape: Shape
    params: int


class _Counts(NamedTuple):
    """What a run counts."""

    macs: int
    flops: int
    activations: int
    unsupported: tuple[tuple[str, int], ...]


@lru_cache(maxsize=4096)
def _run(use: _Use) -> _Ran:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with use.failures(), FakeTensorMode(allow_non_fake_inputs=True):
        made = use.make()
        result = made(*[torch.empty(2, *shape) for shape in use.inputs])
    if not isinstance(result, torch.Tensor) or result.dim() < 2 or result.shape[0] != 2:
        kind = shape_text(tuple(result.shape)) if isinstance(result, torch.Tensor) else type(result).__name__
        law = "a module gives one map or vector for each sample"
        raise ShapeError(f"{law}, but {use.module.__name__} gives {kind} for a batch of 2")
    params = sum([p.numel() for p in made.parameters() if p.requires_grad])
    return _Ran(tuple(map(int, result.shape[1:])), params)


@lru_cache(maxsize=4096)
def _count(use: _Use) -> _Counts:
    import torch

    from ..module_run.restore import Kept
    from ..module_run.run import ModuleRun
    from ..module_run.settings import kept_settings

    with use.failures(), kept_settings():
        made = use.make().eval()
        inputs = [torch.zeros(1, *shape) for shape in use.inputs]
        run = ModuleRun(dict(made.named_modules()), Kept(made), inference=True)
        run.call(lambda: made(*inputs))
    missed = sum([*run.unknown.values(), *run.unsupported.values()], Counter[str]())
    macs, written = run.macs.total(), run.activations.total() + run.matrices.total()
    return _Counts(macs, macs + run.other.total(), written, tuple(sorted(missed.items())))


def _python(value: Value) -> object:
    """Return a value as a constructor takes it."""
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, tuple):
        return tuple([_python(item) for item in value])
    return str(value) if isinstance(value, Term) else value


def _whole(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def of_torch(module: str) -> bool:
    """Tell whether a module is `torch.nn` or part of it."""
    return module == TORCH or module.startswith(f"{TORCH}.")
