"""The difference of two networks: which rows were added, removed or changed, and what each of them costs.

Rows are aligned so that as few as possible stand alone (Needleman and Wunsch 1970). Two rows are the same if
their bodies have the same canonical operators on the same shapes, whatever words they are written in, and
read rows that are aligned with each other. Each row of both networks is in exactly one change, so the
differences of all changes add up to the difference of the totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from archscape.spaces import Network
from archscape.spaces.graph import Style
from archscape.spaces.printing import Printed, Printout
from archscape.spaces.values import shape_text, text

from ..format import NONE, size
from .alignment import Pair, align
from .parts import Part, parts_of, style_of

Kind = Literal["same", "changed", "removed", "added"]
MARKS: dict[Kind, str] = {"same": "=", "changed": "≠", "removed": "−", "added": "+"}


class Setting(NamedTuple):
    """What a changed row says otherwise; None where one of them does not say it."""

    name: str
    before: str | None
    after: str | None

    @property
    def text(self) -> str:
        """The setting in words."""
        if self.before is None:
            return f"{self.name} {self.after}"
        return f"no {self.name}" if self.after is None else f"{self.name} {self.before} → {self.after}"


class Change(NamedTuple):
    """A row of the one network beside that of the other.

    Attributes:
        kind: `same`, `changed`, `removed` (there is no row after) or `added` (there is none before).
    """

    kind: Kind
    before: Part | None
    after: Part | None

    def difference(self, cost: str) -> int:
        """Return how much more of a cost, a name of `COSTS`, the second network has here."""
        before, after = (getattr(part.totals, cost) if part else 0 for part in (self.before, self.after))
        return int(after - before)

    @property
    def settings(self) -> list[Setting]:
        """What a changed row says otherwise, in the order of its words.

        Where it says the same, it is the shape of what it reads, or the rows that it reads; nothing if it is
        the style of the whole network.
        """
        if self.before is None or self.after is None or self.kind == "same":
            return []
        names = dict.fromkeys(("block", *self.before.settings, *self.after.settings))
        before, after = ({"block": part.word, **part.all_settings} for part in (self.before, self.after))
        differing = settings_between(before, after, names)
        if differing:
            return differing
        if self.before.inputs != self.after.inputs:
            shapes = [[shape_text(shape) for shape in part.inputs] for part in (self.before, self.after)]
            return [Setting("reads", *(" and ".join(texts) for texts in shapes))]
        if self.before.key == self.after.key:
            return [Setting("from", *(" and ".join(part.sources) for part in (self.before, self.after)))]
        return []

    @property
    def text(self) -> str:
        """What a changed row says otherwise, in words."""
        return self._text(self.settings)

    @property
    def hidden_text(self) -> str:
        """The part of it that the texts of both rows do not show."""
        shown = [part.shown if part else {} for part in (self.before, self.after)]
        visible = {"block", *(shown[0].keys() & shown[1].keys())}
        return self._text([setting for setting in self.settings if setting.name not in visible])

    def _text(self, settings: Iterable[Setting]) -> str:
        texts = [setting.text for setting in settings]
        if self.kind == "changed":
            texts += [] if self.settings else ["another style, as all rows"]
            blocks = len(self.after.blocks) if self.after else 0
            texts += [f"{self.kept} of {blocks} blocks as before"] if self.kept else []
        return ", ".join(texts)

    @property
    def mark(self) -> str:
        """The sign of its kind."""
        return MARKS[self.kind]

    @property
    def memory(self) -> str:
        """The most that maps take while the row runs, before and after."""
        before, after = (size(part.held) if part else "" for part in (self.before, self.after))
        return before if before == after else f"{before or NONE} → {after or NONE}"

    @property
    def kept(self) -> int:
        """Blocks of the row that are the same in both."""
        if self.before is None or self.after is None:
            return 0
        matcher = SequenceMatcher(None, self.before.blocks, self.after.blocks, autojunk=False)
        return sum(match.size for match in matcher.get_matching_blocks())


@dataclass(frozen=True, kw_only=True, repr=False)
class Diff(Printed):
    """The difference of two networks.

    Attributes:
        style: What `defaults:` says otherwise: norm, activation and bias of most rows.
        changes: All rows of both, in order.
    """

    before: Network
    after: Network
    style: tuple[Setting, ...]
    changes: tuple[Change, ...]

    def printout(self) -> Printout:
        """Return the rows of both, and what each has more of in the second."""
        costs = ("params", "macs", "activations")
        parts = [(change, change.before or change.after) for change in self.changes]
        rows = [
            (change.mark, part.text if part else "", change.text, *map(change.difference, costs))
            for change, part in parts
        ]
        title = f"from {self.before.name} to {self.after.name}"
        heads = ("", "row", "what changed", *(f"Δ {cost}" for cost in costs))
        return Printout(title=title, columns=heads, rows=rows, names=2)

    def difference(self, cost: str) -> int:
        """Return how much more of a cost the second network has: the sum over all changes."""
        return sum(change.difference(cost) for change in self.changes)

    def largest(self, cost: str) -> int:
        """Return the largest difference of one row, without its sign."""
        return max(abs(change.difference(cost)) for change in self.changes)

    @property
    def text(self) -> str:
        """The difference in a sentence or two.

        >>> from archscape.spaces import load_network
        >>> diff(load_network("vgg16"), load_network("vgg19")).text
        '12 rows are the same, 3 changed.'
        """
        counts = {kind: count for kind, count in self.counts.items() if count}
        if [*counts] == ["same"] and not self.style:
            return "The networks compute the same."
        same = counts.pop("same", 0)
        texts = [f"{same} {'row is' if same == 1 else 'rows are'} the same"] if same else []
        texts += [f"{count} {kind}" for kind, count in counts.items()]
        style = f" In all rows: {', '.join(setting.text for setting in self.style)}." if self.style else ""
        return f"{', '.join(texts)}.{style}"

    @property
    def counts(self) -> dict[Kind, int]:
        """How many rows are of which kind."""
        return {kind: sum(change.kind == kind for change in self.changes) for kind in MARKS}

    @property
    def peaks(self) -> tuple[int, int]:
        """The most that either holds at inference: that of the row where it holds most."""
        before = max(change.before.held for change in self.changes if change.before)
        after = max(change.after.held for change in self.changes if change.after)
        return before, after


def diff(before: Network, after: Network, *, batch: int = 1, dtype: str = "float32") -> Diff:
    """Return the difference of two networks, row by row. Nothing is built.

    Batch and type of maps are those of the memory.

    Raises:
        InputError: For an unknown type, or a batch below 1.

    >>> from archscape.spaces import load_network
    >>> deeper = diff(load_network("resnet50"), load_network("resnet101"))
    >>> [(change.after.name, change.settings) for change in deeper.changes if change.kind != "same"]
    [('bottleneck3', [Setting(name='depth', before='6', after='23')])]
    >>> deeper.difference("params") == 44_549_160 - 25_557_032
    True
    """
    left, right = (parts_of(network, batch=batch, dtype=dtype) for network in (before, after))
    old, new = (
        {name: text(value) for name, value in style_of(network)._asdict().items()}
        for network in (before, after)
    )
    style = settings_between(old, new, Style._fields)
    changes = _changes(left, right, align(left, right))
    return Diff(before=before, after=after, style=tuple(style), changes=tuple(changes))


def settings_between(
    before: Mapping[str, str], after: Mapping[str, str], names: Iterable[str]
) -> list[Setting]:
    """Return what two mappings say otherwise under some names, in their order."""
    return [
        Setting(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _changes(left: Sequence[Part], right: Sequence[Part], pairs: Sequence[Pair]) -> list[Change]:
    partners = {i: j for i, j in pairs if i is not None and j is not None}
    changes: list[Change] = []
    for i, j in pairs:
        before, after = (None if i is None else left[i]), (None if j is None else right[j])
        kind: Kind = "added" if i is None else "removed" if j is None else "changed"
        if i is not None and j is not None and _same(left[i], right[j], i, j, partners):
            kind = "same"
        changes.append(Change(kind, before, after))
    return changes


def _same(before: Part, after: Part, i: int, j: int, partners: Mapping[int, int]) -> bool:
    """Tell whether two rows compute the same from rows that stand beside each other.

    Whoever reads the row right before reads what stands there now, be it new.
    """
    return before.key == after.key and all(
        (old == i - 1 and new == j - 1) or (partners.get(old) if old >= 0 else old) == new
        for old, new in zip(before.reads, after.reads, strict=True)
    )
