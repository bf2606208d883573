"""The contract of every format in `READERS`: of a network of ours it tells our own counts; else one error."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
import torch
from helpers.catalog import NETWORKS
from helpers.model_files import write_model_file, write_model_files
from torch import Tensor, nn

from archscape.analysis.costs.foreign import READERS, UNREAD, profile_file
from archscape.analysis.costs.foreign.table import FileProfile
from archscape.analysis.costs.layers import LayerTable
from archscape.analysis.costs.modules import profile_module
from archscape.analysis.costs.profile import profile
from archscape.spaces import load_network
from archscape.spaces.codegen.exported_program import quiet_export
from archscape.spaces.errors import InputError
from archscape.spaces.language.limits import COSTS

STORED_OTHERWISE = {"p4cnn": 73_500}
"""Of an ONNX file, the numbers that it has more: filters that the module turns, once for every angle."""
full = partial(pytest.param, marks=pytest.mark.full)
SAMPLE = ("tdnn", "conv-autoencoder", "highway")
"""Of the catalog, cheap to write, with most operators between them."""


@pytest.fixture(scope="module", params=READERS)
def lenet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_file(
        load_network("lenet5"), tmp_path_factory.mktemp("files") / f"lenet5{request.param}"
    )


def costs_of(table: LayerTable) -> dict[str, int]:
    """Return the totals of a table."""
    return {cost: getattr(table, cost) for cost in COSTS}


def test_a_file_costs_what_its_network_costs(lenet: Path) -> None:
    """Whole, and each layer with weights under its own name."""
    ours, file = profile(load_network("lenet5")), profile_file(lenet)
    assert isinstance(file, FileProfile)
    assert costs_of(file) == costs_of(ours)
    assert (dict(file.inputs), file.lower_bounds, file.coverage.unknown) == (
        {next(iter(file.inputs)): (1, 32, 32)},
        (),
        {},
    )
    rows = [(layer.name, layer.shape, layer.params, layer.macs) for layer in ours.layers if layer.params]
    assert [
        (layer.name, layer.shape, layer.params, layer.macs) for layer in file.layers if layer.params
    ] == rows


def test_it_says_what_it_is(lenet: Path) -> None:
    file = profile_file(lenet)
    assert file.name == lenet.name
    assert "read, not run" in file.about
    assert file.format in file.title
    assert "by reading the file" in file.coverage.as_dict()


@pytest.mark.parametrize("keep", [0, 0.5, 0.98])
def test_a_damaged_file_is_one_error(lenet: Path, keep: float, tmp_path: Path) -> None:
    content = lenet.read_bytes()
    damaged = tmp_path / lenet.name
    damaged.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(InputError, match=r"damaged|no ONNX file|no file of torch") as raised:
        profile_file(damaged)
    assert str(raised.value).startswith(f"{damaged}: ")
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("suffix", READERS)
def test_other_contents_are_one_error(suffix: str, tmp_path: Path) -> None:
    for content in (b"not a model", b"\x00" * 64, b"PK\x03\x04" + b"\x00" * 40, b"\x80\x04."):
        path = tmp_path / f"other{suffix}"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"no ONNX file|no file of torch"):
            profile_file(path)
    with pytest.raises(InputError, match="cannot be read: No such file or directory"):
        profile_file(tmp_path / f"missing{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        profile_file(tmp_path / f"folder{suffix}")


@pytest.mark.parametrize("suffix", UNREAD)
def test_what_is_not_read_says_what_to_name(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"net{suffix}: not read: .*(name|write)") as raised:
        profile_file(tmp_path / f"net{suffix}")
    assert len(str(raised.value).splitlines()) == 1


def test_an_unknown_suffix_says_what_there_is() -> None:
    with pytest.raises(InputError, match=r"no format of model files '\.onx'; did you mean '\.onnx'"):
        profile_file("net.onx")


@pytest.mark.parametrize("name", [name if name in SAMPLE else full(name) for name in NETWORKS])
def test_networks_of_the_catalog_cost_what_their_files_cost(name: str, tmp_path: Path) -> None:
    """Exactly; the arithmetic beside products is that of the file's own operators."""
    ours = costs_of(profile(load_network(name)))
    for file in map(profile_file, write_model_files(load_network(name), tmp_path)):
        theirs = costs_of(file)
        stored = STORED_OTHERWISE.get(name, 0) if file.name.endswith(".onnx") else 0
        assert theirs["params"] == ours["params"] + stored
        assert (theirs["macs"], theirs["activations"]) == (ours["macs"], ours["activations"])
        assert "macs" not in file.lower_bounds


class Sequence(nn.Module):
    """Tokens, attention and a recurrent layer: operators that no network of the catalog has."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(9, 8)
        self.attend = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.recur = nn.LSTM(8, 4, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.recur(self.attend(self.tokens(tokens)))[0]


def test_a_file_has_the_products_of_the_module_that_is_run(tmp_path: Path) -> None:
    """Of any module of PyTorch, here with a batch of one."""
    module, tokens = Sequence().eval(), torch.zeros(2, 5, dtype=torch.int64)
    with quiet_export():
        program = torch.export.export(module, (tokens,), dynamic_shapes=({0: torch.export.Dim("batch")},))
        torch.export.save(program, tmp_path / "net.pt2")
    ran = profile_module(module, input={"tokens": tokens[:1]})
    file = profile_file(tmp_path / "net.pt2")
    assert (file.params, file.macs, file.activations) == (ran.params, ran.macs, ran.activations)
    assert file.lower_bounds == ran.lower_bounds == ("flops",)


@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_no_pipe_is_waited_for(suffix: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"a{suffix}")
    with pytest.raises(InputError, match="it is no file"):
        profile_file(tmp_path / f"a{suffix}")
