"""The diagram of a network: what is one box, what is framed, what is drawn once."""

from __future__ import annotations

from archscape.analysis.drawing.blocks import plan_of
from archscape.analysis.drawing.diagram import Diagram
from archscape.spaces import Network, Row, load_network


def diagram_of(network: Network, *, layers: bool = False) -> Diagram:
    return plan_of(network, layers=layers)[0]


def labels(diagram: Diagram) -> list[str]:
    return [f"{block.label} {block.repeat}".strip() for block in diagram.blocks]


def test_a_convolution_with_its_norm_and_activation_is_one_box() -> None:
    net = Network(name="net", input=(3, 8, 8), layers=(Row("conv", width=4, kernel=5, stride=2),))
    assert labels(diagram_of(net)) == ["3×8×8", "5×5 conv, 4, /2"]
    assert labels(diagram_of(net, layers=True)) == ["3×8×8", "5×5 conv, 4, /2", "batch norm", "relu"]


def test_residual_blocks_are_framed_and_those_alike_drawn_once() -> None:
    diagram = diagram_of(load_network("resnet34"))
    assert labels(diagram)[3:7] == ["basic ×3", "basic", "basic ×3", "basic"]
    inside = diagram.blocks[3].inside
    assert inside is not None
    assert labels(inside) == ["3×3 conv, 64", "3×3 conv, 64", "+"]


def test_a_figure_of_layers_draws_every_operator() -> None:
    net = load_network("resnet18")
    operators = len(net.graph.flatten().nodes)

    def count(diagram: Diagram) -> int:
        return sum(count(block.inside) if block.inside else 1 for block in diagram.blocks)

    assert count(diagram_of(net, layers=True)) == operators + 1  # its input


def test_what_leaves_nothing_is_drawn_layer_by_layer() -> None:
    net = Network(name="net", input=(3, 8, 8), layers=(Row("act"),))
    assert labels(diagram_of(net)) == ["3×8×8", "relu"]


def test_squeeze_and_excitation_is_one_box() -> None:
    inside = diagram_of(load_network("seresnet50")).blocks[3].inside
    assert inside is not None
    assert "squeeze and excite" in labels(inside)


def test_what_reads_a_map_once_stands_box_by_box() -> None:
    assert all(block.inside is None for block in diagram_of(load_network("unet")).blocks)


def test_a_separable_convolution_is_one_box() -> None:
    assert "3×3 separable conv, 1024" in labels(diagram_of(load_network("mobilenetv1")))
    assert "3×3 depthwise conv, 512" in labels(diagram_of(load_network("mobilenetv1"), layers=True))


def test_cells_stand_beside_the_network_with_their_widths_left_open() -> None:
    diagram, panels = plan_of(load_network("amoebanet-a"))
    assert labels(diagram)[2:5] == ["normal, 144 ×6", "reduction, 360", "normal, 288 ×6"]
    assert [panel.label for panel in panels] == ["normal", "reduction"]
    inside = panels[0].inside
    assert inside is not None
    assert "3×3 separable conv ×2" in labels(inside)


def test_what_leads_to_other_outputs_follows_what_it_begins_with() -> None:
    names = labels(diagram_of(load_network("googlenet-aux")))
    assert names.index("aux1") < names.index("aux2") < names.index("global avg pool")
