"""The file of a landscape: what is written is read, and whatever is damaged gives one clear error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archscape.analysis.landscape.file import Landscape, read_landscape, read_landscapes, to_json
from archscape.spaces.errors import InputError

Make = Callable[..., Landscape]


def same(first: object, second: object) -> None:
    assert json.loads(to_json(first)) == json.loads(to_json(second))  # type: ignore[arg-type]


@pytest.mark.parametrize("plain", [True, False])
def test_what_is_written_is_read(explored_trial: Make, tmp_path: Path, plain: bool) -> None:
    landscape = explored_trial(plain=plain)
    file = tmp_path / "trial-7.json"
    file.write_text(to_json(landscape))
    read = read_landscape(file)
    assert np.array_equal(read.trained.surface.losses, landscape.trained.surface.losses)
    assert read.changes == landscape.changes
    assert (read.plain is not None) == plain
    same(read, landscape)


def test_losses_that_are_not_finite_are_kept(explored_trial: Make, tmp_path: Path) -> None:
    landscape = explored_trial()
    losses = landscape.trained.surface.losses
    losses[0, :3] = np.nan, np.inf, -np.inf
    file = tmp_path / "trial-7.json"
    file.write_text(to_json(landscape))
    assert "NaN" not in file.read_text()
    np.testing.assert_array_equal(read_landscape(file).trained.surface.losses, losses)


def test_those_of_a_run_are_read_by_trial(explored_trial: Make, tmp_path: Path) -> None:
    assert read_landscapes(tmp_path) == ()
    (tmp_path / "landscape").mkdir()
    for trial in (12, 3):
        (tmp_path / "landscape" / f"trial-{trial}.json").write_text(to_json(explored_trial(trial=trial)))
    assert [landscape.trial for landscape in read_landscapes(tmp_path)] == [3, 12]


def without(key: str) -> Callable[[Any], object]:
    return lambda tree: tree.pop(key)


@pytest.mark.parametrize(
    ("damage", "law"),
    [
        (without("trained"), "it lacks 'trained'"),
        (lambda tree: tree.update(version=2), "it is of version 2, not 1"),
        (lambda tree: tree.update(trial="7"), "'trial' is '7', not of type int"),
        (lambda tree: tree.update(trial=True), "'trial' is True"),
        (lambda tree: tree.update(changes=[{"layer": "a"}]), "it lacks"),
        (lambda tree: tree["changes"][0].update(more=1), "a change has a layer, a shape and three lengths"),
        (lambda tree: tree["trained"]["losses"].pop(), "a surface is a square of an odd size"),
        (lambda tree: tree["trained"]["losses"][0].pop(), "inhomogeneous"),
        (lambda tree: tree["trained"]["losses"][0].__setitem__(0, "low"), "could not convert"),
        (lambda tree: tree["trained"]["losses"][0].__setitem__(0, 10**400), "too large"),
        (lambda tree: tree["trained"]["accuracies"][0].__setitem__(0, 1.5), "an accuracy is from 0 to 1"),
        (lambda tree: tree["trained"].update(span=-1), "a span is from 0.001 to 1000"),
        (lambda tree: tree["filters"].update(before=[[1]]), "filters are"),
        (lambda tree: tree.update(trained=[]), "list indices"),
    ],
)
def test_damage_is_told_with_the_file(
    explored_trial: Make, tmp_path: Path, damage: Callable[[Any], object], law: str
) -> None:
    tree = json.loads(to_json(explored_trial()))
    damage(tree)
    file = tmp_path / "trial-7.json"
    file.write_text(json.dumps(tree))
    with pytest.raises(InputError, match="no landscape that can be read") as error:
        read_landscape(file)
    assert str(file) in str(error.value)
    assert law in str(error.value)
    assert "`archscape landscape` writes it anew" in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", "[" * 100_000])
def test_what_is_no_landscape_at_all_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "trial-7.json"
    file.write_text(text)
    with pytest.raises(InputError, match="no landscape that can be read"):
        read_landscape(file)
