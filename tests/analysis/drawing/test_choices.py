"""Spaces as figures: what is left open."""

from __future__ import annotations

from archscape.analysis.drawing.choices import diagram_of_space
from archscape.analysis.drawing.diagram import Block, Diagram
from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.geometry import Box, Text
from archscape.spaces import Space


def blocks(name: str) -> dict[str, Block]:
    return {block.name: block for block in diagram_of_space(Space.load(name)).blocks}


def labels(diagram: Diagram) -> list[str]:
    return [block.label for block in diagram.blocks]


def of(*lines: str, head: str = "") -> dict[str, Block]:
    text = "\n".join(["space: mine", "input: 3x32x32", *head.splitlines(), "layers:", *lines])
    return {block.name: block for block in diagram_of_space(Space.from_yaml(text)).blocks}


def test_values_of_a_choice_stand_beside_each_other() -> None:
    net = of(
        "  - conv: {width: {16, 24, 32}, kernel: {3, 5}, depth: 1..4}",
        "  - avgpool",
        "  - linear: {width: 10}",
    )
    assert net["conv"].label == "3×3|5×5 conv, 16|24|32"
    assert net["conv"].repeat == "×1..4"
    assert (net["avgpool"].label, net["linear"].label) == ("global avg pool", "linear, 10")


def test_what_follows_from_a_variable_is_computed() -> None:
    net = of(
        "  - conv: {width: $w}",
        "  - basic: {width: 2 * $w, stride: 2, se: {none, 1/4}}",
        head="let:\n  w: {16, 24}",
    )
    assert net["conv"].label == "3×3 conv, 16|24"
    assert net["basic"].label == "basic\n32|48\nse none|1/4\n/2"


def test_one_of_several_blocks_is_a_choice_which_says_once_what_they_share() -> None:
    stage = blocks("cifar")["stage2"]
    assert stage.kind == "choice"
    assert stage.label == "stage2, 32|48|64, kernel 3|5|7, /2"
    assert stage.repeat == "×1..4"
    assert [labels(option) for option in stage.alternatives][3:] == [
        ["inverted\nexpand 3|6\nse none|1/4|1/16"],
        ["dense\ngrowth 8|12|16"],
    ]


def test_a_block_without_choices_stands_as_in_a_network() -> None:
    layer = blocks("nas-bench-macro")["layer1"]
    assert [labels(option) for option in layer.alternatives] == [
        ["1×1 conv, 64, /2"],
        ["1×1 conv, 96", "3×3 depthwise conv, 96, /2", "1×1 conv, 64"],
        ["1×1 conv, 192", "5×5 depthwise conv, 192, /2", "1×1 conv, 64"],
    ]


def test_edges_of_a_cell_are_choices() -> None:
    """Dong and Yang 2020, figure 1: six edges, five operations."""
    cell = blocks("nas-bench-201")["cells1"]
    assert cell.repeat == "×5"
    assert cell.inside is not None
    edges = [block for block in cell.inside.blocks if block.kind == "choice"]
    assert len(edges) == 6
    assert {edge.label.replace("\n", "") for edge in edges} == {"zero|identity|conv1x1|conv3x3|pool"}
    assert [block.label for block in cell.inside.blocks if block.kind == "join"] == ["+", "+"]


def test_a_cell_whose_wiring_is_open_is_a_box_with_its_operations() -> None:
    cell = blocks("nasnet")["cell1"]
    assert cell.inside is None
    assert cell.label.replace("\n", "") == "cell24pairsskip|avg|max|sep3|sep5|sep7|dil3|conv1x7"


def test_a_row_that_may_read_several_has_a_line_from_each() -> None:
    net = diagram_of_space(
        Space.from_yaml(
            "space: mine\ninput: 3x32x32\nlayers:\n"
            "  - conv: {name: a, width: 8}\n  - conv: {name: b, width: 8}\n"
            "  - add: {from: b, with: [a]}\n  - conv: {width: {8, 16}}\n"
        )
    )
    assert [source.value for source in net.blocks[3].sources] == [2, 1]


def test_extents_stand_where_no_choice_changes_them() -> None:
    net = of(
        "  - conv: {width: {16, 24}, stride: 2}",
        "  - conv: {width: 16, stride: 2, depth: 0..2}",
        "  - conv: {name: after, width: 16, kernel: {3, 5}}",
        "  - avgpool",
    )
    assert [block.shape[1:] for block in net.values()] == [(32, 32), (16, 16), (), (), (1, 1)]
    drawing = draw(Space.load("nas-bench-macro"))
    extents = [text.text for text in drawing.shapes if isinstance(text, Text) and text.role == "extent"]
    assert extents == ["32×32", "16×16", "8×8", "4×4", "1×1"]


def test_alternatives_stand_side_by_side_between_a_fork_and_a_join() -> None:
    drawing = draw(Space.load("digits"))
    boxes = {box.name: box for box in drawing.shapes if isinstance(box, Box)}
    frame = boxes["stage1"]
    texts = {text.text: text for text in drawing.shapes if isinstance(text, Text)}
    within = [
        box
        for box in drawing.shapes
        if isinstance(box, Box) and box.kind == "block" and box.y < frame.y + frame.height
    ]
    assert len(within) == 5
    assert len({box.y + box.height / 2 for box in within}) == 1
    assert "×0..2" in texts
