"""Nothing that is only looked at is unpickled: no call that could stands in the source, but in runners."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("spaces", "analysis", "search", "archscape")
RUNNERS = ROOT / "spaces/codegen/formats/runners"
"""Each runs a file that was just written, in a process of its own."""

FORBIDDEN = {
    *("torch.export.load", "torch.jit.load", "torch.package.PackageImporter", "torch.hub.load"),
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load", "cloudpickle.loads"),
    *("dill.load", "dill.loads", "joblib.load", "pandas.read_pickle", "shelve.open", "marshal.loads"),
}
UNLESS = {"torch.load": ("weights_only", True), "numpy.load": ("allow_pickle", False)}
"""Calls that are safe with an argument; what is not said is False."""
LIKELY = re.compile("load|ickle|shelve|marshal|PackageImporter")
"""What a text has that names one of these; others are not parsed."""


def sources() -> list[Path]:
    """Return the files of all floors; links among them lead to what stands here already."""
    paths = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    return [path for path in paths if path.resolve() == path]


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call | ast.expr]]:
    """Yield the full name of everything that is named in a file by a name that it imports, and where."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                a.asname or a.name.partition(".")[0]: a.name if a.asname else a.name.partition(".")[0]
                for a in node.names
            }
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    bases = {id(base) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in bases:
            first, *rest = ast.unparse(node).split(".")
            if first in names:
                yield ".".join((names[first], *rest)), called.get(id(node), node)


def violations(text: str) -> list[str]:
    """Return what a text names that can unpickle."""
    named: list[str] = []
    if not LIKELY.search(text):
        return named
    for name, node in calls(ast.parse(text)):
        if name in FORBIDDEN:
            named.append(f"{name}, line {node.lineno}")
        if name in UNLESS:
            argument, safe = UNLESS[name]
            said = {k.arg: ast.unparse(k.value) for k in node.keywords} if isinstance(node, ast.Call) else {}
            if said.get(argument, "False") != str(safe):
                named.append(f"{name} without {argument}={safe}, line {node.lineno}")
    return named


def test_no_source_unpickles_what_it_looks_at() -> None:
    """But for runners, which parity starts in a process of their own."""
    by_file = {path: violations(path.read_text("utf-8")) for path in sources() if RUNNERS not in path.parents}
    assert len(by_file) > 500
    assert {str(path.relative_to(ROOT)): lines for path, lines in by_file.items() if lines} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ntorch.export.load(path)",
        "def f():\n    import torch.export as e\n    return e.load(path)",
        "from torch import export\nexport.load(path)",
        "from torch.jit import load\nload(path)",
        "import torch\ntorch.load(path)",
        "import torch as t\nt.load(path, weights_only=False)",
        "import torch\nread = torch.jit.load",
        "import pickle\npickle.loads(data)",
        "from pickle import Unpickler\nUnpickler(file).load()",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
    ],
)
def test_the_law_sees_each_way_to_write_it(text: str) -> None:
    assert violations(text)


def test_the_law_sees_no_more_than_that() -> None:
    assert not violations("import torch\ntorch.load(path, weights_only=True)\ntorch.export.save(p, f)")
    assert not violations("import pickle\nclass Safe(pickle.Unpickler): pass\npickle.dumps(1)")
    assert not violations("import numpy as np\nnp.load(path)")
