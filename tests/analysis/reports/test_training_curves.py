"""The figure of the curves of a final training."""

from __future__ import annotations

from pathlib import Path

from archscape.analysis.reports.training_curves import draw_training_curves


def test_each_seed_has_its_curve_of_loss_and_score(tmp_path: Path) -> None:
    histories = {
        seed: [{"epoch": epoch, "loss": 2 / epoch, "accuracy": 0.1 * epoch} for epoch in (1, 2, 3)]
        for seed in (0, 7)
    }
    text = draw_training_curves(histories, tmp_path / "curves.svg", score="accuracy").read_text()
    assert text.count("seed 0") == text.count("seed 7") >= 1
    assert "validation accuracy" in text
    assert "loss" in text


def test_a_seed_that_failed_before_its_first_epoch_has_none(tmp_path: Path) -> None:
    assert draw_training_curves({0: []}, tmp_path / "curves.svg", score="accuracy").stat().st_size > 500
