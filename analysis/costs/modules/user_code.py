"""The user's own Python: a module made by `file.py:factory`.

Naming a file runs it: it is code.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

from torch import nn

from archscape.spaces.errors import InputError, suggest
from archscape.spaces.language.user_errors import failures
from archscape.spaces.language.uses import import_file


def load_module(name: str) -> nn.Module:
    """Return the module that `file.py:factory` names: a class or function without arguments, or a module.

    What the file prints goes to standard error.

    Raises:
        InputError: If there is no such file or factory, or their code fails; with the place.
    """
    file, _, factory = name.rpartition(":") if not name.endswith(".py") else (name, "", "")
    path = Path(file)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with redirect_stdout(sys.stderr), failures(where=str(path)):
        made = _made(path, factory)
    if not isinstance(made, nn.Module):
        raise InputError(f"{name} gives no torch.nn.Module, but {type(made).__name__}")
    return made


def _run(path: Path) -> ModuleType:
    """Run a file under its own name; its folder is where it imports from."""
    word = path.stem if path.stem not in sys.modules else f"_{path.stem}_of_the_user"
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        return import_file(path, word)
    finally:
        sys.path.remove(folder)


def _made(path: Path, factory: str) -> object:
    """Return what a factory of a file gives."""
    if not factory:
        defined = _defined(path)
        remedy = f"as in {path}:{defined[0]}" if defined else "a function or a class without arguments"
        raise InputError(f"{path}: name what makes the module, {remedy}")
    file = _run(path)
    if not hasattr(file, factory):
        raise InputError(f"{path} has no '{factory}'{suggest(factory, _defined(path))}")
    maker = getattr(file, factory)
    if isinstance(maker, nn.Module) or not callable(maker):
        return maker
    needed = _needed(maker)
    if needed:
        law = "a factory is called without arguments"
        raise InputError(f"{path}: {law}, but {factory} needs {', '.join(needed)}; write one that gives them")
    return maker()


def _needed(factory: Callable[..., object]) -> list[str]:
    """Return the parameters of a factory that have no default."""
    parameters = inspect.signature(factory).parameters.values()
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in kinds]


def _defined(path: Path) -> list[str]:
    """Return the functions and classes that a file defines, the last one first: what it is likely about."""
    tree = ast.parse(path.read_bytes(), filename=str(path))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node.name for node in reversed(tree.body) if isinstance(node, kinds) and node.name[0] != "_"]
