"""Distinct networks of a chain, counted without enumerating them, are those that enumeration finds."""

from __future__ import annotations

import pytest

from archscape.spaces import Space
from archscape.spaces.sampling.distinct import count_chain

HEAD = "space: s\ninput: 3x16x16\n"
SPACES = {
    "independent": "layers:\n" + "  - conv: {width: {8, 16}, kernel: {3, 5}}\n" * 4,
    "depths that give one network": "layers:\n" + "  - conv: {width: {8, 16}, depth: 1..3}\n" * 2,
    "blocks of their own": "layers:\n  - conv: {width: {8, 16}, depth: 0..3, per: block, kernel: {1, 3}}\n"
    "  - norm\n",
    "words and a variable": """\
let: {w: {8, 16}}
blocks:
  any:
    basic: {kernel: {3, 5}}
    bottleneck: {squeeze: {2, 4}}
    plain: {}
    identity: {}
layers:
  - conv: {width: $w}
  - any:  {name: a, width: $w, depth: 1..2, per: block}
  - any:  {name: b, width: 2 * $w, stride: 2, depth: 1..2}
  - linear: {width: 10}
""",
    "what cannot be built": "layers:\n  - conv: {width: {8, 12}}\n  - shuffle: {groups: {2, 3, 4, 5}}\n"
    "  - linear: {width: 10}\n",
    "activations that change nothing": "layers:\n  - act: {act: {relu, gelu}}\n  - act: {act: {relu, gelu}}\n"
    "  - conv: {width: 8, act: {relu, sigmoid}}\n  - maxpool: {kernel: {2, 3}}\n"
    "  - act: {act: {relu, none}}\n  - basic: {width: 8}\n  - dropout: {rate: {0, 1/2}}\n"
    "  - act: {act: {relu, elu}}\n",
    "two rows for one": "layers:\n  - conv: {width: 8, depth: 1..2}\n"
    "  - basic: {width: 8, depth: 1..2}\n  - conv: {width: 8, depth: 1..2}\n",
}


@pytest.mark.parametrize("name", SPACES)
def test_counted_as_enumerated(name: str) -> None:
    space = Space.from_yaml(HEAD + SPACES[name])
    assert count_chain(space.program, space.input_shapes[0]) == space.count_distinct()


def test_a_product_of_independent_choices_is_counted_exactly() -> None:
    rows = "  - conv: {width: {16, 32, 64}, kernel: {3, 5, 7}}\n" * 10
    space = Space.from_yaml(f"{HEAD}layers:\n{rows}  - linear: {{width: 10}}\n")
    assert space.count_distinct() == space.count() == 9**10


def test_rows_of_many_options_are_counted_too() -> None:
    row = "  - conv: {width: 8..200 step 8, kernel: {1, 3, 5}}\n"
    space = Space.from_yaml(f"{HEAD}layers:\n{row * 10}")
    assert space.count_distinct() == 75**10


@pytest.mark.parametrize(
    "rows",
    [
        "  - pad: {sides: {1, 2}}\n  - conv: {width: 4, padding: {1, 2}}\n",
        "  - zero\n  - conv: {width: {8, 16}}\n",
        "  - dense: {growth: {4, 8}}\n  - dense: {growth: {4, 8}}\n",
        "  - conv: {name: a, width: 8}\n  - conv: {width: 8, kernel: {1, 3}}\n  - add: {with: a}\n",
    ],
)
def test_what_may_be_simplified_across_rows_is_left_to_enumeration(rows: str) -> None:
    space = Space.from_yaml(f"{HEAD}layers:\n{rows}")
    assert count_chain(space.program, space.input_shapes[0]) is None
    assert space.count_distinct(limit=1) is None
