"""Writing tables back: YAML as a person would, and JSON of the same structure on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ..blocks import BLOCKS
from ..values import shape_text, text
from .expressions import Choice, Expr, expression_text
from .rows import Composed, Row
from .table import Table
from .uses import used_name

Json: TypeAlias = "int | str | list[Json] | dict[str, Json] | None"
WIDTH = 110
"""Columns that a branch may take as one line."""
_PLAIN = re.compile(r"[A-Za-z0-9_$./()+-][A-Za-z0-9_$./() *+%<>=!-]*")


def inline(value: Expr) -> str:
    """Return an expression as YAML inside a flow mapping; quoted where YAML would read it otherwise."""
    if isinstance(value, Choice):
        return f"{{{', '.join(map(_key, value.options))}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(inline, value))}]"
    return _scalar(expression_text(value))


def _key(value: Expr) -> str:
    """Return an option of a choice as a key of YAML: a scalar, or a flat sequence."""
    if isinstance(value, tuple) and not any(isinstance(item, tuple | Choice) for item in value):
        return inline(value)
    return _scalar(expression_text(value))


def _key_text(words: str) -> str:
    """Return a name with arguments as a key of YAML: quoted where a default would break it."""
    return words if re.fullmatch(r"[A-Za-z0-9_]+(\([A-Za-z0-9_,./ =]*\))?", words) else json.dumps(words)


def _scalar(words: str) -> str:
    return words if _PLAIN.fullmatch(words) and not words.startswith("- ") else json.dumps(words)


def row_text(row: Row) -> str:
    """Return a row as one line: `conv: {width: 64, kernel: 7}`."""
    parts = [f"{key}: {inline(value)}" for key, value in row.args.items()]
    if not row.branches:
        return f"{row.word}: {{{', '.join(parts)}}}" if parts else row.word
    inner = f"[{', '.join(_branch_texts(row))}]"
    return (
        f"{row.word}: {{{', '.join([*parts, f'{_within(row)}: {inner}'])}}}"
        if parts
        else f"{row.word}: {inner}"
    )


def _branch_texts(row: Row) -> list[str]:
    """Return each branch on one line; of a row that has one, its rows."""
    if _holds_rows(row):
        return [_in_flow(inner) for inner in row.branches[0]]
    return [
        _in_flow(branch[0]) if len(branch) == 1 else f"[{', '.join(map(_in_flow, branch))}]"
        for branch in row.branches
    ]


def _in_flow(row: Row) -> str:
    text = row_text(row)
    return text if text == row.word else f"{{{text}}}"


def _holds_rows(row: Row) -> bool:
    """Tell whether a row has one branch by its nature, whose rows are written as its own."""
    return row.word in BLOCKS and len(BLOCKS[row.word].maps) == 2


def _within(row: Row) -> str:
    """Return the word under which the branches of a row stand beside its parameters."""
    return "rows" if _holds_rows(row) else "branches"


def _row_lines(row: Row, indent: str) -> list[str]:
    """Return a row as lines of a list, a branch a line."""
    if not row.branches:
        return [f"{indent}- {row_text(row)}"]
    lines, pad = [f"{indent}- {row.word}:"], f"{indent}    "
    if row.args:
        lines += [f"{pad}{key}: {inline(value)}" for key, value in row.args.items()]
        lines.append(f"{pad}{_within(row)}:")
        pad += "  "
    if _holds_rows(row):
        return [*lines, *(line for inner in row.branches[0] for line in _row_lines(inner, pad))]
    for branch in row.branches:
        together = f"{pad}- [{', '.join(map(row_text, branch))}]"
        if len(branch) == 1:
            lines += _row_lines(branch[0], pad)
        elif len(together) <= WIDTH and not any(row.branches for row in branch):
            lines.append(together)
        else:
            first, *rest = (line for row in branch for line in _row_lines(row, f"{pad}  "))
            lines += [f"{pad}- {first.lstrip()}", *rest]
    return lines


def signature(name: str, composed: Composed) -> str:
    """Return `fire(squeeze, expand = 64)`."""
    defaults = [f"{key} = {text(value)}" for key, value in composed.defaults.items()]
    given = ", ".join([*composed.needs, *defaults])
    return f"{name}({given})" if given else name


def to_yaml(table: Table, *, uses: Sequence[str] | None = None) -> str:
    """Return a network or a space as YAML; reading it gives an equal one.

    Args:
        table: The network or the space.
        uses: How to name the files it uses, where these are not to be named by their full path.
    """
    names = list(map(used_name, table.uses)) if uses is None else uses
    lines = [
        f"{table.word}: {table.name}",
        f"input: {shape_text(table.input)}",
    ]
    if names:
        lines.append(f"uses: [{', '.join(map(_scalar, names))}]")
    if table.defaults:
        lines.append(f"defaults: {{{', '.join(f'{k}: {inline(v)}' for k, v in table.defaults.items())}}}")
    lines += _section("choices", table.choices)
    lines += _section("let", table.let)
    if table.blocks:
        lines.append("blocks:")
    for word, declared in table.blocks.items():
        if isinstance(declared, Composed):
            lines.append(f"  {_key_text(signature(word, declared))}:")
            lines += [line for row in declared.rows for line in _row_lines(row, "    ")]
        else:
            lines.append(f"  {word}:")
            lines += [f"    {row_text(row) if row.args else f'{row.word}:'}" for row in declared]
    lines.append("layers:")
    lines += [line for row in table.layers for line in _row_lines(row, "  ")]
    if table.outputs:
        lines.append(f"outputs: [{', '.join(table.outputs)}]")
    if table.alike != "graph":
        lines.append(f"alike: {table.alike}")
    if table.within:
        lines += ["within:", *(f"  {key}: {limit}" for key, limit in table.within.items())]
    return "\n".join(lines) + "\n"


def to_json(table: Table) -> str:
    """Return a network or a space as one line of JSON; reading it gives an equal one."""
    tree: dict[str, Json] = {
        table.word: table.name,
        "input": shape_text(table.input),
    }
    if table.uses:
        tree["uses"] = [used_name(use) for use in table.uses]
    for section, values in (("defaults", table.defaults), ("choices", table.choices), ("let", table.let)):
        if values:
            tree[section] = {key: _json(value) for key, value in values.items()}
    if table.blocks:
        tree["blocks"] = dict(_declared(word, value) for word, value in table.blocks.items())
    tree["layers"] = [_row_tree(row) for row in table.layers]
    if table.outputs:
        tree["outputs"] = list(table.outputs)
    if table.alike != "graph":
        tree["alike"] = table.alike
    if table.within:
        tree["within"] = {key: str(limit) for key, limit in table.within.items()}
    return json.dumps(tree)


def _declared(word: str, value: tuple[Row, ...] | Composed) -> tuple[str, Json]:
    if isinstance(value, Composed):
        return signature(word, value), [_row_tree(row) for row in value.rows]
    return word, {row.word: _args(row) for row in value}


def _row_tree(row: Row) -> Json:
    if not row.branches:
        return {row.word: _args(row)} if row.args else row.word
    inner: list[Json] = [
        _row_tree(branch[0]) if len(branch) == 1 else [_row_tree(row) for row in branch]
        for branch in row.branches
    ]
    if _holds_rows(row):
        inner = [_row_tree(row) for row in row.branches[0]]
    return {row.word: {**_args(row), _within(row): inner} if row.args else inner}


def _section(name: str, values: Mapping[str, Expr]) -> list[str]:
    if not values:
        return []
    return [f"{name}:", *(f"  {key}: {inline(value)}" for key, value in values.items())]


def _args(row: Row) -> dict[str, Json]:
    return {key: _json(value) for key, value in row.args.items()}


def _json(value: Expr) -> Json:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if isinstance(value, Choice):
        return {expression_text(item): None for item in value.options}
    return expression_text(value)
