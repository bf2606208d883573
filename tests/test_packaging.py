"""The house: what is packaged is what is in the tree, and no floor reaches up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("spaces", "analysis", "search")


def packages(folder: Path, name: str) -> set[str]:
    """Return the packages of a folder, one a folder with an `__init__.py`."""
    found = {name}
    for init in folder.rglob("*/__init__.py"):
        parts = init.parent.relative_to(folder).parts
        found.add(".".join([name, *parts]))
    return found


def test_every_package_is_listed() -> None:
    """Setuptools leaves out an unlisted package without a word."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    tree = {"archscape", "archscape.commands"}
    tree = tree.union(*(packages(ROOT / room, f"archscape.{room}") for room in ROOMS))
    assert set(settings["packages"]) == tree
    assert set(settings["package-dir"]) == tree
    assert all((ROOT / folder).is_dir() for folder in settings["package-dir"].values())


def test_every_data_file_is_listed() -> None:
    import fnmatch

    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                name = path.relative_to(ROOT / room).as_posix()
                assert any(fnmatch.fnmatch(name, p) for p in patterns.get(f"archscape.{room}", [])), path


def test_the_links_lead_to_the_rooms() -> None:
    for room in ROOMS:
        assert (ROOT / "archscape" / room).resolve() == ROOT / room


def imported(path: Path) -> set[str]:
    """Return the rooms that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return {room for room in ROOMS for name in names if name.startswith(f"archscape.{room}")}


@pytest.mark.parametrize(("room", "above"), [("spaces", {"analysis", "search"}), ("analysis", {"search"})])
def test_no_import_goes_up(room: str, above: set[str]) -> None:
    for path in (ROOT / room).rglob("*.py"):
        assert not imported(path) & above, path


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("archscape", {"torch", "optuna", "ray", "pandas", "plotly", "yaml"}),
        ("archscape.spaces", {"torch", "optuna", "ray", "pandas", "plotly", "numpy"}),
        ("archscape.analysis.costs.profile", {"torch", "optuna", "ray", "pandas", "plotly"}),
        ("archscape.search.training.train", {"optuna", "ray", "pandas", "plotly"}),
        ("archscape.search.datasets.dataset", {"optuna", "ray", "pandas", "plotly"}),
        ("archscape.cli", {"torch", "optuna", "ray", "pandas", "plotly"}),
    ],
)
def test_importing_stays_light(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_unsafe_reading() -> None:
    """Files that somebody was given are never unpickled, and YAML is read safely."""
    for room in (*ROOMS, "archscape"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for word in ("pickle.load", "yaml.load(", "allow_pickle=True", "shell=True"):
                assert word not in text, (path, word)
            loads = [call for call in re.findall(r"torch\.load\(.*", text) if "weights_only=True" not in call]
            assert not loads, (path, loads)
