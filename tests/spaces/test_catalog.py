"""The catalog: what every file says of itself, and how its networks differ from each other."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from helpers.catalog import LARGE, NETWORKS, SIBLINGS, SPACES

from archscape.spaces import Network, Row, Space, catalog_names, load, load_network, load_space
from archscape.spaces.catalog_files import CATALOG
from archscape.spaces.graph import Op
from archscape.spaces.operators import BatchNorm, Conv, Dropout, LocalResponseNorm, Unpool

AMOEBANET_A = {
    "normal": "avg h0 max h0, sep3 h1 skip h1, skip h0 avg h1, sep3 h0 sep5 n2, avg n5 sep3 h0",
    "reduction": "sep3 h1 avg h0, max h0 sep7 n2, max h1 max h0, sep3 n4 conv1x7 h0, avg h1 sep7 h0",
}
"""Operation, on which state, operation, on which state: of the states n2, n3, n4, n5, n6 of both cells."""


@pytest.mark.parametrize("name", catalog_names())
def test_a_table_has_the_name_of_its_file(name: str) -> None:
    table = load(name)
    assert table.name == name
    assert isinstance(table, Space if name in SPACES else Network)


def test_what_make_full_alone_runs_has_no_operator_of_its_own() -> None:
    """But the unpooling of DeconvNet, which the contracts of its block and its operator hold."""

    def kinds(names: set[str]) -> set[type]:
        return {type(node.op) for name in names for node in load_network(name).graph.flatten().nodes}

    kept = LARGE | SIBLINGS
    assert kept <= set(NETWORKS)
    assert kinds(kept) - kinds(set(NETWORKS) - kept) == {Unpool}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_cites_its_paper(name: str) -> None:
    origin = load_network(name).origin
    assert origin is not None
    assert origin.lines[0].startswith("# ")
    assert any(year in origin.lines[0] for year in map(str, range(1980, 2027)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_every_space_holds_networks(name: str) -> None:
    space = load(name)
    assert isinstance(space, Space)
    assert space.feasible(space.sample(Random(0)))


def operators(name: str, kind: type[Op]) -> int:
    """Return how many operators of a kind a network has."""
    return sum(isinstance(node.op, kind) for node in load_network(name).graph.flatten().nodes)


def params(name: str) -> int:
    return load_network(name).totals.params


def macs(name: str) -> int:
    return load_network(name).totals.macs


def test_alexnet_has_659272_neurons() -> None:
    """Krizhevsky et al. 2012, figure 2, without the input; on one GPU there are as many."""
    assert load_network("alexnet").totals.activations == 659_272
    assert load_network("alexnet-single").totals.activations == 659_272


def test_two_gpus_halve_what_three_convolutions_of_alexnet_read() -> None:
    saved = 25 * 48 * 256 + 9 * 192 * 384 + 9 * 192 * 256
    assert params("alexnet-single") - params("alexnet") == saved


def test_each_vgg_adds_convolutions() -> None:
    """Simonyan and Zisserman 2014, table 1: columns A, B, D and E have 8, 10, 13 and 16 of them."""
    assert [operators(f"vgg{n}", Conv) for n in (11, 13, 16, 19)] == [8, 10, 13, 16]


def test_the_localizer_is_vgg16_with_four_outputs() -> None:
    assert params("vgg16") - params("localizer") == (4096 + 1) * (1000 - 4)


def test_auxiliary_classifiers_of_googlenet() -> None:
    """Szegedy et al. 2014, section 5: 4x4 means, 128 filters of 1x1, 1,024 units, dropout, 1,000 classes."""

    def head(channels: int) -> int:
        return (channels + 1) * 128 + (4 * 4 * 128 + 1) * 1024 + (1024 + 1) * 1000

    assert params("googlenet-aux") - params("googlenet") == head(512) + head(528)
    assert operators("googlenet-aux", Dropout) == operators("googlenet", Dropout) + 2


def test_googlenet_has_response_or_batch_normalisation() -> None:
    assert (operators("googlenet", LocalResponseNorm), operators("googlenet", BatchNorm)) == (2, 0)
    assert (operators("googlenet-bn", LocalResponseNorm), operators("googlenet-bn", BatchNorm)) == (0, 57)


def test_a_gate_doubles_the_convolutions_of_a_highway() -> None:
    """Five highway blocks, with two convolutions of the same shape each."""
    plain = 9 * (3 * 16 + 16 * 32 + 32 * 48 + 48 * 64) + (16 + 32 + 48 + 64)
    gated = 2 * sum(depth * (9 * width + 1) * width for depth, width in ((2, 16), (2, 32), (1, 48)))
    assert params("highway") == plain + gated + (64 + 1) * 10


def test_identity_shortcuts_are_free_and_projections_are_not() -> None:
    """He et al. 2015, figure 3: a plain network and a residual one differ in three projections."""
    projections = sum(width * 2 * width + 2 * 2 * width for width in (64, 128, 256))
    assert params("resnet34") - params("plain34") == projections
    moved = sum(width * 2 * width * (28 * 64 // width) ** 2 for width in (64, 128, 256))
    assert macs("resnet34") - macs("plain34") == moved


def test_resnet20_has_the_parameters_of_its_paper_and_two_projections() -> None:
    """He et al. 2015, table 6: 0.27 M with option A; option B adds two 1x1 convolutions with norm."""
    projections = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    assert params("resnet20") == 269_722 + projections


def test_squeeze_and_excitation_adds_less_than_one_percent() -> None:
    """Hu et al. 2018, section 4: under 1% more FLOPs."""
    assert 0 < macs("seresnet50") - macs("resnet50") < macs("resnet50") / 100


def test_parameters_of_amoebanet_a() -> None:
    """Real et al. 2018, table 1: 3.2 M with F = 36, 2.6 M with F = 32; table 2: 5.1 M with N = 4, F = 50."""
    wide = load_network("amoebanet-a")
    narrow = replace(wide, layers=[scaled(row) for row in wide.layers])
    assert [f"{network.totals.params / 1e6:.1f}" for network in (wide, narrow)] == ["3.2", "2.6"]
    assert f"{params('amoebanet-a-imagenet') / 1e6:.1f}" == "5.1"


def scaled(row: Row) -> Row:
    """Return a row of F = 36 with F = 32."""
    width = row.args.get("width")
    if not isinstance(width, int) or row.word == "linear":
        return row
    return Row(row.word, **{**row.args, "width": width * 32 // 36})


def test_nasnet_holds_every_pair_of_cells() -> None:
    """Two of eight operations, each on one of two, three, ..., six states; in normal and reduction cells."""
    space = load_space("nasnet")
    cell = (8**2 * 2**2) * (8**2 * 3**2) * (8**2 * 4**2) * (8**2 * 5**2) * (8**2 * 6**2)
    assert space.count() == cell**2


def test_amoebanet_a_is_a_point_of_nasnet() -> None:
    """With the unused states as output, as the paper has it, and the size of the search, N = 3, F = 24."""
    genotype = {
        f"{cell}.{state}.{position}": gene
        for cell, genes in AMOEBANET_A.items()
        for state, pair in enumerate(genes.split(", "))
        for position, gene in enumerate(pair.split())
    }
    sample = load_space("nasnet").replay(genotype)
    text = (CATALOG / "amoebanet-a.yaml").read_text()
    for published, searched in (
        ("concat:  {from: h1, with: [n3, n4, n6]}", "concat:  {from: n6, with: [n3, n4]}"),
        ("concat:  {from: n2, with: [n3, n4, n5, n6]}", "concat:  {from: n6, with: [n3, n5]}"),
        ("depth: 6", "depth: 3"),
        ("width: 36", "width: 24"),
        ("width: 72", "width: 48"),
        ("width: 108", "width: 72"),
        ("width: 144", "width: 96"),
    ):
        assert published in text
        text = text.replace(published, searched)
    assert Network.from_yaml(text).hash() == sample.hash()


@pytest.mark.slow
def test_cells_of_nasnet_return_their_unused_states() -> None:
    space = load_space("nasnet")
    for seed in range(20):
        sample = space.sample(Random(seed))
        shapes = {node.name: node.shape for node in sample.network.body.nodes}
        for cell, row, width in (("normal", "cell5", 96), ("reduction", "cell4", 96)):
            read = {
                str(sample.decisions[f"{cell}.{state}.{position}"])
                for state in range(5)
                for position in (1, 3)
            }
            unused = {"n2", "n3", "n4", "n5", "n6"} - read
            assert shapes[row] == (width * len(unused), 8, 8)
