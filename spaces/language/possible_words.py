"""Which words a slot can give, mostly without drawing it: sequences of choices have many more values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice

from ..errors import SpaceError
from ..values import Value
from .slots import (
    Checked,
    Choose,
    Computed,
    Decided,
    Draw,
    Fixed,
    OneOf,
    Sequenced,
    Slot,
    Taken,
    Variable,
    enumerate_results,
)

MAX_COMPUTED = 10_000
"""Values of what a function of the table gives that are looked at for words."""


def possible_words(slot: Slot, lets: Mapping[str, Slot]) -> list[str]:
    """Return the words that a slot can give, alone or in a sequence, each once, in order.

    Both sides of a condition count, whatever decides it.

    Args:
        slot: The slot.
        lets: The slot of every variable.

    Raises:
        SpaceError: If a function that gives some has too many values.
    """
    words: dict[str, None] = {}
    todo, seen = [slot], dict[int, Slot]()
    while todo:
        for base in _bases(todo.pop(), lets):
            if id(base) in seen:
                continue
            seen[id(base)] = base
            if isinstance(base, Sequenced):
                todo += reversed(base.operands)
            else:
                words |= dict.fromkeys(chain.from_iterable(map(_words, _values(base, lets))))
    return list(words)


def _bases(slot: Slot, lets: Mapping[str, Slot]) -> Iterator[Slot]:
    """Yield what a slot comes down to once all is decided: values, sequences, what is computed."""
    todo, seen = [slot], dict[int, Slot]()
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen[id(each)] = each
        if isinstance(each, Checked):
            todo.append(each.inner)
        elif isinstance(each, Variable):
            todo.append(lets[each.name])
        elif isinstance(each, OneOf):  # the options of a range are numbers, and no slots
            todo += reversed(list(each.parts()))
        elif isinstance(each, Decided):
            todo += [part for name, part in each.operands.items() if name in ("then", "else")]
        elif isinstance(each, Taken):
            todo += [item for of in _bases(each.operands[0], lets) for item in _items(of, each)]
        else:
            yield each


def _items(of: Slot, taken: Taken) -> list[Slot]:
    """Return what an index takes of a sequence; nothing of a shorter one, which a draw refuses."""
    if isinstance(of, Sequenced):
        return list(of.operands[taken.index :][:1])
    if isinstance(of, Fixed) and isinstance(of.value, tuple):
        return [Fixed(value) for value in of.value[taken.index :][:1]]
    return [Computed(taken.function, (of,))]


def _values(slot: Slot, lets: Mapping[str, Slot]) -> list[Value]:
    if isinstance(slot, Fixed):
        return [slot.value]

    def drawn(choose: Choose) -> Value:
        try:
            return slot.draw(Draw(choose, lets), "")
        except ArithmeticError:  # a draw refuses it
            return None

    values = list(islice(enumerate_results(drawn), MAX_COMPUTED + 1))
    if len(values) > MAX_COMPUTED:
        law = f"names of rows are computed from at most {MAX_COMPUTED:,} values, but got more"
        raise SpaceError(f"{law}; choose among the names themselves, as in {{a, b}}")
    return values


def _words(value: Value) -> Iterator[str]:
    if isinstance(value, tuple):
        yield from chain.from_iterable(map(_words, value))
    elif isinstance(value, str):
        yield value
