"""Families of networks by a stated rule: by the letters of their names, or by their most frequent block."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

FAMILY = "family"
OTHER = "other"
MIXED = "mixed"
FEWEST = 5
"""Networks that a family has at least, where the names tell them."""

RULE = "the letters that {} begins with, less tf_, legacy_ or dm_ before them and a version (v2) after them"
BLOCK_RULE = (
    "A network's family is the block that makes up more than half of its blocks, counted with their depth; "
    "convolutions, pooling, norms and linear layers are no blocks. Where none does, it is mixed."
)
PREFIX = re.compile(r"^(?:tf|legacy|dm)_")
LETTERS = re.compile(r"^([a-z]+?)(?:v(?=\d)|(?![a-z]))", re.IGNORECASE)
PLAIN = frozenset(
    ("conv", "linear", "avgpool", "maxpool", "norm", "act", "flatten", "dropout", "add", "concat", "multiply")
)


def families_of_names(names: Sequence[str]) -> list[str] | None:
    """Return each network's family by its name; None where the names tell none.

    They tell families if two of them have five networks or more, and half of all names begin with letters.

    >>> family_of_name("tf_efficientnetv2_s"), family_of_name("resnet50d"), family_of_name("|none~0|")
    ('efficientnet', 'resnet', '')
    """
    families = [family_of_name(name) for name in names]
    counts = Counter(family for family in families if family)
    large = [family for family, count in counts.items() if count >= FEWEST]
    if len(large) < 2 or 2 * sum(counts.values()) < len(names):
        return None
    return [family or OTHER for family in families]


def family_of_name(name: str) -> str:
    """Return the family that a name tells, in small letters; "" where it begins with no letter."""
    match = LETTERS.match(PREFIX.sub("", name))
    return match.group(1).lower() if match else ""


def family_of_network(network: str) -> str:
    """Return the family of a network, given as JSON, by the block that most of its blocks are; "" for none.

    >>> rows = '{"conv": {"width": 8}}, {"inverted": {"width": 8, "depth": 3}}, {"dense": {"growth": 4}}'
    >>> family_of_network('{"layers": [' + rows + ']}')
    'inverted'
    """
    try:
        tree = json.loads(network)
    except ValueError:
        return ""
    rows = tree.get("layers", ()) if isinstance(tree, Mapping) else ()
    blocks: Counter[str] = Counter()
    for row in rows:
        word, settings = next(iter(row.items())) if isinstance(row, Mapping) and row else (row, None)
        depth = settings.get("depth", 1) if isinstance(settings, Mapping) else 1
        if word not in PLAIN:
            blocks[str(word)] += depth if isinstance(depth, int) else 1
    if not blocks:
        return ""
    ((word, count),) = blocks.most_common(1)
    return word if 2 * count > blocks.total() else MIXED


def gathered(families: Sequence[str], *, largest: int) -> list[str]:
    """Return the largest families, the largest first; `OTHER` is none of them.

    >>> gathered(["a", "b", "b", "other", "other", "other", "c"], largest=2)
    ['b', 'a']
    """
    counts = Counter(family for family in families if family not in ("", OTHER, MIXED))
    return [family for family, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:largest]]
