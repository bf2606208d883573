from collections.abc import Callable
from pathlib import Path

import pytest

from archscape.analysis.reports.results.paper import write_results_figure
from archscape.analysis.reports.results.run import RunResults, as_table


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_the_suffix_says_what_the_figure_becomes(
    suffix: str, start: bytes, synthetic: Callable[..., RunResults], tmp_path: Path
) -> None:
    path = write_results_figure(as_table(synthetic()), tmp_path / f"frontier{suffix}")
    assert path.read_bytes().startswith(start)


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(synthetic: Callable[..., RunResults], tmp_path: Path) -> None:
    first, second = (
        write_results_figure(as_table(synthetic()), tmp_path / name).read_bytes()
        for name in ("a.svg", "b.svg")
    )
    assert first == second


def test_a_run_without_results_still_has_axes(synthetic: Callable[..., RunResults], tmp_path: Path) -> None:
    assert write_results_figure(as_table(synthetic(0)), tmp_path / "empty.png").stat().st_size > 0
