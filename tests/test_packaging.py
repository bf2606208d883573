"""The house: what is packaged is what is in the tree, and no import goes up in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import pytest
from helpers.imports import Import, find_circles, find_imports, find_modules
from setuptools import find_packages

ROOT = Path(__file__).parents[1]

FLOORS = {
    "spaces": (
        *(
            "vocabulary",
            "display",
            "printing",
            "errors",
            "byte_sizes",
            "atomic",
            "values",
            "memory_use",
            "brackets",
            "taken_names",
            "naming",
            "module_names",
            "run_folder",
            "bundle_files",
            "kinds",
            "registry",
        ),
        *("graph", "module_run", "operators", "blocks", "hashing", "language", "catalog_files"),
        *("sampling", "codegen"),
        *("network", "family", "space", "loading", "authoring", "without_skips", "testing"),
    ),
    "analysis": (
        "metrics",
        "limit_units",
        "limits",
        "results",
        "statistics",
        "costs",
        "lint",
        "landscape",
        "inspection",
        "drawing",
        "reports",
    ),
    "search": (
        *("shutdown", "file_faults", "costs", "datasets", "training", "pruners", "study"),
        *("samplers", "job", "folder", "resuming", "closing", "workers", "executors"),
        *("progress", "dashboard"),
        *("trained", "join", "search"),
    ),
    "archscape": (
        "_version",
        "output",
        "waiting",
        "hidden_password",
        "reference",
        "commands",
        "cli",
        "__main__",
    ),
}
"""The floors from the ground up, and the rooms of each: what imports another stands behind it."""

FACADES = {"archscape", "archscape.spaces", "archscape.analysis", "archscape.search"}
"""Modules that hand on names of all rooms of their floor, lazily; no room of the floor imports them."""

FOLDERS = {f"archscape.{floor}".removesuffix(".archscape"): ROOT / floor for floor in FLOORS}
MODULES = find_modules(FOLDERS)
IMPORTS = find_imports(MODULES)


GROUND = "archscape._version"
"""Holds the version and imports nothing: every floor stands on it."""


def floor_of(module: str) -> str:
    """Return the floor of a module."""
    second = module.split(".")[1] if "." in module else ""
    return second if second in FLOORS else "archscape"


def room_of(module: str) -> str:
    """Return the room of a module on its floor; an empty name for the floor's own `__init__`."""
    inner = module.removeprefix("archscape").removeprefix(f".{floor_of(module)}").removeprefix(".")
    return inner.split(".")[0]


def height(module: str) -> tuple[int, int]:
    """Return the number of a module's floor, and of its room there; a facade is the top of its floor."""
    if module == GROUND:
        return -1, 0
    floor, room = floor_of(module), room_of(module)
    rooms = FLOORS[floor]
    return [*FLOORS].index(floor), rooms.index(room) if room else len(rooms)


def as_lines(imports: Iterable[Import]) -> str:
    """Return imports for the message of a test that fails, one a line."""
    return "".join(f"\n  {each}" for each in imports)


@pytest.mark.parametrize("floor", FLOORS)
def test_every_room_has_its_place(floor: str) -> None:
    rooms = {room_of(module) for module in MODULES if floor_of(module) == floor} - {""}
    assert rooms == set(FLOORS[floor])


def test_search_has_at_most_20_rooms() -> None:
    """Folders and files at its top."""
    assert len([path for path in (ROOT / "search").iterdir() if path.name != "__pycache__"]) <= 20


@pytest.mark.parametrize("floor", FLOORS)
def test_no_import_goes_up(floor: str) -> None:
    """Neither to a floor above nor to a room above on the same floor."""
    up = [i for i in IMPORTS if floor_of(i.source) == floor and height(i.target) > height(i.source)]
    assert not up, as_lines(up)


def test_no_circle() -> None:
    """Not by imports in functions, by those for types alone, or by names in lazy tables either."""
    imports = [each for each in IMPORTS if each.source not in FACADES]
    circles = [[i for i in imports if {i.source, i.target} <= {*circle}] for circle in find_circles(imports)]
    assert not circles, "\n".join(map(as_lines, circles))


