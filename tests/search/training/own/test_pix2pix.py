"""The worked example of an own training function: a generator and a discriminator, trained in turns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from archscape.search.datasets import Source
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.datasets.embedded.noisy_digits import NOISY_DIGITS
from archscape.search.job import Job, read_job
from archscape.search.training.own.call import call_function
from archscape.search.training.own.trial_files import TrialFiles
from archscape.spaces.language.user_function import UserFunction


@pytest.fixture
def job(root: Path) -> Job:
    return read_job(root / "examples" / "training" / "pix2pix.yaml")


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Return some of the noisy digits."""
    arrays = {name: array[:128] for name, array in NOISY_DIGITS.arrays().items()}
    return make_dataset("some noisy digits", Source(arrays=arrays, task="denoising"))


def test_it_takes_off_noise_and_resumes_to_the_same_bits(job: Job, data: Dataset, tmp_path: Path) -> None:
    """Cut off after an epoch: both networks, both optimizers and the random numbers go on."""
    assert job.train is not None
    train = replace(job.train, epochs=2)
    assert isinstance(train.call, UserFunction)
    fit, network = train.call.load(), job.space.sample(Random(1)).network

    def called(folder: str, **more: Any) -> Any:
        (tmp_path / folder).mkdir(exist_ok=True)
        files = TrialFiles.of(tmp_path / folder, network.hash())
        named = {"objectives": {"mae": "minimize"}, "identity": {"seed": 3}, "seed": 3, "data": data}
        return call_function(fit, network, train, files=files, device="cpu", **{**named, **more})

    whole = called("whole")
    assert whole.status == "complete", whole.cause
    errors = [row["mae"] for row in whole.history]
    assert errors[-1] < errors[0]
    cut = called("cut", report=lambda epoch, row: epoch < 1)
    assert (cut.status, len(cut.history)) == ("pruned", 1)
    resumed = called("cut")
    assert resumed.status == "complete"
    assert resumed.metrics["mae"] == whole.metrics["mae"]
    assert all(torch.equal(value, resumed.state[name]) for name, value in whole.state.items())


def test_its_discriminator_is_the_patchgan_in_small(job: Job) -> None:
    from archscape.spaces import Network, load_network

    assert job.train is not None
    assert isinstance(job.train.call, UserFunction)
    text = Path(job.train.call.file).read_text().split('PATCHGAN = """')[1].split('"""')[0]
    small, large = Network.from_yaml(text), load_network("patchgan")
    assert small.body.shape == (1, 6, 6)
    assert {row.word for row in small.layers} == {row.word for row in large.layers}
    first, last = (dict(network.layers[0].args) for network in (small, large))
    assert first == {**last, "width": first["width"]}
