"""Parity: what is compared is what training measured, for every task, and other outputs are found out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.trained_networks import NETWORKS, trained_on

from archscape.search.trained.exporting.fresh_process import Reader, outputs_of
from archscape.search.trained.exporting.parity import check_file
from archscape.search.trained.exporting.reference import Reference, reference_of
from archscape.search.trained.exporting.subject import Subject
from archscape.search.training.evaluation import evaluate
from archscape.search.training.tasks import make_task
from archscape.spaces.errors import ExportError

RUNNER = """
import numpy as np
{imports}
def load(folder, stem):
    return lambda *samples: np.stack([each.astype(np.float32).sum((1, 2, 3)) for each in samples], 1)
"""


def reference_for(task: str) -> Reference:
    trained = trained_on(task)
    return reference_of(Subject(title="n", folder="n", network=trained.network, trained=trained))


@pytest.mark.parametrize("task", NETWORKS)
def test_metrics_are_those_of_an_evaluation(task: str) -> None:
    reference = reference_for(task)
    trained = reference.trained
    assert trained is not None
    known = evaluate(trained.module(), trained.data.val, make_task(trained.data), device="cpu")
    assert reference.metrics == {name: known[name] for name in make_task(trained.data).metrics}
    assert reference.relative_error(reference.outputs) == 0


def test_samples_are_those_of_the_source() -> None:
    reference = reference_for("classification")
    assert reference.trained is not None
    (source,), (ready,) = reference.sources, reference.ready
    np.testing.assert_array_equal(source, reference.trained.arrays["x_val"])
    data = reference.trained.data
    np.testing.assert_allclose(
        ready, (source - np.float32(data.mean[0])) / np.float32(data.std[0]), rtol=1e-6
    )


def test_other_outputs_are_found_out() -> None:
    reference = reference_for("classification")
    outputs = reference.outputs
    largest = np.abs(outputs).max()
    changed = outputs.copy()
    changed[7, 3] += 0.01 * largest
    assert reference.relative_error(changed) == pytest.approx(0.01, rel=1e-3)
    assert reference.relative_error(outputs[:-1]) == np.inf
    assert reference.relative_error(np.full_like(outputs, np.nan)) == np.inf
    assert reference.agreement(np.roll(outputs, 1, 1)) == 0


def test_images_have_no_class_that_comes_first() -> None:
    reference = reference_for("denoising")
    assert reference.agreement(reference.outputs) is None
    untrained = replace(reference, trained=None)
    assert untrained.agreement(reference.outputs) is None
    masks = reference_for("segmentation")
    assert masks.agreement(masks.outputs) == 1


def test_a_few_samples_are_not_compared_with_what_was_recorded_of_all() -> None:
    reference = reference_for("classification")
    assert reference.trained is not None
    trained = replace(reference.trained, metrics={"accuracy": 0.5})
    assert replace(reference, trained=trained).recorded == {"accuracy": 0.5}
    assert replace(reference, trained=trained, of=reference.of + 1).recorded == {}


def run(tmp_path: Path, imports: str, *samples: np.ndarray) -> np.ndarray:
    runner = tmp_path / "runner.py"
    runner.write_text(RUNNER.format(imports=imports))
    return outputs_of(tmp_path, "model", Reader(runner=str(runner), packages=("numpy",)), samples)


def test_a_fresh_process_passes_samples_in_batches(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 130, 1, 2, 2)).astype(np.float32)
    np.testing.assert_allclose(run(tmp_path, "", x, y)[:, 1], y.sum((1, 2, 3)), rtol=1e-5)


def test_a_file_that_is_off_by_more_than_float32_rounds_is_refused(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(8, 1, 2, 2)).astype(np.float32)
    run(tmp_path, "", x)  # writes the runner
    outputs = x.sum((1, 2, 3))[:, None] * np.float32(1 + 5e-5)
    reference = replace(reference_for("classification"), trained=None, outputs=outputs)
    reader = Reader(runner=str(tmp_path / "runner.py"), packages=("numpy",))
    with pytest.raises(ExportError, match=r"differ from those of the network by 5\.0e-05 \(at most 1e-05\)"):
        check_file(tmp_path / "model.npz", reader, reference, [x])


@pytest.mark.parametrize("package", ["yaml", "archscape"])
def test_a_fresh_process_has_nothing_but_the_packages(tmp_path: Path, package: str) -> None:
    law = f"does not run with numpy alone: ModuleNotFoundError: No module named '{package}'"
    with pytest.raises(ExportError, match=law):
        run(tmp_path, f"import {package}", np.zeros((2, 1, 2, 2)))
