"""What a module of a Python file is called with, as `--input` says it: `image=3x224x224`, `ids=16:int64`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...spaces.errors import InputError, suggest
from ...spaces.values import shape_text

if TYPE_CHECKING:
    from ...analysis.costs.modules.inputs import ModuleInput, SampleShape

SCALAR = "scalar"
FORM = re.compile(r"(?:(?P<name>[A-Za-z_]\w*(?:\.\w+)*)=)?(?P<sizes>[^:=]*)(?::(?P<dtype>.*))?")
INTEGERS = re.compile(r"\b((Long|Int)(Tensor)?|int32|int64|must be long)\b")
"""A type of integers in a message of PyTorch."""
LAW = (
    f"--input of a module is [NAME=]SIZES[:TYPE], sizes of one sample or '{SCALAR}', as in tokens=16:int64 "
    "or as in 3x224x224"
)


def read_module_input(texts: Sequence[str]) -> ModuleInput:
    """Return the arguments of a call: those without a name in order, `batch.image=...` into a dictionary.

    Raises:
        InputError: If one has another form, an unknown type, or the name of another.

    >>> read_module_input(["3x8x8", "tokens=16:int64"]).args[0].sizes
    (3, 8, 8)
    """
    from ...analysis.costs.modules.inputs import ModuleInput

    args: list[SampleShape] = []
    kwargs: dict[str, Any] = {}
    for text in texts:
        match = FORM.fullmatch(text)
        if match is None:
            raise InputError(f"{LAW}, but got '{text}'")
        shape = _shape(text, match["sizes"], match["dtype"])
        if match["name"] is None:
            args.append(shape)
        else:
            _put(kwargs, match["name"], shape)
    return ModuleInput(tuple(args), kwargs)


def how_to_give(names: Sequence[str]) -> str:
    """Return how arguments of these names are given."""
    options = " ".join([f"--input {name}=SIZES" for name in names])
    return f"give {options}, as in {names[0]}=3x224x224, or {names[-1]}=16:int64 for token ids"


def hint_of_type(message: str, texts: Sequence[str]) -> str:
    """Return how integers are given where PyTorch expects them; nothing if it does not, or all have a type.

    >>> hint_of_type("expected scalar type Long but found Float", ["image=3x8x8", "ids=16"])
    'token ids? `--input ids=16:int64`'
    """
    expected = re.split(r"[,;]? but ", message)[0]
    untyped = sorted(
        [text for text in texts if ":" not in text], key=lambda text: text.count("x", text.find("=") + 1)
    )
    return f"token ids? `--input {untyped[0]}:int64`" if untyped and INTEGERS.search(expected) else ""


def is_of_module(texts: Sequence[str]) -> bool:
    """Tell whether inputs are those of a module: several, by name or of a type; a table reads one, a map."""
    return len(texts) > 1 or any(mark in text for text in texts for mark in "=:")


def input_texts(call: ModuleInput) -> dict[str, str]:
    """Return each shape as it is given, by its name or, without one, its place."""
    from ...analysis.costs.modules.inputs import named_shapes

    return {name: _text(shape) for name, shape in named_shapes(call).items()}


def _text(shape: SampleShape) -> str:
    dtype = "" if shape.dtype is None else f":{str(shape.dtype).removeprefix('torch.')}"
    return (shape_text(shape.sizes) or SCALAR) + dtype


def _shape(text: str, sizes: str, dtype: str | None) -> SampleShape:
    import torch

    from ...analysis.costs.modules.inputs import SampleShape

    parts = [] if sizes == SCALAR else sizes.split("x")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise InputError(f"{LAW}, but got '{text}'")
    types = {name: value for name, value in vars(torch).items() if isinstance(value, torch.dtype)}
    if dtype is not None and dtype not in types:
        common = ("float32", "float16", "bfloat16", "int64", "int32", "bool")
        raise InputError(f"--input {text}: there is no type '{dtype}'{suggest(dtype, common)}")
    return SampleShape(tuple(map(int, parts)), None if dtype is None else types[dtype])


def _put(kwargs: dict[str, Any], name: str, shape: SampleShape) -> None:
    *outer, last = name.split(".")
    for key in outer:
        kwargs = kwargs.setdefault(key, {})
        if not isinstance(kwargs, dict):
            raise InputError(f"--input {name}: '{key}' is an input already")
    if last in kwargs:
        raise InputError(f"--input {name} is given twice")
    kwargs[last] = shape
