"""Rows that may be read: all of them are known, however many lists of decisions name them."""

from __future__ import annotations

from random import Random

import pytest

from archscape.spaces import Space, SpaceError
from archscape.spaces.language.document import read_text
from archscape.spaces.loading import read_table

ROWS = "".join(f"  - conv: {{name: r{i}, from: input, width: 4}}\n" for i in range(20))


def space(layers: str, head: str = "") -> Space:
    table = read_table(read_text(f"space: s\ninput: 4x8x8\n{head}layers:\n{ROWS}{layers}", name="a.yaml"))
    assert isinstance(table, Space)
    return table


def listed(pattern: str, *, last: str = "") -> str:
    items = [pattern.format(i, (i + 1) % 20) for i in range(20)]
    return ", ".join([*items[:19], last or items[19]])


def test_a_join_may_choose_among_a_million_sets_of_rows() -> None:
    joined = space(f"  - add: {{with: [{listed('{{r{}, none}}')}]}}\n")
    assert joined.count() == 2**20
    assert joined.sample(Random(0)).network.body.shape == (4, 8, 8)


def test_a_row_that_only_the_last_of_a_million_sets_names_is_looked_for() -> None:
    joins = listed("{{r{}, none}}", last="{r19, s19}")
    with pytest.raises(SpaceError, match="'s19' is no row; did you mean 'r19'"):
        space(f"  - add: {{with: [{joins}]}}\n")


def test_items_of_a_variable_name_rows() -> None:
    cells = "".join(f"  - conv: {{name: q{i}, from: $genes.{i}, width: 4}}\n" for i in range(20))
    ends = ", ".join(f"q{i}" for i in range(19))
    genes = listed("{{r{}, r{}}}")
    drawn = space(f"{cells}  - concat: {{with: [{ends}]}}\n", f"let: {{genes: [{genes}]}}\n")
    assert drawn.count() == 2**20
    assert drawn.sample(Random(0)).network.body.shape == (80, 8, 8)
    with pytest.raises(SpaceError, match="'s1' is no row"):
        space(
            f"{cells}  - concat: {{with: [{ends}]}}\n", f"let: {{genes: [{genes.replace('r19', 's1', 1)}]}}\n"
        )


def test_a_function_that_gives_names_has_a_limit_of_values() -> None:
    head = "let: {{n: 0..{0}, m: 0..{0}}}\nfunctions:\n  at(n, m): r0 if $n > $m else input\n"
    layers = (
        f"  - add: {{name: all, with: [{listed('r{}', last='r18')[:-5]}]}}\n  - add: {{with: 'at($n, $m)'}}\n"
    )
    assert space(layers, head.format(2)).count() == 9
    law = r"a\.yaml:28:18: names of rows are computed from at most 10,000 values, but got more"
    with pytest.raises(SpaceError, match=law):
        space(layers, head.format(100))
