"""What is said of trained weights: how they are loaded, and what the network reads and gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from archscape.commands.options.loading import say_loading
from archscape.search.datasets.dataset import load_dataset
from archscape.search.datasets.settings import DataSettings
from archscape.spaces import load_network


@pytest.mark.parametrize(
    ("data", "task", "said", "unsaid"),
    [
        ("digits", None, "(source - mean) / std", "It gives"),
        ("digits", "reconstruction", "in those of the source it is output * std + mean", "code"),
        (
            "digits",
            "vae",
            "In the units of the source the probabilities are output * std + mean",
            "such units",
        ),
        ("ink-digits", "vae", "probabilities from 0 to 1, and the mean and the log variance", "std + mean"),
        ("digits", "next-sample", "a number for each level of what comes next", "std + mean"),
    ],
)
def test_what_a_network_gives_is_said_by_its_task(
    data: str, task: str | None, said: str, unsaid: str, capsys: pytest.CaptureFixture[str]
) -> None:
    card = load_dataset(DataSettings(path=data, task=task)).card()
    say_loading(Path("net.py"), load_network("lenet5"), Path("seed-0.safetensors"), card)
    text = capsys.readouterr().err
    assert said in text
    assert unsaid not in text
