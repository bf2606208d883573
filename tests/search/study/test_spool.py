"""The spool: a result comes back as it was put; whatever else lies there is set aside and stops nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result, Spool
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

RESULT = Result(number=3, hash="ab", status="complete", metrics={"accuracy": 0.5}, history=[{"loss": 1.0}])
KNOWN = asdict(RESULT)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def spool(tmp_path: Path, lines: list[str]) -> Spool:
    return Spool(folder=tmp_path / "spool", metrics=["accuracy"], log=lines.append)


def place(spool: Spool, content: bytes, name: str = "trial-00003.json") -> Path:
    spool.folder.mkdir(exist_ok=True)
    path = spool.folder / name
    path.write_bytes(content)
    return path


def test_a_result_comes_back_until_it_is_dropped(spool: Spool) -> None:
    spool.put(RESULT)
    assert spool.numbers() == [3]
    assert spool.get(3, "ab") == RESULT
    assert spool.get(3, "of another network") is None
    spool.drop(3)
    assert (spool.numbers(), spool.get(3, "ab")) == ([], None)


def test_a_run_that_was_moved_away_is_not_made_again_in_its_old_place(tmp_path: Path) -> None:
    """Its folder could not be moved back there."""
    spool = Spool(folder=tmp_path / "run" / "spool")
    with pytest.raises(FileNotFoundError):
        spool.put(RESULT)
    assert list(tmp_path.iterdir()) == []


def test_keys_of_a_later_version_are_left_out(spool: Spool) -> None:
    place(spool, json.dumps({**KNOWN, "energy": {"joules": 3}}).encode())
    assert spool.get(3, "ab") == RESULT


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        json.dumps(KNOWN).encode()[:-20],
        bytes(64),
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"null",
        b"{}",
        json.dumps({**KNOWN, "number": 4}).encode(),
        json.dumps({**KNOWN, "status": "splendid"}).encode(),
        json.dumps({**KNOWN, "hash": None}).encode(),
        json.dumps({**KNOWN, "metrics": {}}).encode(),
        json.dumps({**KNOWN, "metrics": {"accuracy": "high"}}).encode(),
        json.dumps({**KNOWN, "metrics": {"accuracy": float("nan")}}).encode(),
        json.dumps({**KNOWN, "metrics": {"accuracy": 10**400}}).encode(),
        json.dumps({**KNOWN, "history": [1.0]}).encode(),
        json.dumps({**KNOWN, "history": "long"}).encode(),
        json.dumps({**KNOWN, "message": ["x"]}).encode(),
        json.dumps({**KNOWN, "place": {"x": 1}}).encode(),
        json.dumps({**KNOWN, "place": {"host": "here", "folder": None}}).encode(),
        json.dumps({**KNOWN, "place": "here"}).encode(),
    ],
)
def test_what_is_damaged_is_set_aside_and_said(spool: Spool, lines: list[str], content: bytes) -> None:
    path = place(spool, content)
    assert spool.get(3, "ab") is None
    assert path.with_name("trial-00003.json.damaged").read_bytes() == content
    assert (spool.numbers(), spool.get(3, "ab")) == ([], None)
    [line] = lines
    assert line.startswith(f"{path}: damaged: ")


@pytest.mark.parametrize(
    "name",
    [
        "trial-abc.json",
        "trial-3.json",
        "trial-.json",
        "trial-00003-1.json",
        "trial-1000000.json",
        f"trial-{10**20}.json",
    ],
)
def test_a_name_that_is_none_of_a_trial_is_set_aside(spool: Spool, lines: list[str], name: str) -> None:
    path = place(spool, json.dumps(KNOWN).encode(), name)
    assert spool.numbers() == []
    assert path.with_name(f"{name}.damaged").exists()
    assert len(lines) == 1


def test_a_folder_in_the_place_of_a_result_is_set_aside(spool: Spool) -> None:
    for read in (spool.numbers, lambda: spool.get(3, "ab")):
        (spool.folder / "trial-00003.json").mkdir(parents=True)
        (spool.folder / "trial-00003.json" / "mine").touch()
        assert not read()
    kept = sorted(path.relative_to(spool.folder) for path in spool.folder.glob("*/mine"))
    assert kept == [Path(f"trial-00003.json{end}", "mine") for end in (".2.damaged", ".damaged")]


def test_a_study_goes_on_over_damaged_results(
    study: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result], tmp_path: Path
) -> None:
    """The trial is worked on again, as if nothing had been spooled."""
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    study.release(lease)
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "trial-00000.json").write_text("{")
    (tmp_path / "spool" / "trial-one.json").write_text("{}")
    again = study.next_work(owner, trials=1).lease
    assert again is not None
    assert again.number == 0
    study.spool(finished(again))
    study.tell(finished(again))
    names = sorted(path.name for path in (tmp_path / "spool").iterdir())
    assert names == ["trial-00000.json.damaged", "trial-one.json.damaged"]
