"""Which files of its own folder a Python file imports, found in its text: nothing is run.

An import anywhere in a file counts, also one in a function. What `importlib` is asked for at run time is not
seen. A file in a package belongs to the folder that the whole package stands in; of a folder of installed
packages only its own package is taken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError


def root_of(file: Path) -> Path:
    """Return the folder from which a file is imported: that of its outermost package, or its own."""
    folder = file.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def module_of(file: Path, root: Path) -> str:
    """Return the name that a file is imported by from a folder: `training`, or `package.training`."""
    inner = file.relative_to(root).with_suffix("").parts
    return ".".join(inner[:-1] if inner[-1] == "__init__" else inner)


def own_files(file: Path) -> list[Path]:
    """Return a file and those of its own folder that it imports, directly or through others; the file first.

    Raises:
        InputError: If one is no Python; with the place.
    """
    root = root_of(file)
    files = {file: None}
    open_files = [file]
    while open_files:
        for each in _imported(open_files.pop(), root):
            if each not in files and _is_own(each, file, root):
                files[each] = None
                open_files.append(each)
    return [*files]


def parse(file: Path) -> ast.Module:
    """Return the syntax tree of a file.

    Raises:
        InputError: If it is not there, or no Python; with the place.
    """
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        raise InputError(f"{file}:{error.lineno or 1}: no Python: {error.msg}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read: {getattr(error, 'strerror', error)}") from None


def names_of(tree: ast.Module) -> set[str] | None:
    """Return the names that a module defines at its top; None if `from x import *` may give any."""
    names: set[str] = set()
    for node in _at_top([*tree.body]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        else:
            stored = (each for each in ast.walk(node) if isinstance(each, ast.Name))
            names |= {each.id for each in stored if isinstance(each.ctx, ast.Store)}
    return None if "*" in names else names


def _at_top(body: list[ast.AST]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is imported, those under `if` and `try` included."""
    for node in body:
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for inner in ("body", "orelse", "finalbody", "handlers", "cases"):
                yield from _at_top(getattr(node, inner, []))


def _imported(file: Path, root: Path) -> Iterator[Path]:
    """Yield the files below a folder that a file may import, packages on the way included."""
    package = module_of(file, root).split(".")[: None if file.name == "__init__.py" else -1]
    for node in ast.walk(parse(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _on_the_way(root, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = [*start, *(node.module.split(".") if node.module else ())]
            for alias in node.names:
                yield from _on_the_way(root, [*module, alias.name])
    for end in range(1, len(package) + 1):  # importing a module runs its packages first
        yield from _on_the_way(root, package[:end])


def _on_the_way(root: Path, parts: list[str]) -> Iterator[Path]:
    """Yield the files that importing a dotted name from a folder runs, as far as they are there."""
    for end in range(1, len(parts) + 1):
        path = root.joinpath(*parts[:end])
        package = path / "__init__.py"
        file = package if package.is_file() else path.with_name(f"{path.name}.py")
        if file.is_file():
            yield file


def _is_own(found: Path, file: Path, root: Path) -> bool:
    """Return whether a file below the root is the user's: among installed packages, of the same package."""
    if not root.name.endswith("-packages"):
        return True
    return found.relative_to(root).parts[0] == file.relative_to(root).parts[0]
