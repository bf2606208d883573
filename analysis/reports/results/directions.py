"""Whether more or less of a column is better, by its name: the one reading that every option goes through.

A name is cut into words (`words`), what they stand for is in `quantities`. The last word that measures
something decides, an error before all others (`top1_error`), units where nothing else does. A quotient is
read as one: images a second are better the more, milliseconds an image the less; `/` between words that make
no quotient is a folder, as in `val/acc`. Negations, arrows and words such as drop turn it round, logarithms
do not. Where nothing tells, the direction is unknown, and whoever asks says what it assumed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from archscape.analysis.metrics import Direction

from . import quantities
from .name_words import STAGES, negated, quantity_of, without_phrases, words
from .quantities import (
    BIT_WIDTHS,
    CORRELATIONS,
    FALLS,
    FREE,
    GAINS,
    INVERTED,
    LETTERS,
    LOSSES,
    NEGATIONS,
    NOTS,
    PREPOSITIONS,
    RATE_UNITS,
    REMEDIES,
    SETTING_ENDS,
    SETTINGS,
    Quantity,
)

PER = "per"
SLASH = "/"
MORE, LESS = "↑▲⬆", "↓▼⬇"
"""Arrows that papers put behind the name of a column."""
_BETTER = re.compile(
    r"(?<![a-z])(higher|more|larger|bigger|greater|lower|less|smaller|fewer)[\W_]+(?:is[\W_]+|the[\W_]+)?better",
    re.I,
)
_LESS = ("lower", "less", "smaller", "fewer")
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")


class Reading(NamedTuple):
    """What a column's name tells.

    Attributes:
        way: The better direction; None where the name does not tell.
        role: What the column can be taken for: score, error, cost, speed; "" for nothing by itself.
        kind: The kind of the quantity, "" where unknown.
        is_guess: The direction follows from a word that does not tell it alone, such as `size`.
    """

    way: Direction | None = None
    role: str = ""
    kind: str = ""
    is_guess: bool = False


UNKNOWN = Reading()


def read_name(column: str) -> Reading:
    """Return what a column's name tells of it.

    >>> read_name("images/s").way, read_name("latency_ms_per_image").way, read_name("rmse").way
    ('maximize', 'minimize', 'minimize')
    >>> read_name("1-acc").way, read_name("top1_error").way, read_name("neg_loss").way
    ('minimize', 'minimize', 'maximize')
    >>> read_name("latency^-1").way, read_name("area_under_curve").way, read_name("loss_weight").way
    ('maximize', 'maximize', None)
    >>> read_name("stuff").way is None
    True
    """
    text, turns = negated(column)
    reading = _turned(_with_unit(text), turns)
    said = _said(column)
    return reading._replace(way=said, is_guess=False) if said else reading


def _with_unit(text: str) -> Reading:
    """Return what a text tells, and a unit in brackets behind it: `speed (ms/image)` is a time."""
    outside = _of_words(_BRACKETS.sub(" ", text))
    if outside.way is None:
        return outside if _is_setting(words(_BRACKETS.sub(" ", text))) else _of_words(text)
    for inside in _BRACKETS.findall(text):
        unit = _of_words(inside)
        if unit.role in ("cost", "speed") and outside.role in ("cost", "speed") and unit.way != outside.way:
            return unit
    return outside


def _of_words(text: str) -> Reading:
    return _fold(_parts(without_phrases(words(text))))


def _said(column: str) -> Direction | None:
    """Return the direction that an arrow, or words such as `lower is better`, say."""
    match = _BETTER.search(column)
    if set(column) & set(LESS) or (match and match.group(1).lower() in _LESS):
        return "minimize"
    return "maximize" if set(column) & set(MORE) or match else None


def _turned(reading: Reading, turns: int) -> Reading:
    if turns % 2 == 0 or reading.way is None:
        return reading
    return reading._replace(way="minimize" if reading.way == "maximize" else "maximize")


def _parts(all_words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return the words between `per` and `/`, each with which of them it stands behind."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for word in all_words:
        if word == SLASH or word.lower() == PER:
            parts.append((word.lower(), []))
        else:
            parts[-1][1].append(word)
    return [(mark, part) for mark, part in parts if part]


def _fold(parts: Sequence[tuple[str, list[str]]]) -> Reading:
    """Return what words with quotients between them tell, from the left to the right."""
    if not parts:
        return UNKNOWN
    before = parts[0][1]
    result = _phrase(before)
    for mark, part in parts[1:]:
        result = _over(result, part, mark, is_stage=before[-1].lower() in STAGES)
        before = part
    return result


def _over(above: Reading, part: Sequence[str], mark: str, *, is_stage: bool) -> Reading:
    """Return what a quotient tells; where it is none, what its two sides do."""
    below = _divisor(part)
    if above.role == "" and above.way is None:
        return _of_unknown(below, part, mark, is_stage=is_stage)
    if below is None:
        return above
    if below.role in ("score", "error", "speed"):
        return _phrase(part) if below.way == above.way or above.role == "item" else UNKNOWN
    if above.role == "item":
        return Reading("maximize", "speed", "speed") if below.role == "cost" else UNKNOWN
    if below.role == "item" or above.kind in ("latency", "time", "energy", "power", "price"):
        return above
    if above.role in ("score", "error"):
        return Reading(above.way, "", "ratio")
    if above.role == "speed":
        return UNKNOWN if below.kind in ("latency", "time") and not below.is_weak else above
    is_work_done = below.kind in ("latency", "time", "energy", "power")
    return Reading("maximize", "speed", "speed") if is_work_done else UNKNOWN


def _of_unknown(below: Quantity | None, part: Sequence[str], mark: str, *, is_stage: bool) -> Reading:
    """Return what a part tells whose dividend nobody knows: so many of something a second, or a folder."""
    is_time = below is not None and below.kind in ("latency", "time") and below.is_weak
    if (mark == PER and is_time) or (part[0].lower() in RATE_UNITS and not is_stage):
        return Reading("maximize", "speed", "speed")
    return _phrase(part)


def _divisor(part: Sequence[str]) -> Quantity | None:
    """Return what is divided by: the first word that is known."""
    return next((known for word in part if (known := quantity_of(word))), None)


def _phrase(part: Sequence[str]) -> Reading:
    """Return what words without a quotient tell; what stands behind a preposition only if nothing before."""
    for at, word in enumerate(part):
        if word.lower() in PREPOSITIONS and at:
            head = _compound(part[:at])
            if head is not UNKNOWN:
                return head
            if part[at - 1].lower() in FALLS:
                return _turned(_phrase(part[at + 1 :]), 1)
    return _compound(part)


def _compound(part: Sequence[str]) -> Reading:
    """Return what a compound of words tells."""
    small = [word.lower() for word in part]
    known = [(at, quantity) for at, word in enumerate(part) if (quantity := _quantity_at(part, at, word))]
    if not known or _is_setting(part):
        return UNKNOWN
    at, head = _head(known)
    if known[-1][1].role == "score" and small[known[-1][0]] in CORRELATIONS:
        at, head = known[-1]
    if head.way is None:
        return Reading(None, "item", "item")
    tail, before = small[at + 1 :], small[:at]
    if head.role == "error" and set(tail) & REMEDIES:
        rest = _compound(part[-1:])
        return rest if rest.role == "cost" else Reading("maximize", "score", "quality")
    if set(small) & quantities.SPREADS or (head.kind == "error" and "standard" in before):
        return Reading("minimize", "", "spread")
    if set(tail) & LOSSES:
        return Reading("minimize", "", "change")
    if set(tail) & GAINS:
        return Reading("maximize", "", "change")
    falls = sum(word in FALLS for word in tail)
    negations = sum(word in NEGATIONS for word in before)
    negations += sum(word in NOTS and after == at for after, word in enumerate(before, start=1))
    negations += bool(tail) and tail[-1] in INVERTED
    negations += bool(set(tail[:1]) & FREE or (head.kind == "memory" and set(before) & FREE))
    reading = _turned(Reading(head.way, head.role, head.kind, _is_guess(part, at, head)), falls + negations)
    return reading._replace(role="", kind="change") if falls else reading


def _is_setting(part: Sequence[str]) -> bool:
    """Tell whether the last word makes what stands before it a setting: `kl_weight`, `precision_bits`."""
    if len(part) < 2:
        return False
    last, before = part[-1].lower(), part[-2].lower()
    if before[0].isdigit():  # `acc_1000_steps` is measured then
        return False
    if (before, last) == ("top", "k") or (last == "bits" and before in BIT_WIDTHS):
        return True
    measures = [known for word in part[:-1] if (known := quantity_of(word)) and known.role != "item"]
    return bool(measures) and measures[-1].role in SETTING_ENDS.get(last, ())


def _is_guess(part: Sequence[str], at: int, head: Quantity) -> bool:
    """Tell whether the word that decides does not tell it alone: `size`; `top` or `J` by a word unknown."""
    if not head.is_weak or head.kind in ("size", "epochs"):
        return head.is_weak
    if part[at] not in LETTERS and head.kind not in ("accuracy", "quality"):
        return False
    is_top_number = "".join(part[at : at + 2]).lower().removeprefix("top").isdigit()
    known = STAGES | PREPOSITIONS
    others = [word for word in part if word.lower() not in known and not word[0].isdigit()]
    return not is_top_number and not all(map(quantity_of, others))


def _quantity_at(part: Sequence[str], at: int, word: str) -> Quantity | None:
    """Return what a word stands for where it stands; the size of an image is a setting."""
    quantity = quantity_of(word)
    if quantity is not None and quantity.kind == "size" and at:
        before, small = quantity_of(part[at - 1]), part[at - 1].lower()
        is_item = before is not None and before.role == "item" and small not in ("model", "network")
        return None if is_item or small in SETTINGS else quantity
    return quantity


def _head(known: Sequence[tuple[int, Quantity]]) -> tuple[int, Quantity]:
    """Return the word that decides, with its place."""
    times = [pair for pair in known if pair[1].kind in ("latency", "time") and pair[1].is_weak]
    if times and any(quantity.role == "speed" for _, quantity in known):  # a speed in ms is a time
        return times[-1]
    for chosen in (
        [pair for pair in known if pair[1].role == "error"],
        [pair for pair in known if pair[1].role != "item" and not pair[1].is_weak],
        [pair for pair in known if pair[1].role != "item"],
        [pair for pair in known if pair[1].way is not None],
    ):
        if chosen:
            return chosen[-1]
    return known[-1]
