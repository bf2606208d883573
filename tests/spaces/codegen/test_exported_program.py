"""The program that `pt2`, `onnx` and others are written from: what is in it, and that it is traced once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from archscape.spaces import Network
from archscape.spaces.codegen.exported_program import exported_program
from archscape.spaces.codegen.formats.base import Export, ExportOptions, Preprocessing
from archscape.spaces.codegen.verification import outputs
from archscape.spaces.codegen.whole_module import samples, whole_module
from archscape.spaces.errors import InputError

SMALL = """
network: small
input: 3x8x8
layers:
  - conv: {width: 4}
  - avgpool
  - linear: {width: 5}
"""
SEVERAL = """
network: rgbd
input: {image: 3x8x8, depth: 1x8x8}
outputs: [classes, early]
layers:
  - conv: {name: colour, from: image, width: 4}
  - conv: {name: distance, from: depth, width: 4}
  - add: {with: colour}
  - avgpool
  - linear: {name: classes, width: 5}
  - avgpool: {from: distance}
  - linear: {name: early, width: 5}
"""
BYTES = Preprocessing(dtype="uint8", mean=(100.0, 110.0, 120.0), std=(40.0, 50.0, 60.0))


def export(text: str = SMALL, *, data: Preprocessing | None = None, task: str = "", **options: Any) -> Export:
    return Export(
        table=Network.from_yaml(text),
        path=Path("small"),
        preprocessing=data,
        metadata={"task": task} if task else {},
        options=ExportOptions(**options),
    )


def results(content: Export, *maps: Tensor) -> list[Tensor]:
    return [*outputs(exported_program(content).module()(*maps))]


def test_it_is_traced_once_for_each_export() -> None:
    content, other = export(), export()
    assert exported_program(content) is exported_program(content)
    assert exported_program(content) is not exported_program(other)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_samples_are_brought_to_the_units_of_the_training_inside(dtype: str) -> None:
    units = Preprocessing(dtype=dtype, mean=BYTES.mean, std=BYTES.std)
    content = export(data=units)
    (maps,) = samples(content, 3)
    assert maps.dtype is getattr(torch, dtype)
    mean, std = (torch.tensor(each)[:, None, None] for each in (units.mean, units.std))
    expected = whole_module(export())((maps.float() - mean) / std)
    torch.testing.assert_close(results(content, maps)[0], expected)


def test_without_preprocessing_samples_are_standardised_already() -> None:
    content = export(data=BYTES, preprocessing=False)
    (maps,) = samples(content, 3)
    assert maps.dtype is torch.float32
    torch.testing.assert_close(results(content, maps)[0], whole_module(export())(maps))


def test_probabilities_in_place_of_logits_in_all_outputs() -> None:
    content = export(SEVERAL, softmax=True)
    maps = samples(content, 3)
    logits = whole_module(export(SEVERAL))(*maps)
    for probabilities, scores in zip(results(content, *maps), logits, strict=True):
        torch.testing.assert_close(probabilities, scores.softmax(1))


def test_a_network_that_was_trained_for_other_numbers_has_no_probabilities() -> None:
    with pytest.raises(InputError, match=r"trained for regression.*leave --softmax out"):
        exported_program(export(softmax=True, task="regression"))


def test_without_trained_weights_they_are_those_of_seed_0() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first, second = (exported_program(export()).state_dict for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_that_do_not_fit_are_an_error() -> None:
    content = Export(table=Network.from_yaml(SMALL), path=Path("small"), weights={"a": torch.zeros(1)})
    with pytest.raises(InputError, match="the weights do not fit network small"):
        exported_program(content)


def test_torch_has_to_know_the_type_of_the_samples() -> None:
    units = Preprocessing(dtype="longdouble", mean=(0.0,) * 3, std=(1.0,) * 3)
    with pytest.raises(InputError, match=r"longdouble.*--no-preprocessing"):
        exported_program(export(data=units))


def test_the_batch_has_no_bound_unless_a_runtime_needs_one() -> None:
    content = export()
    (free,) = exported_program(content).range_constraints.values()
    (bound,) = exported_program(content, largest_batch=64).range_constraints.values()
    assert (free.lower, bound.lower, bound.upper) == (1, 1, 64)
    assert free.upper > 2**31


def test_it_names_no_file_of_this_machine() -> None:
    assert "stack_trace" not in {key for node in exported_program(export()).graph.nodes for key in node.meta}
