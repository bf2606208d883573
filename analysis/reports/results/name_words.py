"""The words of a column's name: cut apart, phrases put together, and freed of what negates the whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import quantities
from .quantities import LETTERS, PHRASES, Quantity

STAGES = frozenset(("val", "valid", "validation", "test", "train", "mean", "avg", "average", "best", "final"))
"""Words before a measure that say which one, as in `1-val_acc`."""
_COMPLEMENT = re.compile(r"^\s*[(\[]?\s*(?:1(?:\.0*)?|100)\s*%?(\s*)[-−–](\s*)(.*)$", re.S)
_MINUS = re.compile(r"^\s*[-−–]\s*(?=[^\W\d_]|[(\[])")
_INVERSE = re.compile(r"(?:^|(?<=[(\[\s]))1(?:\.0*)?\s*/\s*(?=[^\W\d_]|[(\[])")
_POWER = re.compile(r"([^\W_]+)\s*(?:(?:\^|\*\*)\s*[({]?\s*[-−–]\s*\d\s*[)}]?|⁻[¹²³])")
"""A negative power: an inverse, or behind another word `per`, as in `images s^-1`."""
_WORD = re.compile(r"[^\W_]+|[/@$€]")
_CASES = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z]{2})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})|(?<=[a-z]{2})(?=[/])"
)


def words(column: str) -> list[str]:
    """Return the words of a column's name in their own letters, `/`, `@` and the signs of money among them.

    >>> words("valTop1Acc"), words("images/s"), words("GMACs (224)"), words("latencyMs")
    (['val', 'Top1', 'Acc'], ['images', '/', 's'], ['GMACs', '224'], ['latency', 'Ms'])
    """
    return [word for part in _WORD.findall(column) for word in _CASES.split(part) if word]


def without_phrases(all_words: Sequence[str]) -> list[str]:
    """Return words with one in place of those that mean something together.

    >>> without_phrases(["Area", "Under", "Curve"])
    ['auc', 'Curve']
    """
    result: list[str] = []
    at = 0
    while at < len(all_words):
        for length in (3, 2, 1):
            phrase = " ".join(all_words[at : at + length]).lower()
            if phrase in PHRASES:
                result.append(PHRASES[phrase])
                break
        else:
            length = 1
            result.append(all_words[at])
        at += length
    return result


def quantity_of(word: str) -> Quantity | None:
    """Return what a word stands for, numbers at its end left out: `acc1`, `map50`, `top1`.

    >>> quantity_of("mAP50").kind, quantity_of("J").kind, quantity_of("j")
    ('quality', 'energy', None)
    """
    small = word.lower()
    known = LETTERS.get(word) or quantities.WORDS.get(small)
    return known or quantities.WORDS.get(small.rstrip("0123456789"))


def negated(column: str) -> tuple[str, int]:
    """Return the name without what negates it before its first word, and how often that turns it round."""
    turns = 0
    text = column
    complement = _COMPLEMENT.match(text)
    if complement and (complement.group(1, 2) != ("", "") or _is_measure(complement.group(3))):
        text, turns = complement.group(3), turns + 1
    elif minus := _MINUS.match(text):
        text, turns = text[minus.end() :], turns + 1
    text, inverses = _INVERSE.subn("", text)
    text, powers = _without_powers(text)
    return text, turns + inverses + powers


def _without_powers(text: str) -> tuple[str, int]:
    """Return a name without negative powers, and how many turn it round; those of units are quotients.

    >>> _without_powers("latency^-1"), _without_powers("images s^-1")
    (('latency', 1), ('images per s', 0))
    """
    turns = 0
    while match := _POWER.search(text):
        before, word = text[: match.start()], match.group(1)
        quantity = quantity_of(word)
        is_unit = bool(words(before)) and quantity is not None and quantity.is_weak
        text = f"{before}{'per ' if is_unit else ''}{word}{text[match.end() :]}"
        turns += not is_unit
    return text, turns


def _is_measure(rest: str) -> bool:
    """Tell whether `1-` before a text is a difference: `1-acc` is one, `1-shot acc` and `1-crop` are not."""
    if rest.lstrip()[:1] in ("(", "["):
        return True
    first = next(iter(words(rest)), "")
    quantity = quantity_of(first)
    return first.lower() in STAGES or (quantity is not None and quantity.role != "item")