@pytest.mark.parametrize("facade", sorted(FACADES))
def test_no_name_of_a_facade_is_hidden_by_a_module(facade: str) -> None:
    """Python sets a package's attribute to the module of that name once something imports the module."""
    names = set(getattr(import_module(facade), "__all__", ())) - {*FLOORS}
    assert not names & {
        module.rpartition(".")[2] for module in MODULES if module.rpartition(".")[0] == facade
    }


TREE = {
    "__init__": "import importlib\nHOMES = {'run': 'job'}\nhome = importlib.import_module('.job', 'tree')\n",
    "job": "def check() -> None:\n    from .study import rows\n",
    "study/__init__": "TABLES = {'rows': '.rows:table'}\n",
    "study/rows": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..job import Job, read\n",
    "run": "import tree.study\nfrom . import job as description\nfrom other import thing\n",
}


def test_the_grapher_sees_every_import(tmp_path: Path) -> None:
    for name, text in TREE.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    modules = find_modules({"tree": tmp_path})
    assert set(modules) == {"tree", "tree.job", "tree.study", "tree.study.rows", "tree.run"}
    imports = find_imports(modules)
    assert sorted(map(str, imports)) == [
        "tree -> tree.job (whole)",
        "tree -> tree.run (whole)",
        "tree.job -> tree.study.rows (whole)",
        "tree.run -> tree.job (whole)",
        "tree.run -> tree.study (whole)",
        "tree.study -> tree.study.rows (table)",
        "tree.study.rows -> tree.job (Job, read)",
    ]
    assert find_circles(imports) == [["tree.job", "tree.study.rows"]]


def setuptools_settings() -> dict[str, dict[str, list[str]]]:
    """Return what `pyproject.toml` has setuptools package."""
    settings: dict[str, dict[str, list[str]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
        "setuptools"
    ]
    return settings


def test_every_folder_with_python_is_a_package_that_is_found() -> None:
    """Setuptools leaves out a folder without `__init__.py` without a word."""
    folders = {name.rpartition(".")[0] for name, path in MODULES.items() if path.name != "__init__.py"}
    folders |= {name for name, path in MODULES.items() if path.name == "__init__.py"}
    include = setuptools_settings()["packages"]["find"]["include"]  # type: ignore[call-overload]
    assert set(find_packages(str(ROOT), include=include)) == folders


def test_every_data_file_is_packaged() -> None:
    """One of the patterns matches it, from its package down."""
    patterns = setuptools_settings()["package-data"]["*"]
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                package = next(folder for folder in path.parents if (folder / "__init__.py").is_file())
                name = path.relative_to(package).as_posix()
                assert any(fnmatch(name, pattern) for pattern in patterns), path


def test_the_links_lead_to_the_floors() -> None:
    for floor in FLOORS.keys() - {"archscape"}:
        assert (ROOT / "archscape" / floor).resolve() == ROOT / floor
    assert (ROOT / "benchmarks" / "helpers").resolve() == ROOT / "tests" / "helpers"


def test_no_test_imports_a_benchmark() -> None:
    benchmarks = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    for path in (ROOT / "tests").rglob("*.py"):
        imported = re.findall(r"^ *(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not benchmarks & set(imported), path


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("archscape", {"torch", "optuna", "ray", "pandas", "plotly", "yaml", "jinja2"}),
        ("archscape.spaces", {"torch", "optuna", "ray", "pandas", "plotly", "numpy"}),
        ("archscape.analysis.costs.profile", {"torch", "optuna", "ray", "pandas", "plotly"}),
        ("archscape.search.training.train", {"optuna", "ray", "pandas", "plotly"}),
        ("archscape.search.datasets.dataset", {"optuna", "ray", "pandas", "plotly"}),
        ("archscape.cli", {"torch", "optuna", "ray", "pandas", "plotly", "jinja2"}),
    ],
)
def test_importing_stays_light(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_unsafe_reading() -> None:
    """Files that somebody was given are never unpickled, and YAML is read safely."""
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for word in ("pickle.load", "yaml.load(", "allow_pickle=True", "shell=True"):
                assert word not in text, (path, word)
            loads = [call for call in re.findall(r"torch\.load\(.*", text) if "weights_only=True" not in call]
            assert not loads, (path, loads)
