"""Details of one trial."""

from __future__ import annotations

from pathlib import Path

from archscape.search.dashboard.detail import LOG_BYTES, tail


def test_only_the_tail_of_a_long_log_is_sent(tmp_path: Path) -> None:
    log = tmp_path / "trial-00000.log"
    assert tail(log) is None
    log.write_text("short\n")
    assert tail(log) == "short\n"
    log.write_bytes(b"first\n" + b"x\xff\n" * LOG_BYTES + b"last\n")
    found = tail(log)
    assert found is not None
    assert found.startswith("x\ufffd\n")
    assert found.endswith("x\ufffd\nlast\n")
