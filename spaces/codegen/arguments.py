"""Arguments: how the numbers of a class follow from its arguments, by the definition of the block itself.

Numbers of a few uses fit many expressions by chance: `width // 4` and `width - 192`. So the block is traced
with other numbers than those of the network, and only what holds there too is a relation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, permutations
from operator import itemgetter

from ..graph import Body
from ..naming import variable
from .literals import Literal, is_real, is_whole, whole
from .relations import (
    PAIRED,
    USUAL,
    Numbers,
    Relation,
    agrees,
    differs,
    exceeds_one,
    holds,
    is_not,
    keeps_shape,
    moved,
    pair,
    scaled,
)
from .trials import Extract, Series, Trial, add_number, numbers_of, values_in


class Arguments:
    """The numbers that the members of a class are made from.

    Attributes:
        columns: For each argument of the block, and the channels of each input, its value in every member.
        varied: Those that are not the same in all.
    """

    def __init__(self, members: Sequence[Body], kinds: Sequence[object]) -> None:
        """Take the members, and which of these differ in their steps."""
        self.members, self.kinds = members, kinds
        self.added: list[tuple[str, Extract]] = []
        self.made: dict[bool, list[Trial]] = {}
        tables = [numbers_of(body) for body in members]
        common = [name for name in tables[0] if all(name in table for table in tables)]
        self.columns = {name: [table[name] for table in tables] for name in common}
        self.varied = [name for name, column in self.columns.items() if len(set(column)) > 1]
        self.differing = frozenset(self.varied)
        pairs = zip(*(body.args for body in members), strict=True)
        self.others = [
            variable(column[0][0])
            for column in pairs
            if len(set(column)) > 1 and variable(column[0][0]) not in self.differing
        ]

    @cached_property
    def series(self) -> list[Series]:
        """Trials to make of one member of each kind, with one argument changed, and with all channels."""
        usual = [name for name in USUAL if name in self.columns and name not in self.differing]
        names = [*(name for name in self.columns if name in self.differing), *usual, *self.others]
        sets = [(name,) for name in names]
        channels = tuple(name for name in names if name == "width" or name.endswith("inputs"))
        return [Series(body, changed) for body in self.first for changed in (*sets, channels)]

    @cached_property
    def further(self) -> Mapping[str, list[Series]]:
        """More trials of each argument alone."""
        return {name: [Series(body, (name,), further=True) for body in self.first] for name in self.columns}

    @cached_property
    def first(self) -> list[Body]:
        """One member of each kind."""
        return [*dict(zip(reversed(self.kinds), reversed(self.members), strict=True)).values()]

    @cached_property
    def rows(self) -> list[dict[str, Literal]]:
        """The numbers of each member."""
        columns = zip(*self.columns.values(), strict=True)
        return [dict(zip(self.columns, values, strict=True)) for values in columns]

    def trials(self, narrow: bool) -> list[Trial]:
        """Return all trials, or those of numbers that differ between members; made when first needed."""
        if narrow not in self.made:
            chosen = [s for s in self.series if not narrow or self.differing.issuperset(s.changed)]
            self.made[narrow] = [trial for series in chosen for trial in series.trials(self.added)]
        return self.made[narrow]

    def add(self, name: str, column: Sequence[Literal], extract: Extract) -> None:
        """Add a number that follows from none of the arguments, and is one of the class."""
        self.columns[name] = list(column)
        for row, value in zip(self.rows, column, strict=True):
            row[name] = value
        self.varied.append(name)
        self.added.append((name, extract))
        for series in chain(self.series, *self.further.values()):
            add_number(name, extract, series.made or ())

    def relation(
        self, column: Sequence[Literal | None], have: Sequence[bool], extract: Extract, *, itself: bool
    ) -> Relation | None:
        """Return how a number follows from the arguments; None if it does not.

        Args:
            column: The number in each member.
            have: Which members have it at all.
            extract: Finds it in a body.
            itself: Whether it may be an argument alone, and no expression in some.
        """
        at = have.index(True)
        numbers = {name: values[at] for name, values in self.columns.items()}
        candidates = self._arguments() if itself else self._candidates(numbers, column[at])
        return self._first(candidates, column, have, extract, alike=True)

    def condition(self, present: Sequence[bool], extract: Extract) -> Relation | None:
        """Return on which condition members have a step; None if it is none of the usual ones."""
        return self._first(self._conditions(), present, [True] * len(present), extract, alike=False)

    def _first(
        self,
        candidates: Iterable[Relation],
        column: Sequence[Literal | None],
        have: Sequence[bool],
        extract: Extract,
        *,
        alike: bool,
    ) -> Relation | None:
        """Return the first candidate that holds in all members that have the value, and in the trials.

        `alike` trials alone have the steps of the member that they were made from.
        """
        values: dict[bool, list[tuple[Trial, Literal]]] = {}
        rows = [row for row, has in zip(zip(self.rows, column, strict=True), have, strict=True) if has]
        for candidate in candidates:
            if any(candidate.value(numbers) != value for numbers, value in rows):
                continue
            # What is the same in all members is a number in the text, whatever it may follow from.
            narrow = not self.differing.isdisjoint(candidate.reads)
            if narrow not in values:
                values[narrow] = values_in(self.trials(narrow), extract, alike)
            if holds(candidate, values[narrow]) and self._holds_further(candidate, extract, alike):
                return candidate
        return None

    def _holds_further(self, relation: Relation, extract: Extract, alike: bool) -> bool:
        """Tell whether what is computed holds with more numbers too, each argument changed alone."""
        if relation.text == f"{{{relation.reads[0]}}}":
            return True
        names = self.differing.intersection(relation.reads) or relation.reads
        series = [series for name in names for series in self.further.get(name, ())]
        trials = [trial for each in series for trial in each.trials(self.added)]
        return agrees(relation, values_in(trials, extract, alike)) is not None

    def _arguments(self) -> Iterator[Relation]:
        """Yield each argument by itself."""
        for name in self.varied:
            yield Relation(f"{{{name}}}", (name,), itemgetter(name))

    def _candidates(self, numbers: Numbers, value: Literal | None) -> Iterator[Relation]:
        """Yield what the value of one member may come from, the simplest first."""
        yield from self._arguments()
        if not is_whole(value):
            return
        names = [name for name in self.varied if all(map(is_whole, self.columns[name]))]
        for name in names:
            yield from scaled(name, whole(numbers[name]), whole(value))
        for a, b in permutations(names, 2):
            yield from [pair(a, sign, b) for sign in PAIRED if a < b or sign not in "*+"]
        for name in names:
            yield moved(name, whole(value) - whole(numbers[name]))

    def _conditions(self) -> Iterator[Relation]:
        """Yield conditions on the arguments, the simplest first."""
        for name in self.columns:
            if name in self.differing and all(map(is_whole, self.columns[name])):
                yield exceeds_one(name)
        for name in self.columns:
            values = [value for value in self.columns[name] if is_real(value)]
            if name in self.differing and len(values) == len(self.columns[name]):
                yield from [is_not(name, neutral) for neutral in (0, 1) if neutral in values]
        for name in self.columns:
            if name in self.differing - {"inputs", "width"}:
                yield differs(name)
        yield from keeps_shape(self.columns)
