"""Who imports whom: the imports of a source tree as a graph of its files, read from their text.

Every import counts, wherever it stands: at the top, in a function, under TYPE_CHECKING, and by name in a lazy
table (`".nsga2:NSGA2"`) or for `import_module`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Import:
    """An import of one module of the tree by another.

    Attributes:
        source: The module that imports.
        target: The module that is imported.
        names: What is imported of it; none where it is imported whole.
    """

    source: str
    target: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as a line of a report."""
        return f"{self.source} -> {self.target} ({', '.join(self.names) or 'whole'})"


def find_modules(folders: Mapping[str, Path]) -> dict[str, Path]:
    """Return the files of packages by their names in Python.

    Args:
        folders: The folder of each package; folders that it links to are not a part of it.
    """
    modules = {}
    for package, folder in folders.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            modules[".".join((package, *parts))] = path
    return modules


def find_imports(modules: Mapping[str, Path]) -> list[Import]:
    """Return every import of one module by another, by the names of both."""
    imports = []
    for source, path in modules.items():
        names: dict[str, set[str]] = {}
        package = source if path.name == "__init__.py" else source.rpartition(".")[0]
        for target, name in _targets(ast.parse(path.read_text(encoding="utf-8")), package, modules):
            names.setdefault(target, set()).update([name] if name else [])
        names.pop(source, None)
        imports += [Import(source=source, target=t, names=tuple(sorted(n))) for t, n in sorted(names.items())]
    return imports


def find_circles(imports: Iterable[Import]) -> list[list[str]]:
    """Return the sets of modules that reach each other: the strongly connected components."""
    arrows: dict[str, set[str]] = {}
    for each in imports:
        arrows.setdefault(each.source, set()).add(each.target)
        arrows.setdefault(each.target, set())
    order: list[str] = []
    seen: set[str] = set()
    for start in arrows:
        _walk(start, arrows, seen, order)
    back: dict[str, set[str]] = {name: set() for name in arrows}
    for source, targets in arrows.items():
        for target in targets:
            back[target].add(source)
    circles, seen = [], set()
    for start in reversed(order):  # Kosaraju: what reaches the last one to be left, backwards
        component: list[str] = []
        _walk(start, back, seen, component)
        if len(component) > 1:
            circles.append(sorted(component))
    return circles


def _walk(start: str, arrows: Mapping[str, set[str]], seen: set[str], order: list[str]) -> None:
    """Add what is reached and was not seen to `order`, each after all that it reaches."""
    if start in seen:
        return
    seen.add(start)
    stack = [(start, iter(sorted(arrows[start])))]
    while stack:
        name, targets = stack[-1]
        target = next((target for target in targets if target not in seen), None)
        if target is None:
            order.append(name)
            stack.pop()
        else:
            seen.add(target)
            stack.append((target, iter(sorted(arrows[target]))))


def _targets(tree: ast.Module, package: str, modules: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield each module of the tree that a file imports, with the name imported of it, if any."""
    by_name = any(
        "import_module" in (getattr(node, "id", ""), getattr(node, "attr", "")) for node in ast.walk(tree)
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute("." * node.level + (node.module or ""), package)
            for alias in node.names:
                if f"{base}.{alias.name}" in modules:
                    yield f"{base}.{alias.name}", ""
                elif base in modules:
                    yield base, alias.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _named(node.value, package, modules, by_name=by_name)


def _named(
    text: str, package: str, modules: Mapping[str, Path], *, by_name: bool
) -> Iterator[tuple[str, str]]:
    """Yield the module that a string names in a lazy table or, `by_name`, for `import_module`."""
    if match := re.fullmatch(r"(\.*[a-z_][\w.]*):(\w+)", text):
        target = _absolute(match[1], package)
        if target in modules:
            yield target, match[2]
    elif by_name and re.fullmatch(r"\.*[a-z_][\w.]*", text):
        target = _absolute(text if text.startswith(".") else f".{text}", package)
        yield from ((name, "") for name in (target, text) if name in modules and "." in name)


def _absolute(name: str, package: str) -> str:
    """Return the full name of a module that is named relative to a package."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *filter(None, [name[level:]])])
