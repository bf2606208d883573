"""`uses:` runs a file on the user's word alone, and a stored table only what the user has named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archscape.spaces import Network, Row, Space, load, load_network
from archscape.spaces.errors import CodeNotRun, SpaceError
from archscape.spaces.language import uses
from archscape.spaces.language.uses import file_digest, find_used, used_digests, vouch
from archscape.spaces.language.written import WrittenNetwork
from archscape.spaces.loading import read_stored

BLOCKS = """\
from pathlib import Path
from archscape.spaces.authoring import Tensor, block, conv_norm_act

with (Path(__file__).parent / "ran").open("a") as file:
    file.write(Path(__file__).name)


@block
def mine(x: Tensor, *, width: int) -> Tensor:
    return conv_norm_act(x, width=width, kernel=3)
"""
TABLE = "network: n\ninput: 3x8x8\nuses: USED\nlayers:\n  - mine: {width: 4}\n"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing was named in this process yet, and what is run is forgotten."""
    monkeypatch.setattr(uses, "_vouched", set())
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("blocks_"):
            del sys.modules[name]


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    file = tmp_path / f"blocks_{abs(hash(tmp_path))}.py"
    file.write_text(BLOCKS)
    return file


def ran(folder: Path) -> bool:
    return (folder / "ran").exists()


def table(folder: Path, used: str, name: str = "net.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(TABLE.replace("USED", used))
    return folder / name


def test_a_table_that_the_user_names_uses_the_file_beside_it(blocks: Path, tmp_path: Path) -> None:
    assert load_network(table(tmp_path, blocks.name)).totals.params == 3 * 4 * 9 + 8
    assert load_network(table(tmp_path / "nets", f"../{blocks.name}")).uses == (str(blocks),)
    assert ran(tmp_path)


@pytest.mark.parametrize("mark", ["study.db", "study.json", "job.yaml"])
def test_a_table_in_the_folder_of_a_search_runs_nothing(blocks: Path, tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).touch()
    (tmp_path / "trials.csv").touch()  # what is left of a search whose study is gone
    for path in (table(tmp_path, blocks.name), table(tmp_path / "best", f"../{blocks.name}")):
        with pytest.raises(CodeNotRun, match=rf"is code and was not run; .*--uses {blocks.name}"):
            load(path)
    assert not ran(tmp_path)


def test_a_file_that_a_table_names_by_its_whole_path_is_not_run(blocks: Path, tmp_path: Path) -> None:
    """So a study stores it, and so it stands in what is taken out of a study."""
    for name in ("net.yaml", "net.json"):
        with pytest.raises(CodeNotRun, match=r"3:7: .* is code and was not run"):
            load(table(tmp_path, str(blocks), name))
    assert not ran(tmp_path)


@pytest.mark.parametrize("used", ["BLOCKS", "./NAME", "BLOCKS:mine", "antigravity", "subprocess", "none.py"])
def test_a_text_runs_nothing(
    blocks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "antigravity", raising=False)
    used = used.replace("BLOCKS", str(blocks)).replace("NAME", blocks.name)
    for into in (Network, Space):
        text = TABLE.replace("USED", used).replace("network", into.word)
        with pytest.raises(CodeNotRun):
            into.from_json(text)
    assert not ran(tmp_path)
    assert "antigravity" not in sys.modules


def test_modules_of_pytorch_are_no_ones_code(tmp_path: Path) -> None:
    net = Network.from_json('{"network": "n", "input": "3x8x8", "uses": "torch.nn", "layers": ["Tanh"]}')
    assert net.body.shape == (3, 8, 8)


def test_the_user_names_a_file_by_hand(blocks: Path, tmp_path: Path) -> None:
    text = TABLE.replace("USED", str(blocks))
    assert Network.from_yaml(text, uses=[blocks]).to_json() == Network.from_yaml(text).to_json()


def test_a_stored_table_finds_the_users_own_copy(blocks: Path, tmp_path: Path) -> None:
    """On another machine the file of the search does not lie where it lay."""
    text = TABLE.replace("USED", f"/nowhere/{blocks.name}")
    assert Network.from_yaml(text, uses=[blocks]).uses == (f"/nowhere/{blocks.name}",)
    assert used_digests((f"/nowhere/{blocks.name}",)) == {f"/nowhere/{blocks.name}": file_digest(blocks)}


def test_a_file_of_the_same_name_with_another_content_is_not_it(blocks: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / blocks.name
    other.parent.mkdir()
    other.write_text(f"{BLOCKS}\n# changed\n")
    vouch(blocks)
    with pytest.raises(CodeNotRun):
        Network.from_yaml(TABLE.replace("USED", str(other)))
    assert not ran(other.parent)
    other.write_text(BLOCKS)
    assert find_used(str(other)) == str(blocks)


def test_a_digest_is_checked_before_a_file_may_be_run(blocks: Path, tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="is not the file that the search began with"):
        vouch(blocks, digests=["0" * 64])
    assert find_used(str(blocks)) is None
    assert vouch(blocks, digests=["0" * 64, file_digest(blocks)]) == str(blocks)


def test_a_table_written_in_python_is_the_users_word(blocks: Path, tmp_path: Path) -> None:
    net = Network(name="n", input=(3, 8, 8), layers=(Row("mine", width=4),), uses=(str(blocks),))
    assert net.totals.params == 3 * 4 * 9 + 8


def test_a_stored_network_is_shown_without_its_code(blocks: Path, tmp_path: Path) -> None:
    shown = read_stored(
        TABLE.replace("USED", str(blocks)).replace("layers:", "layers:\n  - conv: {width: 4}")
    )
    assert isinstance(shown, WrittenNetwork)
    assert shown.opaque == ("mine",)
    assert shown.to_yaml().startswith(
        f"# mine: opaque layers of {blocks.name}, which is code and was not run\n"
    )
    assert "  - mine: {width: 4}\n" in shown.to_yaml()
    assert not ran(tmp_path)
