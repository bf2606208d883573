"""A function of the user's, `FILE.py:name`: found and checked in its text, and run on his word alone.

What comes from a database or the folder of a search names it by its file and the SHA-256 of all that it
imports from its own folder; it is loaded only if those files were vouched for, as `uses.py` has it.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from ..errors import CodeNotRun, InputError, JobError, suggest
from ..module_names import hides
from .document import Document, Place
from .own_imports import module_of, names_of, own_files, parse, root_of
from .user_errors import failures
from .uses import file_digest, find_used, remedy, vouch_all

EXAMPLE = "my_training.py:fit"

_imported: dict[str, str] = {}
"""The SHA-256 that each file had when it was imported from here."""

_importing: list[str] = []
"""The files whose import is under way."""


@dataclass(frozen=True, kw_only=True)
class UserFunction:
    """A function in a Python file of the user's.

    Attributes:
        file: The file, by its full path on the machine that the job was read on.
        function: The name of the function.
    """

    file: str
    function: str

    @classmethod
    def parse(cls, text: str, folder: Path) -> Self:
        """Return the function that a text means; the file need not be there.

        Args:
            text: `FILE.py:name`.
            folder: What a relative file is relative to; `~` is the home folder.

        Raises:
            JobError: If the text is not of that form.
        """
        file, _, function = text.rpartition(":")
        if not is_function(text):
            named = f"'{text}' is no function in a file" if text else "a function is missing"
            raise JobError(f"{named}: write FILE.py:name, as in `{EXAMPLE}`")
        return cls(file=str((folder / os.path.expanduser(file)).resolve()), function=function)

    @classmethod
    def of(cls, function: Callable[..., object]) -> Self:
        """Return a function by its file and name: workers are processes of their own, and import it there.

        Raises:
            JobError: If it cannot be imported: a lambda, one in another function, one of no file.
        """
        name = getattr(function, "__qualname__", "")
        module = sys.modules.get(getattr(function, "__module__", None) or "")
        file = getattr(module, "__file__", None)
        shown = name or repr(function)
        if not name.isidentifier():  # with `<lambda>`, `<locals>` or a class in it, or not a function
            law = "workers import it from its file, so it is a function at the top of a module"
            raise JobError(f"{shown} cannot be imported by its name: {law}; write `def` there")
        if not file or not file.endswith(".py"):
            raise JobError(f"{shown} stands in no file, from which workers could import it; put it in one")
        if getattr(module, name, None) is not function:
            raise JobError(f"{file} has another '{name}' than the function that was given; rename one")
        return cls(file=str(Path(file).resolve()), function=name)

    @property
    def name(self) -> str:
        """How it is shown: `my_training.py:fit`."""
        return f"{Path(self.file).name}:{self.function}"

    def __str__(self) -> str:
        """Return how a job names it, by the full path of its file."""
        return f"{self.file}:{self.function}"

    def check(self) -> None:
        """Check that its file is there and defines it; nothing is run.

        Raises:
            InputError: If it does not.
        """
        path = Path(self.file)
        if not path.is_file():
            raise JobError(f"there is no file '{path}'")
        if root_of(path) == path.parent and path.stem.isidentifier() and (hidden := hides(path.stem)):
            law = f"'{path.stem}' is {hidden}; rename the file"
            raise JobError(f"'{path.name}' is imported by its name, but {law}")
        names = names_of(parse(path))
        if names is not None and self.function not in names:
            public = {name for name in names if not name.startswith("_")}
            raise JobError(f"{path} has no '{self.function}'{suggest(self.function, public)}")

    def check_arguments(self, names: Sequence[str]) -> None:
        """Check that it takes these arguments, in this order, where its text tells; nothing is run.

        Raises:
            JobError: If it does not; with its line.
        """
        top = parse(Path(self.file)).body
        definitions = [
            node for node in top if isinstance(node, ast.FunctionDef) and node.name == self.function
        ]
        if not definitions or definitions[-1].decorator_list:
            return
        parameters = definitions[-1].args
        most = len(parameters.posonlyargs) + len(parameters.args)
        is_enough = len(names) <= most or parameters.vararg is not None
        if not is_enough or len(names) < most - len(parameters.defaults) or None in parameters.kw_defaults:
            law = f"it is called with {len(names)}, as {self.function}({', '.join(names)})"
            takes = f"{self.function}({ast.unparse(parameters)})"
            raise JobError(f"{self.file}:{definitions[-1].lineno}: {takes} takes other arguments: {law}")

    def vouch(self) -> None:
        """Check it, and let this process run it, on the user's word.

        Raises:
            InputError: If it is not there.
        """
        self.check()
        vouch_all(own_files(Path(self.file)))

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of its file, and of those that it imports from its own folder, by full path.

        Raises:
            InputError: If a file is not there, or no Python.
        """
        source = Path(find_used(self.file) or self.file)
        return {str(file): file_digest(file) for file in own_files(source)}

    def facts(self) -> dict[str, Any]:
        """Return what a study keeps of it: its name, and the SHA-256 of its files by their relative paths."""
        return {"call": self.name, "files": relative_digests(self.digests())}

    def load(self) -> Callable[..., Any]:
        """Import its file, unless that is done, and return it; what the file prints goes to standard error.

        Raises:
            CodeNotRun: If nobody vouched for one of its files.
            InputError: If the file cannot be imported, or what it has of this name cannot be called.
        """
        source = find_used(self.file)
        if source is None:
            name = Path(self.file).name
            raise CodeNotRun(f"'{name}' is code and was not run; {remedy([name])}")
        function = getattr(_module(Path(source)), self.function, None)
        if not callable(function):
            what = f"is no function, but {type(function).__name__}" if function else "is not there"
            raise JobError(f"{source}: '{self.function}' {what}")
        return function  # type: ignore[no-any-return]


