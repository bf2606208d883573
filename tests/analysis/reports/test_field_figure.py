from pathlib import Path

import pytest

from archscape.analysis.costs.receptive_field.effective import effective_field
from archscape.analysis.reports.field_figure import draw_field
from archscape.spaces import Network


@pytest.mark.parametrize("shape", ["1x33", "1x17x17", "1x5x17x17"])
def test_a_figure_has_the_same_bytes_for_the_same_field(shape: str, tmp_path: Path) -> None:
    rows = "conv: {width: 8, depth: 2, act: none, norm: none}"
    net = Network.from_yaml(f"network: chain\ninput: {shape}\nlayers: [{rows}]")
    field = effective_field(net, net.graph.flatten().nodes[-1].name, draws=1)
    first, second = (draw_field(field, tmp_path / name) for name in ("one.svg", "two.svg"))
    assert first.read_bytes() == second.read_bytes()
    assert b"<svg" in first.read_bytes()
