"""Which folders are bundles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archscape.spaces.bundle_files import BUNDLE, CONFIG, VERSION, bundle_folder, bundles_in, is_bundle


def write_config(folder: Path, **config: object) -> Path:
    """Write a `config.json`."""
    folder.mkdir(exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(config))
    return folder


def test_a_bundle_is_known_by_its_config(tmp_path: Path) -> None:
    bundle = write_config(tmp_path / "best", format=BUNDLE, version=VERSION)
    assert is_bundle(bundle)
    assert bundle_folder(bundle) == bundle_folder(f"{bundle}/") == bundle_folder(bundle / CONFIG) == bundle
    assert bundles_in(tmp_path) == [bundle]
    assert not is_bundle(tmp_path)


def test_the_config_of_another_program_is_none(tmp_path: Path) -> None:
    assert not is_bundle(write_config(tmp_path, architecture="resnet18", num_classes=10))
    assert bundle_folder(tmp_path / CONFIG) is None
    assert bundle_folder(tmp_path / "nothing") is None


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, '"archscape-bundle"', "\xff\xfe"])
def test_a_damaged_config_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / CONFIG).write_bytes(text.encode("latin-1"))
    assert not is_bundle(tmp_path)
