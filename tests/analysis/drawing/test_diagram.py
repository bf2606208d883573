"""Diagrams: blocks that read each other, and frames that are opened."""

from __future__ import annotations

from archscape.analysis.drawing.diagram import Block, Diagram, Source


def conv(name: str, *sources: int) -> Block:
    return Block(kind="conv", label=name, name=name, sources=tuple(map(Source, sources)))


def test_what_an_opened_frame_held_is_read_as_before() -> None:
    inside = Diagram(inputs=1, blocks=(conv("a", 0), conv("b", 1), conv("c", 2, 0)), outputs=(Source(3),))
    frame = Block(kind="cell", label="cell", name="cell", sources=(Source(1),), inside=inside)
    diagram = Diagram(inputs=1, blocks=(conv("before", 0), frame, conv("after", 2, 1)), outputs=(Source(3),))
    opened = diagram.opened(2)
    assert [block.name for block in opened.blocks] == ["before", "cell.a", "cell.b", "cell.c", "after"]
    assert [[source.value for source in block.sources] for block in opened.blocks] == [
        *([0], [1], [2], [3, 1]),
        [4, 1],
    ]
    assert opened.outputs == (Source(5),)


def test_blocks_look_the_same_whatever_they_are_called_and_read() -> None:
    assert conv("a", 0).look != conv("b", 0).look  # labels are seen
    first, second = (Block(kind="conv", label="3×3 conv, 8", name=name) for name in "ab")
    assert first.look == second.look
