"""Tables in JSON: records, columns, rows by name, split and nested, or an object a line.

Numbers stay the texts that they are, so that no digit is lost on the way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..column_words import FAMILIES, NAMES, key_of
from ..directions import read_name
from .delimited import aligned
from .numbers import Cell
from .raw import RawTable


def read_json(text: str) -> RawTable:
    """Read a table in any of the layouts that pandas writes, or that hold it in an object.

    >>> read_json('[{"model": "NA", "acc": 0.30000000000000004}]').rows
    [['NA', '0.30000000000000004']]
    >>> read_json('{"resnet18": {"top1": 69.8}, "vgg11": {"top1": 69.0}}').columns
    ['name', 'top1']

    Raises:
        ValueError: It is no JSON, holds no table, or one whose rows or keys do not fit.
    """
    tree, notes = _load(text)
    return _table(tree, notes)


def _load(text: str) -> tuple[Any, list[str]]:
    try:
        return _parse(text), []
    except json.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        try:
            return [_parse(line) for line in lines], []
        except json.JSONDecodeError:
            raise error from None


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("its lists and objects are nested too deeply") from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; nobody knows which of two values of one key is meant."""
    keys = [key for key, _ in pairs]
    twice = next((key for key in keys if keys.count(key) > 1), None) if len({*keys}) < len(keys) else None
    if twice is not None:
        raise ValueError(f"an object has the key '{twice}' twice; give each key once")
    return dict(pairs)


def _table(tree: Any, notes: list[str]) -> RawTable:
    if isinstance(tree, list) and tree and all(isinstance(row, Mapping) for row in tree):
        return _records([dict(_flat(row)) for row in tree], notes)
    if isinstance(tree, list) and tree and all(isinstance(row, list) for row in tree):
        header, *rows = tree
        return _listed_rows(header, rows, notes)
    if not isinstance(tree, Mapping):
        raise ValueError("it holds no table: that is a list of objects, or an object of columns")
    if {"columns", "data"} <= tree.keys() and isinstance(tree["data"], list):
        return _split(tree, notes)
    lists = [(key, value) for key, value in tree.items() if isinstance(value, list)]
    if len(lists) == 1 and all(isinstance(row, Mapping) for row in lists[0][1]) and lists[0][1]:
        return _table(lists[0][1], [*notes, f"the rows of '{lists[0][0]}'"])
    if lists and len(lists) == len(tree):
        return _columns({str(key): value for key, value in lists}, notes)
    objects = {str(key): value for key, value in tree.items() if isinstance(value, Mapping)}
    if objects and len(objects) == len(tree):
        return _objects(objects, notes)
    return _records([dict(_flat(tree))], notes)


def _records(rows: Sequence[Mapping[str, Cell]], notes: list[str]) -> RawTable:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return RawTable(columns, [[row.get(name) for name in columns] for row in rows], notes)


def _split(tree: Mapping[str, Any], notes: list[str]) -> RawTable:
    columns, rows, index = tree["columns"], tree["data"], tree.get("index", [])
    for name, value in (("columns", columns), ("index", index)):
        if not isinstance(value, list):
            raise ValueError(f"'{name}' must be a list, but is {_shown(value)}")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list):
            raise ValueError(f"row {number} of 'data' must be a list of cells, but is {_shown(row)}")
    if "index" not in tree:
        return _listed_rows(columns, rows, notes)
    if len(index) != len(rows):
        raise ValueError(f"'index' has {len(index)} names, but 'data' has {len(rows)} rows")
    table = _listed_rows(columns, rows, notes)
    cells = [[_cell(name), *row] for name, row in zip(index, table.rows, strict=True)]
    return RawTable(["", *table.columns], cells, table.notes)


def _listed_rows(header: Sequence[Any], rows: Sequence[Sequence[Any]], notes: list[str]) -> RawTable:
    """Return a table of rows that are lists, whose columns stand in the first."""
    if not header:
        raise ValueError("it has no columns")
    heads = ["" if head is None else str(_cell(head)) for head in header]
    numbered = [(number, [_cell(cell) for cell in row]) for number, row in enumerate(rows, start=1)]
    columns, cells, ragged = aligned(heads, numbered, "row")
    return RawTable(columns, cells, [*notes, *ragged])


def _columns(columns: Mapping[str, Sequence[Any]], notes: list[str]) -> RawTable:
    if len({len(column) for column in columns.values()}) > 1:
        lengths = ", ".join(f"'{name}' has {len(column)}" for name, column in columns.items())
        raise ValueError(f"its columns are of different lengths: {lengths}")
    rows = [[_cell(cell) for cell in row] for row in zip(*columns.values(), strict=True)]
    return RawTable(list(columns), rows, notes)


def _objects(objects: Mapping[str, Mapping[str, Any]], notes: list[str]) -> RawTable:
    """Return columns of cells by row, or rows by name: by where the names of columns stand."""
    inner = {key: None for entry in objects.values() for key in entry}
    if _known(inner) > _known(objects):
        rows = [{"name": name, **dict(_flat(row))} for name, row in objects.items()]
        return _records(rows, [*notes, "rows by name"])
    records: list[dict[str, Cell]] = [
        {"": key, **{name: _cell(column.get(key)) for name, column in objects.items()}} for key in inner
    ]
    return _records(records, notes)


def _known(names: Mapping[str, object]) -> float:
    """Return the share of names that a column can have."""
    known = [n for n in names if read_name(n).role or key_of(n) in (*NAMES, *FAMILIES)]
    return len(known) / (len(names) or 1)


def _flat(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Cell]]:
    """Yield the cells of an object; those of objects in it are called `outer.inner`."""
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", _cell(value)


def _shown(value: Any) -> str:
    """Return a value to be named in a message; numbers were kept as texts."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
