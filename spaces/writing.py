"""Writing tables back: YAML as a person would, and JSON of the same structure on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from .expressions import Choice, Expr, expression_text
from .rows import Row
from .values import shape_text

if TYPE_CHECKING:
    from .network import Network
    from .space import Space

Json: TypeAlias = "int | str | list[Json] | dict[str, Json] | None"
_PLAIN = re.compile(r"[A-Za-z0-9_$./()+-][A-Za-z0-9_$./() *+<>=!-]*")


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


def _scalar(words: str) -> str:
    return words if _PLAIN.fullmatch(words) and not words.startswith("- ") else json.dumps(words)


def row_text(row: Row) -> str:
    """Return a row as one line: `conv: {width: 64, kernel: 7}`."""
    if not row.args:
        return row.word
    return f"{row.word}: {{{', '.join(f'{key}: {inline(value)}' for key, value in row.args.items())}}}"


def to_yaml(table: Network | Space) -> str:
    """Return a network or a space as YAML; reading it gives an equal one."""
    lines = [
        f"{'network' if _is_network(table) else 'space'}: {table.name}",
        f"input: {shape_text(table.input)}",
    ]
    if table.defaults:
        lines.append(f"defaults: {{{', '.join(f'{k}: {inline(v)}' for k, v in table.defaults.items())}}}")
    lines += _section("choices", getattr(table, "choices", {}))
    lines += _section("let", getattr(table, "let", {}))
    blocks: Mapping[str, tuple[Row, ...]] = getattr(table, "blocks", {})
    if blocks:
        lines.append("blocks:")
        for word, rows in blocks.items():
            lines.append(f"  {word}:")
            lines += [f"    {row_text(row) if row.args else f'{row.word}:'}" for row in rows]
    lines.append("layers:")
    lines += [f"  - {row_text(row)}" for row in table.layers]
    within = getattr(table, "within", {})
    if within:
        lines.append("within:")
        lines += [f"  {key}: {limit}" for key, limit in within.items()]
    return "\n".join(lines) + "\n"


def to_json(table: Network | Space) -> str:
    """Return a network or a space as one line of JSON; reading it gives an equal one."""
    tree: dict[str, Json] = {
        "network" if _is_network(table) else "space": table.name,
        "input": shape_text(table.input),
    }
    for section in ("defaults", "choices", "let"):
        values: Mapping[str, Expr] = getattr(table, section, {})
        if values:
            tree[section] = {key: _json(value) for key, value in values.items()}
    blocks: Mapping[str, tuple[Row, ...]] = getattr(table, "blocks", {})
    if blocks:
        tree["blocks"] = {word: {row.word: _args(row) for row in rows} for word, rows in blocks.items()}
    tree["layers"] = [{row.word: _args(row)} if row.args else row.word for row in table.layers]
    within = getattr(table, "within", {})
    if within:
        tree["within"] = {key: str(limit) for key, limit in within.items()}
    return json.dumps(tree)


def _is_network(table: Network | Space) -> bool:
    return not hasattr(table, "let")


def _section(name: str, values: Mapping[str, Expr]) -> list[str]:
    if not values:
        return []
    return [f"{name}:", *(f"  {key}: {inline(value)}" for key, value in values.items())]


def _args(row: Row) -> Json:
    return {key: _json(value) for key, value in row.args.items()}


def _json(value: Expr) -> Json:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if isinstance(value, Choice):
        return {expression_text(item): None for item in value.options}
    return expression_text(value)
