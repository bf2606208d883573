"""The comparison as a figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from archscape.analysis.costs.profile import profile
from archscape.analysis.reports.comparison.compared_network import ComparedNetwork, Terms, compared_networks
from archscape.analysis.reports.comparison.paper import KINDS, write_comparison_figure
from archscape.spaces import InputError, Network, load_network

STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture(scope="module")
def pair() -> list[ComparedNetwork]:
    return compared_networks([load_network("lenet5"), load_network("resnet20")])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", STARTS)
def test_the_suffix_says_what_the_figure_becomes(
    suffix: str, pair: list[ComparedNetwork], tmp_path: Path
) -> None:
    path = write_comparison_figure(pair, tmp_path / f"layers{suffix}")
    assert path.read_bytes().startswith(STARTS[suffix])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_networks_give_the_same_bytes(
    kind: str, pair: list[ComparedNetwork], tmp_path: Path
) -> None:
    first, second = (
        write_comparison_figure(pair, tmp_path / name, kind=kind).read_bytes() for name in ("a.svg", "b.svg")
    )
    assert first == second
    assert b"nan" not in first


@pytest.mark.slow
def test_what_a_module_lacks_is_left_out(pair: list[ComparedNetwork], tmp_path: Path) -> None:
    from torch import nn

    costs = profile(nn.Linear(4, 2), input=(4,))
    module = ComparedNetwork(name="m", input=(4,), costs=costs, network=None, terms=Terms())
    for kind in KINDS:
        assert write_comparison_figure([module, *pair], tmp_path / f"{kind}.svg", kind=kind).is_file()
    with pytest.raises(InputError, match="a figure of memory needs the table of a network"):
        write_comparison_figure([module], tmp_path / "a.svg", kind="memory")


def test_an_unknown_kind_is_named(pair: list[ComparedNetwork], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no figure 'layer'; did you mean 'layers'"):
        write_comparison_figure(pair, tmp_path / "a.svg", kind="layer")


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_without_convolutions_can_be_drawn(kind: str, tmp_path: Path) -> None:
    networks = compared_networks([Network.from_yaml("network: n\ninput: 4x4\nlayers: [act]")])
    assert write_comparison_figure(networks, tmp_path / "a.svg", kind=kind).is_file()
