"""Writing tables back: YAML as a person would, and JSON of the same structure on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ..blocks import BLOCKS
from ..graph import Shape
from ..values import shape_text, text
from .expressions import Choice, Expr, expression_text
from .functions import Formula
from .rows import INPUT, Composed, Row
from .shapes import has_channels_last
from .table import Declared, Table
from .uses import used_name

Json: TypeAlias = "int | str | list[Json] | dict[str, Json] | None"
Node: TypeAlias = "Expr | list[Node] | dict[str, Node]"
"""A part of a document: an expression, a sequence or a mapping."""
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
    return (
        words
        if re.fullmatch(r"[A-Za-z0-9_]+(\([A-Za-z0-9_,./ =]*\))?( -> \[[A-Za-z0-9_, ]*\])?", words)
        else json.dumps(words)
    )


def _scalar(words: str) -> str:
    return words if _PLAIN.fullmatch(words) and not words.startswith("- ") else json.dumps(words)


def row_text(row: Row) -> str:
    """Return a row as one line: `conv: {width: 64, kernel: 7}`."""
    node = _row_node(row)
    return _flow(node)[1:-1] if isinstance(node, dict) else row.word


def _flow(node: Node) -> str:
    """Return a part of a document as YAML on one line."""
    if isinstance(node, dict):
        return f"{{{', '.join(f'{key}: {_flow(value)}' for key, value in node.items())}}}"
    if isinstance(node, list):
        return f"[{', '.join(map(_flow, node))}]"
    return inline(node)


def _row_node(row: Row) -> Node:
    """Return a row as its word, or as a mapping from it to all that it is given."""
    if not row.branches:
        return {row.word: dict(row.args)} if row.args else row.word
    branches = [list(map(_row_node, branch)) for branch in row.branches]
    inner: list[Node] = [branch[0] if len(branch) == 1 else branch for branch in branches]
    if holds_rows(row.word):
        inner = branches[0]
    return {row.word: {**row.args, _within(row): inner} if row.args else inner}


def holds_rows(word: str) -> bool:
    """Tell whether a block has one branch by its nature, whose rows are written as its own."""
    return word in BLOCKS and len(BLOCKS[word].maps) == 2


def _within(row: Row) -> str:
    """Return the word under which the branches of a row stand beside its parameters."""
    return "rows" if holds_rows(row.word) else "branches"


def _row_lines(row: Row, indent: str) -> list[str]:
    """Return a row as lines of a list, a branch a line."""
    if not row.branches:
        return [f"{indent}- {row_text(row)}"]
    lines, pad = [f"{indent}- {row.word}:"], f"{indent}    "
    if row.args:
        lines += [f"{pad}{key}: {inline(value)}" for key, value in row.args.items()]
        lines.append(f"{pad}{_within(row)}:")
        pad += "  "
    if holds_rows(row.word):
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


def signature(name: str, composed: Composed | Formula) -> str:
    """Return `fire(squeeze, expand = 64)`, the name and the arguments of a block or a function."""
    defaults = [f"{key} = {text(value)}" for key, value in composed.defaults.items()]
    arguments = ", ".join([*composed.needs, *defaults])
    gives = composed.outputs if isinstance(composed, Composed) else ()
    outputs = f" -> [{', '.join(gives)}]" if gives else ""
    return f"{name}({arguments}){outputs}" if arguments else f"{name}{outputs}"


def to_yaml(table: Table, *, uses: Sequence[str] | None = None) -> str:
    """Return a network or a space as YAML; reading it gives an equal one.

    Args:
        table: The table.
        uses: How to name the files it uses, where these are not to be named by their full path.
    """
    lines: list[str] = []
    for section, node in _sections(table, uses).items():
        if section == "layers":
            lines += ["layers:", *(line for row in table.layers for line in _row_lines(row, "  "))]
        elif section == "blocks":
            lines += ["blocks:", *(line for word in table.blocks for line in _block_lines(table, word))]
        elif section in ("members", "choices", "let", "functions", "within") and isinstance(node, dict):
            pairs = ((_key_text(name), _flow(value)) for name, value in node.items())
            lines += [f"{section}:", *(f"  {name}: {value}" for name, value in pairs)]
        elif section == table.word:
            lines.append(f"{section}: {node}")  # a name needs no quotes
        else:
            lines.append(f"{section}: {_flow(node)}")
    return "\n".join(lines) + "\n"


def to_json(table: Table) -> str:
    """Return a network or a space as one line of JSON; reading it gives an equal one."""
    return json.dumps(_json(_sections(table, None)))


def _sections(table: Table, uses: Sequence[str] | None) -> dict[str, Node]:
    """Return what a table is given, section by section; what is empty is left out."""
    sections: dict[str, Node] = {
        table.word: table.name,
        "input": _input_node(table.input) if table.input else "",
        "members": {name: _member_node(given) for name, given in getattr(table, "members", {}).items()},
        "uses": list(map(used_name, table.uses) if uses is None else uses),
        "defaults": dict(table.defaults),
        "choices": dict(table.choices),
        "let": dict(table.let),
        "functions": {signature(name, each): each.expression for name, each in table.functions.items()},
        "blocks": dict(_block_node(word, declared) for word, declared in table.blocks.items()),
        "layers": list(map(_row_node, table.layers)),
        "outputs": list(table.outputs),
        "alike": "" if table.alike == "graph" else table.alike,
        "within": {cost: str(limit) for cost, limit in table.within.items()},
    }
    return {name: node for name, node in sections.items() if node}


def _member_node(given: Mapping[str, Any]) -> Node:
    """Return what a member of a family says: its input, and names of `let`."""
    return {key: _input_node(value) if key == INPUT else value for key, value in given.items()}


def _input_node(shape: Shape | Mapping[str, Shape]) -> Node:
    if isinstance(shape, Mapping):
        return {name: _input_node(each) for name, each in shape.items()}
    if has_channels_last(shape):
        return {"channels": shape[0], "size": shape_text(shape[1:])}
    return shape_text(shape)


def _block_node(word: str, declared: Declared) -> tuple[str, Node]:
    if isinstance(declared, Composed):
        return signature(word, declared), list(map(_row_node, declared.rows))
    return word, {row.word: dict(row.args) for row in declared}


def _block_lines(table: Table, word: str) -> Iterator[str]:
    """Yield a word of `blocks` with its rows, or with the blocks that it is one of."""
    declared = table.blocks[word]
    if isinstance(declared, Composed):
        yield f"  {_key_text(signature(word, declared))}:"
        yield from (line for row in declared.rows for line in _row_lines(row, "    "))
    else:
        yield f"  {word}:"
        yield from (f"    {row_text(row) if row.args else f'{row.word}:'}" for row in declared)


def _json(node: Node) -> Json:
    if isinstance(node, dict):
        return {key: _json(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_json(item) for item in node]
    if isinstance(node, Choice):
        return {expression_text(item): None for item in node.options}
    return node if isinstance(node, int) and not isinstance(node, bool) else expression_text(node)
