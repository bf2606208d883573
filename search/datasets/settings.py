"""What a job says of its data beyond a name: where it is, how it is decoded and how it is split.

```yaml
data: photos                              # a name, or a path
data: {path: photos, size: 64, channels: grey, val: 0.1, seed: 0}
data: {path: scans.csv, size: 64, split: {group: patient}}
data: {path: photos, size: 64, split: {train: train.txt, val: val.txt, test: test.txt}}
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias

from archscape.spaces.errors import JobError
from archscape.spaces.kinds import Kind, Takes, number, optional, require, whole, word
from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.settings import Settings, read_settings

from .arrays import SPLITS, TARGETS

HELD_OUT = 0.1
"""Share of the samples that become a missing validation or test part."""

GROUP = "group"
"""The key of `split:` under which a column is named whose equal values stay in one part."""


def _read_size(tree: object) -> object:
    return tuple(int(str(each)) for each in (tree if isinstance(tree, list) else [tree]))


def _check_size(value: object) -> tuple[int, ...]:
    sides = tuple(value) if isinstance(value, tuple | list) else (value,)
    require(0 < len(sides) < 3 and all(type(side) is int and 1 <= side <= 2**24 for side in sides))
    return sides


SIZE = Kind("a whole number from 1, or [height, width]", _check_size, _read_size)
SHARE = number("a share between 0 and 1", lambda value: 0 < value < 1)


@dataclass(frozen=True, kw_only=True)
class DataSettings(Settings):
    """What a job says of its data.

    Attributes:
        path: A file or a folder, `FILE.py:name` for a function that returns data, or an embedded name.
        size: Pixels of the side of an image, which is scaled and cut to it; samples of a sound, which is
            cut or filled with silence. Without it all must be of one size.
        channels: Whether images are decoded with one channel or three; by default as the first is.
        val: Share of the samples that become the validation part, if none is given; by default 0.1.
        test: Share that becomes the test part, likewise.
        seed: Of the split.
        split: `{group: COLUMN}` keeps the samples with one value of a column together; `{train: FILE, val:
            FILE, test: FILE}` names the samples of each part in a text file, one a line.
        task: What the data is for, where its numbers do not say it.
    """

    name: ClassVar[str] = "data"
    path: Annotated[str, Takes("a path, or FILE.py:name of a function")]
    size: Annotated[tuple[int, ...] | None, optional(SIZE)] = None
    channels: Annotated[str | None, optional(word("grey", "colour"))] = None
    val: Annotated[float | None, optional(SHARE)] = None
    test: Annotated[float | None, optional(SHARE)] = None
    seed: Annotated[int, whole(0, 2**31 - 1)] = 0
    split: Annotated[Mapping[str, str], Takes("{group: COLUMN}, or {train: FILE, val: FILE, test: FILE}")] = (
        field(default_factory=dict)
    )
    task: Annotated[str | None, optional(word(*TARGETS))] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is not None:
            object.__setattr__(self, "size", _check_size(self.size))
        _check_shares(self.val, self.test)
        _check_split(self.split)

    def __str__(self) -> str:
        return self.path

    @property
    def named(self) -> list[str]:
        """Names of the settings that say something beside the path."""
        return [name for name in self.to_dict() if name != "path"]

    def to_dict(self) -> dict[str, Any]:
        """Return what differs from the defaults, in plain types."""
        plain = DataSettings(path="")
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        changed = {name: value for name, value in values.items() if value != getattr(plain, name)}
        return {
            name: list(v) if isinstance(v, tuple) else dict(v) if isinstance(v, Mapping) else v
            for name, v in changed.items()
        }

    def facts(self) -> dict[str, Any]:
        """Return what may not change over the life of a study: all but the folders of the files."""
        names = {key: Path(text).name if key != GROUP else text for key, text in self.split.items()}
        return self.to_dict() | {"path": Path(self.path).name} | ({"split": names} if names else {})


Find: TypeAlias = Callable[[str, Place], str]
"""Returns the full path of what a word at a place in a document names, or fails with an input error."""


def read_data(
    tree: Mapping[Any, Tree], document: Document, place: Place, *, find: Find, find_list: Find
) -> DataSettings:
    """Return the settings of data that stand in a document.

    Args:
        tree: The mapping.
        document: What it stands in.
        place: Where.
        find: Finds the data.
        find_list: Finds the file of a list of samples.

    Raises:
        InputError: If a key is unknown, or a value breaks its law.
    """
    if "path" not in tree:
        raise document.error(place, "`data:` needs its path, as in {path: photos, size: 64}")
    path = tree["path"]
    if not isinstance(path, str) or not path:
        raise document.error(
            (*place, "path"), "`path:` is one word: a path, FILE.py:name or an embedded name"
        )
    start = DataSettings(path=find(path, (*place, "path")))
    settings = read_settings(start, tree, document, place, owner="data", others=("path", "split"))
    if tree.get("split") is None:
        return settings
    return replace(settings, split=_read_split(tree["split"], document, (*place, "split"), find_list))


def _read_split(tree: Tree, document: Document, place: Place, find: Find) -> dict[str, str]:
    """Return what `split:` says, with the full paths of its files.

    Raises:
        InputError: If it is none.
    """
    split: dict[str, str] = {}
    for key, text in tree.items() if isinstance(tree, dict) else ():
        if not isinstance(text, str) or not text:
            raise document.error((*place, key), f"`split:` is {_SPLIT_LAW}")
        split[str(key)] = text if key == GROUP else find(text, (*place, key))
    with document.at(place):
        if not split:
            raise JobError(f"`split:` is {_SPLIT_LAW}")
        _check_split(split)
    return split


_SPLIT_LAW = "{group: COLUMN}, or {train: FILE, val: FILE, test: FILE}"


def _check_shares(val: float | None, test: float | None) -> None:
    """Check that two shares leave something to train on.

    Raises:
        JobError: If they do not.
    """
    val, test = val or HELD_OUT, test or HELD_OUT
    if val + test >= 1:
        raise JobError(f"val {val} and test {test} leave nothing to train on")


def _check_split(split: Mapping[str, str]) -> None:
    """Check the keys of a split.

    Raises:
        JobError: If they are neither a group nor parts, the training part among them.
    """
    parts = split.keys() - {GROUP}
    if not split:
        return
    if (GROUP in split) == bool(parts) or not parts <= {*SPLITS} or (parts and "train" not in parts):
        raise JobError(f"split: is {_SPLIT_LAW}, but got {{{', '.join(split)}}}")
