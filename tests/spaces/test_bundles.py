"""A bundle read back: its network, its weights bit for bit, and nothing of it run."""

from __future__ import annotations

import json
import os
import reprlib
from pathlib import Path

import pytest
import torch
from helpers.bundles import TRAP, write_bundle
from torch import Tensor

import archscape
from archscape.spaces import InputError, Network, SpaceError, load, load_network
from archscape.spaces.bundle_files import CONFIG, DIGESTS, TABLE, WEIGHTS
from archscape.spaces.errors import CodeNotRun

NETWORK = load_network("lenet5")
STATE = {name: tensor.clone() for name, tensor in NETWORK.build().state_dict().items()}
USING = """
network: mixed
input: 1x8x8
uses: mine.py
layers:
  - conv: {width: 4}
  - Mine:
  - avgpool:
  - linear: {width: 2}
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "best", NETWORK, STATE)


def logits(module: torch.nn.Module) -> Tensor:
    """Return what a module says of a fixed batch."""
    with torch.inference_mode():
        answer: Tensor = module.eval()(torch.randn(3, 1, 32, 32, generator=torch.Generator().manual_seed(1)))
    return answer


def test_a_bundle_gives_the_same_logits_bit_for_bit(bundle: Path) -> None:
    trained = NETWORK.build()
    trained.load_state_dict(STATE)
    again = archscape.load(str(bundle)).build(weights=True)
    assert torch.equal(logits(again), logits(trained))
    assert not torch.equal(logits(archscape.load(bundle).build()), logits(trained))


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/config.json", "./{}/../{}"])
def test_every_form_of_its_path_names_it(bundle: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundle.parent)
    network = load(form.format("best", "best"))
    assert isinstance(network, Network)
    assert network.hash() == NETWORK.hash()
    assert isinstance(network.build(weights=True), torch.nn.Module)


def test_a_network_of_the_catalog_has_no_weights() -> None:
    with pytest.raises(
        InputError, match="network lenet5 has no weights: only one that is read from a bundle"
    ):
        NETWORK.build(weights=True)


def test_a_table_beside_no_config_has_no_weights(bundle: Path) -> None:
    (bundle / CONFIG).unlink()
    with pytest.raises(InputError, match="has no weights"):
        load_network(bundle / TABLE).build(weights=True)


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def forget_digest(path: Path) -> None:
    config = json.loads(path.with_name(CONFIG).read_text())
    del config[DIGESTS]
    path.with_name(CONFIG).write_text(json.dumps(config))


def damage_without_digest(path: Path) -> None:
    damage(path)
    forget_digest(path)


def of_another(path: Path) -> None:
    other = write_bundle(
        path.parents[1] / "other", load_network("alexnet"), {"conv1.conv.bias": torch.ones(3)}
    )
    os.replace(other / WEIGHTS, path)
    forget_digest(path)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (Path.unlink, "has no weights: its network was not trained, or they are missing"),
        (damage, "SHA-256 is not the one in its config.json"),
        (damage_without_digest, "the weights are damaged"),
        (of_another, "they are the weights of another network than lenet5"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read: Is a directory"),
    ],
)
def test_weights_that_are_not_its_own_are_one_error(bundle: Path, harm, message: str) -> None:  # type: ignore[no-untyped-def]
    harm(bundle / WEIGHTS)
    with pytest.raises(InputError, match=message) as raised:
        load_network(bundle).build(weights=True)
    assert len(str(raised.value).splitlines()) == 1


def test_a_network_at_another_input_has_the_same_weights(tmp_path: Path) -> None:
    network = load_network("resnet20")
    state = network.build().state_dict()
    larger = load_network(write_bundle(tmp_path / "best", network, state)).at(input=(3, 40, 40))
    assert torch.equal(larger.build(weights=True).state_dict()["linear.weight"], state["linear.weight"])


@pytest.mark.parametrize("form", ["", TABLE, CONFIG])
def test_the_python_of_a_bundle_is_not_run(tmp_path: Path, form: str) -> None:
    bundle = write_bundle(tmp_path / "best", USING)
    (bundle / "mine.py").write_text(TRAP)
    with pytest.raises(CodeNotRun, match="is code and was not run; if you trust it, name your own copy with"):
        load(bundle / form)
    assert not (bundle / "was-run").exists()


def test_the_user_may_name_it(tmp_path: Path) -> None:
    """A file of this name alone: what is named once may run in the whole process."""
    bundle = write_bundle(tmp_path / "best", USING.replace("mine.py", "named_by_the_user.py"))
    (bundle / "named_by_the_user.py").write_text(TRAP)
    network = load_network(bundle, uses=[bundle / "named_by_the_user.py"])
    assert [row.word for row in network.layers] == ["conv", "Mine", "avgpool", "linear"]
    assert (bundle / "was-run").exists()


def test_a_bundle_of_a_later_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="a bundle of version 9, but this archscape reads version 1"):
        load(write_bundle(tmp_path / "best", NETWORK, version=9))


def test_other_folders_say_what_to_name(tmp_path: Path, bundle: Path) -> None:
    with pytest.raises(SpaceError, match=f"holds 1 bundles; name one of them: {bundle}"):
        load(tmp_path)
    run, empty = tmp_path / "run", tmp_path / "empty"
    for folder in (run, empty):
        folder.mkdir()
    (run / "study.db").touch()
    with pytest.raises(SpaceError, match=f"archscape export {run} --format bundle --out DIR"):
        load(run)
    with pytest.raises(SpaceError, match="is a folder, but no bundle"):
        load(empty)
    (bundle / TABLE).unlink()
    with pytest.raises(SpaceError, match=f"{TABLE}: no such file"):
        load(bundle)


@pytest.mark.parametrize("version", ["1", True, "9" * 500, "\x1b[31m"])
def test_a_version_that_is_no_such_number_is_told_as_it_is_written(tmp_path: Path, version: object) -> None:
    folder = write_bundle(tmp_path / "best", NETWORK)
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | {"version": version}))
    with pytest.raises(SpaceError) as error:
        load(folder)
    assert len(str(error.value)) < 300
    assert str(error.value).isprintable()
    assert f"version {reprlib.repr(version)}, but" in str(error.value)


@pytest.mark.parametrize("file", [CONFIG, TABLE, WEIGHTS])
def test_no_pipe_of_a_bundle_is_waited_for(tmp_path: Path, file: str) -> None:
    folder = write_bundle(tmp_path / "best", NETWORK, NETWORK.build().state_dict())
    (folder / file).unlink()
    os.mkfifo(folder / file)
    with pytest.raises(InputError, match=r"no file|no bundle"):
        load_network(folder).build(weights=True)
