import doctest

import pytest

from archscape.analysis.reports import format as words
from archscape.analysis.reports.results.family_rules import family_of_network
from archscape.analysis.statistics import frontier


@pytest.mark.parametrize("module", [frontier, words])
def test_the_examples_are_true(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


def test_an_outline_says_what_each_row_says() -> None:
    network = """{"network": "n", "input": "3x32x32", "layers": [
        {"conv": {"width": 64, "kernel": 7, "stride": 2, "name": "stem"}}, "avgpool",
        {"inception": {"1x1": 64, "3x3": [96, 128]}},
        {"bottleneck": {"width": 256, "depth": 3, "se": "1/4"}}]}"""
    assert (
        words.outline(network)
        == "conv 64 k7 /2 · avgpool · inception 1x1 64 3x3 [96, 128] · bottleneck 256×3 se 1/4"
    )


def test_no_network_has_no_outline() -> None:
    assert words.outline("") == ""


def test_what_is_no_json_is_shown_as_it_is_and_hides_no_other_network() -> None:
    assert words.outline("not json {") == "not json {"
    assert len(words.outline("{" * 1000)) == words.UNREADABLE
    assert family_of_network("not json {") == ""


def test_what_is_unknown_is_a_dash() -> None:
    assert words.value("macs", float("nan")) == words.span(float("nan")) == "–"
