"""What is known of one network in a comparison, and the table of several."""

from __future__ import annotations

from itertools import pairwise

import pytest

from archscape.analysis.costs.conventions import CONVENTIONS
from archscape.analysis.costs.memory import memory
from archscape.analysis.costs.memory.training import training_memory
from archscape.analysis.costs.receptive_field import field_growth
from archscape.analysis.reports.comparison.compared_network import Terms, compared_networks
from archscape.analysis.reports.comparison.measures import COLUMNS
from archscape.analysis.reports.comparison.table import choose, note, table
from archscape.spaces import InputError, load_network

ADAM = Terms(batch=4, dtype="float16", mode="eager", optimizer="adamw")


def test_memory_follows_the_terms() -> None:
    network = load_network("resnet18")
    (compared,) = compared_networks([network], ADAM)
    assert compared.inference == memory(network, batch=4, dtype="float16", mode="eager")
    assert compared.training == training_memory(network, batch=4, dtype="float16", optimizer="adamw")
    assert max(moment.bytes for moment in compared.curve("eager")) == compared.inference.activations
    assert [count.convention.name for count in compared.counts] == [*CONVENTIONS]


def test_a_table_for_programs_says_its_terms_and_counts_bytes() -> None:
    networks = compared_networks([load_network("lenet5"), load_network("resnet18")], ADAM)
    heads, rows = table(networks, ["weights", "field"], counted=["thop"], plain=True)
    assert heads == ["network", "input", "weights_bytes", "receptive_field", "thop", *ADAM.__dict__]
    assert rows[0] == ["lenet5", "1x32x32", 2 * 61_706, "16x16", 416_520, 4, "float16", "eager", "adamw"]
    assert "float16, batch 4" in note(networks)
    heads, rows = table(networks, ["weights"])
    assert heads == ["network", "input", "weights MB"]
    assert rows[0][-1] == pytest.approx(2 * 61_706 / 10**6)


def test_columns_are_chosen_by_their_words() -> None:
    assert choose("") == [*COLUMNS]
    assert choose("training, macs") == ["training", "macs"]
    with pytest.raises(InputError, match="there is no cost 'mac'; did you mean 'macs'"):
        choose("mac")


def test_fields_grow_by_depth_through_branches() -> None:
    """GoogLeNet's 5x5 branches see most; ResNet-50 has 49 convolutions in a row before the last map ends."""
    vgg = field_growth(load_network("vgg16"))
    assert [field.depth for field in vgg] == [*range(1, 14)]
    assert (vgg[-1].layer, vgg[-1].field) == ("maxpool5", (212, 212))
    resnet = field_growth(load_network("resnet50"))
    assert (resnet[-1].depth, resnet[-1].field) == (49, (427, 427))
    assert all(a.field[0] <= b.field[0] for a, b in pairwise(resnet))
