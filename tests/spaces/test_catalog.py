"""The catalog against the numbers that were published, exactly.

Parameters and MACs (convolutions, linear layers, no bias, batch 1) are those of the project's table of
systems, which took them from the papers and from torchvision's published `num_params` and `_ops`.
"""

from __future__ import annotations

import pytest

from archscape.spaces import Network, Space, catalog_names, load, load_network
from archscape.spaces.graph import Shape

PUBLISHED = {
    "lenet5": ("1x32x32", 61_706, 416_520),
    "alexnet-owt": ("3x224x224", 61_100_840, 714_188_480),
    "vgg16": ("3x224x224", 138_357_544, 15_470_264_320),
    "googlenet": ("3x224x224", 6_998_552, 1_582_671_872),
    "resnet18": ("3x224x224", 11_689_512, 1_814_073_344),
    "resnet50": ("3x224x224", 25_557_032, 4_089_184_256),
    "densenet121": ("3x224x224", 7_978_856, 2_834_161_664),
    "resnext50-32x4d": ("3x224x224", 25_028_904, 4_230_479_872),
    "seresnet50": ("3x224x224", 28_088_024, None),
    "mobilenetv1": ("3x224x224", 4_231_976, 568_740_352),
    "mobilenetv2": ("3x224x224", 3_504_872, 300_774_272),
}
NETWORKS = [name for name in catalog_names() if isinstance(load(name), Network)]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_counts(name: str) -> None:
    shape, params, macs = PUBLISHED[name]
    network = load_network(name)
    assert network.input == tuple(map(int, shape.split("x")))
    assert network.totals.params == params
    if macs is not None:
        assert network.totals.macs == macs


def test_seresnet50_has_the_published_macs_to_the_last_digit_given() -> None:
    assert f"{load_network('seresnet50').totals.macs / 1e6:.2f}" == "4091.70"


def test_squeeze_and_excitation_adds_less_than_one_percent() -> None:
    """Hu et al. 2018, section 4: under 1% more FLOPs."""
    plain, excited = load_network("resnet50").totals, load_network("seresnet50").totals
    assert 0 < excited.macs - plain.macs < plain.macs / 100


def test_resnet20_has_the_parameters_of_its_paper_and_two_projections() -> None:
    """He et al. 2015, table 6: 0.27 M with option A; option B adds two 1x1 convolutions with norm."""
    projections = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    assert load_network("resnet20").totals.params == 269_722 + projections


def shapes(name: str) -> dict[str, Shape]:
    body = load_network(name).body
    return {node.name: node.shape for node in body.nodes}


def test_maps_of_lenet5() -> None:
    """LeCun et al. 1998, figure 2: C1 6x28x28, S2 6x14x14, C3 16x10x10, S4 16x5x5, 120, 84, 10."""
    found = shapes("lenet5")
    names = ("conv1", "avgpool1", "conv2", "avgpool2", "linear1", "linear2", "linear3")
    assert [found[name] for name in names] == [
        (6, 28, 28),
        (6, 14, 14),
        (16, 10, 10),
        (16, 5, 5),
        (120,),
        (84,),
        (10,),
    ]


def test_maps_of_resnet50() -> None:
    """He et al. 2015, table 1: 112, 56, 28, 14, 7."""
    found = shapes("resnet50")
    assert found["conv"] == (64, 112, 112)
    assert [found[f"bottleneck{i}"] for i in (1, 2, 3, 4)] == [
        (256, 56, 56),
        (512, 28, 28),
        (1024, 14, 14),
        (2048, 7, 7),
    ]


def test_maps_of_googlenet() -> None:
    """Szegedy et al. 2014, table 1, column output size."""
    found = shapes("googlenet")
    assert found["inception3b"] == (480, 28, 28)
    assert found["inception4e"] == (832, 14, 14)
    assert found["inception5b"] == (1024, 7, 7)


def test_maps_of_densenet121() -> None:
    """Huang et al. 2017, table 1: 56, 28, 14, 7; 1,024 maps in the end."""
    found = shapes("densenet121")
    assert [found[f"dense{i}"] for i in (1, 2, 3, 4)] == [
        (256, 56, 56),
        (512, 28, 28),
        (1024, 14, 14),
        (1024, 7, 7),
    ]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_cites_its_paper(name: str) -> None:
    origin = load_network(name).origin
    assert origin is not None
    assert origin.lines[0].startswith("# ")
    assert any(year in origin.lines[0] for year in map(str, range(1980, 2027)))


@pytest.mark.parametrize("name", sorted(set(catalog_names()) - set(NETWORKS)))
def test_every_space_holds_networks(name: str) -> None:
    from random import Random

    space = load(name)
    assert isinstance(space, Space)
    assert space.feasible(space.sample(Random(0)))
