"""The page of reference and `archscape list` say what the definitions say."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from archscape.reference import TOPICS, find, known, page
from archscape.search.job import Job, read_job
from archscape.search.pruners import PRUNERS
from archscape.search.samplers import SAMPLERS
from archscape.search.training.recipe import PRESETS, Recipe
from archscape.spaces.blocks import BLOCKS

ROOT = Path(__file__).parents[1]


def test_the_page_is_made_from_the_definitions() -> None:
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == page(), "run `make reference`"


@pytest.mark.parametrize(("topic", "settings"), [("job", Job), ("recipe", Recipe)])
def test_every_setting_has_a_law_and_a_meaning(topic: str, settings: type) -> None:
    rows = TOPICS[topic]().rows
    assert [row[0] for row in rows] == [field.name for field in fields(settings) if field.name != "origin"]
    assert all(all(row) for row in rows)


def test_every_rule_can_be_looked_up() -> None:
    assert {*BLOCKS, *TOPICS, *SAMPLERS, *PRUNERS} <= {*known()}
    assert {"weight_decay", "device"} <= {*known()}
    for word in known():
        listing = find(word)
        assert listing is not None
        assert listing.text
        assert all(len(row) == len(listing.columns) for row in listing.rows)
    assert find("zebra") is None


def test_the_defaults_that_are_told_are_those_that_hold(tmp_path: Path) -> None:
    """A job that spells out every default of the page is the job that leaves them out."""
    file, short = tmp_path / "job.yaml", "search: a\nspace: digits\ndata: digits\n"
    file.write_text(short)
    plain = read_job(file)
    told = [row for row in TOPICS["job"]().rows if row[1] not in ("needed", "none")]
    file.write_text(short + "".join(f"{name}: {default}\n" for name, default, *_ in told))
    assert read_job(file) == plain
    recipe = ", ".join(f"{name}: {default}" for name, default, *_ in TOPICS["recipe"]().rows)
    file.write_text(f"{short}recipe: {{{recipe}}}\n")
    assert read_job(file) == plain
    assert [row[0] for row in TOPICS["presets"]().rows] == [*PRESETS]
