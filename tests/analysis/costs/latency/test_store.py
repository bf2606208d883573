"""Calibrations are kept a file a setting, read back to the last digit, and refused when damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archscape.analysis.costs.latency import Calibration, this_machine
from archscape.analysis.costs.latency.device_setup import DeviceSetup
from archscape.analysis.costs.latency.store import home, load, path_of, read, save
from archscape.spaces.errors import InputError


def test_comes_back_as_it_was(calibration: Calibration, devices: Path) -> None:
    path = save(calibration)
    assert path.parent == devices
    assert [file.name for file in devices.iterdir()] == [path.name]
    assert load(this_machine()) == calibration
    assert read(path) == calibration


def test_a_setting_has_a_file_of_its_own(calibration: Calibration, devices: Path) -> None:
    save(calibration)
    other = replace(calibration.setup, threads=2, batch=8)
    assert path_of(other) != path_of(calibration.setup)
    with pytest.raises(InputError, match=r"run `archscape calibrate --threads 2 --batch 8`"):
        load(other)


def test_without_one_the_way_is_said(devices: Path) -> None:
    with pytest.raises(InputError, match=r"no calibration of .*1 thread, batch 1.*run `archscape calibrate`"):
        load(this_machine())


def test_another_settings_file_is_not_taken(calibration: Calibration, devices: Path) -> None:
    moved = save(replace(calibration, setup=replace(calibration.setup, batch=4)))
    moved.rename(path_of(calibration.setup))
    with pytest.raises(InputError, match=r"the calibration of .*batch 4"):
        load(calibration.setup)


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda tree: tree.pop(key)


def _rate(value: object) -> Callable[[dict[str, Any]], object]:
    return lambda tree: tree["rates"]["relu"]["seconds"].__setitem__(0, value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without("rates"), "lacks 'rates'"),
        (_without("archscape calibration"), "lacks 'archscape calibration'"),
        (_rate(-1.0), "0 or more, but got -1.0"),
        (_rate("fast"), "0 or more, but got 'fast'"),
        (_rate(True), "0 or more, but got True"),
        (lambda tree: tree.update({"archscape calibration": 2}), "its format is 2"),
        (lambda tree: tree["setting"].update(device="tpu"), "cpu or cuda, but got 'tpu'"),
        (lambda tree: tree["quality"].update(low=1.5), "an interval without its middle"),
        (lambda tree: tree.update(rates={}), "it has no rates of the class 'other'"),
        (lambda tree: tree["setting"].update(batch=1.5), "batch: a whole number"),
        (_rate(10**400), "too large"),
        (lambda tree: tree["rates"]["conv"].update(seconds=[0, 0.0]), "the class 'conv' takes no time"),
        (lambda tree: tree.update(cache=1.5), "whole number"),
    ],
)
def test_a_damaged_file_is_refused(
    calibration: Calibration, devices: Path, damage: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = save(calibration)
    tree = json.loads(path.read_text())
    damage(tree)
    path.write_text(json.dumps(tree))
    with pytest.raises(
        InputError, match=f"not a calibration that can be used.*{message}.*archscape calibrate"
    ):
        load(calibration.setup)


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"', '{"rates": NaN}', "\udcff"])
def test_no_calibration_at_all_is_refused(calibration: Calibration, devices: Path, text: str) -> None:
    path = save(calibration)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match="calibration"):
        load(calibration.setup)


def test_the_old_one_stays_where_the_new_one_cannot_be_written(
    calibration: Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ARCHSCAPE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="set ARCHSCAPE_HOME"):
        save(calibration)


def test_home_follows_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ARCHSCAPE_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert home() == tmp_path / "archscape"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "gpu"}, "cpu or cuda, but got 'gpu'"),
        ({"dtype": "float23"}, "did you mean 'float32'"),
        ({"threads": 0}, "threads: a whole number from 1 to 1,024, but got 0"),
        ({"batch": 10**6}, "batch: a whole number from 1"),
    ],
)
def test_a_setting_is_within_its_ranges(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DeviceSetup(**{"name": "x", "torch": "2", **settings})
