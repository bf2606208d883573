"""`FILE.py:name` is found in its text, and run on the user's word alone."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archscape.spaces.errors import CodeNotRun, InputError, JobError
from archscape.spaces.language import user_function, uses
from archscape.spaces.language.document import read_text
from archscape.spaces.language.user_function import (
    UserFunction,
    check_not_importing,
    read_function,
    relative_digests,
)
from archscape.spaces.language.uses import file_digest, vouch

FIT = """\
from own_helper import scaled


def fit(network, context):
    return {"accuracy": scaled(0.5)}


rate = 3
"""
HELPER = "def scaled(x):\n    import own_deep\n    return own_deep.FACTOR * x\n"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing was named or imported in this process yet, and what is imported is forgotten."""
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    forget_own_modules()  # other tests of this process have files of these names
    yield
    forget_own_modules()


def forget_own_modules() -> None:
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own_fit.py").write_text(FIT)
    (tmp_path / "own_helper.py").write_text(HELPER)
    (tmp_path / "own_deep.py").write_text("FACTOR = 2\n")
    (tmp_path / "own_stranger.py").write_text("raise SystemExit\n")
    return tmp_path


def test_a_function_is_its_file_and_name(folder: Path) -> None:
    function = UserFunction.parse("own_fit.py:fit", folder)
    assert (function.file, function.function) == (str(folder / "own_fit.py"), "fit")
    assert function.name == "own_fit.py:fit"
    assert UserFunction.parse(str(function), Path("/")) == function


@pytest.mark.parametrize("text", ["fit", "own_fit.py", "own_fit:fit", "own_fit.py:", "own_fit.py:a.b", ""])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(JobError, match=r"write FILE\.py:name, as in `my_training\.py:fit`"):
        UserFunction.parse(text, Path())


def test_digests_are_of_the_file_and_all_it_imports_from_its_folder(folder: Path) -> None:
    """Also what is imported in a function of what it imports; nothing is run for it."""
    before = set(sys.modules)
    digests = UserFunction.parse("own_fit.py:fit", folder).digests()
    assert digests == {
        str(folder / name): file_digest(folder / name)
        for name in ("own_fit.py", "own_helper.py", "own_deep.py")
    }
    assert [*relative_digests(digests)] == ["own_fit.py", "own_helper.py", "own_deep.py"]
    assert set(sys.modules) == before


def test_a_file_in_a_package_is_imported_from_above_it(folder: Path) -> None:
    package = folder / "own_package" / "inner"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("from . import constants\n")
    (package / "constants.py").write_text("TWO = 2\n")
    (package / "training.py").write_text("from ..shared import f as fit\n")
    (package.parent / "shared.py").write_text("def f():\n    return 7\n")
    function = UserFunction.parse("training.py:fit", package)
    function.vouch()
    assert set(relative_digests(function.digests())) == {
        f"own_package/{name}"
        for name in (
            "__init__.py",
            "shared.py",
            "inner/__init__.py",
            "inner/constants.py",
            "inner/training.py",
        )
    }
    assert function.load()() == 7
    assert function.load().__module__ == "own_package.shared"


def test_nothing_is_loaded_without_the_users_word(folder: Path) -> None:
    function = UserFunction.parse("own_fit.py:fit", folder)
    with pytest.raises(CodeNotRun, match=r"'own_fit\.py' is code and was not run; .* --uses own_fit\.py"):
        function.load()
    vouch(folder / "own_fit.py")
    with pytest.raises(CodeNotRun, match=r"'own_helper\.py' is code and was not run"):
        function.load()
    function.vouch()
    assert function.load()(None, None) == {"accuracy": 1.0}


def test_a_changed_file_is_imported_anew(folder: Path) -> None:
    function = UserFunction.parse("own_fit.py:fit", folder)
    function.vouch()
    first = function.load()
    assert function.load() is first
    (folder / "own_deep.py").write_text("FACTOR = 20\n")
    assert function.load()(None, None) == {"accuracy": 10.0}


