"""What the documentation shows is true: its tables read, its commands and its Python run."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archscape.spaces import Family, Network, Space, load
from archscape.spaces.language.document import read_text
from archscape.spaces.language.reading import is_family
from archscape.spaces.loading import read_table

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parents[1]
EXTENDING = ROOT / "docs" / "extending.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


TABLES = [
    (page.name, text)
    for page in PAGES
    for text in blocks(page, "yaml")
    if re.match(r"(#.*\n)*(network|space|family):", text) and "my_blocks" not in text
]
TOLD = ("tutorial.md", "extending.md", "tracking.md", "samplers.md")
"""Pages whose parts belong together; tests of their own run them."""
PROGRAMS = [
    (page.name, text)
    for page in PAGES
    for text in blocks(page, "python")
    if re.search(r"^(import|from)", text)
]


@pytest.mark.parametrize(("page", "text"), TABLES)
def test_tables_read(page: str, text: str) -> None:
    document = read_text(text, name=page)
    if is_family(document):
        assert list(Family.from_yaml(text, name=page).networks())
    else:
        assert isinstance(read_table(document), Network | Space)


def test_the_readme_shows_the_space_of_the_catalog() -> None:
    shown = next(text for name, text in TABLES if name == "README.md" and "space: digits" in text)
    assert read_table(read_text(shown)) == load("digits")


@pytest.mark.slow
def test_the_tutorial_runs_as_written(archscape: Run, tmp_path: Path) -> None:
    page = ROOT / "docs" / "tutorial.md"
    for name in ("small.yaml", "job.yaml"):
        text = page.read_text(encoding="utf-8").split(f"`{name}`:")[1]
        (tmp_path / name).write_text(re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1))  # type: ignore[union-attr]
    for line in "".join(blocks(page, "bash")).splitlines():
        done = archscape(*shlex.split(line)[1:])
        assert done.returncode == 0, done.stderr
    assert {path.suffix for path in (tmp_path / "best").iterdir()} >= {".py", ".yaml", ".safetensors"}
    (program,) = blocks(page, "python")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "decision.stage1.depth" in done.stdout


@pytest.mark.parametrize(("page", "text"), [p for p in PROGRAMS if p[0] not in TOLD])
def test_programs_run(page: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(text, page, "exec"), {})
    printed = capsys.readouterr().out
    for line in re.findall(r"print\(.*\)\s+# ([\w ]+)$", text, re.MULTILINE):
        assert line.split(" decision")[0] in printed


@pytest.fixture
def my_blocks(tmp_path: Path) -> Iterator[Path]:
    """The file and the table of the worked example, as a user would write them."""
    code = next(text for text in blocks(EXTENDING, "python") if "def ladder" in text)
    table = next(text for text in blocks(EXTENDING, "yaml") if "my_blocks" in text)
    (tmp_path / "my_blocks.py").write_text(code)
    (tmp_path / "mine.yaml").write_text(table)
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    sys.modules.pop("my_blocks", None)


@pytest.mark.slow
def test_a_block_of_the_users_own_is_used_as_the_page_says(my_blocks: Path, archscape: Run) -> None:
    for line in "".join(blocks(EXTENDING, "bash")).splitlines():
        done = archscape(*shlex.split(line)[1:])
        assert done.returncode == 0, done.stderr
    assert "class Ladder(nn.Module):" in (my_blocks / "mine" / "mine.py").read_text()


@pytest.mark.slow
def test_the_contract_of_a_block_is_checked_as_the_page_says(my_blocks: Path) -> None:
    program = next(text for text in blocks(EXTENDING, "python") if "testing import check" in text)
    names: dict[str, Callable[[], None]] = {}
    exec(compile(program, "extending.md", "exec"), names)
    names["test_ladder"]()


def test_a_line_of_settings_puts_a_block_under_contract(my_blocks: Path) -> None:
    """The last example of the page: the line that the contract tests of the library read."""
    from archscape.spaces.testing import check

    line = next(text for text in blocks(EXTENDING, "python") if text.startswith("SETTINGS["))
    settings: dict[str, list[dict[str, int]]] = {}
    exec(line, {"SETTINGS": settings})
    ladder = importlib.import_module("my_blocks").ladder
    for setting in settings["ladder"]:
        check(ladder, **setting)


def test_the_page_of_samplers_shows_the_example() -> None:
    shown = blocks(ROOT / "docs" / "samplers.md", "python")
    assert shown[0] == (ROOT / "examples" / "sampler" / "my_sampler.py").read_text(encoding="utf-8")
    assert "check(Greedy(" in shown[1]


def test_the_readme_shows_the_source_that_is_exported() -> None:
    from archscape.spaces import load_network
    from archscape.spaces.codegen.source import source

    shown = next(text for text in blocks(ROOT / "README.md", "python") if text.startswith("class "))
    assert "".join(shown.split()) in "".join(
        source(load_network("resnet50")).split()
    )  # lines are broken elsewhere


def test_the_page_of_memory_shows_what_a_small_device_needs(archscape: Run) -> None:
    page = (ROOT / "docs" / "memory.md").read_text(encoding="utf-8")
    command, shown = re.search(
        r"```\n(archscape memory \S+ --target .*)\n```\n\n```\n([^`]*)```", page
    ).groups()  # type: ignore[union-attr]
    printed = archscape(*shlex.split(command)[1:]).stdout.split()
    rows = [line.split() for line in shown.splitlines()]
    assert [word for row in rows for word in row] == [word for word in printed if word.strip("-")][
        -sum(map(len, rows)) :
    ]


@pytest.mark.slow
def test_cheap_commands_of_the_readme_run(archscape: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    lines = [line for text in blocks(ROOT / "README.md", "bash") for line in text.splitlines()]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("archscape")]
    cheap = [
        c
        for c in commands
        if c[0] in ("profile", "memory", "lint", "compare", "space", "list") or c[1] == "resnet50"
    ]
    assert len(cheap) >= 3
    for command in cheap:
        done = archscape(*command)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_examples_run(script: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 2