def is_function(text: str) -> bool:
    """Return whether a text has the form of a function of the user's: `FILE.py:name`."""
    file, _, name = text.rpartition(":")
    return file.endswith(".py") and name.isidentifier()


def read_function(
    text: object, document: Document, place: Place, arguments: Sequence[str] | None = None
) -> UserFunction:
    """Return the function that a document names at a place, vouched for if the document may name code.

    A relative file is relative to the document.

    Args:
        text: `FILE.py:name`.
        document: What names it.
        place: Where.
        arguments: What it is called with, by name; None leaves that unchecked.

    Raises:
        InputError: If it is none, or, where it is vouched for, if it is not there or takes other arguments;
            with the place.
    """
    with document.at(place):
        folder = Path(document.name).resolve().parent
        function = UserFunction.parse(text if isinstance(text, str) else "", folder)
        if document.runs == "all":
            function.vouch()
            if arguments is not None:
                function.check_arguments(arguments)
    return function


def relative_digests(digests: Mapping[str, str]) -> dict[str, str]:
    """Return digests of a file and of what it imports, by their paths in the folder they are imported from.

    They are the same wherever that folder lies.
    """
    root = root_of(Path(next(iter(digests))))
    return {Path(file).relative_to(root).as_posix(): digest for file, digest in digests.items()}


def check_not_importing(what: str) -> None:
    """Check that no file of the user's is being imported, which would begin what is under way once more.

    Raises:
        JobError: If one is.
    """
    if _importing:
        law = f"{_importing[-1]} {what} when it is imported"
        raise JobError(f'{law}, as workers do; put that under `if __name__ == "__main__":`')


def _module(path: Path) -> ModuleType:
    """Import a file of the user's by its name, from its folder.

    The folder is the first on the path of imports meanwhile, and the last from then on, for what the function
    imports when it is called, also in processes that it starts: no file there hides a library that another
    imports late.

    Files that changed since they were imported are imported anew.

    Raises:
        InputError: If that fails, or another module has the name of one of its files.
    """
    main = sys.modules["__main__"]
    if (getattr(main, "__file__", None) or "") and Path(str(main.__file__)).resolve() == path:
        return main
    files, root = own_files(path), root_of(path)
    for file in files:
        if find_used(str(file)) is None:
            raise CodeNotRun(f"'{file.name}' is code and was not run; {remedy([file.name])}")
    digests = {str(file): file_digest(file) for file in files}
    if any(_imported.get(file, digest) != digest for file, digest in digests.items()):
        for file in files:
            sys.modules.pop(module_of(file, root), None)
    for file in files:
        _check_name(file, root)
    importlib.invalidate_caches()
    _imported.update(digests)  # what is imported before one fails is there too
    _importing.append(str(path))
    sys.path.insert(0, str(root))
    try:
        with redirect_stdout(sys.stderr), failures("cannot be imported", where=str(path)):
            return importlib.import_module(module_of(path, root))
    finally:
        _importing.pop()
        sys.path.remove(str(root))
        if str(root) not in sys.path:
            sys.path.append(str(root))


def _check_name(file: Path, root: Path) -> None:
    """Check that the name of a file is that of no other module, which a late import would find instead.

    Raises:
        InputError: If it is.
    """
    name = module_of(file, root)
    if file.parent == root and (hidden := hides(name)):
        raise InputError(f"{file} is imported by its name, but '{name}' is {hidden}; rename the file")
    taken = sys.modules.get(name)
    place = getattr(taken, "__file__", None)
    if taken is not None and (place is None or Path(place).resolve() != file):
        raise InputError(f"{file}: the name '{name}' belongs to another module; rename the file")