def test_a_changed_file_in_a_folder_that_is_no_package_is_imported_anew(folder: Path) -> None:
    (folder / "own_parts").mkdir()
    (folder / "own_parts" / "heads.py").write_text("from .widths import WIDTH\n")
    (folder / "own_parts" / "widths.py").write_text("WIDTH = 2\n")
    (folder / "own_fit.py").write_text("from own_parts.heads import WIDTH\ndef fit():\n    return WIDTH\n")
    function = UserFunction.parse("own_fit.py:fit", folder)
    function.vouch()
    assert function.load()() == 2
    (folder / "own_parts" / "widths.py").write_text("WIDTH = 30\n")
    assert function.load()() == 30


def test_what_was_imported_before_an_error_is_imported_anew_when_it_changed(folder: Path) -> None:
    (folder / "own_fit.py").write_text(f"{FIT}\n1 / 0\n")
    function = UserFunction.parse("own_fit.py:fit", folder)
    function.vouch()
    with pytest.raises(InputError, match="division by zero"):
        function.load()
    (folder / "own_fit.py").write_text(FIT)
    (folder / "own_helper.py").write_text("def scaled(x):\n    return 0.75\n")
    assert function.load()(None, None) == {"accuracy": 0.75}


def test_what_stands_elsewhere_is_found_by_name_once_it_was_vouched_for(folder: Path) -> None:
    """As on another machine, where the job's path leads nowhere."""
    function = UserFunction.parse("/elsewhere/own_fit.py:fit", Path())
    UserFunction.parse("own_fit.py:fit", folder).vouch()
    assert function.load()(None, None) == {"accuracy": 1.0}
    assert relative_digests(function.digests())["own_fit.py"] == file_digest(folder / "own_fit.py")


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("def fit(): pass", "own_none.py:fit", "there is no file '.*own_none.py'"),
        ("def fitt(): pass", "own_x.py:fit", "has no 'fit'; did you mean 'fitt'"),
        ("def fit(: pass", "own_x.py:fit", r"own_x\.py:1: no Python: "),
        ("def fit(): pass", "random.py:fit", "'random' is a module of Python; rename the file"),
    ],
)
def test_what_is_wrong_with_the_text_is_said_before_it_is_run(
    tmp_path: Path, text: str, name: str, message: str
) -> None:
    file = "own_x.py" if "own_none" in name else name.split(":")[0]
    (tmp_path / file).write_text(f"{text}\nopen({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(InputError, match=message):
        UserFunction.parse(name, tmp_path).vouch()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fit = 3", "own_x.py: 'fit' is no function, but int"),
        ("def fit(): pass\ndel fit", "own_x.py: 'fit' is not there"),
        ("def fit(): pass\n1 / 0", "own_x.py:2: cannot be imported: ZeroDivisionError: division by zero"),
        ("import own_nothing\nfit = 3", "own_x.py:1: cannot be imported: ModuleNotFoundError"),
        ("def fit(): pass\nexit('no')", "own_x.py:2: cannot be imported: SystemExit: no"),
    ],
)
def test_what_is_wrong_with_the_code_is_one_line_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "own_x.py").write_text(text)
    function = UserFunction.parse("own_x.py:fit", tmp_path)
    function.vouch()
    with pytest.raises(InputError) as caught:
        function.load()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "own_x" not in sys.modules or "import" not in message


def test_a_name_that_another_module_has_is_refused(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "own_twice.py").write_text("def fit(): pass")
        function = UserFunction.parse("own_twice.py:fit", tmp_path / place)
        function.vouch()
        if place == "a":
            function.load()
    with pytest.raises(InputError, match="the name 'own_twice' belongs to another module; rename the file"):
        function.load()


