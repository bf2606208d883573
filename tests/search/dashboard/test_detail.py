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
    end = tail(log)
    assert end is not None
    assert end.startswith("x\ufffd\n")
    assert end.endswith("x\ufffd\nlast\n")