def test_a_folder_hides_no_library_from_a_late_import(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "own_library.py").write_text("WHOSE = 'theirs'\n")
    monkeypatch.syspath_prepend(str(libraries))
    (folder / "own_library.py").write_text("WHOSE = 'ours'\n")
    function = UserFunction.parse("own_fit.py:fit", folder)
    function.vouch()
    loaded = function.load()
    assert importlib.import_module("own_library").WHOSE == "theirs"
    assert loaded(None, None) == {"accuracy": 1.0}  # imports `own_deep` now
    assert sys.path[-1] == str(folder)
    assert sys.path.count(str(folder)) == 1


def test_a_folder_that_is_on_the_path_already_keeps_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(folder))
    before = [*sys.path]
    function = UserFunction.parse("own_fit.py:fit", folder)
    function.vouch()
    function.load()
    assert sys.path == before


def test_a_file_beside_it_with_the_name_of_a_library_is_refused_if_it_is_imported(folder: Path) -> None:
    (folder / "yaml.py").write_text("X = 1\n")
    (folder / "own_fit.py").write_text("def fit():\n    import yaml\n")
    function = UserFunction.parse("own_fit.py:fit", folder)
    function.vouch()
    with pytest.raises(InputError, match=r"yaml\.py is imported by its name, but 'yaml' is an installed"):
        function.load()


def test_a_file_that_begins_what_imports_it_is_told_where_to_put_that(tmp_path: Path) -> None:
    (tmp_path / "own_x.py").write_text(
        "from archscape.spaces.language.user_function import check_not_importing\n"
        "def fit(): pass\ncheck_not_importing('starts a search')\n"
    )
    function = UserFunction.parse("own_x.py:fit", tmp_path)
    function.vouch()
    with pytest.raises(
        JobError, match=r'own_x.py starts a search when it is imported.*if __name__ == "__main'
    ):
        function.load()
    check_not_importing("starts a search")


def at_top() -> None:
    pass


class Of:
    def method(self) -> None:
        pass


def test_a_function_of_python_is_known_by_its_file_and_name() -> None:
    function = UserFunction.of(at_top)
    assert (function.file, function.function) == (str(Path(__file__).resolve()), "at_top")


def test_what_cannot_be_imported_by_its_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def nested() -> None:
        pass

    for function in (lambda: None, nested, Of.method, Of().method):
        with pytest.raises(JobError, match=r"cannot be imported by its name: .* top of a module"):
            UserFunction.of(function)
    with pytest.raises(JobError, match="stands in no file"):
        UserFunction.of(len)
    monkeypatch.setitem(globals(), "at_top", nested)
    nested.__qualname__ = "at_top_once"
    with pytest.raises(JobError, match="has another 'at_top_once' than the function that was given"):
        UserFunction.of(nested)


def test_a_document_vouches_only_where_it_may_name_code(folder: Path) -> None:
    text = f"train: {folder}/own_fit.py:fit\n"
    stored = read_function(f"{folder}/own_fit.py:fit", read_text(text), ("train",))
    with pytest.raises(CodeNotRun):
        stored.load()
    wrong = read_text(text.replace("own_fit", "own_none"), name="job.yaml")
    object.__setattr__(wrong, "runs", "all")
    with pytest.raises(InputError, match=r"job\.yaml:1:8: there is no file"):
        read_function(f"{folder}/own_none.py:fit", wrong, ("train",))


@pytest.mark.parametrize(
    ("arguments", "takes"),
    [("network", False), ("network, context", True), ("network, context, more=1", True), ("*given", True),
     ("network, context, more", False), ("network, context, *, more", False),
     ("network, /, context=None", True)],
)  # fmt: skip
def test_what_takes_other_arguments_is_refused_with_its_line(
    tmp_path: Path, arguments: str, takes: bool
) -> None:
    (tmp_path / "own_taking.py").write_text(f"raise SystemExit\n\ndef fit({arguments}):\n    return 1\n")
    function = UserFunction.parse("own_taking.py:fit", tmp_path)
    if takes:
        function.check_arguments(["network", "context"])
    else:
        with pytest.raises(JobError, match=r"own_taking.py:3: .* called with 2, as fit\(network, context\)"):
            function.check_arguments(["network", "context"])
